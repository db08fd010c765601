"""When the office was restored from a backup: what it had answered since is offered again, and nothing is lost with it.

The tablet keeps every command that it ever made. A server that knows one gives its stored answer and does nothing; one
that does not takes it in as if for the first time. Photos follow, as long as their bytes are still here.
"""

import logging
from collections.abc import Callable
from typing import Any

from mobile.core.mirror import Mirror
from mobile.core.office import Office, Refused
from mobile.core.outbox import Entry, Outbox
from mobile.core.photos import Photos
from mobile.core.store import Store

log = logging.getLogger(__name__)
AT_ONCE = 50  # half of what went the first time: these are read again, not hurried
Ask = Callable[[Office, list[Entry]], dict[str, dict[str, Any]]]


class Offering:
    """Remembers on the disk how far it has come, so that it survives any moment's end."""

    def __init__(self, store: Store, outbox: Outbox, mirror: Mirror, photos: Photos) -> None:
        self._store, self._outbox, self._mirror, self._photos = store, outbox, mirror, photos

    def begin(self) -> None:
        """Everything is fetched anew, and everything is offered again: both or neither is written down."""
        with self._store.writing():
            self._mirror.start_over()
            self._outbox.offer_again()
            self._photos.offer_again()

    def go_on(self, office: Office, ask: Ask) -> None:
        """Offers what is still to be offered, oldest first. Raises NoWord, Refused for what concerns the tablet."""
        while batch := self._outbox.offered(AT_ONCE):
            try:
                results = ask(office, batch)
            except Refused as refusal:
                if refusal.status not in (400, 413, 422):
                    raise
                log.warning(
                    "%s commands that were answered before are not read again: %s", len(batch), refusal.code
                )
                results = {}
            self._outbox.heard_again(batch, results)
