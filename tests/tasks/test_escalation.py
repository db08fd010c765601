"""Missed deadlines go up the tree, and what time itself does goes on: in order, once each, never waiting for anybody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.cases import redaction, service
from server.cases.apply import apply
from server.cases.bysystem import overdue_commands
from server.db import Connection, Database
from server.errors import XungeError
from server.telling import service as telling
from tasks import escalate_overdue, schedule, time_passes
from tasks.task import Task, perform
from tests.factories import COVER, RUBBISH, Street

# Four working hours from Monday 9:00 are over at 15:00, and once more on Tuesday at 11:00.
MONDAY, OVERDUE = (datetime.fromisoformat(f"2026-11-23T{at}:00+08:00") for at in ("09:00", "16:00"))


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


@pytest.fixture
def kept(database: Database, tmp_path: Path) -> Iterator[Street]:
    """A street whose cases are committed, so that other connections see them."""
    with database.transaction() as conn:
        yield Street.open(conn, tmp_path)


def task(name: str) -> Task:
    return next(one for one in schedule.TASKS if one.name == name)


def row(street: Street, statement: str, *params: Any) -> dict[str, Any]:
    with street.conn.cursor() as cursor:
        cursor.execute(statement, params)
        return dict(cursor.fetchone())


def clock(street: Street, number: str, kind: str = "handle") -> dict[str, Any]:
    return row(
        street,
        "select d.* from deadlines d join cases c on (c.id, c.cycle) = (d.case_id, d.cycle)"
        " where c.number = %s and d.kind = %s",
        number,
        kind,
    )


def acts_of(street: Street, number: str) -> list[dict[str, Any]]:
    return service.events(street.conn, street.viewer("duty"), number)


def escalations(street: Street, number: str, kind: str = "handle") -> list[dict[str, Any]]:
    return [e for e in acts_of(street, number) if e["action"] == "escalate" and e["clock"] == kind]


def told(street: Street, login: str) -> list[str]:
    page = telling.page(street.conn, street.viewer(login), 50, None, street.now)
    return [item["action"] for item in page["items"]]


def ordinary(street: Street, **payload: Any) -> str:
    """Rubbish in the first street, held by the street, handled by the cleaners within four working hours."""
    number = street.report(**payload)
    street.act("duty", number, "register", condition="any")
    street.act("dispatch", number, "dispatch", crew="crew-clean")
    return number


def test_a_missed_deadline_goes_up_one_level_and_again_after_one_more_limit_in_working_hours(
    street: Street,
) -> None:
    street.now = datetime.fromisoformat("2026-11-27T14:00:00+08:00")  # a Friday
    number = ordinary(street)
    first = clock(street, number)
    assert (first["limit_min"], first["time_kind"]) == (240, "working")
    # Four working hours from 14:00 on Friday end at 18:00; four more end on Monday at noon, not at 22:00.
    assert first["escalate_at"] == first["due_at"] == datetime.fromisoformat("2026-11-27T18:00:00+08:00")
    assert street.case(number)["holder"]["code"] == "street-S1"
    street.now = first["due_at"] + timedelta(minutes=1)
    escalate_overdue.run(street.conn, street.now)
    assert street.case(number)["holder"]["code"] == "centre"
    again = clock(street, number)["escalate_at"]
    assert again == datetime.fromisoformat("2026-11-30T12:00:00+08:00")
    for moment, times in ((again, 1), (again + timedelta(seconds=1), 2), (again + timedelta(days=30), 2)):
        street.now = moment
        escalate_overdue.run(street.conn, moment)
        assert len(escalations(street, number)) == times


def test_a_community_hands_up_to_its_street_and_no_further(street: Street) -> None:
    number = ordinary(street)
    street.act("street", number, "hand_down", reason="先由社区看")
    assert street.case(number)["holder"]["code"] == "community-S1C1"
    street.now = clock(street, number)["due_at"] + timedelta(minutes=1)
    escalate_overdue.run(street.conn, street.now)
    assert len(escalations(street, number)) == 1
    assert street.case(number)["holder"]["code"] == "street-S1"


def test_the_systems_own_reason_is_read_in_the_readers_language(street: Street) -> None:
    number = street.dispatched()
    street.act("crew", number, "accept")
    street.later(days=1)
    escalate_overdue.run(street.conn, street.now)
    viewer = street.viewer("duty")
    said = [
        event["text"]
        for event in service.events(street.conn, viewer, number)
        if event["action"] == "escalate"
    ]
    assert set(said) == {"超过时限"}
    written = redaction.said(street.conn, viewer, number, street.now)["texts"]
    assert "超过时限" in [one["words"] for one in written]
    english = replace(viewer, lang="en")
    assert "deadline missed" in [event["text"] for event in service.events(street.conn, english, number)]


def test_a_level_without_anybody_is_passed_over_and_the_timeline_names_it(street: Street) -> None:
    number = ordinary(street)
    street.act("street", number, "hand_down", reason="先由社区看")
    with street.conn.cursor() as cursor:
        cursor.execute(
            "update memberships set valid_to = %s where organisation_id = %s",
            (street.now, street.district.organisations["street-S1"]),
        )
    street.now = clock(street, number)["due_at"] + timedelta(minutes=1)
    escalate_overdue.run(street.conn, street.now)
    assert street.case(number)["holder"]["code"] == "centre"
    (event,) = escalations(street, number)
    assert event["passed_over"] == ["S1街道办事处无人在岗"]


@pytest.mark.parametrize(
    "gone",
    [
        "update people set active = false where id = (select person_id from memberships where organisation_id = %s)",
        "update memberships set role = 'worker' where organisation_id = %s",
    ],
)
def test_an_office_whose_people_left_or_that_has_workers_only_is_passed_over(
    street: Street, gone: str
) -> None:
    number = ordinary(street)
    street.act("street", number, "hand_down", reason="先由社区看")
    with street.conn.cursor() as cursor:
        cursor.execute(gone, (street.district.organisations["street-S1"],))
    street.now = clock(street, number)["due_at"] + timedelta(minutes=1)
    escalate_overdue.run(street.conn, street.now)
    (event,) = escalations(street, number)
    assert (street.case(number)["holder"]["code"], event["passed_over"]) == (
        "centre",
        ["S1街道办事处无人在岗"],
    )


def test_a_level_without_an_office_is_passed_over_by_its_name(street: Street) -> None:
    number = ordinary(street, lon=104.035)
    with street.conn.cursor() as cursor:
        cursor.execute("update organisations set active = false where code = 'street-S1'")
        cursor.execute(
            "update cases set holder_id = %s, holder_level = 2 where number = %s",
            (street.district.organisations["community-S1C2"], number),
        )
    street.now = clock(street, number)["due_at"] + timedelta(minutes=1)
    escalate_overdue.run(street.conn, street.now)
    (event,) = escalations(street, number)
    assert event["passed_over"] == ["街道未设机构"]
    assert street.case(number)["holder"]["code"] == "centre"


def test_a_person_who_passes_a_case_up_uses_up_no_turn_of_its_clock(street: Street) -> None:
    number = ordinary(street)
    before = clock(street, number)
    with pytest.raises(XungeError, match="by the system itself"):
        street.act("community", number, "escalate", reason="请街道协调", clock="handle")
    street.act("community", number, "escalate", reason="请街道协调")
    assert clock(street, number) == before


def test_an_emergency_is_held_by_the_centre_from_the_start_and_missing_it_tells_the_supervisors(
    street: Street,
) -> None:
    number = street.dispatched()
    assert street.case(number)["holder"]["code"] == "centre"
    street.now = clock(street, number)["due_at"] + timedelta(minutes=1)
    assert "escalate" not in told(street, "supervise")
    escalate_overdue.run(street.conn, street.now)
    assert len(escalations(street, number)) == 1
    assert street.case(number)["holder"]["code"] == "centre"
    assert "escalate" in told(street, "supervise")


def test_a_case_that_turns_out_to_be_an_emergency_goes_to_the_centre_at_once(street: Street) -> None:
    number = street.report(category=COVER, condition="broken")
    street.act("duty", number, "register", condition="broken")
    assert street.case(number)["holder"]["code"] == "street-S1"
    street.act("duty", number, "change", reason="井盖不见了", condition="missing")
    case = street.case(number)
    assert (case["holder"]["code"], case["severity"]) == ("centre", "emergency")


def test_the_second_crews_missed_deadline_goes_up_too(street: Street) -> None:
    number = ordinary(street)
    street.now = clock(street, number)["due_at"] + timedelta(minutes=1)
    escalate_overdue.run(street.conn, street.now)
    street.act("dispatch", number, "recall", reason="换一队")
    street.act("dispatch", number, "dispatch", crew="crew-clean")
    street.now = clock(street, number)["due_at"] + timedelta(minutes=1)
    escalate_overdue.run(street.conn, street.now)
    assert len(escalations(street, number)) == 2
    assert overdue_commands(street.conn, street.now, 50) == []


def test_what_stands_still_or_has_ended_never_goes_up(street: Street) -> None:
    suspended, waiting, closed, cancelled = (
        ordinary(street),
        street.report(),
        street.closed(),
        ordinary(street),
    )
    street.now = datetime.fromisoformat("2026-11-23T09:00:00+08:00")
    with street.conn.cursor() as cursor:
        cursor.execute(
            "update memberships set organisation_id = %s where person_id = %s",
            (street.district.organisations["crew-clean"], street.district.people["crew"]),
        )
    street.act("crew", suspended, "accept")
    until = (street.now + timedelta(days=200)).isoformat()
    street.act("crew", suspended, "ask_suspension", reason="等材料", until=until)
    street.act("duty", suspended, "suspend", reason="同意", until=until)
    street.act("duty", waiting, "register", condition="any")
    street.act("duty", waiting, "ask", question="在哪一侧？", until=until)
    street.act("duty", cancelled, "cancel", reason="测试")
    street.later(days=100)
    assert escalate_overdue.run(street.conn, street.now) == 0
    for number in (suspended, waiting, closed, cancelled):
        assert "escalate" not in [event["action"] for event in acts_of(street, number)]


def test_a_clock_that_the_pack_does_not_escalate_has_no_such_moment(street: Street) -> None:
    number = street.report()
    assert clock(street, number, "register")["escalate_at"] is None
    assert escalate_overdue.run(street.conn, street.later(days=30)) == 0


def test_what_waits_longest_goes_up_first_and_a_second_run_finds_nothing(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, street.now = [], MONDAY
    for _ in range(5):
        numbers.append(ordinary(street))
        street.later(minutes=7)
    street.now = OVERDUE
    monkeypatch.setattr(escalate_overdue, "CHUNK", 2)
    order: list[str] = []
    for done in (2, 2, 1, 0):
        assert escalate_overdue.run(street.conn, street.now) == done
        order += [n for n in numbers if escalations(street, n) and n not in order]
    assert order == numbers


def test_a_case_that_somebody_works_on_is_passed_over_and_its_turn_comes(
    kept: Street, database: Database
) -> None:
    kept.now = MONDAY
    first, second = ordinary(kept), ordinary(kept)
    kept.conn.commit()
    with database.transaction() as busy, busy.cursor() as cursor:
        cursor.execute("select id from cases where number = %s for update", (first,))
        with database.transaction() as conn, conn.cursor() as waiting:
            waiting.execute("set local lock_timeout = '2s'")
            assert escalate_overdue.run(conn, OVERDUE) == 1
    assert (escalations(kept, first), len(escalations(kept, second))) == ([], 1)
    kept.conn.commit()
    assert perform(database, task("escalate_overdue"), OVERDUE) == 1
    assert len(escalations(kept, first)) == 1


def test_two_leaders_at_once_send_each_case_up_once(kept: Street, database: Database) -> None:
    number = ordinary(kept)
    kept.conn.commit()
    later = kept.now + timedelta(days=30)
    with database.transaction() as one:
        commands = overdue_commands(one, later, 50)
        assert len(commands) == 2
        with database.transaction() as other:
            assert overdue_commands(other, later, 50) == []
        assert escalate_overdue.run(one, later) == 2
    with database.transaction() as late:
        assert [answer.applied for answer in apply(late, commands, later)] == [True, True]
    assert [len(escalations(kept, number, kind)) for kind in ("handle", "whole")] == [1, 1]


def test_a_supervisor_presses_and_the_answer_is_an_event_too(street: Street) -> None:
    number = ordinary(street)
    until = (street.now + timedelta(hours=3)).isoformat()
    street.act("supervise", number, "supervise", demand="今天清完", until=until)
    assert street.case(number)["flags"].count("supervised") == 1
    assert "supervise" in told(street, "street")
    street.act("street", number, "answer_supervision", answer="已加派人手")
    assert "answer_supervision" in told(street, "supervise")
    assert [event["action"] for event in acts_of(street, number)][-2:] == ["supervise", "answer_supervision"]


def test_a_question_without_an_answer_times_out_and_the_case_is_back_where_it_was(street: Street) -> None:
    fresh, registered = street.report(), street.report()
    street.act("duty", registered, "register", condition="any")
    until = (street.now + timedelta(days=2)).isoformat()
    for number in (fresh, registered):
        street.act("duty", number, "ask", question="在哪一侧？", until=until)
        assert street.case(number)["state"] == "waiting"
    assert time_passes.run(street.conn, street.later(days=1)) == 0
    assert time_passes.run(street.conn, street.later(days=1, minutes=1)) == 2
    assert (street.case(fresh)["state"], street.case(registered)["state"]) == ("reported", "registered")
    assert clock(street, registered, "dispatch")["paused_at"] is None
    assert time_passes.run(street.conn, street.now) == 0
    # Asked a second time, it times out a second time.
    street.act("duty", fresh, "ask", question="几号楼？")
    assert time_passes.run(street.conn, street.later(days=5)) == 1
    assert "time_out" in told(street, "duty")


def test_a_suspension_ends_by_itself_and_the_clock_runs_on_from_there(street: Street) -> None:
    number = street.dispatched()
    street.act("crew", number, "accept")
    until = street.now + timedelta(days=10)
    street.act("crew", number, "ask_suspension", reason="等井圈", until=until.isoformat())
    street.act("duty", number, "suspend", reason="同意", until=until.isoformat())
    before = clock(street, number)
    assert time_passes.run(street.conn, until) == 0
    street.now = until + timedelta(minutes=1)
    assert time_passes.run(street.conn, street.now) == 1
    assert street.case(number)["state"] == "handling"
    after = clock(street, number)
    assert after["due_at"] == before["due_at"] + (street.now - before["paused_at"])
    assert after["escalate_at"] == after["due_at"]


def test_an_inspector_who_does_not_come_is_replaced_and_the_community_is_told(street: Street) -> None:
    number = street.handled()
    street.now = clock(street, number, "inspect")["due_at"] + timedelta(minutes=1)
    assert time_passes.run(street.conn, street.now) == 1
    case = street.case(number)
    assert (case["state"], "other_inspector" in case["flags"]) == ("handled", True)
    assert "absent" in told(street, "community")
    assert clock(street, number, "inspect")["due_at"] > street.now
    # It is asked of somebody else once; after that it is the community's.
    assert time_passes.run(street.conn, street.later(days=3)) == 0
    street.act("community", number, "pass", close_kind="fixed")


def test_where_the_community_has_nobody_the_street_is_told_that_the_inspector_did_not_come(
    street: Street,
) -> None:
    number = street.handled()
    with street.conn.cursor() as cursor:
        cursor.execute(
            "update memberships set valid_to = %s where organisation_id = %s",
            (street.now, street.district.organisations["community-S1C1"]),
        )
    street.now = clock(street, number, "inspect")["due_at"] + timedelta(minutes=1)
    time_passes.run(street.conn, street.now)
    assert "absent" in told(street, "street")


def test_a_rubbish_heap_is_not_an_emergency(street: Street) -> None:
    assert street.case(ordinary(street, category=RUBBISH))["severity"] == "normal"
