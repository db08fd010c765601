"""Proving now and then that the mirror equals the server's, and fetching again what does not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from mobile.core.mirror import Mirror
from mobile.core.office import NoWord, Office
from mobile.core.store import Store
from server.protocol.mirror import differing
from server.protocol.wire import read_time, time_text

EVERY = timedelta(hours=6)


class Proof:
    """Asked for at the end of a round that brought everything: after a fresh copy, after a start, every six hours."""

    def __init__(self, store: Store, mirror: Mirror, forget: Callable[[str], None]) -> None:
        self._store, self._mirror, self._forget = store, mirror, forget
        self._since_start = False

    def due(self, now: datetime) -> bool:
        """Whether it is time. A clock that was turned back does not put it off; what is locked cannot be compared."""
        if self._mirror.locked:
            return False
        last = self._store.kept("proved_at")
        return not (self._since_start and last and timedelta(0) <= now - read_time(last) < EVERY)

    def soon(self) -> None:
        """The mirror was fetched anew or belongs to another scope: it is proved at the end of this round."""
        self._since_start = False

    def run(self, office: Office, now: datetime) -> int:
        """How many buckets had to be fetched again. A server that moved on in between is asked another time."""
        told = office.digest(self._mirror.cursor)
        if told.get("catch_up") is True:
            return 0
        theirs = told.get("buckets")
        if not isinstance(theirs, dict):
            raise NoWord("an envelope without buckets")
        self._drop_old(told)
        wrong = differing(self._mirror.buckets(), theirs)
        for name in wrong:
            answer = office.bucket(name)
            changes = answer.get("changes")
            if not isinstance(changes, list):
                raise NoWord("an envelope without changes")
            for case_id in self._mirror.mend(name, changes):
                self._forget(case_id)
        self._since_start = True
        self._store.keep("proved_at", time_text(now))
        return len(wrong)

    def _drop_old(self, told: dict[str, Any]) -> None:
        if told.get("keep_closed_since"):
            for case_id in self._mirror.drop_closed_before(read_time(told["keep_closed_since"])):
                self._forget(case_id)
