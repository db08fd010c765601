"""What is loaded and written in one call each is everything: every column comes back as it was, and plans are kept."""

import re
from dataclasses import fields
from pathlib import Path
from uuid import UUID

import pytest

from server.cases.batch import load_cases
from server.cases.chain import Event
from server.cases.state import CaseState, Clock, Cycle
from server.cases.write import PLACE_OF_CYCLE
from server.db import Connection
from tests.factories import Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("cases", {f.name for f in fields(CaseState)}),
        ("cycles", {f.name for f in fields(Cycle)} | set(PLACE_OF_CYCLE)),
        ("deadlines", {f.name for f in fields(Clock)} | {"case_id"}),
        ("case_events", {f.name for f in fields(Event)} | {"hash"}),
    ],
)
def test_the_writing_function_knows_every_column_that_the_program_has(
    conn: Connection, table: str, columns: set[str]
) -> None:
    with conn.cursor() as cursor:
        cursor.execute("select prosrc from pg_proc where proname = 'write_batch'")
        source = cursor.fetchone()["prosrc"]
    listed = re.search(rf"insert into {table} \((.*?)\)", source, re.DOTALL)
    assert listed
    assert {name.strip() for name in listed[1].split(",")} == columns


def test_a_case_comes_back_as_it_was_written(street: Street) -> None:
    number = street.handled()
    street.later(minutes=5)
    street.act("worker", number, "fail", unmet="不平")
    row = street.case(number)
    work = next(iter(load_cases(street.conn, [UUID(row["id"])], street.now).values()))
    with street.conn.cursor() as cursor:
        for thing, query in (
            (work.case, "select * from cases where number = %s"),
            (work.cycle, "select y.* from cycles y join cases c on c.id = y.case_id where c.number = %s"),
        ):
            cursor.execute(query, (number,))
            stored = cursor.fetchone()
            assert {f.name: stored[f.name] for f in fields(thing)} == {
                f.name: getattr(thing, f.name) for f in fields(thing)
            }
        cursor.execute(
            "select d.* from deadlines d join cases c on c.id = d.case_id where c.number = %s", (number,)
        )
        clocks = {stored["kind"]: stored for stored in cursor.fetchall()}
    assert clocks.keys() == work.clocks.keys()
    for kind, clock in work.clocks.items():
        assert {f.name: clocks[kind][f.name] for f in fields(Clock)} == vars(clock)
    assert (row["state"], len(work.clocks["handle"].pauses)) == ("handling", 2)
