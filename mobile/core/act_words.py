"""An act in words: its button, its drawing, what it will do, and whether it takes photos."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mobile.core.act_fields import fields
from mobile.core.speech import Speech
from mobile.core.views import Act
from server.protocol.pack import Category, Condition, Pack
from server.protocol.stages import stages_of
from server.protocol.words import ACTION_WORDS
from server.protocol.workflow import Row


def _(msgid: str) -> str:
    return msgid


ICONS = {
    "report": "flag",
    "part": "layers",
    "self_handle": "wrench",
    "record": "info",
    "send_verify": "walk",
    "verify": "search",
    "register": "check",
    "decline": "stop",
    "ask": "opinion",
    "answer": "opinion",
    "time_out": "clock",
    "merge": "compare",
    "dispatch": "send",
    "assign_anyway": "send",
    "dispatch_down": "down",
    "take": "crew",
    "claim": "crew",
    "split": "layers",
    "forward": "right",
    "accept": "crew",
    "ask_return": "undo",
    "uphold_return": "undo",
    "refuse_return": "stop",
    "recall": "undo",
    "make_safe": "fence",
    "whistle": "noise",
    "arrive": "pin",
    "ask_help": "phone",
    "answer_help": "opinion",
    "notice": "poster",
    "recheck": "search",
    "enforce": "shield",
    "enforced": "shield",
    "ask_extension": "clock",
    "grant_extension": "clock",
    "refuse_extension": "stop",
    "ask_suspension": "pause",
    "suspend": "pause",
    "refuse_suspension": "stop",
    "resume": "sync",
    "handle": "wrench",
    "parts_done": "layers",
    "answer_outside": "opinion",
    "pass": "ok",
    "fail": "close",
    "cannot_inspect": "lock",
    "absent": "lock",
    "close": "check",
    "send_back": "undo",
    "reopen": "undo",
    "rate": "care",
    "appeal": "flag",
    "uphold_appeal": "check",
    "reject_appeal": "stop",
    "sample": "search",
    "escalate": "up",
    "hand_down": "down",
    "supervise": "flag",
    "answer_supervision": "opinion",
    "change": "edit",
    "contact": "phone",
    "reply": "opinion",
    "callback": "phone",
    "comment": "edit",
    "add_evidence": "camera",
    "cancel": "trash",
    "redact": "trash",
    "recompute": "clock",
    "reroute": "map",
}
SENTENCES = {
    "verify": _("Says what is really there; the duty officer then registers or declines it."),
    "register": _("Makes it a numbered case; its time limits run from now."),
    "decline": _("Ends it; the reporter reads the reason."),
    "ask": _("All clocks stand still until the answer comes."),
    "answer": _("The answer goes to who asked; the clocks go on."),
    "dispatch_down": _("The street below dispatches its own crews."),
    "take": _("The case is yours from now on; you handle it yourselves."),
    "claim": _("The case is yours from now on."),
    "accept": _("The case is yours from now on."),
    "ask_return": _("Asks the duty officer to take it back; its time runs on until then."),
    "make_safe": _("Fence it off, warn people, stop what may hurt somebody. It does not close the case."),
    "arrive": _("Tells who called that you are on the spot."),
    "answer_help": _("Your answer goes to the crew that asked."),
    "notice": _("Somebody is told to put it right until then; you check it afterwards."),
    "recheck": _("If it was put right it goes to the inspection; if not, it stays with who has it."),
    "enforce": _("Its handling time stands still; the legal term runs."),
    "enforced": _("Goes to the inspection."),
    "ask_extension": _("Asks the duty officer for one more original limit; its time runs on until then."),
    "ask_suspension": _("Asks the duty officer to let all clocks stand; they run on until then."),
    "handle": _("Reports it as mended; the grid worker inspects it."),
    "answer_outside": _("Goes to the inspection."),
    "pass": _("The condition for closing is met; the duty officer then closes the case."),
    "fail": _("It goes back to be mended; its time runs on."),
    "cannot_inspect": _("Somebody else inspects it: the community does."),
    "close": _("Ends the case; the reporter and who mended it are told."),
    "reopen": _("Opens a new cycle; what was counted stays counted."),
    "rate": _("Counts for who mended it; it can be said once."),
    "appeal": _("Somebody looks at it again; it can be asked for once."),
    "escalate": _("Goes up one level; an emergency goes to the centre at once."),
    "hand_down": _("Goes down one level; that office answers for it from now on."),
    "supervise": _("Presses who holds it; they have to answer until then."),
    "answer_supervision": _("The answer goes to who supervises; that clock stops."),
    "change": _("Another category or condition computes its time limits anew from the same start."),
    "contact": _("Notes what was said to the reporter."),
    "reply": _("The reporter is owed a reply; this is it."),
    "callback": _("Notes what the reporter said when asked afterwards."),
    "cancel": _("Only for tests and mistakes: the case no longer counts."),
}
PhotoRule = Literal["no", "may", "must"]


def photo_rule(row: Row, category: Category | None) -> PhotoRule:
    """Whether an act takes photos."""
    evidence = next((need for need in row.needs if need.kind == "evidence"), None)
    if evidence is None:
        return "no"
    return "must" if evidence.required or (category and row.action in category.needs_photo) else "may"


def action_word(action: str, pack: Pack | None, speech: Speech, told: str = "") -> str:
    """An act's name: the pack's own, the table's, or as the server `told` it when this tablet is older than the act."""
    own = pack.word("actions", action, speech.language) if pack else ""
    return own or (speech.say(ACTION_WORDS[action]) if action in ACTION_WORDS else told or action)


@dataclass(frozen=True)
class ActWords:
    """Words the acts on a case of that category and condition, at the server's time `now`."""

    pack: Pack | None
    category: Category | None
    condition: Condition | None
    speech: Speech
    now: datetime

    def act(self, row: Row, primary: bool = False, near: bool = False, danger: bool = False) -> Act:
        """The button of one row of the table, in the words of the pack."""
        return Act(
            row.action,
            action_word(row.action, self.pack, self.speech),
            ICONS.get(row.action, "info"),
            fields(row, self.pack, self.category, self.condition, self.speech, self.now),
            primary,
            photo_rule(row, self.category),
            stages_of(row.action, self.category),
            self.speech.say(SENTENCES[row.action]) if row.action in SENTENCES else "",
            near,
            danger,
        )
