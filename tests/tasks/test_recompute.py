"""A changed calendar, and changed limits, move the deadlines of open cases: once each, with an event, and no others."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.calendar import changes, service
from server.cases import chain
from server.db import Connection
from server.packs import body_of, current
from tasks import recompute_deadlines, schedule
from tests.factories import COVER, RUBBISH, Street

CHENGDU = ZoneInfo("Asia/Shanghai")
EVE = datetime(2026, 12, 31, 17, 30, tzinfo=CHENGDU)  # a Thursday; nobody has declared 2027


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    street = Street.open(conn, tmp_path)
    service.seed(conn, street.district.id, street.now)
    street.later(minutes=2)
    recompute(street)
    street.now = EVE.astimezone(UTC)
    return street


def recompute(street: Street) -> int:
    """What the task does until nothing is left, as the scheduler runs it."""
    done = recompute_deadlines.run(street.conn, street.now)
    while done and recompute_deadlines.run(street.conn, street.now) == recompute_deadlines.SLICE:
        pass
    return done


def rows(street: Street, query: str, *values: Any) -> list[Any]:
    with street.conn.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def registered(street: Street, category: dict[str, str] = RUBBISH, **payload: Any) -> str:
    number = street.report(category=category, **payload)
    if street.case(number)["state"] == "reported":
        street.act("duty", number, "register", condition="missing" if category is COVER else "any")
    return number


def declare_2027(street: Street) -> None:
    """New Year's Day is free; every step some seconds after the other."""
    admin = street.viewer("admin")
    for first, counts_as in (("2027-01-01", "free"), ("2027-01-02", "free")):
        changes.enter_days(street.conn, admin, first, "", counts_as, "元旦", "", street.later(seconds=20))
    changes.declare_year(street.conn, admin, "2027", "", street.later(seconds=20))


def whole(street: Street, number: str) -> tuple[datetime, bool]:
    (row,) = rows(
        street,
        "select d.due_at, d.provisional from deadlines d join cases c on c.id = d.case_id"
        " where c.number = %s and d.kind = 'whole'",
        number,
    )
    return row["due_at"], row["provisional"]


def events(street: Street, number: str) -> list[Any]:
    found = rows(
        street,
        "select e.action, e.body from case_events e join cases c on c.id = e.case_id where c.number = %s order by n",
        number,
    )
    return [json.loads(row["body"]) for row in found if row["action"] == "recompute"]


def test_a_year_declared_later_makes_provisional_deadlines_final_and_moves_them_with_one_event(
    street: Street,
) -> None:
    number = registered(street)
    before, provisional = whole(street, number)
    assert provisional and before.astimezone(CHENGDU).date().isoformat() == "2027-01-01"
    assert street.case(number)["due_provisional"]
    declare_2027(street)
    street.later(minutes=2)
    recompute(street)
    after, provisional = whole(street, number)
    assert not provisional and after.astimezone(CHENGDU).date().isoformat() == "2027-01-04"
    case = street.case(number)
    assert not case["due_provisional"] and datetime.fromisoformat(case["due_at"]) == after
    (event,) = events(street, number)
    assert event["payload"] == {"cause": "calendar"}
    assert event["clocks"]["whole"]["provisional"] is False
    assert rows(street, "select due_at from cycles where due_at = %s", after)


def test_doing_it_twice_adds_nothing(street: Street) -> None:
    number = registered(street)
    declare_2027(street)
    street.later(minutes=2)
    recompute(street)
    version = street.case(number)["version"]
    assert recompute(street) == 0
    with street.conn.cursor() as cursor:
        cursor.execute("update calendars set recomputed = null")
    recompute(street)
    assert street.case(number)["version"] == version


def test_a_change_that_is_under_way_is_left_alone_for_a_minute(street: Street) -> None:
    number = registered(street)
    declare_2027(street)
    street.later(seconds=50)
    assert recompute(street) == 0
    assert events(street, number) == []
    street.later(seconds=20)
    assert recompute(street) == 1
    assert len(events(street, number)) == 1


def test_cases_that_a_change_does_not_touch_get_no_event(street: Street) -> None:
    emergency = registered(street, COVER, condition="missing")
    closed = street.closed()
    street.now = EVE.astimezone(UTC) - timedelta(days=2)
    early = registered(street)
    street.now = EVE.astimezone(UTC)
    untouched = [(n, street.case(n)["version"]) for n in (emergency, closed, early)]
    declare_2027(street)
    street.later(minutes=2)
    recompute(street)
    assert [(n, street.case(n)["version"]) for n, _ in untouched] == untouched


