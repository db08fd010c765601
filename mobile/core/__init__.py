"""The tablet without a window: what was captured, what is known, and how it reaches the office. No Kivy in here."""
