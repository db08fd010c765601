"""Writes down, when an hour is over, what went out of layers of facilities after their opening was written down."""

from datetime import datetime

from server.db import Connection
from server.facilities import service

CHUNK = 500


def run(conn: Connection, now: datetime) -> int:
    """At most `CHUNK` rows of the access log; how many."""
    return service.tell_openings(conn, now, CHUNK)
