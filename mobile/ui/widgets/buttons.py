"""Everything that is pressed: the one primary button of a screen, quieter ones, chips, tiles."""

from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout


class Press(ButtonBehavior, BoxLayout):
    """A surface that answers to a finger; its looks are given by what is built on it."""

    icon = StringProperty()
    words = StringProperty()
    note = StringProperty()
    chosen = BooleanProperty(False)
    big = BooleanProperty(False)


class Primary(Press):
    """The main act of a screen: one a view."""


class Warn(Press):
    """What has to be done first, because somebody may be hurt."""


class Outline(Press):
    """A second act beside the main one; `natural` is the width that its words ask for."""

    natural = NumericProperty(0)


class Ghost(Press):
    """An act that does not ask for attention; `natural` is the width that its words ask for."""

    natural = NumericProperty(0)


class Chip(Press):
    """One of a few choices, as wide as its words."""


class Tile(Press):
    """One of many choices, with a drawing: a category."""


class Float(Press):
    """A small square button over the map."""


class Segment(Press):
    """One of a row of equal buttons."""


class Key(Press):
    """One key of the pad on which a PIN is entered."""
