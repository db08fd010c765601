"""Periods are local days, both included; a moment may be a day, a local time or a time with its zone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from server.errors import BadInput
from server.reports.period import before, moment, period

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SHANGHAI, CHICAGO = "Asia/Shanghai", "America/Chicago"


def test_a_period_runs_from_the_first_local_midnight_to_the_one_after_the_last_day() -> None:
    found = period("2026-03-01", "2026-03-31", SHANGHAI)
    assert found.start == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert found.end == datetime(2026, 3, 31, 16, tzinfo=UTC)


def test_a_day_on_which_clocks_are_changed_is_as_long_as_it_is() -> None:
    found = period("2026-03-08", "2026-03-08", CHICAGO)
    assert found.start and found.end
    assert found.end - found.start == timedelta(hours=23)


def test_a_missing_end_is_open() -> None:
    assert (period(None, "", SHANGHAI).start, period(None, "", SHANGHAI).end) == (None, None)
    assert period(date(2026, 3, 1), None, SHANGHAI).start == datetime(2026, 2, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize("first", ["2026-3-1", "20260301", "2026-02-30", "heute", "2026-W10-1", "0001-01-01"])
def test_what_is_no_date_is_refused(first: str) -> None:
    with pytest.raises(BadInput, match="is not a date"):
        period(first, None, SHANGHAI)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadInput, match="ends before it begins"):
        period("2026-03-02", "2026-03-01", SHANGHAI)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, NOW),
        ("", NOW),
        ("2026-03-01", datetime(2026, 3, 1, 15, 59, 59, 999999, tzinfo=UTC)),
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 4, tzinfo=UTC)),
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01T12:00:00+01:00", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("2026-03-01T12:00:00 01:00", datetime(2026, 3, 1, 11, tzinfo=UTC)),
    ],
)
def test_a_moment_is_now_the_end_of_a_day_or_a_time(said: str | None, meant: datetime) -> None:
    assert moment(said, SHANGHAI, NOW) == meant


@pytest.mark.parametrize("said", ["soon", "2026-03-01T99:00", "9999-99-99", "0001-01-01T00:00:00"])
def test_what_is_no_moment_is_refused(said: str) -> None:
    with pytest.raises(BadInput):
        moment(said, SHANGHAI, NOW)


@pytest.mark.parametrize(
    ("first", "last", "begin", "end"),
    [
        ((2026, 10, 1), (2026, 10, 31), (2026, 9, 1), (2026, 9, 30)),
        ((2026, 3, 1), (2026, 3, 31), (2026, 2, 1), (2026, 2, 28)),
        ((2026, 3, 1), (2026, 3, 30), (2026, 2, 1), (2026, 2, 28)),
        ((2026, 11, 1), (2026, 11, 22), (2026, 10, 1), (2026, 10, 22)),
        ((2026, 1, 1), (2026, 1, 1), (2025, 12, 1), (2025, 12, 1)),
        ((2026, 11, 16), (2026, 11, 22), (2026, 11, 9), (2026, 11, 15)),
        ((2026, 10, 1), (2026, 11, 30), (2026, 8, 1), (2026, 9, 30)),
    ],
)
def test_a_month_is_compared_with_the_month_before_and_other_periods_with_as_many_days(
    first: tuple[int, ...], last: tuple[int, ...], begin: tuple[int, ...], end: tuple[int, ...]
) -> None:
    assert before(date(*first), date(*last)) == (date(*begin), date(*end))


def test_before_the_first_day_of_time_there_is_nothing_to_compare_with() -> None:
    assert before(date(1, 1, 1), date(2026, 1, 1)) is None
    assert before(date(1, 1, 5), date(1, 1, 6)) is None
