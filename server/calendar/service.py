"""Reads a district's calendar for the clocks, and fills a new one with what the state has declared."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from server.calendar.declared import DeclaredDay, declared_days, declared_years
from server.clock import USUAL, Calendar, OpenHours
from server.db import Connection, queries

SQL = queries(__file__)
# The calendars last used. A stamp stands for one content for ever, so nothing here grows old.
_KNOWN: dict[str, Calendar] = {}
KNOWN_SIZE = 256


@dataclass(frozen=True)
class Kept:
    """What is kept of a calendar. `stamp` is None while a district has only what its time zone brings along."""

    timezone: str
    stamp: str | None
    recomputed: str | None
    years: tuple[int, ...]
    days: tuple[DeclaredDay, ...]
    hours: dict[str, OpenHours]

    def calendar(self) -> Calendar:
        """The calendar as the clocks take it."""
        return Calendar(
            self.timezone, self.hours, {day.day: day.working for day in self.days}, frozenset(self.years)
        )


def calendar_of(conn: Connection, district_id: int) -> Calendar:
    """The district's calendar: one short query, and the rest only after a change."""
    row = SQL.stamp(conn, district_id=district_id)
    return calendar_at(conn, district_id, row["timezone"], row["stamp"])


def calendar_at(conn: Connection, district_id: int, timezone: str, stamp: str | None) -> Calendar:
    """The same for whoever has read `calendars.stamp` (None: no row) in a query of his own."""
    if stamp is None:
        return _declared(timezone)
    known = _KNOWN.get(stamp)
    if known is None or known.timezone != timezone:
        if len(_KNOWN) >= KNOWN_SIZE:
            _KNOWN.clear()
        known = _KNOWN[stamp] = kept(conn, district_id).calendar()
    return known


@lru_cache(maxsize=64)
def _declared(timezone: str) -> Calendar:
    return _unkept(timezone).calendar()


def _unkept(timezone: str) -> Kept:
    years = tuple(sorted(declared_years(timezone)))
    return Kept(timezone, None, None, years, declared_days(timezone), dict(USUAL))


def kept(conn: Connection, district_id: int) -> Kept:
    """Everything that is kept of the district's calendar."""
    row = SQL.calendar_row(conn, district_id=district_id)
    if row["stamp"] is None:
        return _unkept(row["timezone"])
    return Kept(
        row["timezone"],
        row["stamp"],
        row["recomputed"],
        tuple(year["year"] for year in SQL.years(conn, district_id=district_id)),
        tuple(
            DeclaredDay(day["day"], day["working"], day["name"])
            for day in SQL.days(conn, district_id=district_id)
        ),
        _hours(SQL.hours(conn, district_id=district_id), row["through_holidays"]),
    )


def declarations(conn: Connection, district_id: int) -> dict[int, dict[str, Any]]:
    """Who declared which year and when; `declared_by` is None for the years that came with the program."""
    return {row["year"]: dict(row) for row in SQL.years(conn, district_id=district_id)}


def _hours(rows: Any, through_holidays: list[str]) -> dict[str, OpenHours]:
    weeks: dict[str, list[list[tuple[int, int]]]] = {}
    for row in rows:
        week = weeks.setdefault(row["time_kind"], [[] for _ in range(7)])
        week[row["weekday"] - 1].append((row["opens"], row["closes"]))
    own = {kind: tuple(tuple(spans) for spans in week) for kind, week in weeks.items()}
    return {
        kind: OpenHours(own.get(kind, usual.week), kind not in through_holidays)
        for kind, usual in USUAL.items()
    }


def seed(conn: Connection, district_id: int, now: datetime) -> list[int]:
    """Enters the declared years that the program knows and the district has not; returns those added.

    Doing it twice does no harm: what a district has changed in a year that it has stays as it is. A year that comes
    with a newer program makes the deadlines that reached it final, as if somebody had entered it.
    """
    timezone = SQL.stamp(conn, district_id=district_id)["timezone"]
    new = SQL.add_calendar(conn, district_id=district_id, now=now)
    known = sorted(declared_years(timezone))
    added = sorted(row["year"] for row in SQL.add_years(conn, district_id=district_id, now=now, years=known))
    days = [day for day in declared_days(timezone) if day.day.year in added]
    if added:
        SQL.add_days(
            conn,
            district_id=district_id,
            days=[day.day for day in days],
            working=[day.working for day in days],
            names=[day.name for day in days],
        )
        if new is None:
            SQL.touch(conn, district_id=district_id, now=now)
    return added


def seed_all(conn: Connection, now: datetime) -> None:
    """Does so for every district: `migrate` calls it."""
    for district in list(SQL.districts(conn)):
        seed(conn, district["id"], now)


def settled(conn: Connection, quiet: datetime) -> list[dict[str, Any]]:
    """Calendars unchanged since `quiet`, with the stamp and pack version that their open deadlines stand under."""
    return [dict(row) for row in SQL.settled(conn, quiet=quiet)]


def recomputed(conn: Connection, district_id: int, stamp: str, pack_version: int) -> None:
    """Says that all open deadlines of the district stand under that calendar and the limits of that pack version."""
    SQL.recomputed(conn, district_id=district_id, stamp=stamp, pack=pack_version)
