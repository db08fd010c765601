"""Moments to choose with one touch: "in 4 hours", "tomorrow 18:00"; they count from the touch, not from the look."""

from datetime import datetime, time, timedelta, tzinfo

from mobile.core.speech import Speech
from mobile.core.views import Choice


def _(msgid: str) -> str:
    return msgid


EVENING = time(18)
# "+90" is so many minutes from now, "18:00+1" the evening of so many days from today.
SOON = (
    ("+60", _("in 1 hour")),
    ("+240", _("in 4 hours")),
    ("18:00+0", _("today 18:00")),
    ("18:00+1", _("tomorrow 18:00")),
    ("+4320", _("in 3 days")),
    ("+10080", _("in 7 days")),
)
LONG = (
    ("+10080", _("in 7 days")),
    ("+43200", _("in 30 days")),
    ("+86400", _("in 60 days")),
    ("+129600", _("in 90 days")),
    ("+259200", _("in 180 days")),
)
CODES = frozenset(code for code, _words in (*SOON, *LONG))
TAKE_LONG = frozenset({"ask_suspension", "suspend", "enforce"})


def moments(action: str, now: datetime, speech: Speech) -> tuple[Choice, ...]:
    """What is offered for an act at `now` (aware); an evening that is over is not."""
    offered = LONG if action in TAKE_LONG else SOON
    return tuple(
        Choice(code, speech.say(words)) for code, words in offered if moment_of(code, now, speech.zone) > now
    )


def moment_of(code: str, now: datetime, zone: tzinfo) -> datetime:
    """The moment (aware) that was chosen at `now`. Raises ValueError for what is no code."""
    if code.startswith("+"):
        return now + timedelta(minutes=int(code))
    clock, _plus, days = code.partition("+")
    day = now.astimezone(zone).date() + timedelta(days=int(days))
    return datetime.combine(day, time.fromisoformat(clock), zone)


def days(now: datetime, speech: Speech) -> tuple[Choice, ...]:
    """The next days, for a field that asks for a day."""
    today = now.astimezone(speech.zone).date()
    named = (_("today"), _("tomorrow"), _("the day after"))
    return tuple(
        Choice(f"{today + timedelta(days=n):%Y-%m-%d}", speech.say(words)) for n, words in enumerate(named)
    )
