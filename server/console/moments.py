"""Moments that are chosen in a form: quick choices with their hour, and the local clock time that was typed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.console.words import moment
from server.protocol.words import span_words

Words = Callable[[str], str]
FORM = "%Y-%m-%dT%H:%M"
END_OF_DAY, STEP_MIN = time(18), 5
# What is usual for each act: minutes from now, or days from today until the end of that working day.
MINUTES: dict[str, tuple[int, ...]] = {"whistle": (30, 60, 120), "ask_help": (60,)}
DAYS: dict[str, tuple[int, ...]] = {
    "whistle": (0,),
    "ask_help": (0, 1, 3),
    "ask": (1, 3, 7),
    "forward": (1, 3, 7),
    "supervise": (0, 1, 3),
    "notice": (1, 3, 7, 15),
    "enforce": (30, 60, 90),
    "ask_suspension": (7, 30, 90, 180),
    "suspend": (7, 30, 90, 180),
}
USUAL_DAYS = (0, 1, 3, 7)


@dataclass(frozen=True)
class Quick:
    """A moment to choose: `value` as a form's local time, `words` for the chip."""

    value: str
    words: str


def quick(action: str, now: datetime, zone: ZoneInfo, _: Words) -> list[Quick]:
    """The usual moments of an act, in the district's clock time, none of them over."""
    found = [
        (_("in {span}").format(span=span_words(timedelta(minutes=minutes), _)), _rounded(now, minutes))
        for minutes in MINUTES.get(action, ())
    ]
    today = now.astimezone(zone).date()
    for days in DAYS.get(action, USUAL_DAYS):
        at = datetime.combine(today + timedelta(days=days), END_OF_DAY, zone)
        if at > now + timedelta(minutes=STEP_MIN):
            found.append((_day_words(days, _), at))
    return [
        Quick(local_text(at, zone), f"{words} {moment(at, now, zone, lambda text: '{clock}')}")
        for words, at in found
    ]


def _rounded(now: datetime, minutes: int) -> datetime:
    """Some minutes on, on the next full five."""
    at = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    return at + timedelta(minutes=-at.minute % STEP_MIN)


def _day_words(days: int, _: Words) -> str:
    if days < 2:
        return _("tomorrow") if days else _("today")
    return _("in {span}").format(span=span_words(timedelta(days=days), _))


def local_text(at: datetime, zone: ZoneInfo) -> str:
    """A moment as a form's local time: "2026-11-24T18:00"."""
    return at.astimezone(zone).strftime(FORM)


def read_local(text: str, zone: ZoneInfo) -> datetime:
    """The moment (aware, UTC) of a form's local time in `zone`; ValueError for anything else."""
    return datetime.strptime(text.strip()[:16], FORM).replace(tzinfo=zone).astimezone(UTC)
