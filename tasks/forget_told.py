"""Removes what was told more than thirteen months ago: messages, what left the outbox, the log of exchanges."""

from datetime import datetime

from server.db import Connection
from server.telling import retention

CHUNK = 2000


def run(conn: Connection, now: datetime) -> int:
    """At most 2,000 rows of each kind as of `now`; how many of the kind that had most."""
    return retention.forget(conn, now, CHUNK)
