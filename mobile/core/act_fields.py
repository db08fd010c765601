"""What an act asks, as fields that a gloved hand can fill: chips wherever the answer is one of a few."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mobile.core.speech import Speech
from mobile.core.until import CODES, days, moment_of, moments
from mobile.core.views import Choice, Field
from server.protocol import pack as packs
from server.protocol.pack import Category, Condition, Pack
from server.protocol.wire import time_text
from server.protocol.words import CHOICE_WORDS, FIELD_WORDS
from server.protocol.workflow import Needs, Row


def _(msgid: str) -> str:
    return msgid


UNMET = (
    _("Not mended, as it was reported"),
    _("Only partly mended"),
    _("Something else was damaged"),
    _("Wrong place"),
    _("The place was not cleared"),
)
# What a tablet does not know: organisations, outside parties, other cases. Acts that need one are done at a desk.
AT_A_DESK = frozenset({"organisation", "crew", "outside", "parts", "case"})
HERE = "here"
STAYS, IS_HERE = _("The place stays"), _("It is where I stand now")
# The first of these is chosen already: the common case is one touch less.
CHOSEN = {"close_kind"}
SHORT_WORDS = frozenset({"party", "document"})
ONLY_IF = {("verify", "category"): ("finding", "other_category")}


def on_a_tablet(row: Row) -> bool:
    """Whether a tablet knows enough to ask what the row needs."""
    return not any(need.required and need.kind in AT_A_DESK for need in row.needs)


def fields(
    row: Row,
    pack: Pack | None,
    category: Category | None,
    condition: Condition | None,
    speech: Speech,
    now: datetime,
) -> tuple[Field, ...]:
    """The fields of one row of the table, photos left out, with the pack's reasons as words to start from."""
    asker = _Asker(row, pack, category, condition, speech, now)
    asked = (need for need in row.needs if need.kind != "evidence" and need.kind not in AT_A_DESK)
    return tuple(asker.field(need) for need in asked)


class _Asker:
    def __init__(
        self,
        row: Row,
        pack: Pack | None,
        category: Category | None,
        condition: Condition | None,
        speech: Speech,
        now: datetime,
    ) -> None:
        self.row, self.category, self.condition = row, category, condition
        self.speech, self.now = speech, now
        self.offered = pack.offered(row.action, speech.language) if pack else ()

    def field(self, need: Needs) -> Field:
        say, name = self.speech.say, need.name
        label = say(FIELD_WORDS.get(name, name))
        only_if = ONLY_IF.get((self.row.action, name))
        if name == "unmet":
            return Field(name, label, "choices", need.required, self._unmet())
        if need.kind == "choice":
            words = CHOICE_WORDS.get(name, {})
            kinds = tuple(Choice(code, say(words.get(code, code))) for code in need.choices)
            value = kinds[0].code if name in CHOSEN else ""
            return Field(name, label, "choice", need.required, kinds, value=value)
        if need.kind == "condition":
            return self._condition(need, label)
        if need.kind == "time":
            return Field(name, label, "time", need.required, moments(self.row.action, self.now, self.speech))
        if need.kind == "category":
            return Field(name, label, "category", need.required, asked_if=only_if)
        if need.kind == "place":
            here = (Choice("", say(STAYS)), Choice(HERE, say(IS_HERE)))
            return Field(name, label, "choice", need.required, here)
        if name == "reason" and self.offered:
            return Field(
                name, label, "long", need.required, tuple(Choice(words, words) for words in self.offered)
            )
        return Field(name, label, "text" if name in SHORT_WORDS else "long", need.required)

    def _unmet(self) -> tuple[Choice, ...]:
        # What is not met is first of all the condition for closing itself, in its own words.
        wanted = [self.speech.named(self.condition.closing)] if self.condition else []
        return tuple(
            Choice(words, words) for words in (*wanted, *(self.offered or map(self.speech.say, UNMET)))
        )

    def _condition(self, need: Needs, label: str) -> Field:
        if self.category is None:
            return Field(need.name, label, "text", need.required)
        choices = tuple(
            Choice(c.code, self.speech.named(c.names), self.speech.limit(c.handle))
            for c in self.category.conditions
        )
        # A change names only what becomes another one.
        value = self.condition.code if self.condition and self.row.action != "change" else ""
        return Field(need.name, label, "choice", need.required, choices, value=value)


def form_field(asked: packs.Field, speech: Speech, now: datetime) -> Field:
    """A field of a category's own form."""
    choices: tuple[Choice, ...] = tuple(Choice(c.code, speech.named(c.names)) for c in asked.choices)
    if asked.kind == "date":
        choices = days(now, speech)
    kinds: Mapping[str, Any] = {"choice": "choice", "number": "number", "phone": "phone", "date": "date"}
    kind = kinds.get(asked.kind, "text")
    hint = speech.say("as 2026-11-22") if kind == "date" else ""
    return Field(
        asked.name,
        speech.named(asked.names),
        kind,
        asked.required,
        choices,
        hint=hint,
        private=asked.private,
    )


def resident_fields(speech: Speech) -> tuple[Field, ...]:
    """What is asked of a resident on whose behalf a worker reports: enough to be answered."""
    say = speech.say
    return (
        Field("contact_name", say("How to address the resident"), "text", True, private=True),
        Field("contact_phone", say("Telephone of the resident"), "phone", False, private=True),
    )


def on_the_wire(
    row: Row, values: Mapping[str, str | Sequence[str]], now: datetime, speech: Speech
) -> dict[str, Any]:
    """What was answered as a payload: a chosen moment becomes a time, a category its system and code."""
    kinds = {need.name: need.kind for need in row.needs}
    payload: dict[str, Any] = {}
    for name, value in values.items():
        kind = kinds.get(name, "text")
        if kind == "place" or not value:
            continue
        if not isinstance(value, str):
            payload[name] = "；".join(value)
        elif kind == "time" and value in CODES:
            payload[name] = time_text(moment_of(value, now, speech.zone))
        elif kind == "category":
            system, _slash, code = value.rpartition("/")
            payload[name] = {"system": system, "code": code}
        else:
            payload[name] = value
    return payload
