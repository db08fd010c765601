"""Changes of a calendar by the district's administrator: a year declared, days entered, hours set.

Each change is written to the security log and gives the calendar another stamp, by which open deadlines are found to
stand under an older one. What is typed is text; what cannot be meant is refused with a sentence.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from server.audit import service as audit
from server.calendar.service import SQL, seed
from server.clock import USUAL, BadCalendar, OpenHours, Spans
from server.db import Connection
from server.errors import BadInput, NotFound
from server.people.service import only_admin
from server.security import Viewer

FIRST_YEAR, LAST_YEAR = 2000, 2199
# "usual": as its weekday, that is no exception (any more)
COUNTS_AS = ("free", "worked", "usual")
MOST_DAYS = 31
LONGEST_NAME = 80
SPAN = re.compile(r"(\d{1,2}):(\d{2})[-–—~至](\d{1,2}):(\d{2})")


def declare_year(conn: Connection, viewer: Viewer, year: str, address: str, now: datetime) -> int:
    """Says that all exceptions of a year are entered; what reached it is final from then on."""
    district, number = _opened(conn, viewer, now), read_year(year)
    if SQL.put_year(conn, district_id=district, year=number, now=now, person_id=viewer.person_id) is None:
        raise BadInput("The year {year} is declared already.", year=number)
    _changed(conn, viewer, address, now, {"year": number, "declared": True})
    return number


def withdraw_year(conn: Connection, viewer: Viewer, year: str, address: str, now: datetime) -> int:
    """Takes that back; the days of the year stay. Deadlines that reach it are provisional again."""
    district, number = _opened(conn, viewer, now), read_year(year)
    if SQL.drop_year(conn, district_id=district, year=number) is None:
        raise BadInput("The year {year} is not declared.", year=number)
    _changed(conn, viewer, address, now, {"year": number, "declared": False})
    return number


def enter_days(
    conn: Connection, viewer: Viewer, first: str, last: str, counts_as: str, name: str, address: str, now: datetime
) -> date:  # fmt: skip
    """Enters a day, or all from the first to the last (`counts_as`, one of COUNTS_AS); returns the first."""
    district, begin = _opened(conn, viewer, now), read_day(first)
    end, name = read_day(last) if last.strip() else begin, name.strip()
    if end < begin:
        raise BadInput("The last day lies before the first.")
    if (end - begin).days >= MOST_DAYS and counts_as != "usual":
        raise BadInput("At most {count} days can be entered at once.", count=MOST_DAYS)
    if counts_as not in COUNTS_AS:
        raise BadInput("Say whether the days are free, worked, or as their weekdays.")
    if len(name) > LONGEST_NAME or "\0" in name:
        raise BadInput("The name is longer than {count} letters.", count=LONGEST_NAME)
    detail = {"from": str(begin), "to": str(end), "counts_as": counts_as, "name": name}
    if counts_as == "usual":
        gone = list(SQL.drop_days(conn, district_id=district, first=begin, last=end))
        if not gone:
            raise BadInput("{day} is as its weekday already.", day=begin)
        detail["name"] = name or ", ".join(sorted({day["name"] for day in gone}))
    else:
        days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
        SQL.put_days(conn, district_id=district, days=days, working=counts_as == "worked", name=name)
    _changed(conn, viewer, address, now, detail)
    return begin


def set_hours(
    conn: Connection, viewer: Viewer, time_kind: str, week: Sequence[str], keeps_holidays: bool, address: str,
    now: datetime,
) -> None:  # fmt: skip
    """Sets when a kind of time runs: seven texts from Monday on, as `read_hours` takes them."""
    district = _opened(conn, viewer, now)
    if time_kind not in USUAL or len(week) != 7:
        raise NotFound
    spans = [read_hours(text) for text in week]
    try:
        OpenHours(tuple(spans), keeps_holidays)
    except BadCalendar:
        raise BadInput("At least one day of the week must be open.") from None
    rows = [(n, opens, closes) for n, day in enumerate(spans, 1) for opens, closes in day]
    weekdays, begins, ends = (list(column) for column in zip(*rows, strict=True))
    SQL.drop_hours(conn, district_id=district, time_kind=time_kind)
    SQL.put_hours(
        conn, district_id=district, time_kind=time_kind, weekdays=weekdays, opens=begins, closes=ends
    )
    SQL.run_through_holidays(conn, district_id=district, time_kind=time_kind, through=not keeps_holidays)
    hours = [hours_text(day) for day in spans]
    _changed(
        conn, viewer, address, now, {"hours": time_kind, "week": hours, "keeps_holidays": keeps_holidays}
    )


def read_year(text: str) -> int:
    """A year out of what was typed."""
    if not re.fullmatch(r"[0-9]{4}", text.strip()) or not FIRST_YEAR <= int(text) <= LAST_YEAR:
        raise BadInput(
            "Write the year with four digits, from {first} to {last}.", first=FIRST_YEAR, last=LAST_YEAR
        )
    return int(text)


def read_day(text: str) -> date:
    """A day out of what was typed."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise BadInput("Write the day as year-month-day, for example 2027-02-06.") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadInput(
            "Write the year with four digits, from {first} to {last}.", first=FIRST_YEAR, last=LAST_YEAR
        )
    return day


def read_hours(text: str) -> Spans:
    """The hours of a day out of "08:00-12:00 14:00-18:00", blank when it is closed."""
    words = text.replace("：", ":").replace("，", " ").replace(",", " ").replace("、", " ").split()
    found = [SPAN.fullmatch(word) for word in words]
    edges = [
        60 * int(hour) + int(minute)
        for span in found if span
        for hour, minute in (span.group(1, 2), span.group(3, 4))
        if int(minute) < 60
    ]  # fmt: skip
    in_order = all(a < b for a, b in zip(edges[::2], edges[1::2], strict=False)) and edges == sorted(edges)
    if len(edges) != 2 * len(words) or not in_order or (edges and edges[-1] > 1440):
        raise BadInput(
            "“{text}” are no hours. Write them one after the other, like 08:00-12:00 14:00-18:00; blank means closed.",
            text=text.strip(),
        )
    return tuple(zip(edges[::2], edges[1::2], strict=True))


def hours_text(spans: Spans) -> str:
    """The same the other way round."""
    return " ".join(f"{o // 60:02}:{o % 60:02}-{c // 60:02}:{c % 60:02}" for o, c in spans)


def _opened(conn: Connection, viewer: Viewer, now: datetime) -> int:
    """The administrator's district, with its calendar in place and kept from others until the end."""
    district = only_admin(viewer)
    seed(conn, district, now)
    SQL.lock(conn, district_id=district)
    return district


def _changed(conn: Connection, viewer: Viewer, address: str, now: datetime, detail: dict[str, Any]) -> None:
    SQL.touch(conn, district_id=viewer.district_id, now=now)
    audit.log(conn, "calendar_changed", viewer, address, detail, now)
