"""Cases made as the product makes them: through the doors of the case service, by the small district's cast."""

import io
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from server.cases import acts, service
from server.cases.apply import Answer, apply
from server.cases.blobs import keep_bytes
from server.db import Connection
from server.protocol.commands import Command, Position, read_command, read_payload
from server.protocol.wire import time_text, uuid7
from server.security import Viewer, load_viewer
from tests.server.small_district import SmallDistrict, make_small_district

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
RUBBISH = {"system": "urban/event", "code": "0110"}
COVER = {"system": "urban/component", "code": "0102"}


def picture(colour: str = "red") -> bytes:
    """A small real JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return out.getvalue()


@dataclass
class Street:
    """A small district with its cast, and a clock that the test moves."""

    conn: Connection
    district: SmallDistrict
    folder: Path
    now: datetime = START

    @classmethod
    def open(cls, conn: Connection, folder: Path) -> "Street":
        return cls(conn, make_small_district(conn), folder)

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def viewer(self, login: str) -> Viewer:
        viewer = load_viewer(self.conn, self.district.people[login], self.now)
        assert viewer is not None
        return viewer

    def report(
        self, login: str = "worker", lon: float | None = 104.005, lat: float | None = 30.005, **payload: Any
    ) -> str:
        """Reports rubbish (unless `payload` says otherwise) and returns the case's number."""
        position = Position(lon, lat, 8, "gps", crs="EPSG:4326" if lon is not None else "")
        told = {"category": RUBBISH, "title": "垃圾袋", **payload}
        answer = acts.report(
            self.conn, self.viewer(login), told, position, "patrol", None, None, "console", None, self.now
        )
        assert answer.case_number
        return answer.case_number

    def act(self, login: str, number: str, action: str, **payload: Any) -> Answer:
        """Does an act as `login` on the case as it stands."""
        seen = self.case(number)["version"]
        return acts.act(
            self.conn, self.viewer(login), number, action, payload, seen, "console", None, self.now
        )

    def photo(self, stage: str = "after", colour: str = "green") -> dict[str, Any]:
        """The declaration of a photo whose bytes are kept."""
        content = picture(colour)
        sha256, mime = keep_bytes(self.conn, self.folder, content, self.now)
        return {"id": str(uuid7()), "sha256": sha256, "bytes": len(content), "mime": mime, "stage": stage}

    def declared(self, stage: str = "after") -> dict[str, Any]:
        """The declaration of a photo that is still on its way."""
        return {
            "id": str(uuid7()),
            "sha256": uuid.uuid4().hex * 2,
            "bytes": 1000,
            "mime": "image/jpeg",
            "stage": stage,
        }

    def case(self, number: str, login: str = "duty") -> dict[str, Any]:
        return service.get_case(self.conn, self.viewer(login), number, self.now)

    def dispatched(self, crew: str = "crew-drain", **payload: Any) -> str:
        """A sewer cover, reported, registered and dispatched."""
        number = self.report(category=COVER, condition="missing", **payload)
        self.later(minutes=5)
        self.act("duty", number, "register", condition="missing")
        self.later(minutes=5)
        self.act("dispatch", number, "dispatch", crew=crew)
        return number

    def handled(self) -> str:
        number = self.dispatched()
        self.later(minutes=5)
        self.act("crew", number, "accept")
        self.later(minutes=30)
        self.act("crew", number, "handle", done="换新井盖", attachments=[self.photo()])
        return number

    def closed(self) -> str:
        number = self.handled()
        self.later(minutes=20)
        self.act("worker", number, "pass", close_kind="fixed")
        self.later(minutes=10)
        self.act("duty", number, "close")
        return number

    def mended(self) -> str:
        """Rubbish that the worker of that grid removed on the spot: closed at once."""
        payload = {"category": RUBBISH, "title": "垃圾袋", "done": "已捡走", "attachments": [self.photo()]}
        position = Position(104.005, 30.005, 8, "gps", crs="EPSG:4326")
        command = Command(
            uuid7(), "self_handle", uuid7(), read_payload("self_handle", payload), "h", "console",
            self.district.people["worker"], position=position, district_id=self.district.id, source="patrol",
        )  # fmt: skip
        answer = apply(self.conn, [command], self.now)[0]
        assert answer.applied and answer.case_number
        return answer.case_number

    def held(self) -> uuid.UUID:
        """A tablet's report that waits for a person: it was made by somebody else than the one signed in."""
        told = {"category": COVER, "condition": "broken", "title": "井盖松动", "description": "北门口"}
        raw = {
            "command_id": str(uuid7()), "case_id": str(uuid7()), "person_id": self.district.people["head"], "seq": 1,
            "kind": "report", "made_at": time_text(self.now), "payload": told,
            "position": {"lon": 104.005, "lat": 30.005, "accuracy_m": 8, "crs": "EPSG:4326"},
        }  # fmt: skip
        command = read_command(raw, "tablet", None, district_id=self.district.id, hold="held_author")
        apply(self.conn, [command], self.now)
        return command.command_id

    def by_phone(self) -> str:
        """Somebody called: a reply is owed."""
        position = Position(104.005, 30.005, 8, "hand", crs="EPSG:4326")
        told = {"category": RUBBISH, "title": "垃圾袋"}
        answer = acts.report(
            self.conn, self.viewer("intake"), told, position, "phone", None, None, "console", None, self.now
        )
        assert answer.case_number
        return answer.case_number
