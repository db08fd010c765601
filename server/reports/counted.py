"""Which cases a number stands for: one value that a report counts with, that its links say, and that a list reads back.

`Counted.params(viewer)` are the arguments of the SQL function `counted_for`; whoever joins it lists exactly the cycles
that the number counted. The words of a link are the names of the query parameters of `GET /api/v1/cases`.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from server.db import Connection, queries
from server.errors import BadInput, NotFound
from server.protocol.wire import time_text
from server.reports.measures import BASES, COUNTED, HANDLE_DUE, LEVELS, REPLY_DUE, STREET
from server.reports.period import moment, period
from server.security import Viewer

SQL = queries(__file__)
CASES = "/api/v1/cases"


@dataclass(frozen=True)
class Counted:
    """A set of cycles of one district: basis and period, as of when, which set, and one row's place, category,
    crew or responsible organisation (`answers` its id). `outside`: what lies in no street, community or grid.
    `unexcused`: without what an upheld appeal excused."""

    district_id: int
    district: str
    timezone: str
    as_of: datetime
    basis: str = "due"
    first: date | None = None
    last: date | None = None
    counted: str = "all"
    grid: str | None = None
    node: int | None = None
    level: int | None = None
    outside: str | None = None
    system: str | None = None
    category: str | None = None
    crew: str | None = None
    handler: int | None = None
    undispatched: bool = False
    responsible: str | None = None
    answers: int | None = None
    unexcused: bool = False

    def params(self, viewer: Viewer) -> dict[str, Any]:
        """The named parameters of `counted_for` for this viewer."""
        days = period(self.first, self.last, self.timezone)
        system, _, code = (self.category or "").rpartition("/")
        return {
            "home": self.district_id,
            "basis": self.basis,
            "since": days.start,
            "until": days.end,
            "as_of": self.as_of,
            "counted": self.counted,
            "level": self.level,
            "node": self.node,
            "outside": LEVELS[self.outside] if self.outside else None,
            "system": system if self.category else self.system,
            "code": code if self.category else None,
            "handler": self.handler,
            "undispatched": self.undispatched,
            "responsible": self.answers,
            "unexcused": self.unexcused,
            **viewer.scope_params(),
        }

    def only(self, **row: Any) -> "Counted":
        """The same set narrowed to one row."""
        return replace(self, **row)

    def link(self, counted: str) -> str:
        """The address that lists these cases."""
        words = {
            "district": self.district,
            "basis": self.basis,
            "counted": counted,
            "from": self.first,
            "to": self.last,
            "as_of": time_text(self.as_of),
            "grid": self.grid,
            "outside": "true" if self.outside else None,
            "level": self.outside if self.outside != STREET else None,
            "system": self.system,
            "category": self.category,
            "crew": self.crew,
            "undispatched": "true" if self.undispatched else None,
            "responsible": self.responsible,
            "unexcused": "true" if self.unexcused else None,
        }
        return f"{CASES}?{urlencode({name: value for name, value in words.items() if value is not None})}"


def read_counted(
    conn: Connection,
    viewer: Viewer,
    now: datetime,
    *,
    basis: str,
    from_: str | date | None = None,
    to: str | date | None = None,
    as_of: str | datetime | None = None,
    counted: str = "all",
    grid: str | None = None,
    outside: str | None = None,
    system: str | None = None,
    category: str | None = None,
    crew: str | None = None,
    undispatched: bool = False,
    responsible: str | None = None,
    unexcused: bool = False,
) -> Counted:
    """A set as somebody names it. Raises BadInput for unknown words, NotFound for a place or organisation elsewhere."""
    if basis not in (*BASES, HANDLE_DUE, REPLY_DUE):
        raise BadInput("{field} must be one of {choices}.", field="basis", choices=", ".join(BASES))
    if counted not in COUNTED:
        raise BadInput("{field} must be one of {choices}.", field="counted", choices=", ".join(COUNTED))
    if category and "/" not in category:
        raise BadInput("A category is named as system/code.")
    district = SQL.district(conn, district=viewer.district_id)
    days = period(from_, to, district["timezone"])
    place = SQL.node(conn, district=viewer.district_id, code=grid) if grid else None
    handler = _organisation(conn, viewer, crew)
    answers = _organisation(conn, viewer, responsible)
    if grid and place is None:
        raise NotFound
    return Counted(
        district_id=viewer.district_id,
        district=district["code"],
        timezone=district["timezone"],
        as_of=moment(as_of, district["timezone"], now),
        basis=basis,
        first=days.first,
        last=days.last,
        counted=counted,
        grid=grid,
        node=place and place["id"],
        level=place and place["level"],
        outside=outside,
        system=system,
        category=category,
        crew=crew,
        handler=handler,
        undispatched=undispatched,
        responsible=responsible,
        answers=answers,
        unexcused=unexcused,
    )


def _organisation(conn: Connection, viewer: Viewer, code: str | None) -> int | None:
    if not code:
        return None
    found = SQL.organisation(conn, district=viewer.district_id, code=code)
    if found is None:
        raise NotFound
    return int(found["id"])
