"""Who hears of which change: rows of the log, asked in memory whom they concern, and where a listener goes on."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from server.db import Connection, queries
from server.security import Viewer

sql = queries(__file__)
PAGE, MOST_MISSED = 500, 2000
END = 1 << 30
_PLACE = re.compile(r"^([0-9a-f]{12})\.(\d{1,18})\.(\d{1,18})\.(\d{1,10})$", re.ASCII)


@dataclass(frozen=True, order=True)
class Place:
    """A row of a district's log."""

    seq: int
    n: int = END


@dataclass(frozen=True)
class Event:
    """What a listener is told: `kind` case or message, at `place`; or reset: more than can be told one by one."""

    kind: str
    place: Place
    data: dict[str, str]


@dataclass(frozen=True)
class Ears:
    """What a viewer hears of: the nodes of the office, the organisation's hands, the person's own."""

    district_id: int
    nodes: frozenset[int]
    hands: frozenset[int]
    person: int

    @classmethod
    def of(cls, viewer: Viewer) -> "Ears":
        return cls(viewer.district_id, viewer.nodes, frozenset(viewer.hands), viewer.person_id)

    def hear(self, row: dict[str, Any]) -> bool:
        """Whether a row of the log concerns them: the case lies or lay in their nodes, hands or reports."""
        return (
            not self.nodes.isdisjoint((*(row["scope_before"] or ()), *(row["scope_after"] or ())))
            or not self.hands.isdisjoint(row["handlers"] or ())
            or self.person in (row["people"] or ())
        )


def epoch_and_end(conn: Connection, district_id: int) -> tuple[str, Place, int]:
    """The epoch as event ids name it, the end of a district's log, and the oldest number that is still there."""
    at = sql.position(conn, district_id=district_id)
    return at["epoch"].hex[:12], Place(at["seq"]), at["oldest"]


def read_after(conn: Connection, district_id: int, place: Place) -> list[dict[str, Any]]:
    """The next rows of the log, each with the `number` of its case; a full page means that there are more."""
    rows = [
        dict(row)
        for row in sql.rows_after(conn, district_id=district_id, seq=place.seq, n=place.n, limit=PAGE)
    ]
    ids = list({uuid.UUID(row["id"]) for row in rows if row["kind"] == "case"})
    numbers = {str(row["id"]): row["number"] for row in sql.numbers(conn, ids=ids)} if ids else {}
    for row in rows:
        row["number"] = numbers.get(row["id"], "")
    return rows


def event_of(row: dict[str, Any]) -> Event:
    """What is told of a row: which case or message, nothing of what is in it; whoever may see it asks for it."""
    data = {"id": row["id"]} | ({"number": row["number"]} if row["kind"] == "case" else {})
    return Event(row["kind"], Place(row["seq"], row["n"]), data)


def heard(ears: Ears, rows: Iterable[dict[str, Any]]) -> list[Event]:
    """The events of the rows that concern somebody; of the same case in one page only the last."""
    latest: dict[tuple[str, str], Event] = {}
    for row in rows:
        if ears.hear(row):
            event = event_of(row)
            latest.pop((row["kind"], row["id"]), None)
            latest[row["kind"], row["id"]] = event
    return list(latest.values())


def event_id(epoch: str, district_id: int, place: Place) -> str:
    """The id of an event: a browser sends the last one back and goes on there."""
    return f"{epoch}.{district_id}.{place.seq}.{place.n}"


def read_event_id(text: str) -> tuple[str, int, Place] | None:
    """Epoch, district and place of an id; None for what this server never gave."""
    found = _PLACE.match(text)
    return (found[1], int(found[2]), Place(int(found[3]), int(found[4]))) if found else None


def missed(conn: Connection, ears: Ears, last_id: str) -> tuple[str, Place, list[Event]]:
    """The epoch, where a listener stands now, and what it missed since `last_id`; a reset when that cannot be told."""
    epoch, end, oldest = epoch_and_end(conn, ears.district_id)
    told = read_event_id(last_id) if last_id else None
    if told is None:
        return epoch, end, []
    reset = [Event("reset", end, {})]
    theirs, district, place = told
    if (theirs, district) != (epoch, ears.district_id) or not oldest - 1 <= place.seq <= end.seq:
        return epoch, end, reset
    rows: list[dict[str, Any]] = []
    while len(rows) < MOST_MISSED:
        page = read_after(conn, ears.district_id, place)
        rows += page
        if len(page) < PAGE:
            return epoch, end, heard(ears, rows)
        place = Place(page[-1]["seq"], page[-1]["n"])
    return epoch, end, reset
