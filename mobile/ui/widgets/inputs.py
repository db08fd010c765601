"""Switches; the field to type in has looks only (inputs.kv)."""

from typing import Any

from kivy.properties import BooleanProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.widget import Widget


class Toggle(ButtonBehavior, Widget):
    """On or off; a press turns it."""

    on = BooleanProperty(False)

    def on_release(self, *_: Any) -> None:
        self.on = not self.on
