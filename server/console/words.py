"""Clock times and rates in a reader's words: "yesterday 17:20", "93.72%"; lengths of time are in protocol.words."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

Words = Callable[[str], str]


def moment(at: datetime, now: datetime, zone: ZoneInfo, _: Words) -> str:
    """The local clock time of `at`, with the day when it is not today's and the year when it is not this one's."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    clock = local.strftime("%H:%M")
    if local.date() == today:
        return clock
    if local.date() == today - timedelta(days=1):
        return _("yesterday {clock}").format(clock=clock)
    if local.date() == today + timedelta(days=1):
        return _("tomorrow {clock}").format(clock=clock)
    return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")


def percent(rate: float | None) -> str:
    """A fraction as a percentage with two places; an en dash where there is nothing to divide by."""
    return "–" if rate is None else f"{rate * 100:.2f}%"


def map_words(_: Words) -> dict[str, str]:
    """The few words that the map's script writes itself."""
    return {
        "metres": _("{count} m"),
        "kilometres": _("{count} km"),
        "lost": _("The map could not be drawn here. The list beside it has the same cases."),
        "here": _("{count} cases here"),
        "overdue": _("Overdue"),
        "soon": _("Due soon"),
        "ontime": _("On time"),
        "closed": _("Closed"),
        "list": _("List these cases"),
        "nearer": _("Zoom in"),
        "shut": _("Close"),
        "loading": _("Loading"),
        "failed": _("This could not be loaded. Try again."),
    }


def category_key(key: str, _: Words) -> str:
    """A category that the pack does not name: "component 0101", or "component 05…" for all that begin so."""
    system, _slash, code = key.rpartition("/")
    kinds = {"component": _("component"), "event": _("event")}
    kind = system.rpartition("/")[2]
    return f"{kinds.get(kind, kind)} {code.replace('*', '…')}".strip()
