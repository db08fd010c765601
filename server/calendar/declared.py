"""What a state has declared: holidays and make-up days by time zone, as far as a published list is known."""

from dataclasses import dataclass
from datetime import date
from functools import cache

import chinese_calendar

CHINA = {"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "Asia/Kashgar", "PRC"}


@dataclass(frozen=True)
class DeclaredDay:
    """A day that is not as its weekday. `name`: the holiday for which it is free or worked, a gettext msgid."""

    day: date
    working: bool
    name: str


@cache
def declared_days(timezone: str) -> tuple[DeclaredDay, ...]:
    """All days known for the country of that time zone, in order; none where no list is known."""
    if timezone not in CHINA:
        return ()
    free = (DeclaredDay(day, False, name) for day, name in chinese_calendar.holidays.items())
    worked = (DeclaredDay(day, True, name) for day, name in chinese_calendar.workdays.items())
    return tuple(sorted((*free, *worked), key=lambda day: day.day))


@cache
def declared_years(timezone: str) -> frozenset[int]:
    """The years of which the list is known."""
    return frozenset(day.day.year for day in declared_days(timezone))
