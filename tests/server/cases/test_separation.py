"""Nobody dispatches and closes the same case, also not by a road beside the straight one; parts are of one split."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from server.cases.apply import apply
from server.db import Connection
from server.errors import BadInput, NotAllowed
from server.holds import service as holds
from server.holds.decide import decide
from server.protocol.commands import read_command
from server.protocol.wire import time_text, uuid7
from tests.factories import COVER, Street

PARTS = [{"category": COVER, "condition": "missing"}] * 2


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    """A small office: the dispatcher is a duty officer too."""
    opened = Street.open(conn, tmp_path)
    for login in ("dispatch", "supervise"):
        with conn.cursor() as cursor:
            cursor.execute(
                "update memberships set duties = '{duty,dispatcher,supervisor}' where person_id = %s",
                (opened.district.people[login],),
            )
    return opened


def numbers(street: Street) -> list[str]:
    with street.conn.cursor() as cursor:
        cursor.execute(
            "select number from cases where parent_id is not null and closed_at is null order by number"
        )
        return [row["number"] for row in cursor.fetchall()]


def registered(street: Street) -> str:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register")
    return number


def waiting(street: Street, kind: str, number: str, author: str, **payload: Any) -> uuid.UUID:
    """An act of a tablet on a case that waits for the office to decide; its id."""
    raw = {
        "command_id": str(uuid7()), "case_id": street.case(number)["id"], "seq": 1, "kind": kind,
        "person_id": street.district.people[author], "payload": payload,
        "made_at": time_text(street.now),
    }  # fmt: skip
    command = read_command(raw, "tablet", None, district_id=street.district.id, hold="held_author")
    apply(street.conn, [command], street.now)
    return command.command_id


def let_in(street: Street, by: str, command: uuid.UUID, changed: dict[str, Any] | None = None) -> None:
    choice = "change" if changed else "apply"
    decide(street.conn, street.viewer(by), command, choice, "照办", changed, None, "", street.now)


def test_who_dispatched_a_part_does_not_close_the_whole(street: Street) -> None:
    number = registered(street)
    street.act("dispatch", number, "split", parts=PARTS)
    first, second = numbers(street)
    street.act("supervise", first, "dispatch", crew="crew-drain")
    for part in (first, second):
        street.act("duty", part, "cancel", reason="已修好")
    street.act("worker", number, "pass", close_kind="fixed")
    for login in ("dispatch", "supervise"):
        with pytest.raises(NotAllowed, match="dispatched"):
            street.act(login, number, "close")
    street.act("duty", number, "close")


def test_a_reopened_case_asks_who_dispatched_its_parts_of_this_cycle(street: Street) -> None:
    number = registered(street)
    for dispatches, closes in (("supervise", "duty"), ("dispatch", "supervise")):
        street.act("dispatch", number, "split", parts=PARTS)
        first, second = numbers(street)
        street.act(dispatches, first, "dispatch", crew="crew-drain")
        for part in (first, second):
            street.act("duty", part, "cancel", reason="已修好")
        street.act("worker", number, "pass", close_kind="fixed")
        street.act(closes, number, "close")
        street.later(minutes=1)
        street.act("duty", number, "reopen", reason="又坏了")


def test_a_case_that_is_split_again_gets_other_parts(street: Street) -> None:
    number = registered(street)
    street.act("dispatch", number, "split", parts=PARTS)
    before = numbers(street)
    street.act("duty", number, "recall", reason="改分")
    street.act("dispatch", number, "split", parts=PARTS)
    recalled = numbers(street)
    for part in recalled:
        street.act("duty", part, "cancel", reason="已修好")
    assert street.case(number)["state"] == "handled"
    street.act("worker", number, "fail", unmet="仍缺")
    street.act("dispatch", number, "split", parts=PARTS)
    assert len({*before, *recalled, *numbers(street)}) == 6
    assert street.case(number)["state"] == "split"


@pytest.mark.parametrize("changed", [None, {"crew": "crew-far"}])
def test_who_lets_a_held_dispatch_take_effect_does_not_close(
    street: Street, changed: dict[str, Any] | None
) -> None:
    number = registered(street)
    let_in(street, "supervise", waiting(street, "dispatch", number, "dispatch", crew="crew-drain"), changed)
    people = street.district.people
    with street.conn.cursor() as cursor:
        cursor.execute("select dispatchers from cases where number = %s", (number,))
        assert cursor.fetchone()["dispatchers"] == sorted([people["dispatch"], people["supervise"]])


def test_who_dispatched_does_not_let_a_held_closing_take_effect(street: Street) -> None:
    number = registered(street)
    street.act("supervise", number, "dispatch", crew="crew-drain")
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="换新", attachments=[street.photo()])
    street.act("worker", number, "pass", close_kind="fixed")
    command = waiting(street, "close", number, "duty")
    seen = holds.opened(street.conn, street.viewer("supervise"), command, street.now)
    assert "派遣" in seen.hindered
    with pytest.raises(BadInput, match="dispatched"):
        let_in(street, "supervise", command)
    assert street.case(number)["state"] == "inspected"
    assert holds.opened(street.conn, street.viewer("dispatch"), command, street.now).hindered == ""
    let_in(street, "dispatch", command)
    assert street.case(number)["state"] == "closed"
