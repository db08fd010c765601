"""Photographs as the window shows them: captions, which are here, which belong to a case."""

from typing import Any

from mobile.core.clockwork import Clock
from mobile.core.outbox import Entry
from mobile.core.owner import Owner
from mobile.core.photos import Photo, Photos
from mobile.core.seal import SealBroken
from mobile.core.standing import Standing, moment
from mobile.core.views import PhotoView
from server.protocol.words import STAGE_WORDS

ORDER = tuple(STAGE_WORDS)
ANSWERED = ("applied", "applied_with_conflict", "held")


class Album:
    """Words the photographs of this tablet, and those of the office that it knows of."""

    def __init__(self, photos: Photos, owner: Owner, clock: Clock) -> None:
        self._photos, self._owner, self._clock = photos, owner, clock

    def picture(self, photo_id: str) -> bytes | None:
        """The bytes, None when they are not here or were damaged: its card then says so by having no bytes."""
        try:
            return self._photos.data(photo_id)
        except SealBroken:
            return None

    def view(self, photo: Photo) -> PhotoView:
        caption = self._caption(photo.stage, photo.taken_at)
        return PhotoView(photo.photo_id, caption, photo.stage, self._photos.has(photo.photo_id))

    def views(self, photo_ids: list[str]) -> tuple[PhotoView, ...]:
        """Those of them whose bytes are here."""
        return tuple(self.view(self._photos.card(name)) for name in photo_ids if self._photos.has(name))

    def sent(self, entry: Entry) -> tuple[int, int]:
        """How many of a command's photos the server has confirmed, and how many there are."""
        cards = self._photos.cards(command_id=entry.command_id)
        return sum(card.state == "confirmed" for card in cards), len(cards)

    def refused(self, entry: Entry) -> str:
        """The server's sentence about a photo of the command that it will never take, "" when there is none."""
        refusals = self._photos.refusals() if entry.state in ANSWERED else {}
        cards = self._photos.cards(command_id=entry.command_id) if refusals else []
        return next((refusals[card.photo_id] for card in cards if card.photo_id in refusals), "")

    def first(self, standing: Standing) -> str:
        """The photo that stands for a case in a list, "" when none is here."""
        told = [str(raw["id"]) for raw in standing.body.get("attachments") or ()]
        here = (name for name in (*told, *declared(*standing.pending)) if self._photos.has(name))
        return next(here, "")

    def of_case(self, standing: Standing) -> tuple[PhotoView, ...]:
        """All photos of a case by stage, the own unsent ones among them."""
        found = {str(raw["id"]): self._told(raw) for raw in standing.body.get("attachments") or ()}
        for entry in standing.pending:
            # One that the server has may have left with the case, one that it refused by the hand of the worker.
            for card in self._photos.cards(command_id=entry.command_id):
                found.setdefault(card.photo_id, self.view(card))
        return tuple(sorted(found.values(), key=lambda photo: (*ORDER, photo.stage).index(photo.stage)))

    def _told(self, raw: dict[str, Any]) -> PhotoView:
        say, name = self._owner.speech.say, str(raw["id"])
        caption, here = self._caption(raw.get("stage", ""), raw.get("made_at")), self._photos.has(name)
        if raw.get("erased"):
            caption += " · " + say("erased")
        elif raw.get("refused"):
            caption += " · " + say("not taken")
        elif not here:
            caption += " · " + (say("at the office") if raw.get("arrived") else say("on its way"))
        return PhotoView(name, caption, raw.get("stage", ""), here)

    def _caption(self, stage: str, at: str | None) -> str:
        speech, taken = self._owner.speech, moment(at)
        words = speech.say(STAGE_WORDS.get(stage, stage))
        return f"{words} · {speech.moment(taken, self._clock.now())}" if taken else words


def declared(*entries: Entry) -> list[str]:
    """The ids of the photos that commands declare."""
    return [str(raw["id"]) for entry in entries for raw in entry.payload.get("attachments") or ()]
