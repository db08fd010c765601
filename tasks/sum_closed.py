"""Adds what was closed, reopened or moved since to the sums that the map counts closed cases from."""

from datetime import datetime

from server.db import Connection
from server.tiles import service

CHUNK = 5000


def run(conn: Connection, now: datetime) -> int:
    """At most `CHUNK` moves; how many. The map shows the same before and after."""
    return service.sum_closed(conn, CHUNK)
