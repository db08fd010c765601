"""The frame round every screen: title bar with the state of the line, rail of places, notices."""

from typing import Any

from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.boxlayout import BoxLayout

from mobile.ui.widgets.buttons import Press


class TopBar(BoxLayout):
    """Title, where this is, and how the line to the office stands (it opens the outbox)."""

    house = ObjectProperty(None, allownone=True)
    title = StringProperty()
    place = StringProperty()
    back = BooleanProperty(False)
    link = StringProperty("offline")
    link_words = StringProperty()


class NavItem(Press):
    """One place in the rail; `note` is a count on the icon's shoulder."""

    place = StringProperty()
    wide = BooleanProperty(True)


class ReportBlock(Press):
    """The corner-flush block that starts a report: one place on all screens, found with a glove."""


class NavBar(BoxLayout):
    """The rail (a bar at the foot when the tablet is upright)."""

    house = ObjectProperty(None, allownone=True)
    wide = BooleanProperty(True)
    place = StringProperty("today")
    todo = NumericProperty(0)
    waiting = NumericProperty(0)
    unread = NumericProperty(0)


class Notice(BoxLayout):
    """A strip under the title: what is wrong, what still works, one thing to do."""

    icon = StringProperty("info")
    mood = StringProperty("soon")
    title = StringProperty()
    words = StringProperty()
    act_label = StringProperty()
    takes = ObjectProperty(None, allownone=True)


class Empty(AnchorLayout):
    """Nothing to show: says so, and what to do."""

    icon = StringProperty()
    title = StringProperty()
    words = StringProperty()
    act = StringProperty()
    takes = ObjectProperty(None, allownone=True)

    def press(self, *_: Any) -> None:
        if self.takes:
            self.takes()
