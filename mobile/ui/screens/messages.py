"""Messages: what the office told this worker, newest first; the ones not seen yet are marked."""

from typing import Any

from kivy.properties import BooleanProperty, ObjectProperty, StringProperty

from mobile.core.views import MessageView
from mobile.ui.page import Page
from mobile.ui.widgets.buttons import Press
from mobile.ui.words import _


class Message(Press):
    """Something that the worker was told; opens its case when that is on this tablet, else the act in the outbox."""

    number = StringProperty()
    at = StringProperty()
    case_id = StringProperty()
    document_id = StringProperty()
    in_outbox = BooleanProperty(False)
    urgent = BooleanProperty(False)
    unread = BooleanProperty(False)
    opens = ObjectProperty(None, allownone=True)

    def on_release(self, *_: Any) -> None:
        if self.opens and (self.case_id or self.document_id or self.in_outbox):
            self.opens(self)


class Messages(Page):
    full = BooleanProperty(True)

    place_in_rail = "messages"

    def pour(self) -> None:
        super().pour()
        self.title = _("Messages")
        self.place = _("What was sent to you, what came back, what the office wants you to know")
        told = self.tablet.messages()
        self.full = bool(told)
        self.fill("told", told, lambda: [self._message(message) for message in told])

    def _message(self, message: MessageView) -> Message:
        return Message(
            icon=message.icon,
            words=message.sentence,
            number=message.number,
            at=message.at,
            urgent=message.urgent,
            unread=message.unread,
            case_id=message.case_id,
            document_id=message.document_id,
            in_outbox=message.in_outbox,
            opens=self._open,
        )

    def _open(self, message: Message) -> None:
        if message.document_id:
            self.house.show("document", document_id=message.document_id)
        elif message.case_id:
            self.house.show("case", case_id=message.case_id)
        else:
            self.house.show("outbox")

    def leave(self) -> None:
        """What stood here was seen."""
        self.house.attempt(self.tablet.messages_read)
