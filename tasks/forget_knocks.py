"""Forgets, a day later, how often somebody came to a public door, and who opened a layer of facilities in which hour.

Neither is kept longer than it is counted; that a layer was opened stays in the access log.
"""

from datetime import datetime

from server.db import Connection
from server.facilities import service as facilities
from server.public import knocks


def run(conn: Connection, now: datetime) -> int:
    """How many counts and hours were forgotten."""
    return knocks.forget(conn, now) + facilities.forget_openings(conn, now)
