"""What a task is, and how one run of it goes: chunk by chunk, each its own transaction, and written down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from server.db import Connection, Database, queries

SQL = queries(__file__)


@dataclass(frozen=True)
class Task:
    """A task with its rhythm.

    `run(conn, now)` does at most `chunk` things in the transaction it is given, never commits, and returns how
    many it did; it is called again until it did fewer. Doing it twice, or on two machines, does no harm. A task that
    `waits` for other systems runs beside the others.
    """

    name: str
    every: timedelta
    purpose: str
    run: Callable[[Connection, datetime], int]
    chunk: int = 500
    waits: bool = False


def perform(database: Database, task: Task, now: datetime) -> int:
    """One run as of `now` (aware, UTC): how many things were done in all.

    The start, the end, the result and an error are kept in `task_runs`, which `/readyz` reads. An error of the
    task is written down, then raised.
    """
    database.run(lambda conn: SQL.begin_task_run(conn, name=task.name, started=datetime.now(UTC)))
    done = 0
    try:
        while True:
            part = database.run(lambda conn: task.run(conn, now))
            done += part
            if part < task.chunk:
                break
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        write_end(database, task, done, words)
        raise
    write_end(database, task, done, None)
    return done


def write_end(database: Database, task: Task, done: int, error: str | None) -> None:
    ended = datetime.now(UTC)
    database.run(lambda conn: SQL.end_task_run(conn, name=task.name, ended=ended, result=done, error=error))
