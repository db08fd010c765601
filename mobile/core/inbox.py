"""What the person of this tablet was told: messages in the office's words, and which of them were seen here."""

from mobile.core.act_words import ICONS
from mobile.core.known import Known
from mobile.core.mirror import Mirror
from mobile.core.owner import Owner
from mobile.core.store import Store
from mobile.core.views import MessageView
from server.protocol.wire import read_time

# What the office decided about an act that was held.
DECIDED = {
    "decided_apply": "check",
    "decided_change": "compare",
    "decided_refuse": "stop",
    "decided_with": "stop",
}


class Inbox:
    """Messages lie in the mirror; what was seen is kept beside it, for each person of a shared tablet."""

    def __init__(self, store: Store, mirror: Mirror, known: Known, owner: Owner) -> None:
        self._store, self._mirror, self._known, self._owner = store, mirror, known, owner

    @property
    def _name(self) -> str:
        return f"messages_read/{self._owner.person_id}"

    @property
    def _seen(self) -> int:
        """The newest message that was seen here."""
        return int(self._store.kept(self._name, 0))

    def rows(self) -> list[tuple[str, MessageView]]:
        """(moment, row for the list) of each, newest first."""
        telling, here, seen = self._known.telling(), self._mirror.bodies(), self._seen
        listed = {entry.command_id for entry in self._known.shown()}
        return [
            (
                str(body["made_at"]),
                MessageView(
                    number=str(body.get("number") or ""),
                    case_id=str(body.get("case_id")) if body.get("case_id") in here else "",
                    sentence=str(body.get("sentence", "")),
                    urgent=bool(body.get("urgent")),
                    at=telling.speech.moment(read_time(body["made_at"]), telling.now),
                    icon=(ICONS | DECIDED).get(str(body.get("action")), "info"),
                    unread=_unread(body, seen),
                    in_outbox=body.get("held") in listed,
                ),
            )
            for body in self._mirror.messages()
        ]

    def unread(self) -> int:
        """How many were seen neither here nor at a desk."""
        seen = self._seen
        return sum(_unread(body, seen) for body in self._mirror.messages())

    def read(self) -> None:
        """All of them were seen."""
        newest = max((int(body.get("id") or 0) for body in self._mirror.messages()), default=0)
        if newest > self._seen:
            self._store.keep(self._name, newest)


def _unread(body: dict[str, object], seen: int) -> bool:
    return not body.get("read") and int(str(body.get("id") or 0)) > seen
