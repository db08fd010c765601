"""Trouble: the tablet's memory cannot be read. Says what is so, saves what can be saved, and then goes on."""

from collections.abc import Callable
from threading import Thread
from typing import Any

from kivy.clock import Clock
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.floatlayout import FloatLayout

from mobile.core.tablet import Tablet
from mobile.core.wreck import Wreck
from mobile.ui.widgets.text import Paragraph
from mobile.ui.words import _


class Trouble(FloatLayout):
    """The only thing in the window until the tablet can be opened; `settle` gets the one that can."""

    heading = StringProperty()
    act = StringProperty()
    wrong = StringProperty()
    busy = BooleanProperty(False)

    def __init__(self, wreck: Wreck, settle: Callable[[Tablet], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wreck, self.settle = wreck, settle
        self.pour()

    def pour(self) -> None:
        view = self.wreck.view
        self.heading, self.act = view.heading, _("One moment …") if self.busy else view.act
        self.ids.words.clear_widgets()
        for words in view.words:
            self.ids.words.add_widget(Paragraph(words=words))

    def press(self) -> None:
        if self.wreck.rescued is None:
            self.busy = True
            self.pour()
            Thread(target=self._save, name="rescue", daemon=True).start()
        else:
            self.settle(self.wreck.open())

    def _save(self) -> None:
        said = ""
        try:
            self.wreck.save()
        except OSError as problem:
            said = _("It could not be saved: {why}. Free some space, then try again.").format(
                why=problem.strerror
            )
        Clock.schedule_once(lambda _: self._saved(said))

    def _saved(self, said: str) -> None:
        self.busy, self.wrong = False, said
        self.pour()
