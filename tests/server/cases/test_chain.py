"""The chain can be proved, and the database itself refuses to alter it."""

import json
import uuid
from contextlib import suppress
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cases import link, proving, replay, service, standing
from server.cases.chain import verify_case, verify_slice
from server.cases.state import CaseState, Clock, Cycle
from server.db import Connection, Database, connect
from server.errors import BadInput
from server.people.erasure import erase_words
from server.protocol.commands import COMMAND_TYPES, Decided
from server.protocol.declared import Attachment
from server.protocol.payloads import AskedPart
from server.protocol.wire import canonical, time_text
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


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.dictionaries(st.text(), PLAIN, max_size=6))
def test_the_faster_writer_of_events_writes_the_bytes_of_canonical_json(body: dict[str, Any]) -> None:
    assert link.spelled(body) == canonical(body)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_moments_and_ids_stand_in_an_event_as_text(moment: datetime, id_: uuid.UUID) -> None:
    photo = Attachment(id_, "0" * 64, 1, "image/jpeg", "before")
    said = json.loads(link.spelled({"at": moment, "ids": [id_], "photos": (photo,)}))
    assert (said["at"], said["ids"]) == (time_text(moment), [str(id_)])
    assert said["photos"] == [asdict(photo) | {"id": str(id_)}]


def test_what_has_no_single_spelling_is_not_written() -> None:
    with pytest.raises(TypeError, match="not JSON serializable: set"):
        link.spelled({"of": {1, 2}})


def test_nothing_that_an_event_is_made_of_can_be_a_float() -> None:
    kinds = {*COMMAND_TYPES.values(), AskedPart, Attachment, CaseState, Clock, Cycle, Decided}
    assert {f"{k.__name__}.{f.name}" for k in kinds for f in fields(k) if "float" in str(f.type)} == set()


def test_no_free_text_stands_in_the_chain_itself(street: Street) -> None:
    number = street.report(title="三栋西侧", description="电话 13900000000")
    street.act("worker", number, "comment", text="住户很着急")
    with street.conn.cursor() as cursor:
        cursor.execute("select string_agg(body, '') as bodies from case_events")
        bodies = cursor.fetchone()["bodies"]
    assert not any(word in bodies for word in ("三栋西侧", "13900000000", "住户很着急"))


def test_erasing_private_words_keeps_the_chain_whole(street: Street) -> None:
    number = street.closed()
    for event in (1, 5, 6, 7):
        with suppress(BadInput):
            erase_words(street.conn, number, event, "当事人要求", street.now)
    with street.conn.cursor() as cursor:
        cursor.execute("select count(*) as words from event_private")
        assert cursor.fetchone()["words"] == 0
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


def tampered(dsn: str, *statements: str) -> None:
    """What a thief with the owner's rights would do: the triggers are switched off first."""
    owner = connect(dsn, application=False)
    with owner, owner.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
    owner.close()


