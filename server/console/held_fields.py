"""A held act field by field: what it says beside what the case says now, and the form in which it is changed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from server.console.filled import matter
from server.console.moments import local_text, read_local
from server.protocol.pack import Category, Pack
from server.protocol.wire import read_time, time_text
from server.protocol.words import CHOICE_WORDS, FIELD_WORDS
from server.protocol.workflow import TABLE, Needs

Words = Callable[[str], str]
Row = dict[str, Any]
REPORTS = ("report", "self_handle")
TEXTS = ("title", "description", "done")
CHANGEABLE = ("text", "choice", "time", "condition")


@dataclass(frozen=True)
class Line:
    """One line of the comparison: what the tablet says, what the system says now."""

    label: str
    tablet: str
    now: str

    @property
    def differs(self) -> bool:
        return self.tablet != self.now


@dataclass(frozen=True)
class Input:
    """One field of the form. `kind`: text, choice, time, matter; `groups` = (heading, pairs) for a matter."""

    name: str
    kind: str
    label: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


@dataclass(frozen=True)
class HeldFields:
    """The fields of one held act, for a reader."""

    kind: str
    payload: Row
    pack: Pack
    lang: str
    zone: ZoneInfo
    say: Words

    def lines(self, case: Row | None, state_seen: str) -> Iterator[Line]:
        """State first, then every field that the act names."""
        say = self.say
        if case is not None:
            yield Line(say(STATE), state_seen or "–", case["state_word"])
        if self.kind in REPORTS or self.payload.get("category"):
            now = case["category"]["name"] if case else "–"
            label = FIELD_WORDS["category"]
            yield Line(say(label), self._category(), now)
        for name in FIELD_WORDS:
            value = self.payload.get(name)
            if value and name not in ("category", "attachments"):
                yield Line(say(FIELD_WORDS[name]), self._word(name, value), self._now(case, name))

    def _category(self) -> str:
        found = self._found()
        if found is not None:
            return found.name(self.lang)
        said = self.payload.get("category")
        return str(said) if isinstance(said, str) else "–"

    def _found(self) -> Category | None:
        said = self.payload.get("category")
        if not isinstance(said, dict):
            return None
        return self.pack.category(str(said.get("system", "")), str(said.get("code", "")))

    def _word(self, name: str, value: Any) -> str:
        if name == "condition":
            category = self._found()
            condition = category.condition(str(value)) if category else None
            return condition.names.get(self.lang, condition.code) if condition else str(value)
        if name == "until":
            return f"{read_time(value).astimezone(self.zone):%Y-%m-%d %H:%M}"
        word = CHOICE_WORDS.get(name, {}).get(value) if isinstance(value, str) else None
        if word:
            return self.say(word)
        return value if isinstance(value, str) else self.say(", ").join(map(str, value))

    def _now(self, case: Row | None, name: str) -> str:
        value = (case or {}).get(name)
        if name == "condition" and value:
            return str(value["name"])
        return self._word(name, value) if value else "–"

    def inputs(self) -> list[Input]:
        """The form, filled with what came."""
        say, value = self.say, self.payload.get
        if self.kind in REPORTS:
            names = TEXTS if self.kind == "self_handle" else TEXTS[:2]
            said = self._found()
            key = (
                f"{said.key}#{value('condition')}"
                if said and value("condition")
                else said.key
                if said
                else ""
            )
            label = FIELD_WORDS["category"]
            first = Input("category", "matter", say(label), key, groups=self._matters())
            return [first, *(Input(n, "text", say(FIELD_WORDS[n]), str(value(n) or "")) for n in names)]
        return [self._input(need) for need in needs_of(self.kind)]

    def _input(self, need: Needs) -> Input:
        value, label = self.payload.get(need.name) or "", self.say(FIELD_WORDS[need.name])
        if need.kind == "time" and value:
            value = local_text(read_time(value), self.zone)
        pairs = tuple((code, self.say(CHOICE_WORDS[need.name][code])) for code in need.choices)
        return Input(need.name, "text" if need.kind == "condition" else need.kind, label, str(value), pairs)

    def _matters(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        majors = groupby(self.pack.categories, key=lambda c: (c.system, c.major))
        return tuple(
            (self.pack.major_name(system, major, self.lang), tuple(p for c in found for p in self._pairs(c)))
            for (system, major), found in majors
        )

    def _pairs(self, category: Category) -> Iterator[tuple[str, str]]:
        yield category.key, category.name(self.lang)
        for condition in category.conditions:
            said = condition.names.get(self.lang, condition.code)
            yield f"{category.key}#{condition.code}", f"{category.name(self.lang)} · {said}"

    def changed(self, given: Mapping[str, str]) -> Row:
        """The payload with what was typed; what the form does not have stays as it came. ValueError for a time that
        cannot be read.
        """
        payload = dict(self.payload)
        for one in self.inputs():
            text = given.get(f"new.{one.name}")
            if text is None:
                continue
            if one.kind == "matter":
                payload |= {"condition": ""} | matter(text) if text else {}
            elif one.kind == "time":
                payload[one.name] = time_text(read_local(text, self.zone)) if text.strip() else None
            else:
                payload[one.name] = text.strip()
        return payload


def needs_of(action: str) -> list[Needs]:
    """What an act asks for that can be changed in a plain form, by all its rows together."""
    found = {need.name: need for row in TABLE if row.action == action for need in row.needs}
    return [need for need in found.values() if need.kind in CHANGEABLE]


def chosen_by_field(action: str) -> bool:
    """Whether what a field says chooses among the rows of an act: another word there is another move."""
    return any(row.given for row in TABLE if row.action == action)


def _(msgid: str) -> str:
    return msgid


STATE = _("State")
