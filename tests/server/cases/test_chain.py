"""The chain can be proved, and the database itself refuses to alter it."""

import uuid
from pathlib import Path

import psycopg2
import pytest

from server.cases import service
from server.cases.chain import verify_case, verify_slice
from server.db import Connection, Database, connect
from tests.factories import Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def _id(street: Street, number: str) -> uuid.UUID:
    return uuid.UUID(street.case(number)["id"])


def test_a_chain_is_whole_after_every_act(street: Street) -> None:
    number = street.closed()
    street.act("street", number, "reopen", reason="又坏了")
    assert service.verify(street.conn, street.viewer("duty"), number) is None


def test_no_free_text_stands_in_the_chain_itself(street: Street) -> None:
    number = street.report(title="三栋西侧", description="电话 13900000000")
    street.act("worker", number, "comment", text="住户很着急")
    with street.conn.cursor() as cursor:
        cursor.execute("select string_agg(body, '') as bodies from case_events")
        bodies = cursor.fetchone()["bodies"]
    assert not any(word in bodies for word in ("三栋西侧", "13900000000", "住户很着急"))


def test_erasing_private_words_keeps_the_chain_whole(street: Street) -> None:
    number = street.closed()
    with street.conn.cursor() as cursor:
        cursor.execute("delete from event_private")
    assert service.verify(street.conn, street.viewer("duty"), number) is None


@pytest.mark.parametrize(
    "statement",
    ["update case_events set body = body", "delete from case_events", "truncate case_events cascade"],
)
@pytest.mark.parametrize("application", [True, False])
def test_the_database_refuses_to_alter_events_even_for_their_owner(
    database: Database, tmp_path: Path, statement: str, application: bool
) -> None:
    database.run(lambda conn: Street.open(conn, tmp_path).report())
    connection = connect(database.dsn, application=application)
    with (
        connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.Error, match=r"for ever|permission denied|must be owner"),
    ):
        cursor.execute(statement)
    connection.close()


def test_the_database_refuses_a_move_that_is_not_in_the_table(street: Street) -> None:
    street.report()
    with (
        street.conn.cursor() as cursor,
        pytest.raises(psycopg2.errors.ForeignKeyViolation, match="case_events_move_fkey"),
    ):
        cursor.execute(
            "insert into case_events select case_id, 2, cycle, command_id, 'close', 'reported', 'closed', actor, organisation,"
            " device, made_at, acted_at, received_at, body, hash, hash from case_events"
        )


def test_the_database_refuses_a_case_that_does_not_equal_its_last_event(
    database: Database, tmp_path: Path
) -> None:
    database.run(lambda conn: Street.open(conn, tmp_path).report())
    with pytest.raises(psycopg2.errors.IntegrityConstraintViolation, match="its last event"):
        database.run(lambda conn: conn.cursor().execute("update cases set state = 'closed'"))


TAMPERING = {
    "a changed body": "update case_events set body = replace(body, '8', '9') where n = 1",
    "a changed actor": "update case_events set actor = actor + 1 where n = 3",
    "a changed time": "update case_events set acted_at = '2026-11-22T02:00:00.000001Z' where n = 2",
    "a cut middle": "delete from case_events where n = 4",
    "a cut tail": "delete from case_events where n = 7",
    "changed private words": "update event_private set body = replace(body, '换新', '修补')",
    "a case that was moved on": "update cases set version = 6, state = 'inspected'",
}


@pytest.mark.parametrize("how", TAMPERING)
def test_verifying_names_the_broken_link_of(database: Database, tmp_path: Path, how: str) -> None:
    database.run(lambda conn: Street.open(conn, tmp_path).closed())
    owner = connect(database.dsn, application=False)
    with owner, owner.cursor() as cursor:
        # What a thief with the owner's rights would do: the triggers are switched off first.
        cursor.execute("set session_replication_role = replica")
        cursor.execute(TAMPERING[how])
    owner.close()
    with database.read() as conn:
        last, seen, broken = verify_slice(conn, uuid.UUID(int=0), 10)
    assert (last, seen, len(broken)) == (None, 1, 1)
    assert broken[0].number.startswith("20261122-")


def test_a_slice_goes_on_where_the_last_one_ended(street: Street) -> None:
    ids = sorted(_id(street, street.report()) for _ in range(5))
    last, seen, broken = verify_slice(street.conn, uuid.UUID(int=0), 3)
    assert (last, seen, broken) == (ids[2], 3, [])
    assert verify_slice(street.conn, ids[2], 3)[1] == 2
    assert verify_case(street.conn, ids[0]) is None
