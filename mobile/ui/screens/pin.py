"""The PIN: to unlock, to choose one after enrolling, to change it; wrong ones wait, and sending goes on meanwhile."""

from collections.abc import Callable
from threading import Thread
from typing import Any

from kivy.clock import Clock
from kivy.properties import BooleanProperty, NumericProperty, OptionProperty, StringProperty
from kivy.uix.widget import Widget

from mobile.core.views import Refusal
from mobile.ui.page import Page
from mobile.ui.widgets.buttons import Key
from mobile.ui.words import _

KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0", "back")
BACKSPACE = 8


class Dot(Widget):
    """One figure of the PIN: entered or not."""

    full = BooleanProperty(False)


class Pin(Page):
    """`mode`: unlock, choose (enter, repeat) or change (the old one, then choose)."""

    mode = OptionProperty("unlock", options=("unlock", "choose", "change"))
    typed = StringProperty()
    asked = StringProperty()
    heading = StringProperty()
    under = StringProperty()
    waiting = StringProperty()
    wrong = StringProperty()
    aside = StringProperty()
    takes = BooleanProperty(True)
    digits = NumericProperty(6)

    def __init__(self, **kwargs: Any) -> None:
        self._first = ""
        self._busy = False
        super().__init__(**kwargs)
        self._clock = Clock.schedule_interval(lambda _: self.pour(), 1)

    def leave(self) -> None:
        self._clock.cancel()
        self.typed = self._first = ""

    def on_kv_post(self, _base: Any) -> None:
        for name in KEYS:
            self.ids.pad.add_widget(self._key(name) if name else Widget())
        for _number in range(int(self.digits)):
            self.ids.dots.add_widget(Dot())

    def _key(self, name: str) -> Key:
        figure = name.isdecimal()
        return Key(
            words=name if figure else "",
            icon="" if figure else "backspace",
            on_release=lambda _: self.press(name) if figure else self.rub_out(),
        )

    def pour(self) -> None:
        super().pour()
        view = self.tablet.lock_view
        self.waiting = view.waiting
        self.takes = not self._busy and (self.mode == "choose" or not view.wait_s)
        if self.mode == "choose":
            self.asked = (
                _("Once more") if self._first else _("Choose a PIN of {n} figures").format(n=view.digits)
            )
            self.heading = _("Set a PIN")
            self.under = _("Who finds this tablet sees nothing without it. It stays on this tablet.")
        else:
            self.asked = (
                _("Enter the {n} figures of the PIN").format(n=view.digits)
                if self.mode == "unlock"
                else _("The PIN until now")
            )
            self.heading, self.under, self.wrong = view.name, view.place, view.wrong
        self.aside = {
            "unlock": _("Forgot the PIN? Ask your office for a new code"),
            "change": _("Leave it as it is"),
        }.get(self.mode, "")
        for key in self.ids.pad.children:
            key.disabled = not self.takes

    # ---- entering ------------------------------------------------------------------------------------------

    def key(self, key: int, typed: str) -> bool:
        if key == BACKSPACE:
            self.rub_out()
        elif len(typed) == 1 and typed in KEYS:
            self.press(typed)
        return key == BACKSPACE or typed in KEYS[:9]

    def press(self, figure: str) -> None:
        if self.takes and len(self.typed) < self.digits:
            self.typed += figure
            if len(self.typed) == self.digits:
                self._entered(self.typed)

    def rub_out(self) -> None:
        self.typed = self.typed[:-1]

    def on_typed(self, *_: Any) -> None:
        for number, dot in enumerate(reversed(self.ids.dots.children)):
            dot.full = number < len(self.typed)

    def _entered(self, pin: str) -> None:
        if self.mode != "choose":
            self._aside(lambda: self.tablet.unlock(pin), self._opened)
        elif not self._first:
            self._first, self.typed = pin, ""
            self.wrong = ""
            self.pour()
        elif pin == self._first:
            self._aside(lambda: self.tablet.choose_pin(pin), lambda _: self._chosen())
        else:
            self._again(_("The two were not the same. Choose again."))

    def _aside(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Stretching a PIN takes a moment on purpose: the window goes on meanwhile."""
        self._busy = True
        self.pour()

        def go() -> None:
            try:
                done = work()
            except Refusal as refusal:
                said = str(refusal)
                Clock.schedule_once(lambda _: self._again(said))
            else:
                Clock.schedule_once(lambda _: then(done))

        Thread(target=go, name="pin", daemon=True).start()

    def _again(self, said: str) -> None:
        self._busy, self.typed, self._first = False, "", ""
        self.pour()
        self.wrong = said

    def _opened(self, opened: bool) -> None:
        self._busy, self.typed = False, ""
        if not opened:
            self.pour()
        elif self.mode == "change":
            self.mode, self.wrong = "choose", ""
            self.pour()
        else:
            self.house.opened()

    def _chosen(self) -> None:
        self.house.opened()
        self.house.say(_("The PIN is set. The tablet locks itself when nobody touches it for a while."))

    def step_aside(self) -> None:
        """Who forgot it goes to the code; who does not want to change it after all goes back."""
        if self.mode == "unlock":
            self.house.show("enrol")
        else:
            self.house.back()
