"""Enrol: the address of the office and a code, then who this is, which office, which grids."""

from dataclasses import replace
from threading import Thread
from typing import Any

from kivy.clock import Clock
from kivy.properties import BooleanProperty, StringProperty

from mobile.core.views import PersonView, Refusal
from mobile.ui.page import Page
from mobile.ui.widgets.rows import Fact
from mobile.ui.words import _
from server.protocol.ticket import read_ticket


class Enrol(Page):
    server = StringProperty()
    code = StringProperty()
    wrong = StringProperty()
    busy = BooleanProperty(False)
    confirming = BooleanProperty(False)
    button = StringProperty()
    language = StringProperty()
    forgotten = BooleanProperty(False)
    may_leave = BooleanProperty(False)
    looks = BooleanProperty(True)

    def pour(self) -> None:
        self.language = self.tablet.settings.language
        self.looks = self.house.machine.scanner.looks
        self.forgotten = self.tablet.enrolled and self.tablet.locked
        self.may_leave = self.tablet.enrolled and not self.confirming
        self._word_button()

    def _word_button(self) -> None:
        if self.busy:
            self.button = _("Asking the office …")
        else:
            self.button = self._yes() if self.confirming else _("Enrol")

    def _yes(self) -> str:
        return _("Yes, begin") if self.tablet.has_pin else _("Yes, next a PIN")

    def speak(self, language: str) -> None:
        self.tablet.save_settings(replace(self.tablet.settings, language=language))
        self.house.wear()
        self.house.show("enrol", server=self.ids.server.text, code=self.ids.code.text)

    def scan(self) -> None:
        """What the office's page shows; the code is tried at once, and who it is for is confirmed."""
        self.wrong = ""
        self.house.scan(self._scanned)

    def _scanned(self, text: str | None) -> None:
        if self.spread(text or ""):
            self.enrol()
        elif self.looks and text is None:
            self.wrong = _(
                "No code was read. Hold it so that the whole square is sharp in the picture, or type."
            )
        else:
            self.wrong = _("That is no code of an office. Its page of tablets makes one.")

    def spread(self, text: str) -> bool:
        """Puts the line of a QR code, scanned or pasted into either field, where its parts belong."""
        ticket = read_ticket(text)
        if ticket:
            self.ids.server.text, self.ids.code.text = ticket.server, ticket.code
        return ticket is not None

    def enrol(self) -> None:
        server, code = self.ids.server.text.strip(), self.ids.code.text.strip()
        if not (server and code):
            self.wrong = _("Type the address of the office and the code.")
            return
        self.wrong, self.busy = "", True
        self._word_button()
        Thread(target=self._ask, args=(server, code), name="enrol", daemon=True).start()

    def _ask(self, server: str, code: str) -> None:
        try:
            person = self.tablet.enrol(server, code)
        except Refusal as refusal:
            said = str(refusal)
            Clock.schedule_once(lambda _: self._refused(said))
        else:
            Clock.schedule_once(lambda _: self.confirm(person))

    def _refused(self, said: str) -> None:
        self.wrong, self.busy = said, False
        self._word_button()

    def confirm(self, person: PersonView) -> None:
        self.busy, self.confirming = False, True
        self.forgotten = self.may_leave = False
        facts = (
            (_("Your name"), person.name),
            (_("Office"), person.organisation),
            (_("Role"), person.role),
            (_("Grids"), f"{person.place} · {person.grids}" if person.place else person.grids),
        )
        self.fill("facts", facts, lambda: [Fact(name=name, words=words) for name, words in facts if words])
        self._word_button()

    def begin(self, *_: Any) -> None:
        self.tablet.start_syncing()
        self.house.show("today")
