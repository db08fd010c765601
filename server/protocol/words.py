"""The words for states, acts, fields and time left, as gettext msgids: the same on tablet, console and in answers."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

Translate = Callable[[str], str]


def _(msgid: str) -> str:
    return msgid


STATE_WORDS = {
    "reported": _("Reported, to be registered"),
    "verifying": _("Being verified"),
    "waiting": _("Waiting for an answer"),
    "registered": _("To be dispatched"),
    "dispatched": _("To be accepted"),
    "handling": _("Being handled"),
    "suspended": _("Suspended"),
    "enforcing": _("With law enforcement"),
    "split": _("Handled in parts"),
    "forwarded": _("With an outside party"),
    "handled": _("To be inspected"),
    "inspected": _("To be closed"),
    "closed": _("Closed"),
    "declined": _("Declined"),
    "merged": _("Merged"),
    "cancelled": _("Cancelled"),
}
ACTION_WORDS = {
    "report": _("Report"),
    "part": _("Part of a split case"),
    "self_handle": _("Mended on the spot"),
    "record": _("Recorded from another system"),
    "send_verify": _("Send to verify"),
    "verify": _("Verified"),
    "register": _("Register"),
    "decline": _("Decline"),
    "ask": _("Ask the reporter"),
    "answer": _("Answer the question"),
    "time_out": _("No answer in time"),
    "merge": _("Merge into another case"),
    "dispatch": _("Dispatch"),
    "assign_anyway": _("Assign anyway"),
    "dispatch_down": _("Dispatch down"),
    "take": _("Take it ourselves"),
    "claim": _("Claim"),
    "split": _("Split into parts"),
    "forward": _("Forward outside"),
    "accept": _("Accept"),
    "ask_return": _("Ask to return"),
    "uphold_return": _("Uphold return"),
    "refuse_return": _("Refuse return"),
    "recall": _("Recall"),
    "make_safe": _("Made safe"),
    "whistle": _("Call to the spot"),
    "arrive": _("Arrived on the spot"),
    "ask_help": _("Ask for help"),
    "answer_help": _("Answer the request for help"),
    "notice": _("Notice to put right"),
    "recheck": _("Check the notice"),
    "enforce": _("Hand to law enforcement"),
    "enforced": _("Enforcement done"),
    "ask_extension": _("Ask for more time"),
    "grant_extension": _("Grant more time"),
    "refuse_extension": _("Refuse more time"),
    "ask_suspension": _("Ask to suspend"),
    "suspend": _("Suspend"),
    "refuse_suspension": _("Refuse to suspend"),
    "resume": _("Resume"),
    "handle": _("Handled, report back"),
    "parts_done": _("All parts done"),
    "answer_outside": _("Answered from outside"),
    "pass": _("Inspection passed"),
    "fail": _("Inspection failed"),
    "cannot_inspect": _("Cannot inspect"),
    "absent": _("Inspector absent"),
    "close": _("Close case"),
    "send_back": _("Send back"),
    "reopen": _("Reopen"),
    "rate": _("Rate"),
    "appeal": _("Appeal"),
    "uphold_appeal": _("Uphold appeal"),
    "reject_appeal": _("Reject appeal"),
    "sample": _("Sample"),
    "escalate": _("Escalate"),
    "hand_down": _("Hand down"),
    "supervise": _("Supervise"),
    "answer_supervision": _("Answer supervision"),
    "change": _("Change"),
    "contact": _("Contacted the reporter"),
    "reply": _("Reply to the reporter"),
    "callback": _("Call back"),
    "comment": _("Comment"),
    "add_evidence": _("Add photos"),
    "cancel": _("Cancel case"),
    "redact": _("Erased"),
    "recompute": _("Deadlines computed anew"),
    "reroute": _("Routed by new boundaries"),
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
    "question": _("Question"),
    "answer": _("Answer"),
    "until": _("Until"),
    "survivor": _("Number of the case that goes on"),
    "payer": _("Who pays"),
    "parts": _("Parts"),
    "outside": _("Outside party"),
    "called": _("Who is called"),
    "organisation": _("Which organisation"),
    "party": _("To whom"),
    "demand": _("What is demanded"),
    "document": _("Document number"),
    "result": _("Result"),
    "solved": _("Is it solved?"),
    "finding": _("What was found"),
    "stars": _("Rating"),
    "contact_name": _("Name of the reporter"),
    "contact_phone": _("Telephone of the reporter"),
    "on_behalf": _("On behalf of"),
    "component": _("Component code"),
}
FOR_WHOM = {"resident": _("Resident")}
CHOICE_WORDS = {
    "close_kind": {"fixed": _("Fixed"), "gone": _("No longer there"), "explained": _("Explained")},
    "finding": {
        "true": _("It is so"),
        "not_found": _("Not found"),
        "other_category": _("It is something else"),
    },
    "payer": {
        "public": _("Public money"),
        "fund": _("Maintenance fund"),
        "responsible": _("The responsible person"),
        "owner": _("The owner"),
        "unclear": _("Not clear yet"),
    },
    "result": {
        "done": _("Put right"),
        "not_done": _("Not put right"),
        "uphold": _("Confirmed"),
        "void": _("Not mended, opened again"),
        "satisfied": _("Satisfied"),
        "not_satisfied": _("Not satisfied"),
        "not_reached": _("Not reached"),
    },
    "solved": {"yes": _("Yes"), "no": _("No")},
    "stars": {"1": "★", "2": "★★", "3": "★★★", "4": "★★★★", "5": "★★★★★"},
}
CLOSE_KIND_WORDS = {**CHOICE_WORDS["close_kind"], "recorded": _("Recorded (history)")}
CLOCK_WORDS = {
    "register": _("Registering"),
    "verify": _("Verifying"),
    "dispatch": _("Dispatching"),
    "handle": _("Handling"),
    "inspect": _("Inspecting"),
    "close": _("Closing"),
    "whole": _("Whole case"),
    "reply": _("Reply owed"),
    "wait": _("Waiting for the answer"),
    "arrive": _("Coming to the spot"),
    "help": _("Help asked"),
    "notice": _("Notice period"),
    "supervise": _("Supervised until"),
    "enforce": _("Legal term"),
    "suspend": _("Suspended until"),
}
FLAG_WORDS = {
    "return_asked": _("return asked"),
    "extension_asked": _("more time asked"),
    "suspension_asked": _("suspension asked"),
    "appeal_open": _("appeal to judge"),
    "supervised": _("supervised"),
    "safe": _("made safe"),
    "claimable": _("open to claims"),
    "assigned_anyway": _("assigned anyway"),
    "noticed": _("notice given"),
}
# As events name them: levels of the tree that have no office.
NO_OFFICE_WORDS = {
    "level 1": _("the street has no office"),
    "level 2": _("the community has no office"),
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
STAGE_WORDS = {
    "before": _("Before"),
    "during": _("During"),
    "after": _("After"),
    "inspection": _("At the inspection"),
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
