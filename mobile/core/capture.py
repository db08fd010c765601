"""From a tap to a sealed command: what was entered is checked, written down once, and never touched again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from mobile.core.clockwork import Clock
from mobile.core.mirror import Mirror
from mobile.core.outbox import Outbox
from mobile.core.photos import Photos
from mobile.core.place import Places
from mobile.core.report_words import place_note
from mobile.core.store import Store
from mobile.core.views import Position
from server.protocol.commands import read_payload
from server.protocol.pack import Category
from server.protocol.wire import time_text, uuid7


class Capture:
    """Seals commands. Every seal is one transaction: command, photos and draft together or not at all."""

    def __init__(self, store: Store, clock: Clock, outbox: Outbox, mirror: Mirror, photos: Photos) -> None:
        self._store, self._clock, self._outbox, self._photos = store, clock, outbox, photos
        self._form_version = lambda: str(mirror.version_of("pack"))

    def report(
        self,
        category: Category,
        condition: str,
        position: Position | None,
        sentence: str,
        photos: Sequence[str],
        done: str,
        form: Mapping[str, str],
        places: Places,
    ) -> str:
        """A new case (self-handled when `done` says what was done). Raises BadCommand, KeyError, DiskFull."""
        own = places.mine
        payload: dict[str, Any] = {
            "category": {"system": category.system, "code": category.code},
            "condition": condition,
            "title": "",
            "description": sentence,
            "grid_code": own[0].code if position is None and len(own) == 1 else "",
            "attachments": self._declared(photos),
        }
        if form:
            payload["form"] = dict(form)
        if done:
            payload["done"] = done
        kind = "self_handle" if done else "report"
        return self._seal(
            kind, str(uuid7(int(self._clock.now().timestamp() * 1000))), 0, payload, position, photos, places
        )

    def act(
        self,
        case_id: str,
        version: int,
        action: str,
        payload: dict[str, Any],
        photos: Sequence[str],
        position: Position | None,
        places: Places,
    ) -> str:
        """An act on version `version` of a case, on top of what still waits for it. Raises BadCommand, KeyError,
        DiskFull.
        """
        if photos:
            payload = {**payload, "attachments": self._declared(photos)}
        return self._seal(action, case_id, version, payload, position, photos, places)

    def _declared(self, photos: Sequence[str]) -> list[dict[str, str | int]]:
        return [self._photos.card(photo_id).wire() for photo_id in photos]

    def _seal(
        self,
        kind: str,
        case_id: str,
        base_version: int,
        payload: dict[str, Any],
        position: Position | None,
        photos: Sequence[str],
        places: Places,
    ) -> str:
        read_payload(kind, payload)
        made_at = self._clock.now()
        before = self._outbox.newest_waiting(case_id)
        found = places.find(position.lon, position.lat, position.accuracy_m) if position else places.nowhere()
        command = {
            "command_id": str(uuid7(int(made_at.timestamp() * 1000))),
            "person_id": self._store.kept("person")["id"],
            "kind": kind,
            "case_id": case_id,
            "base_version": base_version,
            "form_version": self._form_version(),
            "made_at": time_text(made_at),
            "steady_ms": int(self._clock.steady() * 1000),
            "offset_ms": self._store.kept("offset_ms", 0),
            "depends_on": before.command_id if before else None,
            "place": place_note(found, places),
            "position": {**asdict(position), "crs": "EPSG:4326"} if position else None,
            "payload": payload,
        }
        with self._store.writing():
            self._outbox.append(command)
            self._photos.bind(list(photos), command["command_id"], case_id)
        return str(command["command_id"])
