"""Sends what waits in the outbox: letters and outcomes for other systems, one at a time, each its own transaction."""

from datetime import datetime

from server.db import Connection
from server.settings import settings
from server.telling import delivery


def run(conn: Connection, now: datetime) -> int:
    """Seals or sends at most one thing that is due at `now`; 0 when nothing is. What fails waits for its next try."""
    return delivery.step(conn, settings(), now)
