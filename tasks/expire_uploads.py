"""Removes photos that began to arrive and were given up; their tablets begin again and lose nothing."""

from datetime import datetime

from server.db import Connection
from server.settings import settings
from server.sync import uploads


def run(conn: Connection, now: datetime) -> int:
    """How many unfinished uploads had expired by `now`."""
    return uploads.expire(conn, settings(), now)
