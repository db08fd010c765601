"""Sends what waits in the outbox: letters and outcomes for other systems, one at a time."""

from datetime import datetime

from server.db import Database
from server.settings import settings
from server.telling import delivery


def run(database: Database, now: datetime) -> int:
    """Seals or sends at most one thing that is due at `now`; 0 when nothing is. What fails waits for its next try."""
    return delivery.step(database, settings(), now)
