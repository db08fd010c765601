"""How an older tablet's file becomes today's: one step a shape, forward only, all of them in one transaction.

schema.sql is always the newest whole. A step holds what `create … if not exists` cannot do: a changed table. Triggers
and indexes hold no data: those that differ from schema.sql are made anew.
"""

import sqlite3
from collections.abc import Iterator

# STEPS[n] leads from version n to n + 1. Files from before the numbering are version 0.
STEPS: tuple[str, ...] = (
    "",  # arrivals and the refusals of photos are new tables; mirror and drafts go under the PIN (vault.py)
)
NEWEST = len(STEPS)


class TooNew(Exception):
    """A later app wrote this file; it is left alone."""


def walk(sql: sqlite3.Connection, schema: str) -> None:
    """Brings a file, new or old, to the newest shape (inside a transaction). Raises TooNew."""
    version = sql.execute("pragma user_version").fetchone()[0]
    if version > NEWEST:
        raise TooNew(version)
    if sql.execute("select 1 from sqlite_master where name = 'outbox'").fetchone():
        for step in STEPS[version:]:
            for statement in statements(step):
                sql.execute(statement)
    wanted = list(statements(schema))
    today = {_plain(statement) for statement in wanted}
    for kind, name, text in sql.execute(
        "select type, name, sql from sqlite_master where type in ('trigger', 'index') and sql is not null"
    ).fetchall():
        if _plain(text) not in today:
            sql.execute(f'drop {kind} "{name}"')
    for statement in wanted:
        sql.execute(statement)
    sql.execute(f"pragma user_version = {NEWEST}")


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one (executescript would commit in between)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _plain(statement: str) -> str:
    """A statement as sqlite_master keeps it, without comments and arrangement."""
    lines = (line.partition("--")[0] for line in statement.splitlines())
    return " ".join(" ".join(lines).replace("if not exists ", "").rstrip("; \n").split()).lower()
