"""Escalates every case whose clock ran out: a command like any other, given by the system itself."""

from datetime import datetime

from server.cases.apply import apply
from server.cases.bysystem import overdue_commands
from server.db import Connection

CHUNK = 500


def run(conn: Connection, now: datetime) -> int:
    """At most 500 cases as of `now`; how many were escalated. A clock is never escalated twice for one limit."""
    commands = overdue_commands(conn, now, CHUNK)
    answers = apply(conn, commands, now) if commands else []
    return sum(answer.applied for answer in answers)
