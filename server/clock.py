"""Deadlines: one pure function from start, limit, calendar and pauses to the moment when time is up. No database.

A calendar says when each kind of time runs. Open hours are laid out year by year as spans with the open time before
each, so that a deadline is two searches in a sorted list however long the limit is.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property
from types import MappingProxyType
from zoneinfo import ZoneInfo

from server.protocol.pack import Limit

DAY = 1440
CONTINUOUS = ("emergency", "fixed")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000  # microseconds, in which instants are counted
MEAN_YEAR = 31_556_952_000_000

Spans = tuple[tuple[int, int], ...]
Pause = tuple[datetime, datetime]


class BadCalendar(ValueError):
    """Hours that cannot be; the message says which."""


@dataclass(frozen=True)
class OpenHours:
    """When one kind of time runs: for each weekday from Monday on, (opens, closes) in minutes of the local day.

    `keeps_holidays`: closed on holidays, open on make-up days; otherwise the week goes on through both.
    """

    week: tuple[Spans, ...]
    keeps_holidays: bool = True

    def __post_init__(self) -> None:
        if len(self.week) != 7 or not any(self.week):
            raise BadCalendar("a week has seven days, and one of them must be open")
        for spans in self.week:
            edges = [0, *(edge for span in spans for edge in span), DAY]
            if edges != sorted(edges) or any(opens == closes for opens, closes in spans):
                raise BadCalendar(f"hours must follow one another within the day: {spans}")

    def on(self, day: date, working: bool | None) -> Spans:
        """The hours of a day; `working` is what the calendar says of it, None when it says nothing.

        A make-up day on which the week is closed has the hours of the first open day of the week.
        """
        usual = self.week[day.weekday()]
        if working is None or not self.keeps_holidays:
            return usual
        return (usual or next(filter(None, self.week))) if working else ()


# The offices of the field; the seats of a centre are staffed at all hours until a district says otherwise.
OFFICE = OpenHours((((8 * 60, 12 * 60), (14 * 60, 18 * 60)),) * 5 + ((), ()))
ALWAYS = OpenHours((((0, DAY),),) * 7, keeps_holidays=False)
USUAL = {"working": OFFICE, "seat": ALWAYS}


@dataclass(frozen=True)
class Calendar:
    """What a district says of its time: `hours` by kind of time, exceptions by local day (working or not).

    `declared`: the years whose exceptions are known; when none are, the plain week is all there is and is final.
    """

    timezone: str
    hours: Mapping[str, OpenHours] = field(default_factory=lambda: USUAL, hash=False)
    days: Mapping[date, bool] = field(default_factory=dict, hash=False)
    declared: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "hours", MappingProxyType(dict(self.hours)))
        object.__setattr__(self, "days", MappingProxyType(dict(self.days)))

    @classmethod
    def plain(cls, timezone: str) -> "Calendar":
        """The usual hours of the week without holidays."""
        return cls(timezone)

    @classmethod
    def round_the_clock(cls, timezone: str) -> "Calendar":
        """Every kind of time runs at all hours of all days."""
        return cls(timezone, dict.fromkeys(USUAL, ALWAYS))

    @cached_property
    def zone(self) -> tzinfo:
        """The district's time zone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def _years(self) -> dict[tuple[str, int], "_Year"]:
        return {}

    def year(self, time_kind: str, number: int) -> "_Year":
        """The open spans of a local year; laid out at the first question. BadCalendar for a time without hours."""
        key = (time_kind, number)
        if key not in self._years:
            if time_kind not in self.hours:
                raise BadCalendar(f"no clock for {time_kind} time")
            self._years[key] = _Year(self, self.hours[time_kind], number)
        return self._years[key]

    def year_at(self, time_kind: str, instant: int) -> "_Year":
        """The local year in which an instant (microseconds since the epoch) lies."""
        year = self.year(time_kind, 1970 + instant // MEAN_YEAR)
        if instant < year.first:
            return self.year(time_kind, year.number - 1)
        return year if instant < year.last else self.year(time_kind, year.number + 1)

    def assumes(self, time_kind: str, first: int, last: int) -> bool:
        """Whether weekdays stand in for the holidays of a year from `first` to `last` that nobody has declared."""
        if not self.declared or not self.hours[time_kind].keeps_holidays:
            return False
        return not self.declared.issuperset(range(first, last + 1))


@dataclass(frozen=True)
class Due:
    """When a clock runs out; `provisional` when a year that nobody has declared yet was crossed."""

    at: datetime
    provisional: bool = False


def due(
    start: datetime,
    limit: Limit,
    calendar: Calendar,
    pauses: Sequence[Pause] = (),
    times: int = 1,
) -> Due:
    """When `limit`, taken `times` over, from `start` (aware) is used up; the answer is in start's time zone.

    emergency, fixed: continuous minutes. seat, working: minutes of the calendar's open hours; a limit that ends with
    an opening ends with the closing before it. calendar: whole local days, that is the close of the day in which
    continuous minutes end: two days given on Monday end on Wednesday at 24:00. In `pauses` (begin, end) no time runs.
    Never earlier for a later start, a longer limit or a longer pause.
    """
    kind, minutes, zone = limit.time_kind, limit.minutes * times, start.tzinfo
    begin = _instant(start)
    stood = _merged(pauses, begin) if pauses else []
    if kind == "calendar":
        return Due(_close_of_day(begin, minutes, stood, calendar.zone).astimezone(zone))
    if kind in CONTINUOUS:
        return Due(_moment(_continuous(begin, minutes * MINUTE, stood), zone))
    end, years = _open(begin, minutes * MINUTE, kind, stood, calendar)
    return Due(_moment(end, zone), calendar.assumes(kind, *years))


def spent(
    start: datetime, end: datetime, time_kind: str, calendar: Calendar, pauses: Sequence[Pause] = ()
) -> timedelta:
    """How much time of that kind ran between two moments (aware), pauses left out; a calendar day counts 24 hours."""
    begin, until = _instant(start), _instant(end)
    ran = _ran(begin, until, time_kind, calendar)
    for paused, resumed in _merged(pauses, begin):
        ran -= _ran(paused, min(resumed, until), time_kind, calendar)
    return timedelta(microseconds=ran)


class _Year:
    """The open spans of one kind of time in one local year, in microseconds since the epoch."""

    def __init__(self, calendar: Calendar, hours: OpenHours, number: int) -> None:
        self.number = number
        self.first = _wall(date(number, 1, 1), 0, calendar.zone)
        self.last = _wall(date(number, 12, 31), DAY, calendar.zone)
        self.begins: list[int] = []
        self.ends: list[int] = []
        self.before: list[int] = []
        self.through: list[int] = []
        self.total = 0
        for begin, end in _spans(calendar, hours, number):
            # Where clocks are put forward two spans can touch; none counts twice.
            begin = max(begin, self.ends[-1]) if self.ends else begin
            if begin < end:
                self.begins.append(begin)
                self.ends.append(end)
                self.before.append(self.total)
                self.total += end - begin
                self.through.append(self.total)

    def until(self, instant: int) -> int:
        """Open time of this year before `instant`."""
        i = bisect_right(self.begins, instant) - 1
        return self.before[i] + min(instant, self.ends[i]) - self.begins[i] if i >= 0 else 0

    def when(self, ran: int) -> int:
        """The first instant at which `ran` (0 < ran <= total) of this year's open time has passed."""
        i = bisect_left(self.through, ran)
        return self.begins[i] + ran - self.before[i]


def _spans(calendar: Calendar, hours: OpenHours, number: int) -> Iterator[tuple[int, int]]:
    for ordinal in range(date(number, 1, 1).toordinal(), date(number, 12, 31).toordinal() + 1):
        day = date.fromordinal(ordinal)
        for opens, closes in hours.on(day, calendar.days.get(day)):
            yield _wall(day, opens, calendar.zone), _wall(day, closes, calendar.zone)


def _wall(day: date, minute: int, zone: tzinfo) -> int:
    """The instant at which a clock on the wall shows that minute of the day (1440: midnight at its end)."""
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    return _instant(shown.replace(tzinfo=zone))


def _instant(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _moment(instant: int, zone: tzinfo | None) -> datetime:
    return (EPOCH + timedelta(microseconds=instant)).astimezone(zone)


def _merged(pauses: Sequence[Pause], begin: int) -> list[tuple[int, int]]:
    """The pauses after `begin` as instants, in order, without overlaps."""
    merged: list[tuple[int, int]] = []
    for paused, resumed in sorted((_instant(p), _instant(r)) for p, r in pauses):
        late = max(paused, merged[-1][1] if merged else begin)
        if late < resumed:
            merged.append((late, resumed))
    return merged


def _continuous(begin: int, need: int, stood: Sequence[tuple[int, int]]) -> int:
    """The instant when `need` microseconds from `begin` have run."""
    end = begin + need
    for paused, resumed in stood:
        if paused >= end:
            break
        end += resumed - paused
    return end


def _close_of_day(begin: int, minutes: int, stood: Sequence[tuple[int, int]], zone: tzinfo) -> datetime:
    """The end of the local day in which `minutes` by the clock on the wall have run."""
    end = _moment(begin, zone).replace(tzinfo=None) + timedelta(minutes=minutes)
    for paused, resumed in stood:
        wall = _moment(paused, zone).replace(tzinfo=None)
        if wall >= end:
            break
        end += max(timedelta(0), _moment(resumed, zone).replace(tzinfo=None) - wall)
    return datetime.combine(end.date() + timedelta(days=1), time(), zone)


def _open(
    begin: int, need: int, kind: str, stood: Sequence[tuple[int, int]], calendar: Calendar
) -> tuple[int, tuple[int, int]]:
    """The instant when `need` microseconds of open hours from `begin` have run, and the years of both ends."""
    year = calendar.year_at(kind, begin)
    first = year.number
    for paused, resumed in stood:
        ran = _ran(begin, paused, kind, calendar)
        if ran >= need:
            break
        begin, need = resumed, need - ran
        year = calendar.year_at(kind, begin)
    need += year.until(begin)
    while need > year.total:
        need -= year.total
        year = calendar.year(kind, year.number + 1)
    return year.when(need), (first, year.number)


def _ran(begin: int, end: int, kind: str, calendar: Calendar) -> int:
    """Microseconds of that kind of time from `begin` to `end`; none when the end comes first."""
    if end <= begin:
        return 0
    if kind in CONTINUOUS or kind == "calendar":
        return end - begin
    first, last = calendar.year_at(kind, begin), calendar.year_at(kind, end)
    between = sum(calendar.year(kind, number).total for number in range(first.number, last.number))
    return between + last.until(end) - first.until(begin)
