"""Brings a database to the state of this program: plain SQL forward only, then the transition table,
the packs and the declared years.
"""

import hashlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg2.extras import execute_values

from server.calendar import service as calendar
from server.db import Connection, connect
from server.errors import SetupFault
from server.packs.keeping import keep_shipped
from server.protocol.workflow import moves

MIGRATIONS = Path(__file__).parent / "sql" / "migrations"
LOCK = 7_206_001


def migrate(dsn: str) -> list[str]:
    """Applies what is missing of `sql/migrations`, each file in one transaction; returns the names applied.

    Runs as the owner, under an advisory lock. A file that was applied and has changed since is refused with its name.
    """
    with closing(connect(dsn, application=False)) as connection, connection.cursor() as cursor:
        locked(cursor)
        cursor.execute(
            "create table if not exists migrations (name text primary key, sha256 text not null,"
            " applied_at timestamptz not null default clock_timestamp())"
        )
        connection.commit()
        applied = []
        for path in missing(cursor):
            apply(cursor, path)
            connection.commit()
            applied.append(path.name)
        fill(connection, cursor, datetime.now(UTC))
        connection.commit()
    return applied


def locked(cursor: Any) -> None:
    """Nobody else changes the schema until this session ends."""
    cursor.execute("select pg_advisory_lock(%s)", (LOCK,))


def bring_up_to_date(connection: Connection, cursor: Any, now: datetime) -> None:
    """The same for a restored database, all within the caller's transaction, which was `locked`."""
    for path in missing(cursor):
        apply(cursor, path)
    fill(connection, cursor, now)


def missing(cursor: Any) -> list[Path]:
    """The migrations that the database lacks. Raises SetupFault for one that changed since it was applied."""
    cursor.execute("select name, sha256 from migrations")
    known = {row["name"]: row["sha256"] for row in cursor.fetchall()}
    paths = sorted(MIGRATIONS.glob("*.sql"))
    for path in paths:
        if known.get(path.name, digest_of(path)) != digest_of(path):
            raise SetupFault("Migration {name} was changed after it was applied.", name=path.name)
    return [path for path in paths if path.name not in known]


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def apply(cursor: Any, path: Path) -> None:
    cursor.execute(path.read_text(encoding="utf-8"))
    cursor.execute("insert into migrations (name, sha256) values (%s, %s)", (path.name, digest_of(path)))


def fill(connection: Connection, cursor: Any, now: datetime) -> None:
    """What the program brings along: the transition table, the packs, the declared years."""
    fill_workflow_moves(cursor)
    keep_shipped(connection)
    calendar.seed_all(connection, now)


def fill_workflow_moves(cursor: Any) -> None:
    """Writes the transition table where every event refers to it; rows are added, never taken away."""
    execute_values(
        cursor,
        "insert into workflow_moves (action, from_state, to_state) values %s on conflict do nothing",
        sorted(moves()),
    )
