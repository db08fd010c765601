"""Acts of tablets that nobody decided about within a day go up; they never expire."""

from datetime import datetime

from server.db import Connection
from server.holds.late import escalate

CHUNK = 100


def run(conn: Connection, now: datetime) -> int:
    """At most `CHUNK` held acts as of `now`; how many went up."""
    return escalate(conn, now, CHUNK)
