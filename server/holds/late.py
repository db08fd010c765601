"""Held acts that nobody decided about within a day go up: from a street to the centre, there to the supervisor."""

from datetime import datetime, timedelta
from typing import Any

from server.db import Connection
from server.holds.service import sql
from server.telling.service import Notice, put

AGAIN_AFTER = timedelta(hours=24)
ACTION = "hold"


def escalate(conn: Connection, now: datetime, limit: int) -> int:
    """At most `limit` acts whose time is over; how many went up. They go up again every day and never expire."""
    rows = list(sql.late(conn, now=now, limit=limit))
    notices = []
    for row in rows:
        office = row["centre_id"] or row["decides_id"]
        sql.escalate(conn, command_id=row["command_id"], decides_id=office, due_at=now + AGAIN_AFTER)
        if row["number"] is not None:
            notices += [_notice(row, duty, office, now) for duty in _duties(row)]
    if notices:
        put(conn, notices, now)
    return len(rows)


def _duties(row: dict[str, Any]) -> tuple[str, ...]:
    """Who is told: the duty officers whose it is now; once it waited at the centre, who supervises them."""
    return ("duty", "supervisor") if row["office_kind"] == "centre" else ("duty",)


def _notice(row: dict[str, Any], duty: str, office: int, now: datetime) -> Notice:
    # No event tells this: the number of one that does not exist keeps it apart from what events tell.
    n = -int(now.timestamp())
    return Notice(row["district_id"], row["case_id"], row["number"], n, ACTION, f"duty:{duty}", office)