# How it is altered, the event that is named, and why.
TAMPERING = {
    "a changed body": (
        "update case_events set body = replace(body, '8', '9') where n = 1",
        1,
        replay.ALTERED,
    ),
    "a changed actor": ("update case_events set actor = actor + 1 where n = 3", 3, replay.ALTERED),
    "a changed time": (
        "update case_events set acted_at = '2026-11-22T02:00:00.000001Z' where n = 2",
        2,
        replay.ALTERED,
    ),
    "a changed hash": ("update case_events set hash = repeat('0', 64) where n = 2", 2, replay.ALTERED),
    "two events changed about": (
        "update case_events set n = case n when 3 then 104 else 103 end where n in (3, 4);"
        " update case_events set n = n - 100 where n > 100",
        3,
        replay.LOOSE,
    ),
    "a cut middle": ("delete from case_events where n = 4", 4, replay.MISSING),
    "a cut tail": ("delete from case_events where n = 7", 6, replay.NOT_LAST),
    "a chain without its case": ("delete from cases", 7, replay.NO_CASE),
    "a case without its chain": ("delete from case_events", 0, replay.NO_EVENTS),
    "changed private words": (
        "update event_private set body = replace(body, '换新', '修补')",
        5,
        replay.OTHER_WORDS,
    ),
    "words taken away": ("delete from event_private where n = 5", 5, replay.LOST_WORDS),
    "a case that was moved on": ("update cases set version = 6, state = 'inspected'", 7, replay.NOT_LAST),
    "another handler": ("update cases set handler_id = handler_id + 1", 7, standing.NOT_RECORDED),
    "another grid": ("update cases set grid_id = grid_id + 1", 7, standing.NOT_RECORDED),
    "another way of closing": ("update cases set close_kind = 'gone'", 7, standing.NOT_RECORDED),
    "a note that nobody made": ("update cases set tags = '{place_missing}'", 7, standing.NOT_RECORDED),
    "a closed case without an end": ("update cases set closed_at = null", 7, standing.NOT_RECORDED),
    "a deadline that was put off": (
        "update deadlines set due_at = due_at + interval '1 day' where kind = 'handle'",
        7,
        standing.OTHER_CLOCK,
    ),
    "a cycle made to be in time": (
        "update cycles set ended_at = ended_at - interval '1 day'",
        7,
        standing.OTHER_CYCLE,
    ),
    "a rework that is forgotten": ("update cycles set reworks = reworks + 1", 7, standing.OTHER_CYCLE),
    "a cycle moved to another street": (
        "update cycles set street_id = street_id + 1",
        7,
        standing.OTHER_CYCLE,
    ),
    "a cycle put down to another office": (
        "update cycles set holder_id = holder_id + 1",
        7,
        standing.OTHER_CYCLE,
    ),
    "a cycle that is gone": ("delete from cycles", 7, standing.NO_CYCLE),
    "a photo put in another's place": (
        "update attachments set sha256 = repeat('0', 64)",
        7,
        standing.OTHER_PHOTO,
    ),
    "a photo called another stage": ("update attachments set stage = 'before'", 7, standing.OTHER_PHOTO),
    "a photo that is gone": ("delete from attachments", 7, standing.NO_PHOTO),
    "a photo that no event has": (
        "insert into attachments select gen_random_uuid(), case_id, sha256, bytes, mime, stage, person_id, command_id,"
        " made_at, declared_at, arrived_at from attachments",
        7,
        standing.NEW_PHOTO,
    ),
    "a pause that never was": (
        "update deadlines set pauses = array[started_at, started_at + interval '1 hour'] where kind = 'handle'",
        7,
        standing.OTHER_CLOCK,
    ),
    "an extension that nobody gave": ("update deadlines set granted_min = 60", 7, standing.OTHER_CLOCK),
    "an escalation put off": (
        "update deadlines set escalate_at = escalate_at + interval '1 day' where kind = 'whole'",
        7,
        standing.OTHER_CLOCK,
    ),
    "another kind of time": ("update deadlines set time_kind = 'fixed'", 7, standing.OTHER_CLOCK),
    "another place": ("update cases set lon_e7 = lon_e7 + 1", 7, standing.NOT_RECORDED),
    "another source": ("update cases set source = 'hotline'", 7, standing.NOT_RECORDED),
    "another reporter": ("update cases set reporter_id = null", 7, standing.NOT_RECORDED),
    "a number of its own": ("update cases set number = 'X-1'", 7, standing.NOT_RECORDED),
    "a deadline of the case": (
        "update cases set due_at = due_at + interval '1 day'",
        7,
        standing.NOT_RECORDED,
    ),
    "something that is still due": ("update cases set next_due_at = due_at", 7, standing.NOT_RECORDED),
    "an earlier report": (
        "update cases set reported_at = reported_at - interval '1 day'",
        7,
        standing.NOT_RECORDED,
    ),
    "another moment of closing": (
        "update cases set closed_at = closed_at - interval '1 day'",
        7,
        standing.NOT_RECORDED,
    ),
    "another title": ("update cases set title = 'x'", 7, standing.OTHER_TEXT),
    "words that nobody said": ("update cases set description = 'x'", 7, standing.OTHER_TEXT),
    "a clock that is gone": ("delete from deadlines where kind = 'whole'", 7, standing.NO_CLOCK),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_verifying_names_the_broken_link_of(database: Database, tmp_path: Path, how: str) -> None:
    number = database.run(lambda conn: Street.open(conn, tmp_path).closed())
    statement, n, why = TAMPERING[how]
    tampered(database.dsn, statement)
    with database.read() as conn:
        last, _, broken = verify_slice(conn, uuid.UUID(int=0), 10)
    assert last is None
    assert [(one.n, one.why) for one in broken] == [(n, why)]
    assert broken[0].number == number or why == replay.NO_CASE or how == "a number of its own"
    assert "{" not in str(broken[0])


# What is altered by hand of a dispatched case whose extension is granted afterwards, and what is said of that event.
BUILT_UPON = {
    "a clock that began later": (
        "update deadlines set started_at = started_at + interval '1 day' where kind = 'handle'",
        replay.CLOCK_BEFORE,
        "started_at",
    ),
    "a pause that never was": (
        "update deadlines set pauses = array[started_at, started_at + interval '1 day'] where kind = 'whole'",
        replay.CLOCK_BEFORE,
        "pauses",
    ),
    "an escalation that never was": (
        "update deadlines set escalations = 2 where kind = 'handle'",
        replay.CLOCK_BEFORE,
        "escalations",
    ),
    "a clock that goes again": (
        "update deadlines set stopped_at = null where kind = 'register'",
        replay.CLOCK_BEFORE,
        "stopped_at",
    ),
    "another crew": (
        "update cases set handler_id = (select max(id) from organisations)",
        replay.OTHER_BEFORE,
        "handler_id",
    ),
}
# What goes on from there: something that touches what was altered.
GOES_ON = {
    "a clock that goes again": "cancel",
    "another crew": "recall",
    "a pause that never was": "grant_extension",
}


@pytest.mark.parametrize("how", BUILT_UPON)
def test_what_was_altered_by_hand_is_found_though_the_case_goes_on_from_there(
    database: Database, tmp_path: Path, how: str
) -> None:
    statement, why, field = BUILT_UPON[how]

    def begun(conn: Connection) -> tuple[Street, str]:
        street = Street.open(conn, tmp_path)
        number = street.dispatched()
        street.act("crew", number, "accept")
        street.act("crew", number, "ask_extension", reason="等配件")
        return street, number

    street, number = database.run(begun)
    tampered(database.dsn, statement)
    action = GOES_ON.get(how, "grant_extension")
    more = {} if action == "grant_extension" else {"reason": "误报"}
    database.run(lambda conn: replace(street, conn=conn).act("duty", number, action, **more))
    with database.read() as conn:
        broken = verify_slice(conn, uuid.UUID(int=0), 10)[2]
    assert [(one.n, one.why, one.params["field"]) for one in broken] == [(6, why, field)]
    assert "{" not in str(broken[0])


def test_an_earlier_cycle_is_proved_as_the_present_one_is(database: Database, tmp_path: Path) -> None:
    def reopened(conn: Connection) -> None:
        street = Street.open(conn, tmp_path)
        street.act("street", street.closed(), "reopen", reason="又坏了")

    database.run(reopened)
    with database.read() as conn:
        assert verify_slice(conn, uuid.UUID(int=0), 10)[2] == []
    tampered(database.dsn, "update cycles set on_time = not on_time where n = 1")
    with database.read() as conn:
        broken = verify_slice(conn, uuid.UUID(int=0), 10)[2]
    assert [(one.n, one.why, one.params["field"]) for one in broken] == [(8, standing.OTHER_CYCLE, "on_time")]


def test_a_column_that_does_not_follow_from_the_events_is_named_with_both_values(
    database: Database, tmp_path: Path
) -> None:
    database.run(lambda conn: Street.open(conn, tmp_path).closed())
    tampered(database.dsn, "update cases set condition = 'tilted'")
    with database.read() as conn:
        broken = verify_slice(conn, uuid.UUID(int=0), 10)[2]
    assert str(broken[0]) == "condition of the case is tilted, its events say missing"


texts = st.text(max_size=60)
whole = st.integers(min_value=-(2**62), max_value=2**62)
ids = st.uuids().map(str)
any_event = st.builds(
    link.Event, ids, whole, whole, ids, texts, texts, texts, st.none() | whole, st.none() | whole,
    st.none() | ids, texts, texts, texts, texts, texts,
)  # fmt: skip


@given(any_event)
def test_the_proof_takes_the_same_hash_as_the_event_has(event: link.Event) -> None:
    row = (*(getattr(event, name) for name in link.LINK[:15]), event.hash, None, None)
    assert link.hash_of(row) == event.hash


@pytest.mark.parametrize("cores", [1, 2])
def test_all_chains_are_proved_on_one_core_or_on_several(
    database: Database, tmp_path: Path, cores: int
) -> None:
    def road(conn: Connection) -> list[str]:
        street = Street.open(conn, tmp_path)
        return [street.dispatched() for _ in range(7)]

    numbers = database.run(road)
    tampered(database.dsn, f"update cases set handler_id = holder_id where number = '{numbers[4]}'")
    done: list[int] = []
    with patch.object(proving, "SLICE", 3):
        proved = proving.prove_all(database, done.append, cores)
    assert (proved.cases, proved.events, [one.number for one in proved.broken]) == (7, 21, [numbers[4]])
    assert done == [3, 6, 7]


def test_a_slice_goes_on_where_the_last_one_ended(street: Street) -> None:
    ids = sorted(_id(street, street.report()) for _ in range(5))
    last, seen, broken = verify_slice(street.conn, uuid.UUID(int=0), 3)
    assert (last, seen, broken) == (ids[2], 3, [])
    assert verify_slice(street.conn, ids[2], 3)[1] == 2
    assert verify_case(street.conn, ids[0]) is None
