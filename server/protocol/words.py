"""The words for states, acts, fields and time left, as gettext msgids: the same on tablet, console and in answers."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

Translate = Callable[[str], str]


def _(msgid: str) -> str:
    return msgid


STATE_WORDS = {
    "reported": _("Reported, to be registered"),
    "registered": _("To be dispatched"),
    "dispatched": _("To be accepted"),
    "handling": _("Being handled"),
    "handled": _("To be inspected"),
    "inspected": _("To be closed"),
    "closed": _("Closed"),
    "declined": _("Declined"),
}
ACTION_WORDS = {
    "report": _("Report"),
    "self_handle": _("Mended on the spot"),
    "record": _("Recorded from another system"),
    "register": _("Register"),
    "decline": _("Decline"),
    "dispatch": _("Dispatch"),
    "accept": _("Accept"),
    "ask_return": _("Ask to return"),
    "uphold_return": _("Uphold return"),
    "refuse_return": _("Refuse return"),
    "recall": _("Recall"),
    "handle": _("Handled, report back"),
    "pass": _("Inspection passed"),
    "fail": _("Inspection failed"),
    "close": _("Close case"),
    "reopen": _("Reopen"),
    "escalate": _("Escalate"),
    "comment": _("Comment"),
    "add_evidence": _("Add photos"),
}
FIELD_WORDS = {
    "reason": _("Reason"),
    "text": _("Words"),
    "crew": _("Handling crew"),
    "condition": _("Condition"),
    "category": _("Category"),
    "place": _("Place"),
    "done": _("What was done"),
    "attachments": _("Photos"),
    "close_kind": _("Kind of closing"),
    "unmet": _("Which condition for closing is not met"),
    "note": _("Note"),
    "title": _("Title"),
    "description": _("Description"),
}
CLOSE_KIND_WORDS = {
    "fixed": _("Fixed"),
    "gone": _("No longer there"),
    "explained": _("Explained"),
    "recorded": _("Recorded (history)"),
}
CLOCK_WORDS = {
    "register": _("Registering"),
    "dispatch": _("Dispatching"),
    "handle": _("Handling"),
    "inspect": _("Inspecting"),
    "close": _("Closing"),
    "whole": _("Whole case"),
}
STEP_WORDS = {
    "collect": _("Collected"),
    "register": _("Case registered"),
    "dispatch": _("Task dispatched"),
    "handle": _("Task handled"),
    "feedback": _("Feedback given"),
    "inspect": _("Inspected and closed"),
    "evaluate": _("Evaluated"),
}
SOURCE_WORDS = {
    "patrol": _("Patrol"),
    "phone": _("Phone"),
    "console": _("Office"),
    "api": _("Other system"),
    "demo": _("Demo history"),
}
DEADLINE_WORDS = {
    "ontime": _("On time"),
    "soon": _("Due soon"),
    "overdue": _("Overdue"),
    "closed": _("Closed"),
}


def deadline_status(due_at: datetime | None, now: datetime, ended: bool, soon_minutes: int) -> str:
    """ontime, soon, overdue or closed: the four states that have a shape and a colour."""
    if ended:
        return "closed"
    if due_at is None:
        return "ontime"
    if due_at < now:
        return "overdue"
    return "soon" if due_at - now <= timedelta(minutes=soon_minutes) else "ontime"


def span_words(span: timedelta, translate: Translate) -> str:
    """A length of time in its two largest units: "1 d 3 h", "2 h 10 min", "9 min"."""
    minutes = max(0, int(span.total_seconds() // 60))
    days, hours, left = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        text = translate("{days} d {hours} h") if hours else translate("{days} d")
    elif hours:
        text = translate("{hours} h {minutes} min") if left else translate("{hours} h")
    else:
        text = translate("{minutes} min")
    return text.format(days=days, hours=hours, minutes=left)


def remaining_words(due_at: datetime | None, now: datetime, zone: tzinfo, translate: Translate) -> str:
    """What is left of a deadline as words: "9 min left", "due today 15:40", "overdue by 2 h"."""
    if due_at is None:
        return translate("No deadline")
    if due_at < now:
        return translate("Overdue by {span}").format(span=span_words(now - due_at, translate))
    if due_at - now < timedelta(hours=2):
        return translate("{span} left").format(span=span_words(due_at - now, translate))
    local, today = due_at.astimezone(zone), now.astimezone(zone).date()
    # The end of a day is said as that day, 24:00, not as the next one at 0:00.
    clock, day = f"{local:%H:%M}", local.date()
    if (local.hour, local.minute) == (0, 0):
        clock, day = "24:00", day - timedelta(days=1)
    if day == today:
        return translate("Due today {clock}").format(clock=clock)
    if day == today + timedelta(days=1):
        return translate("Due tomorrow {clock}").format(clock=clock)
    return translate("Due {month}/{day} {clock}").format(month=day.month, day=day.day, clock=clock)
