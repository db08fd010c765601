"""Held acts that nobody decided about within a day go up: from a street to the centre, there to the supervisor."""

from datetime import datetime, timedelta

from server.db import Connection
from server.holds import notices
from server.holds.service import sql
from server.telling.service import put

AGAIN_AFTER = timedelta(hours=24)


def escalate(conn: Connection, now: datetime, limit: int) -> int:
    """At most `limit` acts whose time is over; how many went up. They go up again every day and never expire."""
    rows, told = list(sql.late(conn, now=now, limit=limit)), []
    for row in rows:
        office = row["centre_id"] or row["decides_id"]
        sql.escalate(conn, command_id=row["command_id"], decides_id=office, due_at=now + AGAIN_AFTER)
        told += notices.late(row, office)
    put(conn, told, now)
    return len(rows)
