"""The way to the database: connections are kept, dead ones are not handed out, losers of a race try again."""

import ast
import os
import re
import select
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from uuid import UUID

import psycopg2
import pytest

from server.cluster import open_database
from server.db import Connection, Database, array, connect, refusal_of
from server.errors import BadInput, Busy
from server.settings import CHECKOUT, Settings
from tests.conftest import Databases

SIZE = 3


@pytest.fixture
def few(dsn: str) -> Iterator[Database]:
    """A pool of three connections in which nobody waits long."""
    with closing(Database(dsn, size=SIZE, wait_s=0.01)) as made:
        yield made


@contextmanager
def all_out(database: Database) -> Iterator[list[Connection]]:
    """Every connection of the pool, in use at once."""
    with ExitStack() as stack:
        yield [stack.enter_context(database.read()) for _ in range(SIZE)]


def pids(connections: list[Connection]) -> set[int]:
    return {connection.get_backend_pid() for connection in connections}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "uuid"),
        ([UUID(int=0), UUID(int=2**128 - 1)], "uuid"),
        ([None, 104.0059033, 1e-7, -1e300, 0.1 + 0.2], "float8"),
        ([None, 2**62, -1], "bigint"),
    ],
)
def test_an_array_is_read_as_it_was_given(
    few: Database, values: list[float | UUID | None], kind: str
) -> None:
    with few.read() as conn, conn.cursor() as cursor:
        cursor.execute(
            f"select %s::{kind}[]::text[] as read, %s::{kind}[]::text[] as given", (array(values), values)
        )
        row = cursor.fetchone()
    assert row["read"] == row["given"]


def test_connections_are_kept_open_so_that_their_plans_stay_warm(few: Database) -> None:
    with all_out(few) as first:
        before = pids(first)
    with all_out(few) as again:
        assert pids(again) == before


def test_who_finds_no_connection_is_told_to_come_again(few: Database) -> None:
    with all_out(few), pytest.raises(Busy), few.read():
        pass


def test_a_connection_that_the_server_ended_meanwhile_is_not_handed_out(few: Database) -> None:
    with all_out(few) as connections:
        before = pids(connections)
    end_sessions(few.dsn, before)
    with all_out(few) as fresh:
        assert not pids(fresh) & before
        for connection in fresh:
            with connection.cursor() as cursor:
                cursor.execute("select 1")


def end_sessions(dsn: str, backends: set[int]) -> None:
    """Ends them, and waits until the server has said so to their clients."""
    with closing(connect(dsn, application=False)) as owner, owner.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(pid, 10000) from unnest(%s) pid", (list(backends),))


def test_a_connection_that_breaks_in_use_costs_one_request(few: Database) -> None:
    with pytest.raises(psycopg2.OperationalError), few.read() as connection:
        end_sessions(few.dsn, pids([connection]))
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    with all_out(few) as connections:
        assert len(pids(connections)) == SIZE


def test_what_was_not_committed_is_gone_for_the_next_who_gets_the_connection(few: Database) -> None:
    with pytest.raises(ZeroDivisionError), few.transaction() as connection:
        connection.changed.add(1)
        with connection.cursor() as cursor:
            cursor.execute("create temporary table left_over (n integer)")
        raise ZeroDivisionError
    with few.transaction() as connection, connection.cursor() as cursor:
        assert not connection.changed
        cursor.execute("select to_regclass('left_over') as there")
        assert cursor.fetchone()["there"] is None


def test_connections_in_use_at_the_end_are_closed_when_they_come_back(dsn: str) -> None:
    database = Database(dsn, size=SIZE)
    with database.read() as connection:
        database.close()
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    assert connection.closed


def test_many_threads_share_few_connections(few: Database) -> None:
    few.wait_s = 60
    seen: set[int] = set()

    def work() -> None:
        for _ in range(20):
            with few.read() as connection, connection.cursor() as cursor:
                cursor.execute("select pg_backend_pid() as pid")
                seen.add(cursor.fetchone()["pid"])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) <= SIZE


@pytest.mark.parametrize("named", [None, "fetched_in_pieces"])
def test_rows_are_dicts_by_column_however_they_are_fetched(few: Database, named: str | None) -> None:
    with few.read() as connection, connection.cursor(named) as cursor:
        cursor.execute("select n, n * 2 as double from generate_series(1, 6) n")
        rows = [cursor.fetchone(), *cursor.fetchmany(2), next(cursor), *cursor, cursor.fetchone()]
    assert rows == [{"n": n, "double": n * 2} for n in range(1, 7)] + [None]


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_a_text_that_no_column_holds_is_bad_input(few: Database, text: str) -> None:
    with few.transaction() as conn, conn.cursor() as cursor, pytest.raises(BadInput):
        cursor.execute("select %s", (text,))


