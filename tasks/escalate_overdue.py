"""Escalates every case whose clock ran out: a command like any other, given by the system itself."""

from datetime import datetime

from server.cases.apply import apply
from server.cases.bysystem import overdue_commands
from server.db import Connection

# Small, because whoever moves a case of the same district waits while a chunk is committed: for some milliseconds.
CHUNK = 20


def run(conn: Connection, now: datetime) -> int:
    """At most `CHUNK` missed clocks as of `now`; how many went up. A clock never goes up twice for one limit."""
    commands = overdue_commands(conn, now, CHUNK)
    answers = apply(conn, commands, now) if commands else []
    return sum(answer.applied for answer in answers)