def test_more_open_cases_than_a_slice_are_all_recomputed(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [registered(street, title=f"第 {n} 件") for n in range(5)]
    declare_2027(street)
    street.later(minutes=2)
    monkeypatch.setattr(recompute_deadlines, "SLICE", 2)
    looked = [recompute_deadlines.run(street.conn, street.now) for _ in range(4)]
    assert looked == [2, 2, 1, 0]
    assert [len(events(street, number)) for number in numbers] == [1] * 5


def test_a_change_within_a_round_begins_it_anew(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [registered(street, title=f"第 {n} 件") for n in range(3)]
    declare_2027(street)
    street.later(minutes=2)
    monkeypatch.setattr(recompute_deadlines, "SLICE", 2)
    recompute_deadlines.run(street.conn, street.now)
    changes.enter_days(street.conn, street.viewer("admin"), "2027-01-04", "", "free", "", "", street.now)
    street.later(minutes=2)
    recompute(street)
    days = {whole(street, number)[0].astimezone(CHENGDU).date().isoformat() for number in numbers}
    assert days == {"2027-01-05"}


def test_other_hours_move_open_deadlines(street: Street) -> None:
    street.now = datetime(2026, 11, 23, 9, 0, tzinfo=CHENGDU).astimezone(UTC)
    number = registered(street)
    before = whole(street, number)[0]
    week = ["09:00-12:00 14:00-17:00"] * 5 + ["", ""]
    changes.set_hours(street.conn, street.viewer("admin"), "working", week, True, "", street.now)
    street.later(minutes=2)
    recompute(street)
    assert whole(street, number)[0] > before


def put_in_force(street: Street, body: dict[str, Any]) -> int:
    """A new version of the urban pack is put in force in the district; by its digest it is known in other tests too."""
    text = json.dumps(body)
    (row,) = rows(
        street,
        "insert into pack_versions (code, sha256, body, loaded_at) values ('urban', %s, %s, clock_timestamp())"
        " returning id",
        sha256(text.encode()).hexdigest(),
        text,
    )
    rows(
        street,
        "insert into district_packs (district_id, version_id, code, file, put_at)"
        " values (%s, %s, 'urban', 'test', %s) returning id",
        street.district.id,
        row["id"],
        street.now,
    )
    return int(row["id"])


def shorter_limits(street: Street, minutes: int, key: str = "urban/event/0110") -> int:
    """A pack version that allows that category (exposed rubbish) only so many working minutes."""
    version, _ = current(street.conn, street.district.id)
    body = body_of(street.conn, version)
    category = next(c for c in body["categories"] if f"{c['system']}/{c['code']}" == key)
    for condition in category["conditions"]:
        condition["handle"] = {"minutes": minutes, "kind": "working"}
    return put_in_force(street, body)


def test_changed_limits_move_open_cases_and_the_event_names_the_version(street: Street) -> None:
    street.now = datetime(2026, 11, 23, 9, 0, tzinfo=CHENGDU).astimezone(UTC)
    number, other = registered(street), registered(street, COVER, condition="missing")
    before, version = whole(street, number)[0], street.case(other)["version"]
    pack = shorter_limits(street, 60)
    recompute(street)
    assert whole(street, number)[0] < before
    (event,) = events(street, number)
    assert event["payload"] == {"cause": "limits", "pack_version": str(pack)}
    assert street.case(other)["version"] == version
    assert recompute(street) == 0


def limits(street: Street, number: str) -> dict[str, int]:
    """Minutes of each clock of a case by its kind."""
    found = rows(
        street,
        "select d.kind, d.limit_min from deadlines d join cases c on c.id = d.case_id where c.number = %s",
        number,
    )
    return {row["kind"]: row["limit_min"] for row in found}


def test_a_clock_that_starts_after_the_change_has_the_limit_of_those_that_ran(street: Street) -> None:
    street.now = datetime(2026, 11, 23, 9, 0, tzinfo=CHENGDU).astimezone(UTC)
    numbers = [street.report(category=COVER) for _ in range(3)]
    early, between, late = numbers
    for number in (early, between):
        street.act("duty", number, "register", condition="broken")
    street.act("dispatch", early, "dispatch", crew="crew-drain")
    shorter_limits(street, 60, "urban/component/0102")
    recompute(street)
    street.act("duty", late, "register", condition="broken")
    for number in (between, late):
        street.act("dispatch", number, "dispatch", crew="crew-drain")
    assert [limits(street, number)["handle"] for number in numbers] == [60, 60, 60]
    assert len({limits(street, number)["whole"] for number in numbers}) == 1


def test_another_condition_is_weighed_by_the_limits_in_force(street: Street) -> None:
    street.now = datetime(2026, 11, 23, 9, 0, tzinfo=CHENGDU).astimezone(UTC)
    number = street.dispatched()
    shorter_limits(street, 60, "urban/component/0102")
    recompute(street)
    street.act("duty", number, "change", condition="broken", reason="看错了")
    assert limits(street, number)["handle"] == 60


def test_a_pack_without_the_category_takes_no_limit_away(street: Street) -> None:
    street.now = datetime(2026, 11, 23, 9, 0, tzinfo=CHENGDU).astimezone(UTC)
    number = registered(street)
    before = whole(street, number)
    version, _ = current(street.conn, street.district.id)
    body = body_of(street.conn, version)
    body["categories"] = [
        c for c in body["categories"] if (c["system"], c["code"]) != ("urban/event", "0110")
    ]
    body["frequent"] = []
    put_in_force(street, body)
    recompute(street)
    assert whole(street, number) == before
    assert events(street, number) == []


def test_the_chain_still_proves_itself(street: Street) -> None:
    registered(street)
    declare_2027(street)
    street.later(minutes=2)
    recompute(street)
    _, verified, broken = chain.verify_slice(street.conn, recompute_deadlines.START, 100)
    assert verified == 1 and broken == []


def test_the_task_is_on_the_list_with_a_slice_that_is_committed_by_itself() -> None:
    (task,) = [task for task in schedule.TASKS if task.name == "recompute_deadlines"]
    assert task.chunk == recompute_deadlines.SLICE <= 500
