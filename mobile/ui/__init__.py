"""What the worker sees: Kivy screens over the records of `mobile.core.views`."""
