"""What a task is, and how one run of it goes: chunk by chunk, each its own transaction, and written down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter, sleep
from typing import Any

from server.db import Database, queries

SQL = queries(__file__)
LONGEST_REST_S = 2.0


@dataclass(frozen=True)
class Task:
    """A task with its rhythm.

    `run(conn, now)` does at most `chunk` things in the transaction it is given, never commits, and returns how
    many it did; it is called again until it did fewer. Doing it twice, or on two machines, does no harm. One that
    `waits` for other systems gets the database instead of a connection, for no transaction stays open while it waits,
    and runs beside the others. One that `gives_way` rests after each chunk as long as it took:
    half of the machine, and half of the turns at a district's log, are for people, however slow both are at the time.
    """

    name: str
    every: timedelta
    purpose: str
    run: Callable[[Any, datetime], int]
    chunk: int = 500
    waits: bool = False
    gives_way: bool = False


def perform(database: Database, task: Task, now: datetime, rest: Callable[[float], object] = sleep) -> int:
    """One run as of `now` (aware, UTC): how many things were done in all. `rest` waits for so many seconds.

    The start, the end, the result and an error are kept in `task_runs`, which `/readyz` reads. An error of the
    task is written down, then raised.
    """
    database.run(lambda conn: SQL.begin_task_run(conn, name=task.name, started=datetime.now(UTC)))
    done = 0
    try:
        while True:
            begun = perf_counter()
            part = task.run(database, now) if task.waits else database.run(lambda conn: task.run(conn, now))
            done += part
            if part < task.chunk:
                break
            if task.gives_way:
                rest(min(perf_counter() - begun, LONGEST_REST_S))
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        write_end(database, task, done, words)
        raise
    write_end(database, task, done, None)
    return done


def write_end(database: Database, task: Task, done: int, error: str | None) -> None:
    ended = datetime.now(UTC)
    database.run(lambda conn: SQL.end_task_run(conn, name=task.name, ended=ended, result=done, error=error))
