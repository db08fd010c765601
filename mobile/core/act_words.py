"""An act in words: its button, what it asks, whether it takes photos, and what it will do."""

from typing import Literal

from mobile.core.speech import Speech
from mobile.core.views import Act, Choice, Field
from server.protocol.pack import Category, Condition, Pack
from server.protocol.words import ACTION_WORDS, CLOSE_KIND_WORDS, FIELD_WORDS
from server.protocol.workflow import CLOSE_KINDS, Needs, Row


def _(msgid: str) -> str:
    return msgid


ICONS = {
    "report": "flag",
    "self_handle": "wrench",
    "register": "check",
    "decline": "stop",
    "dispatch": "send",
    "accept": "crew",
    "ask_return": "undo",
    "uphold_return": "undo",
    "refuse_return": "stop",
    "recall": "undo",
    "handle": "wrench",
    "pass": "ok",
    "fail": "close",
    "close": "check",
    "reopen": "undo",
    "escalate": "up",
    "comment": "edit",
    "add_evidence": "camera",
}
STAGES = {
    "report": "before",
    "self_handle": "after",
    "handle": "after",
    "pass": "inspection",
    "fail": "inspection",
}
UNMET = (
    _("Not mended, as it was reported"),
    _("Only partly mended"),
    _("Something else was damaged"),
    _("Wrong place"),
    _("The place was not cleared"),
)
SENTENCES = {
    "pass": _("The condition for closing is met; the duty officer then closes the case."),
    "fail": _("It goes back to be mended; its time runs on."),
    "accept": _("The case is yours from now on."),
    "handle": _("Reports it as mended; the grid worker inspects it."),
    "ask_return": _("Asks the duty officer to take it back; its time runs on until then."),
    "escalate": _("Goes up one level; an emergency goes to the centre at once."),
    "reopen": _("Opens a new cycle; what was counted stays counted."),
}


PhotoRule = Literal["no", "may", "must"]


def photo_rule(row: Row, category: Category | None) -> PhotoRule:
    """Whether an act takes photos."""
    evidence = next((need for need in row.needs if need.kind == "evidence"), None)
    if evidence is None:
        return "no"
    return "must" if evidence.required or (category and row.action in category.needs_photo) else "may"


def act(
    row: Row,
    pack: Pack | None,
    category: Category | None,
    condition: Condition | None,
    primary: bool,
    speech: Speech,
) -> Act:
    """The button of one row of the table, on a case of that category and condition, in the words of the pack."""
    asked = [need for need in row.needs if need.kind != "evidence"]
    offered = pack.offered(row.action, speech.language) if pack else ()
    return Act(
        row.action,
        (pack.word("actions", row.action, speech.language) if pack else "")
        or speech.say(ACTION_WORDS[row.action]),
        ICONS.get(row.action, "info"),
        tuple(_field(need, offered, category, condition, speech) for need in asked),
        primary,
        photo_rule(row, category),
        STAGES.get(row.action, "during"),
        speech.say(SENTENCES[row.action]) if row.action in SENTENCES else "",
    )


def _field(
    need: Needs,
    offered: tuple[str, ...],
    category: Category | None,
    condition: Condition | None,
    speech: Speech,
) -> Field:
    """What one need asks; `offered` are the pack's reasons for the act."""
    say = speech.say
    label = say(FIELD_WORDS.get(need.name, need.name))
    if need.name == "close_kind":
        kinds = tuple(Choice(kind, say(CLOSE_KIND_WORDS[kind])) for kind in CLOSE_KINDS)
        return Field(need.name, label, "choice", need.required, kinds, value=kinds[0].code)
    if need.name == "unmet":
        # What is not met is first of all the condition for closing itself, in its own words.
        wanted = [speech.named(condition.closing)] if condition else []
        unmet = tuple(Choice(words, words) for words in (*wanted, *(offered or map(say, UNMET))))
        return Field(need.name, label, "choices", need.required, unmet)
    if need.kind == "condition" and category:
        choices = tuple(
            Choice(c.code, speech.named(c.names), speech.limit(c.handle)) for c in category.conditions
        )
        value = condition.code if condition else ""
        return Field(need.name, label, "choice", need.required, choices, value=value)
    if need.name == "reason" and offered:
        return Field(
            need.name, label, "long", need.required, tuple(Choice(words, words) for words in offered)
        )
    return Field(need.name, label, "text" if need.kind == "crew" else "long", need.required)
