"""How one run of a task goes, and who leads."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest

from server.db import Connection, Database, connect
from server.errors import Busy
from tasks.leader import Leader
from tasks.task import LONGEST_REST_S, SQL, Task, perform

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def last_run(database: Database, name: str) -> dict[str, Any]:
    with database.read() as conn:
        return next(dict(row) for row in SQL.last_task_runs(conn) if row["name"] == name)


def task(run: Any, chunk: int = 500) -> Task:
    return Task("count_stars", timedelta(seconds=1), "counts stars", run, chunk)


def test_a_task_is_given_the_time_and_its_result_is_written_down(database: Database) -> None:
    given = []

    def run(conn: Connection, now: datetime) -> int:
        given.append(now)
        return 7

    assert perform(database, task(run), NOW) == 7
    assert given == [NOW]
    row = last_run(database, "count_stars")
    assert (row["result"], row["error"]) == (7, None)
    assert row["started"] <= row["ended"]


def test_full_chunks_are_followed_by_another_each_in_its_own_transaction(database: Database) -> None:
    left = [3, 3, 1]
    transactions = []

    def run(conn: Connection, now: datetime) -> int:
        with conn.cursor() as cursor:
            cursor.execute("select pg_current_xact_id()::text as id")
            transactions.append(cursor.fetchone()["id"])
        return left.pop(0)

    assert perform(database, task(run, chunk=3), NOW) == 7
    assert len(set(transactions)) == 3


def test_a_task_that_gives_way_rests_between_chunks_as_long_as_each_took(database: Database) -> None:
    left, rests = [3, 3, 1], list[float]()

    def run(conn: Connection, now: datetime) -> int:
        with conn.cursor() as cursor:
            cursor.execute("select pg_sleep(0.02)")
        return left.pop(0)

    kind = Task("count_stars", timedelta(seconds=1), "counts stars", run, chunk=3, gives_way=True)
    assert perform(database, kind, NOW, rests.append) == 7
    assert len(rests) == 2
    assert all(0.02 <= rest <= LONGEST_REST_S for rest in rests)


def test_a_failure_is_written_down_with_what_was_done_before_it(database: Database) -> None:
    parts = [3]

    def run(conn: Connection, now: datetime) -> int:
        if parts:
            return parts.pop()
        raise Busy

    with pytest.raises(Busy):
        perform(database, task(run, chunk=3), NOW)
    row = last_run(database, "count_stars")
    assert row["result"] == 3
    assert row["error"].startswith("Busy: ")


def test_one_of_two_leads_and_the_other_takes_over_when_it_dies(dsn: str) -> None:
    first, second = Leader(dsn), Leader(dsn)
    assert first.leads()
    assert not second.leads()
    assert first.leads()
    with closing(connect(dsn, application=False)) as owner, owner.cursor() as cursor:
        # The suite's databases stand in one cluster, and pg_locks shows the locks of all of them.
        cursor.execute(
            "select pg_terminate_backend(l.pid, 5000) from pg_locks l join pg_database d on d.oid = l.database"
            " where l.locktype = 'advisory' and l.granted and d.datname = current_database()"
        )
    assert second.leads()
    assert not first.leads(), "its connection was lost, it may only ask again"
    assert not first.leads()
    second.resign()
    assert first.leads()
    first.resign()


def test_without_a_database_nobody_leads(databases: Any) -> None:
    name = databases.make()
    leader = Leader(databases.cluster.dsn(name))
    assert leader.leads()
    databases.drop(name)
    assert not leader.leads()
    assert not leader.leads()


def test_the_lock_is_held_once_however_often_it_is_asked_for(dsn: str) -> None:
    leader = Leader(dsn)
    assert all(leader.leads() for _ in range(3))
    with closing(psycopg2.connect(dsn)) as owner, owner.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_locks l join pg_database d on d.oid = l.database"
            " where l.locktype = 'advisory' and d.datname = current_database()"
        )
        assert cursor.fetchone() == (1,)
    leader.resign()
