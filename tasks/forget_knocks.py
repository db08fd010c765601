"""Forgets how often somebody came to a public door, a day later: addresses are kept no longer than they are counted."""

from datetime import datetime

from server.db import Connection
from server.public import knocks


def run(conn: Connection, now: datetime) -> int:
    """How many counts were forgotten."""
    return knocks.forget(conn, now)
