"""What floats over a screen for a moment: a sheet from below, a line about what was just done."""

from typing import Any

from kivy.clock import Clock
from kivy.properties import NumericProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout


class Sheet(BoxLayout):
    """A bottom sheet: floats, so it alone has a shadow."""


class Veil(FloatLayout):
    """Dims the screen under a sheet and takes every touch; a touch beside the sheet closes it."""

    sheet = ObjectProperty(None)

    def on_touch_down(self, touch: Any) -> bool:
        if self.sheet and not self.sheet.collide_point(*touch.pos):
            self.parent.remove_widget(self)
            return True
        super().on_touch_down(touch)
        return True


class Toast(BoxLayout):
    """What was just done, and for `seconds` a way to take it back (`undo`, when there is one)."""

    words = StringProperty()
    seconds = NumericProperty(5)
    undo = ObjectProperty(None, allownone=True)

    def on_parent(self, _: Any, parent: Any) -> None:
        if parent:
            Clock.schedule_once(self.leave, self.seconds)

    def leave(self, *_: Any) -> None:
        Clock.unschedule(self.leave)
        if self.parent:
            self.parent.remove_widget(self)

    def take_back(self) -> None:
        undo = self.undo
        self.leave()
        if undo:
            undo()
