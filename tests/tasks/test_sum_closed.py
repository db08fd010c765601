"""The sums of closed cases stay true while people close and reopen and the task adds up, all at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.db import Connection, Database
from tasks import schedule, sum_closed
from tasks.task import perform
from tests.factories import Street

SUM_CLOSED = next(task for task in schedule.TASKS if task.name == "sum_closed")

# Sums and moves on one side, the cases themselves on the other, word by word: what only one side has. One statement,
# so one snapshot.
DIFFERENCE = """
    with counted as (
        select facet, state, sum(n) as n, sum(lon_e7) as lon from (
            select facet, state, n, lon_e7 from closed_cells
            union all
            select f, m.state, m.n, m.lon_e7 from closed_moves m
            cross join unnest(array['', 'c:' || m.category, 's:' || m.source, 'h:' || m.handler_id]) f where f is not null
        ) both_parts group by facet, state having sum(n) <> 0
    ), there as (
        select f as facet, c.state, count(*) as n, sum(c.lon_e7) as lon from cases c
        cross join unnest(array['', 'c:' || c.category_system || '/' || c.category_code, 's:' || c.source,
                                'h:' || c.handler_id]) f
        where c.closed_at is not null and f is not null group by f, c.state
    )
    (table counted except table there) union all (table there except table counted)
"""


def difference(conn: Connection) -> list[dict[str, Any]]:
    with conn.cursor() as cursor:
        cursor.execute(DIFFERENCE)
        return [dict(row) for row in cursor.fetchall()]


def one(conn: Connection, statement: str) -> Any:
    with conn.cursor() as cursor:
        cursor.execute(statement)
        return next(iter(cursor.fetchone().values()))


def together(*works: Callable[[], None]) -> None:
    """Lets all begin at the same moment; what one of them raises is raised."""
    gate = threading.Barrier(len(works))

    def begin(work: Callable[[], None]) -> None:
        gate.wait(10)
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(begin, work) for work in works]:
            done.result(60)


def test_the_sums_equal_a_count_at_every_moment_while_two_close_and_reopen_and_the_task_adds_up(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sum_closed, "CHUNK", 3)
    task = replace(SUM_CLOSED, chunk=3)
    with database.transaction() as conn:
        street = Street.open(conn, tmp_path)
        closed = [street.closed() for _ in range(8)]
        now = street.now
    writers = [threading.Event(), threading.Event()]

    def writer(done: threading.Event, numbers: list[str]) -> Callable[[], None]:
        def write() -> None:
            try:
                for number in numbers:
                    with database.transaction() as conn:
                        mine = Street(conn, street.district, tmp_path, now)
                        mine.act("duty", number, "reopen", reason="还在冒水")
                    with database.transaction() as conn:
                        Street(conn, street.district, tmp_path, now).closed()
            finally:
                done.set()

        return write

    def add_up() -> None:
        while not all(done.is_set() for done in writers):
            perform(database, task, now)

    def look() -> None:
        while not all(done.is_set() for done in writers):
            with database.read() as conn:
                assert difference(conn) == []

    together(writer(writers[0], closed[:4]), writer(writers[1], closed[4:]), add_up, add_up, look)
    perform(database, task, now)
    with database.read() as conn:
        assert difference(conn) == []
        assert one(conn, "select count(*) from closed_moves") == 0
        assert one(conn, "select sum(n)::integer from closed_cells where facet = ''") == 8
        assert one(conn, "select count(*) from cases where closed_at is not null") == 8


def test_a_move_that_is_not_committed_yet_is_left_for_the_next_run(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as conn:
        street = Street.open(conn, tmp_path)
        street.closed()
        now = street.now
    with database.transaction() as slow:
        Street(slow, street.district, tmp_path, now).closed()
        assert perform(database, SUM_CLOSED, now) == 1
    with database.read() as conn:
        assert difference(conn) == [] and one(conn, "select count(*) from closed_moves") == 1
    assert perform(database, SUM_CLOSED, now) == 1
    with database.read() as conn:
        assert difference(conn) == [] and one(conn, "select count(*) from closed_moves") == 0
