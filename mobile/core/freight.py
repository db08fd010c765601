"""The photographs' way: up when the server has been told of them, down when they are to be compared."""

from collections.abc import Callable
from functools import partial
from typing import Any

from mobile.core import tus
from mobile.core.meter import Meter
from mobile.core.office import Office, Refused
from mobile.core.outbox import Outbox
from mobile.core.photos import NotAPicture, Photo, Photos

FETCH_MOST = 40
PICTURE_BYTES = 400_000  # about what a copy of the office's weighs
TOLD = ("applied", "applied_with_conflict", "held")


class Freight:
    """Carries photographs piece by piece. `step` is called before each piece with what is under way, its number, how
    many there are and the share of it that has gone; it may raise to call the whole off.
    """

    def __init__(self, outbox: Outbox, photos: Photos, meter: Meter, owner: Callable[[], int | None]) -> None:
        """`owner`: the person who has the tablet now."""
        self._outbox, self._photos, self.meter, self._owner = outbox, photos, meter, owner
        self.waits_for_a_free_link = 0

    def known(self) -> list[Photo]:
        """Photos that the server was told of by a command which it has answered, but for those that it refused."""
        refused = self._photos.refusals()
        return [
            photo
            for photo in self._photos.cards(state="pending")
            if photo.photo_id not in refused and self._outbox.entry(photo.command_id).state in TOLD
        ]

    def send(
        self,
        office: Office,
        stops: tuple[str, ...],
        step: Callable[[int, int, float], None],
        sent: Callable[[], None],
    ) -> None:
        """Sends what may go. Raises Refused for the codes in `stops`, NoWord."""
        waiting = self.known()
        self.waits_for_a_free_link = 0
        for number, photo in enumerate(waiting, 1):
            step(number, len(waiting), 0.0)
            if not self.meter.allows(photo.bytes):
                self.waits_for_a_free_link += 1
                continue
            data = self._photos.data(photo.photo_id)
            if data is None:
                continue
            try:
                self._carry(office, photo, data, partial(step, number, len(waiting)))
            except Refused as refusal:
                if refusal.code in stops:
                    raise
                # This one is not wanted now (or its upload expired): it keeps, and the next one gets its turn.
                self._photos.goes_to(photo.photo_id, None)
                if refusal.code == "picture_refused":
                    self._photos.refused(photo.photo_id, refusal.sentence)
            sent()

    def _carry(self, office: Office, photo: Photo, data: bytes, gone: Callable[[float], None]) -> None:
        address = photo.upload or tus.create(office, photo.photo_id, photo.sha256, photo.mime, photo.bytes)
        self._photos.goes_to(photo.photo_id, address)
        if tus.send(office, address, data, photo.sha256, lambda offset: gone(offset / max(1, len(data)))):
            self._photos.confirmed(photo.photo_id, stays=self._is_owners(photo))
        else:
            self._photos.goes_to(photo.photo_id, None)

    def _is_owners(self, photo: Photo) -> bool:
        """Whether who has the tablet now took it: what one who had it before took is not theirs to look at."""
        return self._outbox.entry(photo.command_id).author in (None, self._owner())

    def fetch(
        self,
        office: Office,
        wanted: list[tuple[str, dict[str, Any]]],
        step: Callable[[int, int, float], None],
        came: Callable[[], None],
    ) -> None:
        """The crew's evidence for what is to be inspected, so that it can be compared where there is no signal."""
        missing = [
            (case_id, raw)
            for case_id, raw in wanted
            if raw.get("arrived") and not self._photos.has(str(raw["id"]))
        ][:FETCH_MOST]
        for number, (case_id, raw) in enumerate(missing, 1):
            step(number, len(missing), 0.0)
            if not self.meter.allows(PICTURE_BYTES):
                break
            try:
                data = office.attachment(str(raw["id"]))
                self._photos.keep_fetched(str(raw["id"]), case_id, data, str(raw.get("stage") or "during"))
                came()
            except (Refused, NotAPicture):
                continue
