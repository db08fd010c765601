"""A transport that answers what a test wrote down: the office on paper, for what only the tablet's side is asked about.

What tablet and server do together is tried against the real server (test_link.py, test_sync_machine.py).
"""

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mobile.core.tablet import Tablet
from mobile.core.transport import LinkDown, Reply
from server import packs
from server.protocol.wire import ENVELOPE, time_text

Answer = Callable[[dict[str, Any]], dict[str, Any] | Reply]
URL = "http://office.test"


def square(
    code: str, number: int, parent: int | None, level: int, west: float, east: float, part: str = "scope"
) -> dict[str, Any]:
    """A node of the offline package between two meridians, from 30.00° to 30.01° north."""
    ring = [[west, 30.0], [east, 30.0], [east, 30.01], [west, 30.01], [west, 30.0]]
    return {"id": number, "code": code, "name": f"{code} 网格", "level": level, "parent": parent, "part": part,
            "inside": [(west + east) / 2, 30.005], "shape": [[ring]] if level == 3 else None}  # fmt: skip


PACKAGE = {
    "boundary_versions": [1],
    "nodes": [square("D", 1, None, 0, 104.0, 104.03, "above"), square("S1", 2, 1, 1, 104.0, 104.03, "above"),
              square("S1C1", 3, 2, 2, 104.0, 104.03, "above"), square("G1", 4, 3, 3, 104.0, 104.01), square("G2", 5, 3, 3, 104.01, 104.02),
              square("G3", 6, 3, 3, 104.02, 104.03, "neighbour")],
    "basemap": [{"type": "Feature", "properties": {"kind": "road", "name": "杏花路"},
                 "geometry": {"type": "LineString", "coordinates": [[104.0, 30.006], [104.03, 30.006]]}}],
}  # fmt: skip
PERSON = {"id": 7, "name": "李网格", "role": "worker", "organisation": "杏花社区",
          "actor": {"person": 7, "role": "worker", "duties": [], "organisation": 3, "nodes": [4, 5]}}  # fmt: skip


def pack_body() -> dict[str, Any]:
    """The urban pack as it lies in the folder."""
    return packs.read_folder("urban")


def case_body(
    case_id: str, version: int = 3, state: str = "handled", nodes: tuple[int, ...] = (1, 2, 3, 4), **more: Any
) -> dict[str, Any]:
    """A case's JSON as the server sends it, with what the tablet looks at."""
    facts = {
        "state": state,
        "nodes": list(nodes),
        "handler": 9,
        "reporter": None,
        "dispatchers": [5],
        "flags": ["registered"],
    }
    return {"id": case_id, "number": "2026-1122-0001", "version": version, "state": state, "category": {"system": "urban/component", "code": "0102"},
            "condition": {"code": "broken", "name": "破损"}, "description": "井盖裂了", "location": {"lon": 104.005, "lat": 30.005, "accuracy_m": 6},
            "grid": {"name": "G1 网格"}, "facts": facts, "deadlines": [], "events": [], "attachments": [], "closed_at": None, "close_kind": None,
            "reported_at": "2026-11-22T01:00:00.000000Z", **more}  # fmt: skip


class PaperOffice:
    """Answers commands and changes by functions that a test may replace; everything else is not found."""

    def __init__(self) -> None:
        self.online = True
        self.person: dict[str, Any] = PERSON
        self.commands: list[list[dict[str, Any]]] = []
        self.changes: list[dict[str, Any]] = [
            {"seq": 1, "kind": "pack", "id": "urban", "version": 1, "body": pack_body()},
            {"seq": 1, "kind": "grid", "id": "package", "version": None, "body": PACKAGE},
        ]
        self.on_commands: Answer = lambda told: {"results": [
            {"command_id": c["command_id"], "outcome": "applied", "case_id": c["case_id"], "version": 1} for c in told["commands"]]}  # fmt: skip
        self.on_changes: Answer = self._all_changes
        self.cursors: list[str] = []

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        if not self.online:
            raise LinkDown("no signal")
        path = url.removeprefix(URL)
        told = json.loads(
            gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body or b"{}"
        )
        if path == "/sync/v1/enrol":
            return spoken({"device_token": "token", "person": self.person, "scope": ["G1", "G2"], "next_seq": 1,
                           "district": {"code": "D", "name": "试验区", "timezone": "Asia/Shanghai"}})  # fmt: skip
        if path == "/sync/v1/commands":
            self.commands.append(told["commands"])
            return spoken(self.on_commands(told))
        if path.startswith("/sync/v1/changes"):
            cursor = path.split("cursor=")[1].split("&")[0]
            self.cursors.append(cursor)
            return spoken(self.on_changes({"cursor": cursor}))
        if path.startswith("/sync/v1/digest"):
            return spoken({"catch_up": True})
        return problem(404, "not_found", "There is nothing here.")

    def _all_changes(self, told: dict[str, Any]) -> dict[str, Any]:
        seen = int(told["cursor"] or 0)
        return {"changes": self.changes[seen:], "cursor": str(len(self.changes)), "more": False}


def spoken(answer: dict[str, Any] | Reply) -> Reply:
    """An answer inside the envelope."""
    if isinstance(answer, Reply):
        return answer
    whole = {"envelope": ENVELOPE, "server_time": time_text(datetime.now(UTC)), **answer}
    return Reply(200, {"content-type": "application/json"}, json.dumps(whole).encode())


def problem(status: int, code: str, sentence: str) -> Reply:
    """A refusal inside the envelope."""
    body = {"envelope": ENVELOPE, "title": code, "status": status, "detail": sentence, "code": code}
    return Reply(status, {"content-type": "application/problem+json"}, json.dumps(body).encode())


def enrolled(home: Path, office: PaperOffice | None = None, **more: Any) -> Tablet:
    """A tablet of a grid worker of G1 and G2."""
    tablet = Tablet(home, transport=office or PaperOffice(), **more)
    tablet.enrol(URL, "7KQX-2M9D-VH4T")
    return tablet
