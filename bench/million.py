"""Many cases at once: fills a scratch database with a year of one district, for what is measured at size."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from server.db import Connection

TABLES = ("cases", "cycles", "case_words")


def fill(conn: Connection, district: int, rows: int, now: datetime, cycles_only: bool = False) -> None:
    """Adds `rows` closed and open cases with their cycles to an empty district, then vacuums. As the owner; commits.

    `cycles_only`: cycles without cases, which is all that a rate reads for a viewer of the whole district: ten
    millions in minutes. No list can be made of those.

    Indexes are made afterwards: row by row they would cost most of the time. Triggers are off, so nothing enters the
    change log and no chain is made.
    """
    statements = _statements()
    values = {"district": district, "rows": rows, "now": now}
    with conn.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        indexes = _drop_indexes(cursor)
        for name in (
            "places",
            "crews",
            *(("cycles_alone",) if cycles_only else ("cases", "words", "closed", "cycles")),
        ):
            cursor.execute(statements[name], values)
        for definition in indexes:
            cursor.execute(definition)
        cursor.execute("set session_replication_role = origin")
    conn.commit()
    conn.autocommit = True
    with conn.cursor() as cursor:
        cursor.execute("vacuum analyze cases, cycles, case_words, closed_cells")
    conn.autocommit = False


def reopen(conn: Connection) -> None:
    """Opens every case again and gives it clocks and events as a case in work has them. As the owner; commits."""
    statements = _statements()
    with conn.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        for name in ("all_open", "clocks", "events"):
            cursor.execute(statements[name])
        cursor.execute("set session_replication_role = origin")
    conn.commit()
    conn.autocommit = True
    with conn.cursor() as cursor:
        cursor.execute("vacuum analyze cases, deadlines, case_events")
    conn.autocommit = False


def _statements() -> dict[str, str]:
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _drop_indexes(cursor: Any) -> list[str]:
    """Takes away the indexes that no constraint needs; returns what makes them again."""
    cursor.execute(
        "select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index"
        " where indrelid = any (%s::regclass[]) and not exists"
        " (select from pg_constraint where conindid = indexrelid)",
        (list(TABLES),),
    )
    found = cursor.fetchall()
    for row in found:
        cursor.execute(f"drop index {row['name']}")
    return [row["definition"] for row in found]
