"""The outbox in words: where each command stands, why, and what the worker can do about it."""

from collections.abc import Callable, Sequence
from datetime import datetime

from mobile.core.act_words import ICONS
from mobile.core.outbox import Entry
from mobile.core.speech import Speech
from mobile.core.views import Mood, NextStep, OutboxItem, OutboxView
from server.protocol.words import ACTION_WORDS


def _(msgid: str) -> str:
    return msgid


STATUS = {
    "queued": ("clock", "closed", _("Waiting")),
    "sending": ("sync", "closed", _("Sent, no answer yet")),
    "applied": ("image", "closed", _("Arrived, photos follow")),
    "applied_with_conflict": ("info", "closed", _("Took effect, with a change")),
    "held": ("pause", "soon", _("The office decides")),
    "rejected": ("stop", "overdue", _("Not accepted")),
    "quarantined": ("stop", "overdue", _("Could not be sent")),
}
DECIDED = ("info", "closed", _("The office decided: took effect"))
PHOTO_REFUSED = ("stop", "overdue", _("Photo not taken"))
WHY = {
    "queued": _("Sealed on this tablet; it goes out by itself when there is a signal."),
    "sending": _(
        "It was sent, but no answer came back. It is sent again until one does and never counts twice."
    ),
    "applied": _(
        "The office has it. {sent} of {all} photos have arrived; the others stay here until they have."
    ),
    "applied_with_conflict": _("Somebody acted on the case in the meantime; yours took effect as well."),
    "held": _("It waits for the office to decide. Both versions are kept; you need not do it again."),
    "rejected": _("It cannot take effect. Everything that you entered is kept here."),
    "quarantined": _("The server could not read it. Everything that you entered is kept here."),
}
EDIT = NextStep("edit", _("Change and report again"), "edit")
ASK = NextStep("ask_office", _("Ask the office"), "phone", asks_reason=True)
DISCARD = NextStep("discard", _("Discard, with a reason"), "trash", asks_reason=True)
SEEN = NextStep("seen", _("Understood"), "check")
OPEN = NextStep("open_case", _("See the case"), "compare")
LET_GO = NextStep("let_go", _("Take the photo off this tablet"), "trash", asks_reason=True)
UNDO = NextStep("undo", _("Take back"), "undo")


def steps_for(entry: Entry, case_known: bool, photo_refused: bool = False) -> tuple[NextStep, ...]:
    """What can be done about a command where it stands now; labels still as msgids."""
    if photo_refused:
        return (*((OPEN,) if case_known else ()), LET_GO)
    report = entry.kind in ("report", "self_handle") and bool(entry.command)
    if entry.state == "queued" and not entry.sent:
        return (UNDO,)
    if entry.state in ("rejected", "quarantined"):
        return (*((EDIT,) if report else ()), *((OPEN, ASK) if case_known else ()), DISCARD)
    if entry.state == "held":
        return (*((OPEN,) if case_known else ()), SEEN)
    if entry.state == "applied_with_conflict" or entry.decided:
        return (SEEN, *((OPEN,) if case_known else ()))
    return ()


class OutboxWords:
    """Words the outbox; `matter` names what a command is about, `photos` counts (confirmed, all) of a command, and
    `refused` is the server's sentence about a photo of it that it will never take.
    """

    def __init__(
        self,
        speech: Speech,
        now: datetime,
        matter: Callable[[Entry], str],
        photos: Callable[[Entry], tuple[int, int]],
        refused: Callable[[Entry], str],
        case_known: Callable[[str], bool],
    ) -> None:
        self._speech, self._now, self._matter = speech, now, matter
        self._photos, self._refused, self._case_known = photos, refused, case_known

    def view(self, entries: Sequence[Entry], last_synced: datetime | None) -> OutboxView:
        """The three groups with a sentence each."""
        say = self._speech.say
        needs_you = [e for e in entries if e.state in ("rejected", "quarantined", "held") or self._refused(e)]
        others = [e for e in entries if e not in needs_you]
        changed = [e for e in others if e.state == "applied_with_conflict" or e.decided]
        waiting = [e for e in others if e.state in ("queued", "sending", "applied") and not e.decided]
        synced = (
            say("Last synced {moment}.", moment=self._speech.moment(last_synced, self._now))
            if last_synced
            else say("Never synced yet.")
        )
        return OutboxView(
            tuple(map(self._item, needs_you)),
            tuple(map(self._item, changed)),
            tuple(map(self._item, waiting)),
            say("{n} · the server answered, it did not take effect", n=len(needs_you)),
            say("{n} · goes away once you have seen it", n=len(changed)),
            say("{n} · sent by itself in this order when there is a signal", n=len(waiting)),
            say("Everything has arrived at the office. {synced}", synced=synced),
        )

    def _item(self, entry: Entry) -> OutboxItem:
        say = self._speech.say
        refused = self._refused(entry)
        taken = DECIDED if entry.decided and entry.state != "rejected" else STATUS[entry.state]
        icon, mood, status = PHOTO_REFUSED if refused else taken
        arrived, photos = self._photos(entry)
        since = say("noted {moment}", moment=self._speech.moment(entry.made_at, self._now))
        if entry.answer:
            since = say(
                "{noted}, answered {moment}", noted=since, moment=self._speech.moment(entry.at, self._now)
            )
        if photos:
            since += " · " + say("{sent} of {all} photos sent", sent=arrived, all=photos)
        silent = entry.state == "applied" and not entry.decided
        spoken = "" if silent else (entry.answer.get("reason") or {}).get("sentence")
        why = refused or spoken or say(WHY[entry.state], sent=arrived, all=photos)
        steps = tuple(
            NextStep(s.step, say(s.label), s.icon, s.asks_reason)
            for s in steps_for(entry, self._case_known(entry.case_id), bool(refused))
        )
        title = f"{say(ACTION_WORDS.get(entry.kind, entry.kind))} · {self._matter(entry)}"
        return OutboxItem(
            entry.command_id,
            icon or ICONS.get(entry.kind, "info"),
            _mood(mood),
            say(status),
            title,
            since,
            why,
            steps,
            entry.case_id if self._case_known(entry.case_id) else "",
        )


def _mood(word: str) -> Mood:
    moods: dict[str, Mood] = {"closed": "closed", "soon": "soon", "overdue": "overdue"}
    return moods[word]