def test_a_cursor_that_is_used_again_gives_the_columns_of_its_new_query(few: Database) -> None:
    with few.read() as connection, connection.cursor() as cursor:
        cursor.execute("select 1 as one")
        assert cursor.fetchall() == [{"one": 1}]
        cursor.execute("select 2 as two, 3 as three")
        assert cursor.fetchall() == [{"two": 2, "three": 3}]


def test_a_database_without_schema_is_told_by_what_to_do(databases: Databases, tmp_path: Path) -> None:
    name = f"test_{os.getpid()}_bare"
    databases.cluster.ensure_database(name)
    try:
        bare = Settings(home=tmp_path, database_url=databases.cluster.dsn(name))
        # A role belongs to the whole cluster: here the tables are what is missing.
        with (
            pytest.raises(psycopg2.Error) as refused,
            open_database(bare) as database,
            database.read() as conn,
        ):
            conn.cursor().execute("select 1 from cases")
        assert "server migrate" in refusal_of(refused.value).text()
    finally:
        databases.drop(name)


def change(database: Database, district: int) -> None:
    with database.transaction() as connection:
        connection.changed.add(district)


@contextmanager
def listening(dsn: str) -> Iterator[Connection]:
    with closing(connect(dsn)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("listen xunge_changes")
        yield connection


def heard(connection: Connection) -> list[str]:
    """What came since the last time, after waiting for a first one."""
    connection.notifies.clear()
    while not connection.notifies:
        select.select([connection], [], [], 30)
        connection.poll()
    return [told.payload for told in connection.notifies]


def test_a_change_is_told_at_once_when_nothing_was_told_lately(dsn: str, few: Database) -> None:
    with listening(dsn) as ear:
        change(few, 7)
        assert heard(ear) == ["7"]
        with pytest.raises(ZeroDivisionError), few.transaction() as connection:
            connection.changed.add(8)
            raise ZeroDivisionError
        change(few, 9)
        assert heard(ear) == ["9"]


def test_many_changes_are_told_together_and_all_of_them_before_the_end(
    dsn: str, few: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.db.TOLD_EVERY_S", 600)
    with listening(dsn) as ear:
        change(few, 1)
        assert heard(ear) == ["1"]
        ear.notifies.clear()
        for _ in range(200):
            with few.transaction() as connection, connection.cursor() as cursor:
                cursor.execute("select 1")  # as long as an act takes at least: time enough to tell each
                connection.changed.update((2, 3))
        few.close()
        with ear.cursor() as cursor:
            cursor.execute("select 1")  # what was told comes before the answer
        assert [told.payload for told in ear.notifies] == ["2", "3"]


def test_a_database_that_does_not_answer_keeps_nobody_from_ending(
    few: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with all_out(few):
        few._teller.take([5])
        few.close()
    assert "changes_untold" in capsys.readouterr().out


def lazy_queries_called_for_their_effect(module: Path) -> list[str]:
    """Calls of queries without a suffix whose rows nobody reads."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    files: dict[str, set[str]] = {}
    for made in ast.walk(tree):
        if isinstance(made, ast.Assign) and ast.unparse(made.value).startswith("queries(__file__"):
            named = made.value.args[1:] if isinstance(made.value, ast.Call) else []
            file = module.with_name(ast.literal_eval(named[0]) if named else "queries.sql")
            lazy = re.findall(r"^-- name: (\w+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            files[ast.unparse(made.targets[0])] = set(lazy)
    calls = [node.value.func for node in ast.walk(tree)
             if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute)]  # fmt: skip
    return [
        f"{module}:{call.lineno} {call.attr}"
        for call in calls
        if call.attr in files.get(ast.unparse(call.value), ())
    ]


def test_no_query_is_called_for_its_effect_that_is_sent_only_when_its_rows_are_read(tmp_path: Path) -> None:
    """A lock that is never sent locks nothing: such a query needs a suffix (`!`, `^`, `$`)."""
    modules = [path for room in ("server", "tasks", "gis") for path in (CHECKOUT / room).rglob("*.py")]
    assert [call for module in modules for call in lazy_queries_called_for_their_effect(module)] == []
    wrong = tmp_path / "wrong.py"
    (tmp_path / "queries.sql").write_text("-- name: lock\nselect 1;\n", encoding="utf-8")
    wrong.write_text("sql = queries(__file__)\ndef f(conn):\n    sql.lock(conn)\n", encoding="utf-8")
    assert lazy_queries_called_for_their_effect(wrong) == [f"{wrong}:3 lock"]


def test_a_statement_that_we_wrote_wrong_is_a_fault_and_no_bad_input(database: Database) -> None:
    with (
        database.read() as conn,
        conn.cursor() as cursor,
        pytest.raises(ValueError, match="unsupported format"),
    ):
        cursor.execute("select %q", (1,))
