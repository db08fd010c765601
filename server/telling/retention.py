"""How long is kept what was told: news about cases, not their record, which is the chain of events."""

from datetime import datetime, timedelta

from server.db import Connection, queries

sql = queries(__file__, "retention.sql")
# Logs are kept for at least six months by law; a year and a month lets last year be looked up.
KEPT = timedelta(days=396)


def forget(conn: Connection, now: datetime, limit: int) -> int:
    """Removes at most `limit` rows each of exchanges, outbox and messages that are older than thirteen months.

    Gives the largest of the three counts: below `limit` nothing is left to remove.
    """
    counts = (
        work(conn, before=now - KEPT, limit=limit)
        for work in (sql.forget_exchanges, sql.forget_sent, sql.forget_messages)
    )
    return max(counts)
