"""Open deadlines anew after the calendar or the limits changed: which cases it moves, and the commands that move them.

Slice by slice through the open cases of a district; a case whose deadlines stay as they are gets no event.
"""

import copy
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.calendar import service as calendars
from server.cases.apply import apply
from server.cases.batch import load_cases
from server.cases.bysystem import by_system
from server.cases.clocks import relimit
from server.cases.state import Clock, Working
from server.clock import Calendar
from server.db import Connection, queries
from server.packs import current
from server.protocol.pack import Pack

SQL = queries(__file__, "recompute.sql")
# A year is entered in several steps; one that is under way would be computed, and told, several times over.
QUIET = timedelta(minutes=1)


@dataclass(frozen=True)
class Round:
    """What the open deadlines of a district shall stand under; `limits` says whether the pack version is new, too."""

    district_id: int
    timezone: str
    stamp: str
    pack_version: int
    limits: bool

    @property
    def goal(self) -> str:
        """The same for everybody who works at this round, and for no other round."""
        return f"{self.district_id} {self.stamp} {self.pack_version}"


def rounds(conn: Connection, now: datetime) -> Iterable[Round]:
    """Districts whose open deadlines stand under an older calendar, or under the limits of an older pack version.

    A calendar that is being changed is left alone until nobody has touched it for a minute.
    """
    for row in calendars.settled(conn, now - QUIET):
        version, _pack = current(conn, row["district_id"])
        limits = version != row["recomputed_pack"]
        if limits or row["stamp"] != row["recomputed"]:
            yield Round(row["district_id"], row["timezone"], row["stamp"], version, limits)


def recompute_slice(
    conn: Connection, wanted: Round, after: uuid.UUID, count: int, now: datetime
) -> list[uuid.UUID]:
    """Recomputes the next `count` open cases after one; returns the ids that were looked at, in order."""
    ids = [row["id"] for row in SQL.open_cases(conn, district=wanted.district_id, after=after, limit=count)]
    calendar = calendars.calendar_at(conn, wanted.district_id, wanted.timezone, wanted.stamp)
    pack = current(conn, wanted.district_id)[1] if wanted.limits else None
    payload = {"cause": "limits" if wanted.limits else "calendar"}
    if wanted.limits:
        payload["pack_version"] = str(wanted.pack_version)
    commands = [
        by_system("recompute", case_id, payload, wanted.goal)
        for case_id, work in sorted(load_cases(conn, ids, now).items())
        if moves(work, calendar, pack)
    ]
    if commands:
        apply(conn, commands, now)
    return ids


def moves(work: Working, calendar: Calendar, pack: Pack | None) -> bool:
    """Whether a clock of the case would run under another limit or to another moment. Tries it on `work` itself."""
    before = {kind: copy.copy(clock) for kind, clock in work.clocks.items()}
    relimit(work, calendar, tuple(work.clocks), pack)
    return any(told(clock) != told(before[kind]) for kind, clock in work.clocks.items())


def told(clock: Clock) -> tuple[object, ...]:
    """What recomputing can change of a clock. A clock that stands has its moment computed when it goes on."""
    limit = (clock.limit_min, clock.granted_min, clock.time_kind)
    return (
        limit if clock.paused_at is not None else (*limit, clock.due_at, clock.provisional, clock.escalate_at)
    )
