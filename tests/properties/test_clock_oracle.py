"""Deadlines against an oracle that walks minute by minute, and what must hold for every start, limit and pause."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from server.clock import ALWAYS, OFFICE, USUAL, Calendar, OpenHours, due, spent
from server.protocol.pack import Limit

NIGHT = OpenHours((((0, 90), (1320, 1440)),) * 6 + ((),))
ODD = OpenHours((((0, 61),), (), ((601, 602), (603, 700)), (), (), ((0, 1440),), ()))
DAYS = {date(2026, 10, 1) + timedelta(days=n): False for n in range(7)} | {
    date(2026, 9, 20): True,
    date(2026, 10, 10): True,
    date(2027, 1, 1): False,
}
CALENDARS = [
    Calendar(zone, {**USUAL, "working": hours}, DAYS, frozenset({2026}))
    for zone in ("Asia/Shanghai", "America/Chicago")
    for hours in (OFFICE, ALWAYS, NIGHT, ODD)
]
KINDS = ("working", "seat", "emergency", "fixed", "calendar")
FROM = datetime(2026, 9, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# 120 days: the autumn holidays, the end of summer time in Chicago and the end of the declared year lie within.
moments = st.integers(0, 120 * 1440).map(lambda n: FROM + n * MINUTE)
limits = st.integers(1, 3000)
lengths = st.integers(0, 4 * 1440).map(lambda n: n * MINUTE)
calendars = st.sampled_from(CALENDARS)
kinds = st.sampled_from(KINDS)


@st.composite
def pauses_after(draw: st.DrawFn, start: datetime) -> list[tuple[datetime, datetime]]:
    """Up to three pauses from a little before `start`; they may overlap and stand in any order."""
    begins = draw(st.lists(st.integers(-600, 5 * 1440), max_size=3))
    return [(start + n * MINUTE, start + n * MINUTE + draw(lengths)) for n in begins]


def runs(minute: datetime, kind: str, calendar: Calendar) -> bool:
    """Whether time of that kind runs in the minute that begins then."""
    if kind not in calendar.hours:
        return True
    shown = minute.astimezone(ZoneInfo(calendar.timezone))
    day, now = shown.date(), shown.hour * 60 + shown.minute
    hours = calendar.hours[kind]
    spans = hours.week[day.weekday()]
    if hours.keeps_holidays and day in calendar.days:
        spans = (spans or next(s for s in hours.week if s)) if calendar.days[day] else ()
    return any(opens <= now < closes for opens, closes in spans)


def walked(start: datetime, limit: Limit, calendar: Calendar, pauses: list[Any]) -> datetime:
    """The deadline found by counting every minute."""
    minute, left = start, limit.minutes
    while left:
        stands = any(paused <= minute < resumed for paused, resumed in pauses)
        left -= not stands and runs(minute, limit.time_kind, calendar)
        minute += MINUTE
    return minute


def midnight_after(moment: datetime, calendar: Calendar) -> datetime:
    shown = moment.astimezone(ZoneInfo(calendar.timezone))
    return datetime.combine(shown.date() + timedelta(days=1), datetime.min.time(), shown.tzinfo)


@settings(deadline=None)
@given(
    st.data(),
    moments,
    st.integers(1, 900),
    calendars,
    st.sampled_from(("working", "seat", "emergency", "fixed")),
)
def test_a_deadline_is_where_counting_every_minute_ends(
    data: st.DataObject, start: datetime, minutes: int, calendar: Calendar, kind: str
) -> None:
    pauses = data.draw(pauses_after(start))
    limit = Limit(minutes, kind)
    assert due(start, limit, calendar, pauses).at == walked(start, limit, calendar, pauses)


@settings(deadline=None)
@given(st.data(), moments, limits)
def test_calendar_days_end_at_midnight_after_the_minute_where_counting_ends(
    data: st.DataObject, start: datetime, minutes: int
) -> None:
    pauses, calendar = data.draw(pauses_after(start)), Calendar.plain("Asia/Shanghai")
    limit = Limit(minutes, "calendar")
    ended = walked(start, limit, calendar, pauses)
    assert due(start, limit, calendar, pauses).at == midnight_after(ended, calendar)


@given(st.data(), moments, lengths, limits, calendars, kinds)
def test_a_later_start_never_ends_earlier(
    data: st.DataObject, start: datetime, later: timedelta, minutes: int, calendar: Calendar, kind: str
) -> None:
    pauses = data.draw(pauses_after(start))
    limit = Limit(minutes, kind)
    assert due(start, limit, calendar, pauses).at <= due(start + later, limit, calendar, pauses).at


@given(st.data(), moments, limits, limits, calendars, kinds)
def test_a_longer_limit_never_ends_earlier(
    data: st.DataObject, start: datetime, minutes: int, more: int, calendar: Calendar, kind: str
) -> None:
    pauses = data.draw(pauses_after(start))
    short, long = Limit(minutes, kind), Limit(minutes + more, kind)
    assert start < due(start, short, calendar, pauses).at <= due(start, long, calendar, pauses).at


@given(moments, limits, st.integers(1, 4), calendars, kinds)
def test_an_extension_gives_one_original_limit_more(
    start: datetime, minutes: int, times: int, calendar: Calendar, kind: str
) -> None:
    whole = Limit(minutes * times, kind)
    assert due(start, Limit(minutes, kind), calendar, times=times) == due(start, whole, calendar)


@given(st.data(), moments, limits, calendars, kinds)
def test_pauses_add_up_however_they_are_cut_and_ordered(
    data: st.DataObject, start: datetime, minutes: int, calendar: Calendar, kind: str
) -> None:
    pauses = data.draw(pauses_after(start))
    cut = [half for paused, resumed in pauses for half in _halves(paused, resumed)]
    limit = Limit(minutes, kind)
    expected = due(start, limit, calendar, pauses)
    assert due(start, limit, calendar, data.draw(st.permutations(cut + pauses))) == expected


def _halves(paused: datetime, resumed: datetime) -> list[tuple[datetime, datetime]]:
    middle = paused + (resumed - paused) / 2
    return [(paused, middle), (middle, resumed)]


@given(
    moments,
    limits,
    st.integers(0, 2880),
    lengths,
    calendars,
    st.sampled_from(("working", "seat", "emergency", "fixed")),
)
def test_a_pause_gives_back_exactly_the_time_that_ran_in_it(
    start: datetime, minutes: int, after: int, length: timedelta, calendar: Calendar, kind: str
) -> None:
    paused = start + after * MINUTE
    limit = Limit(minutes, kind)
    before = due(start, limit, calendar).at
    lost = spent(paused, paused + length, kind, calendar) if paused < before else timedelta(0)
    longer = due(start, Limit(minutes + lost // MINUTE, kind), calendar).at
    stood = due(start, limit, calendar, [(paused, paused + length)]).at
    # Both are the same point of open time; where it is a closing, the pause may already have reached the opening after.
    assert spent(start, stood, kind, calendar) == spent(start, longer, kind, calendar)


@given(st.data(), moments, limits, calendars, st.sampled_from(("working", "seat")))
def test_a_deadline_never_lies_inside_closed_hours_or_in_a_pause(
    data: st.DataObject, start: datetime, minutes: int, calendar: Calendar, kind: str
) -> None:
    pauses = data.draw(pauses_after(start))
    at = due(start, Limit(minutes, kind), calendar, pauses).at
    last = at - timedelta(microseconds=1)
    assert runs(last, kind, calendar)
    assert not any(paused <= last < resumed for paused, resumed in pauses)


@given(st.data(), moments, limits, calendars, kinds)
def test_at_its_deadline_exactly_the_limit_is_spent(
    data: st.DataObject, start: datetime, minutes: int, calendar: Calendar, kind: str
) -> None:
    pauses = data.draw(pauses_after(start))
    at = due(start, Limit(minutes, kind), calendar, pauses).at
    used = spent(start, at, kind, calendar, pauses)
    if kind == "calendar":
        assert used + timedelta(hours=1) >= minutes * MINUTE  # an hour is lost where summer time begins
    else:
        assert used == minutes * MINUTE


@given(moments, lengths, lengths, calendars, kinds)
def test_time_spent_adds_up_over_neighbouring_spans(
    start: datetime, first: timedelta, second: timedelta, calendar: Calendar, kind: str
) -> None:
    middle, end = start + first, start + first + second
    apart = spent(start, middle, kind, calendar) + spent(middle, end, kind, calendar)
    assert spent(start, end, kind, calendar) == apart


@given(moments, limits, calendars)
def test_a_deadline_is_provisional_exactly_when_it_reaches_the_undeclared_year(
    start: datetime, minutes: int, calendar: Calendar
) -> None:
    found = due(start, Limit(minutes, "working"), calendar)
    reached = found.at.astimezone(ZoneInfo(calendar.timezone)).year > 2026
    expected = reached and calendar.hours["working"].keeps_holidays
    assert found.provisional == expected
