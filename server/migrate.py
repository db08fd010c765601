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
        cursor.execute("select pg_advisory_lock(%s)", (LOCK,))
        cursor.execute(
            "create table if not exists migrations (name text primary key, sha256 text not null,"
            " applied_at timestamptz not null default clock_timestamp())"
        )
        connection.commit()
        applied = _apply_files(connection, cursor)
        fill_workflow_moves(cursor)
        keep_shipped(connection)
        calendar.seed_all(connection, datetime.now(UTC))
        connection.commit()
    return applied


def _apply_files(connection: Connection, cursor: Any) -> list[str]:
    cursor.execute("select name, sha256 from migrations")
    known = {row["name"]: row["sha256"] for row in cursor.fetchall()}
    applied = []
    for path in sorted(MIGRATIONS.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        if known.get(path.name, digest) != digest:
            raise SetupFault("Migration {name} was changed after it was applied.", name=path.name)
        if path.name in known:
            continue
        cursor.execute(text)
        cursor.execute("insert into migrations (name, sha256) values (%s, %s)", (path.name, digest))
        connection.commit()
        applied.append(path.name)
    return applied


def fill_workflow_moves(cursor: Any) -> None:
    """Writes the transition table where every event refers to it; rows are added, never taken away."""
    execute_values(
        cursor,
        "insert into workflow_moves (action, from_state, to_state) values %s on conflict do nothing",
        sorted(moves()),
    )
