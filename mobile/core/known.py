"""What the tablet knows at this moment: grids, cases with the outbox replayed, and the words to tell them in."""

from datetime import datetime, timedelta
from typing import Any

from mobile.core import lists
from mobile.core.case_words import Telling
from mobile.core.clockwork import Clock
from mobile.core.map_shapes import map_shapes
from mobile.core.mirror import Mirror
from mobile.core.outbox import Entry, Outbox
from mobile.core.owner import Owner
from mobile.core.package import Package
from mobile.core.photos import Photos
from mobile.core.place import Places
from mobile.core.standing import Standing
from mobile.core.store import Store
from mobile.core.views import MapShapes, Position, Refusal
from server.protocol.hats import Actor
from server.protocol.pack import Category, Pack


class Known:
    """Works views out of mirror and outbox, each only anew when something was written."""

    def __init__(
        self, store: Store, clock: Clock, mirror: Mirror, outbox: Outbox, photos: Photos, owner: Owner
    ) -> None:
        self._store, self._clock, self._mirror = store, clock, mirror
        self._outbox, self._photos, self._owner = outbox, photos, owner
        self._drawn: tuple[tuple[object, ...], Places, MapShapes] | None = None
        self._stand: tuple[tuple[int, int], Actor, dict[str, Standing]] | None = None

    def forget(self) -> None:
        """What was worked out is let go of."""
        self._drawn, self._stand = None, None

    @property
    def offset(self) -> timedelta:
        """The server's clock minus this tablet's."""
        return timedelta(milliseconds=self._store.kept("offset_ms", 0))

    @property
    def places(self) -> Places:
        return self._map()[0]

    @property
    def pack(self) -> Pack | None:
        """The pack of this district, None before it came."""
        return self._mirror.pack()

    @property
    def shapes(self) -> MapShapes:
        return self._map()[1]

    def _map(self) -> tuple[Places, MapShapes]:
        told, package = self._mirror.thing("grid"), self.package
        known = (told, package)
        if self._drawn is None or any(a is not b for a, b in zip(self._drawn[0], known, strict=True)):
            # An office from before there were packages sends the grids themselves.
            places = Places(told if "nodes" in told else package.ground())
            self._drawn = (known, places, map_shapes(places))
        return self._drawn[1:]

    @property
    def package(self) -> Package:
        """The offline package: facilities, and what the map is made of."""
        return self._mirror.package

    def telling(self, now: datetime | None = None, position: Position | None = None) -> Telling:
        """For one look at `now` (the device's time) from `position`. Deadlines run by the server's clock; what the
        device's says is only ever added to it.
        """
        server_now = (now or self._clock.now()) + self.offset
        owner = self._owner
        return Telling(owner.speech, self._mirror.pack(), self.places, owner.actor, server_now, position)

    def standings(self, actor: Actor) -> dict[str, Standing]:
        """Every case by id."""
        known, writes = self._stand, self._store.writes
        if known is None or known[:2] != (writes, actor):
            known = self._stand = (writes, actor, self._mirror.standings(self._outbox.replayed(), actor))
        return known[2]

    def standing(self, case_id: str, actor: Actor) -> Standing:
        """One case; Refusal when it is not here."""
        found = self.standings(actor).get(case_id)
        if found is None:
            raise Refusal(self._owner.speech.say("This case is not on this tablet any more."))
        return found

    def entry(self, command_id: str) -> Entry:
        """One command of the outbox; Refusal when there is none."""
        try:
            return self._outbox.entry(command_id)
        except KeyError:
            raise Refusal(self._owner.speech.say("There is no such item in the outbox.")) from None

    def shown(self) -> list[Entry]:
        """Of the outbox what was not put away, and what the office has but for its photos."""
        shown, refused = {entry.seq: entry for entry in self._outbox.shown()}, self._photos.refusals()
        for photo in self._photos.cards(state="pending"):
            entry = self._outbox.entry(photo.command_id)
            if entry.state == "applied" or photo.photo_id in refused:
                shown[entry.seq] = entry
        return [shown[seq] for seq in sorted(shown)]

    def category(self, key: str) -> Category:
        """A category of the pack by its key; Refusal when there is none."""
        pack = self._mirror.pack()
        found = next((c for c in pack.categories if c.key == key), None) if pack else None
        if found is None:
            raise Refusal(self._owner.speech.say("Choose what kind of matter it is."))
        return found

    def evidence_to_inspect(self) -> list[tuple[str, dict[str, Any]]]:
        """(case id, attachment) of the cases that wait for this person."""
        telling = self.telling()
        todos = lists.todos(self.standings(telling.actor).values(), telling)
        return [(case.case_id, raw) for case in todos for raw in case.body.get("attachments") or ()]
