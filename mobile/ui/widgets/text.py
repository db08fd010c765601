"""Text and its arrangement: paragraphs that break by Chinese rules, single lines, icons."""

from typing import Any

from kivy.properties import NumericProperty, StringProperty
from kivy.uix.label import Label

from mobile.ui.lines import autospace, balanced, wrap
from mobile.ui.theme import ICON


class Paragraph(Label):
    """Set `words`; it breaks lines by Chinese rules and grows as tall as they need, `most` lines at most."""

    words = StringProperty()
    most = NumericProperty(0)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in ("words", "width", "font_size", "most", "halign", "bold"):
            self.fbind(name, self._wrap)
        self._wrap()

    def _wrap(self, *_: Any) -> None:
        if self.width <= 1:
            return
        self.text_size = self.width, None
        room = self.width - 1
        if self.halign == "center":
            self.text = balanced(self.words, room, self.font_size, self.bold, self.most)
        else:
            self.text = wrap(self.words, room, self.font_size, self.bold, self.most)


class OneLine(Label):
    """One line, as wide as its words."""

    words = StringProperty()

    def on_words(self, *_: Any) -> None:
        self.text = autospace(self.words)


class Icon(Label):
    """A drawing by its name, coloured and sized like text."""

    name = StringProperty()

    def on_name(self, *_: Any) -> None:
        # a pack may name a drawing that this app does not have yet
        self.text = ICON.get(self.name, ICON["other"]) if self.name else ""
