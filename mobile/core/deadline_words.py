"""When: which clock of a case presses now, what is left of it, and how that stands."""

from datetime import datetime
from typing import Any

from mobile.core.speech import Speech
from mobile.core.standing import Standing, moment
from mobile.core.views import Mood
from server.protocol.words import CLOCK_WORDS, CLOSE_KIND_WORDS
from server.protocol.workflow import ENDED


def _(msgid: str) -> str:
    return msgid


CLOCK_PAUSED, NO_DEADLINE, WAITS = _("Clock paused"), _("No deadline"), _("waits to be sent")


def going(standing: Standing) -> list[dict[str, Any]]:
    """The clocks that run now."""
    clocks = standing.body.get("deadlines") or ()
    return [clock for clock in clocks if not clock.get("stopped_at") and not clock.get("paused_at")]


def running(standing: Standing) -> dict[str, Any] | None:
    """The clock that presses now: of the present step, else of the whole case."""
    return min(going(standing), key=lambda c: (c["kind"] == "whole", c["due_at"]), default=None)


def due_at(standing: Standing) -> datetime | None:
    """When that clock runs out."""
    clock = running(standing)
    return moment(clock["due_at"]) if clock else None


def overdue(standing: Standing, now: datetime) -> bool:
    """Whether its handling or its whole time is up, by now or when the office last spoke."""
    late = [moment(c["due_at"]) for c in going(standing) if c["kind"] in ("handle", "whole")]
    return standing.facts.overdue or any(due is not None and due < now for due in late)


def clock_word(clock: dict[str, Any], speech: Speech) -> str:
    """What a clock is called; the server's word for one that this tablet does not know."""
    kind = str(clock["kind"])
    return speech.say(CLOCK_WORDS[kind]) if kind in CLOCK_WORDS else str(clock.get("word") or kind)


def until(standing: Standing, due: datetime, speech: Speech, now: datetime) -> str:
    """The clock time of the deadline, and whether it is a provisional one."""
    at = speech.moment(due, now)
    if (running(standing) or {}).get("provisional"):
        return speech.say("until {moment}, provisional", moment=at)
    return speech.say("until {moment}", moment=at)


def deadline(
    standing: Standing, state_word: str, speech: Speech, now: datetime, soon_minutes: int
) -> tuple[Mood, str, str]:
    """How it stands, what is left in words, and the clock time of it."""
    say, state = speech.say, standing.facts.state
    if state in ENDED:
        return _ended(standing, state_word, speech, now)
    if standing.pending and state != (standing.body.get("state") or ""):
        return "ontime", say(WAITS), speech.moment(standing.pending[-1].made_at, now)
    due = due_at(standing)
    if due is None:
        paused = any(
            c.get("paused_at") and not c.get("stopped_at") for c in standing.body.get("deadlines") or ()
        )
        return ("paused", say(CLOCK_PAUSED), "") if paused else ("ontime", say(NO_DEADLINE), "")
    left = (due - now).total_seconds() / 60
    mood: Mood = "overdue" if left < 0 else "soon" if left <= soon_minutes else "ontime"
    return mood, speech.left(due, now), until(standing, due, speech, now)


def _ended(standing: Standing, state_word: str, speech: Speech, now: datetime) -> tuple[Mood, str, str]:
    kind = standing.body.get("close_kind") or next(
        (e.payload.get("close_kind") for e in standing.pending), None
    )
    ended = moment(standing.body.get("closed_at"))
    words = speech.say(CLOSE_KIND_WORDS[kind]) if kind in CLOSE_KIND_WORDS else state_word
    return "closed", words, speech.moment(ended, now) if ended else ""
