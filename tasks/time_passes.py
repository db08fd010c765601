"""Does what time itself does: questions time out, suspensions end, another inspector is asked."""

from datetime import datetime

from server.cases.apply import apply
from server.cases.bysystem import run_out_commands
from server.db import Connection

CHUNK = 50


def run(conn: Connection, now: datetime) -> int:
    """At most `CHUNK` clocks that have run out as of `now`; how many cases went on by it."""
    commands = run_out_commands(conn, now, CHUNK)
    answers = apply(conn, commands, now) if commands else []
    return sum(answer.applied for answer in answers)
