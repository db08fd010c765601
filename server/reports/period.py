"""Periods as people say them: inclusive local dates, turned into moments; and the moment that facts are read at."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.errors import BadInput

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class Period:
    """From one local day to another, both included; None = open on that side. `start`, `end`: UTC, end excluded."""

    first: date | None
    last: date | None
    start: datetime | None
    end: datetime | None


def period(first: str | date | None, last: str | date | None, timezone: str) -> Period:
    """The period of local days of `timezone`. Raises BadInput for what is no date and for an end before its start."""
    first, last = _day(first), _day(last)
    if first and last and last < first:
        raise BadInput("The period ends before it begins.")
    return Period(
        first,
        last,
        midnight(first, timezone) if first else None,
        _end_of(last, timezone) if last else None,
    )


def before(first: date, last: date) -> tuple[date, date] | None:
    """The period to compare with: the month before for a month or its first days, else as many days just before.

    None where time has no such days.
    """
    span = (last - first).days
    if (first - date.min).days <= max(span, 31):
        return None
    if first.day == 1 and (last.year, last.month) == (first.year, first.month):
        end = first - timedelta(days=1)
        begin = end.replace(day=1)
        whole = (last + timedelta(days=1)).day == 1
        return begin, end if whole else min(end, begin + timedelta(days=span))
    return first - timedelta(days=span + 1), first - timedelta(days=1)


def midnight(day: date, timezone: str) -> datetime:
    """The moment at which a local day begins, in UTC. Raises BadInput for a day that no calendar of ours reaches."""
    try:
        return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
    except OverflowError:
        raise BadInput("{value} is not a date (year-month-day).", value=day.isoformat()) from None


def moment(value: str | datetime | None, timezone: str, now: datetime) -> datetime:
    """When facts are read: `now` without a value; a date means the end of that local day; no zone means local time."""
    if value is None or value == "":
        return now
    if isinstance(value, str) and _DATE.match(value):
        return _end_of(_parsed(value), timezone) - timedelta(microseconds=1)
    try:
        # A "+" that was not escaped in an address arrives as a blank.
        text = value.replace(" ", "+") if isinstance(value, str) and "T" in value else value
        at = datetime.fromisoformat(text) if isinstance(text, str) else text
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput("{value} is not a time (ISO 8601).", value=value) from None


def _end_of(day: date, timezone: str) -> datetime:
    return midnight(min(day, date.max - timedelta(days=1)) + timedelta(days=1), timezone)


def _day(value: str | date | None) -> date | None:
    if not value:
        return None
    return value if isinstance(value, date) else _parsed(value)


def _parsed(value: str) -> date:
    try:
        if _DATE.match(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise BadInput("{value} is not a date (year-month-day).", value=value)
