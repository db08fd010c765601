"""Deadlines by hand: the hours of a working day, 2026's holidays and make-up days, years that nobody has declared."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.clock import ALWAYS, OFFICE, USUAL, BadCalendar, Calendar, OpenHours, due, spent
from server.protocol.pack import Limit

ZONE = ZoneInfo("Asia/Shanghai")
# As the State Council's office gave notice in November 2025: closed from … to …, and the days worked instead.
CLOSED = [("01-01", "01-03"), ("02-15", "02-23"), ("04-04", "04-06"), ("05-01", "05-05"),
          ("06-19", "06-21"), ("09-25", "09-27"), ("10-01", "10-07")]  # fmt: skip
WORKED = ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


def days_of_2026() -> dict[date, bool]:
    closed = {}
    for first, last in CLOSED:
        day = date.fromisoformat(f"2026-{first}")
        while day <= date.fromisoformat(f"2026-{last}"):
            closed[day] = False
            day += timedelta(days=1)
    return closed | {date.fromisoformat(f"2026-{day}"): True for day in WORKED}


CHENGDU = Calendar("Asia/Shanghai", USUAL, days_of_2026(), frozenset({2026}))


def at(text: str) -> datetime:
    return datetime.strptime(text if len(text) > 11 else f"2026-{text}", "%Y-%m-%d %H:%M").replace(
        tzinfo=ZONE
    )


@pytest.mark.parametrize(
    ("start", "hours", "end", "because"),
    [
        ("11-23 08:00", 1, "11-23 09:00", "an ordinary Monday"),
        ("11-23 11:00", 1, "11-23 12:00", "a limit may end with the morning, not at two"),
        ("11-23 11:00", 2, "11-23 15:00", "noon does not count"),
        ("11-23 12:30", 1, "11-23 15:00", "a start at noon counts from two"),
        ("11-23 06:00", 4, "11-23 12:00", "a start before eight counts from eight"),
        ("11-23 17:00", 4, "11-24 11:00", "the night does not count"),
        ("11-27 16:00", 4, "11-30 10:00", "a weekend does not count"),
        ("11-22 10:00", 8, "11-23 18:00", "a start on Sunday counts from Monday"),
        ("01-04 08:00", 4, "01-04 12:00", "Sunday 4 January is worked for New Year's Day"),
        ("01-04 17:00", 2, "01-05 09:00", "and Monday follows it"),
        ("02-13 16:00", 4, "02-14 10:00", "Saturday 14 February is worked before the Spring Festival"),
        ("02-14 16:00", 4, "02-24 10:00", "nine days of Spring Festival, back on the 24th"),
        ("02-27 16:00", 4, "02-28 10:00", "Saturday 28 February is worked after it"),
        ("02-28 16:00", 4, "03-02 10:00", "the Sunday after it is not"),
        ("04-03 16:00", 4, "04-07 10:00", "Tomb-sweeping takes the Monday with it"),
        ("04-30 16:00", 4, "05-06 10:00", "five days of Labour Day"),
        ("05-08 16:00", 4, "05-09 10:00", "Saturday 9 May is worked"),
        ("06-18 16:00", 4, "06-22 10:00", "Dragon Boat Festival, a long weekend without make-up day"),
        ("09-18 16:00", 4, "09-20 10:00", "Sunday 20 September is worked, the Saturday before is free"),
        ("09-24 16:00", 4, "09-28 10:00", "Mid-autumn"),
        ("09-30 17:59", 1, "10-08 08:59", "seven days of National Day"),
        ("10-09 16:00", 4, "10-10 10:00", "Saturday 10 October is worked"),
        ("10-10 16:00", 4, "10-12 10:00", "the Sunday after is free"),
        ("09-30 08:00", 24, "10-09 18:00", "three working days round National Day"),
    ],
)  # fmt: skip
def test_working_time_of_2026(start: str, hours: int, end: str, because: str) -> None:
    found = due(at(start), Limit(hours * 60, "working"), CHENGDU)
    assert (found.at, found.provisional) == (at(end), False), because


@pytest.mark.parametrize(
    ("kind", "minutes", "start", "end"),
    [
        ("emergency", 120, "10-01 23:00", "10-02 01:00"),
        ("fixed", 61, "10-03 12:00", "10-03 13:01"),
        ("seat", 15, "10-01 03:00", "10-01 03:15"),
        ("calendar", 2 * 1440, "11-23 09:00", "11-26 00:00"),
        ("calendar", 1440, "09-30 23:59", "10-02 00:00"),
        ("calendar", 60, "11-23 23:30", "11-25 00:00"),
    ],
)
def test_the_other_kinds_of_time_go_on_through_nights_and_holidays(
    kind: str, minutes: int, start: str, end: str
) -> None:
    assert due(at(start), Limit(minutes, kind), CHENGDU).at == at(end)


def test_a_deadline_that_reaches_an_undeclared_year_is_provisional_and_assumes_its_weekdays() -> None:
    found = due(at("12-31 17:00"), Limit(120, "working"), CHENGDU)
    assert found.at == at("2027-01-01 09:00")
    assert found.provisional
    declared = Calendar(
        "Asia/Shanghai", USUAL, {**CHENGDU.days, date(2027, 1, 1): False}, frozenset({2026, 2027})
    )
    final = due(at("12-31 17:00"), Limit(120, "working"), declared)
    assert (final.at, final.provisional) == (at("2027-01-04 09:00"), False)


def test_a_deadline_that_ends_with_the_declared_year_is_final() -> None:
    found = due(at("12-31 17:00"), Limit(60, "working"), CHENGDU)
    assert (found.at, found.provisional) == (at("12-31 18:00"), False)


def test_kinds_of_time_without_holidays_are_never_provisional() -> None:
    for kind in ("emergency", "calendar", "seat", "fixed"):
        assert not due(at("12-31 17:00"), Limit(3000, kind), CHENGDU).provisional


def test_a_district_that_keeps_no_list_has_its_weekdays_and_nothing_provisional() -> None:
    found = due(at("12-31 17:00"), Limit(120, "working"), Calendar.plain("Asia/Shanghai"))
    assert (found.at, found.provisional) == (at("2027-01-01 09:00"), False)


def test_a_make_up_day_on_a_closed_weekday_has_the_hours_of_the_first_open_day() -> None:
    hours = OpenHours((((540, 600),), ((480, 720),), (), (), (), (), ()))
    calendar = Calendar("Asia/Shanghai", {"working": hours}, {date(2026, 10, 10): True})
    assert due(at("10-10 00:00"), Limit(60, "working"), calendar).at == at("10-10 10:00")


def test_hours_that_do_not_keep_holidays_go_on_through_them() -> None:
    week = OpenHours(OFFICE.week, keeps_holidays=False)
    calendar = Calendar("Asia/Shanghai", {"seat": week}, days_of_2026(), frozenset({2026}))
    assert due(at("10-01 08:00"), Limit(60, "seat"), calendar).at == at("10-01 09:00")


def test_a_pause_over_the_holidays_gives_nothing_that_was_not_lost() -> None:
    limit, start = Limit(240, "working"), at("09-30 16:00")
    pause = (at("09-30 17:00"), at("10-08 09:00"))
    assert due(start, limit, CHENGDU).at == at("10-08 10:00")
    assert due(start, limit, CHENGDU, [pause]).at == at("10-08 12:00")


def test_calendar_days_after_a_pause_still_end_with_a_day() -> None:
    pause = (at("11-23 12:00"), at("11-25 12:00"))
    assert due(at("11-23 09:00"), Limit(1440, "calendar"), CHENGDU, [pause]).at == at("11-27 00:00")


def test_the_end_of_summer_time_gives_no_hour_to_continuous_time_and_keeps_local_hours() -> None:
    chicago = Calendar.plain("America/Chicago")
    start = datetime(2026, 10, 31, 20, 0, tzinfo=ZoneInfo("America/Chicago"))
    assert due(start, Limit(12 * 60, "emergency"), chicago).at - start.astimezone(UTC) == timedelta(hours=12)
    monday = due(start, Limit(60, "working"), chicago).at
    assert (monday.hour, monday.day, monday.utcoffset()) == (9, 2, timedelta(hours=-6))
    days = due(start, Limit(1440, "calendar"), chicago).at
    assert days.astimezone(UTC) == datetime(2026, 11, 2, 6, tzinfo=UTC)


def test_the_answer_stands_in_the_time_zone_of_the_start() -> None:
    start = at("11-23 08:00").astimezone(UTC)
    for kind in ("working", "seat", "emergency", "calendar", "fixed"):
        assert due(start, Limit(60, kind), CHENGDU).at.tzinfo is UTC


def test_spent_counts_only_time_that_ran() -> None:
    assert spent(at("09-30 16:00"), at("10-08 10:00"), "working", CHENGDU) == timedelta(hours=4)
    assert spent(at("11-23 08:00"), at("11-23 08:00"), "working", CHENGDU) == timedelta(0)
    assert spent(at("11-23 10:00"), at("11-23 08:00"), "emergency", CHENGDU) == timedelta(0)
    pause = (at("11-23 09:00"), at("11-23 15:00"))
    assert spent(at("11-23 08:00"), at("11-23 16:00"), "working", CHENGDU, [pause]) == timedelta(hours=2)


@pytest.mark.parametrize(
    "week",
    [
        ((),) * 7,
        (((480, 720),),) * 6,
        (((720, 480),),) + ((),) * 6,
        (((480, 480),),) + ((),) * 6,
        (((480, 1441),),) + ((),) * 6,
        (((480, 720), (700, 800)),) + ((),) * 6,
    ],
)
def test_hours_that_cannot_be_are_refused(week: tuple[tuple[tuple[int, int], ...], ...]) -> None:
    with pytest.raises(BadCalendar):
        OpenHours(week)


def test_a_kind_of_time_without_hours_is_refused() -> None:
    with pytest.raises(BadCalendar):
        due(at("11-23 08:00"), Limit(60, "lunar"), CHENGDU)


def test_a_calendar_may_be_a_key() -> None:
    again = Calendar("Asia/Shanghai", dict(USUAL), days_of_2026(), frozenset({2026}))
    assert {CHENGDU: 1}[again] == 1
    assert Calendar.plain("Asia/Shanghai") != Calendar.round_the_clock("Asia/Shanghai")
    assert Calendar.round_the_clock("Asia/Shanghai").hours["working"] == ALWAYS
