"""A held act field by field: what it says beside what the case says now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from server.console.correcting import REPORTS, Correction
from server.locale import gettext_for
from server.protocol.wire import read_time
from server.protocol.words import CHOICE_WORDS, FIELD_WORDS
from server.protocol.workflow import TABLE

Row = dict[str, Any]
# Kinds of organisation that an act may name by their codes, and in which fields it does.
ORGANISATIONS = ("centre", "street", "community", "crew", "outside")
NAMING = ("crew", "organisation", "outside", "called")
ELSEWHERE = ("category", "attachments", "place")  # said in lines of their own


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
class HeldFields:
    """The fields of one held act, for a reader; `names` of organisations by code."""

    act: Correction
    names: Mapping[str, str]

    def lines(self, state_seen: str) -> Iterator[Line]:
        """State first, then every field that the act names."""
        say, case, payload = gettext_for(self.act.desk.lang), self.act.held.case, self.act.payload
        if case is not None:
            yield Line(say(STATE), state_seen or "–", case["state_word"])
        if self.act.kind in REPORTS or payload.get("category"):
            now, label = case["category"]["name"] if case else "–", FIELD_WORDS["category"]
            yield Line(say(label), self._category(payload), now)
        if self.act.place:
            label = FIELD_WORDS["place"]
            yield Line(say(label), self.act.place, self._place_now(case))
        for name in FIELD_WORDS:
            value = payload.get(name)
            if value and name not in ELSEWHERE:
                yield Line(say(FIELD_WORDS[name]), self._word(name, value), self._now(case, name))

    def _category(self, said: Row) -> str:
        category, lang = said.get("category"), self.act.desk.lang
        if not isinstance(category, dict):
            return str(category) if isinstance(category, str) else "–"
        found = self.act.pack.category(str(category.get("system")), str(category.get("code")))
        return found.name(lang) if found else "–"

    def _place_now(self, case: Row | None) -> str:
        if case is None:
            return "–"
        at = case["location"]
        if at["lon"] is None or self.act.payload.get("grid_code"):
            return str(case["grid"]["code"] or "–")
        return f"{at['lon']:.6f}, {at['lat']:.6f}"

    def _word(self, name: str, value: Any) -> str:
        say, lang = gettext_for(self.act.desk.lang), self.act.desk.lang
        if name == "condition":
            category = self.act.category
            condition = category.condition(str(value)) if category else None
            return condition.names.get(lang, condition.code) if condition else str(value)
        if name == "until":
            return f"{read_time(value).astimezone(self.act.desk.zone):%Y-%m-%d %H:%M}"
        if name == "parts":
            parts = [part for part in value if isinstance(part, dict)]
            return say(", ").join(str(part.get("title") or self._category(part)) for part in parts)
        several = [str(one) for one in (value if isinstance(value, list) else [value])]
        if name in NAMING:
            return say(", ").join(self.names.get(one, one) for one in several)
        known = CHOICE_WORDS.get(name, {})
        return say(", ").join(say(known[one]) if one in known else one for one in several)

    def _now(self, case: Row | None, name: str) -> str:
        value = (case or {}).get(name)
        if name == "condition" and value:
            return str(value["name"])
        return self._word(name, value) if value else "–"


def chosen_by_field(action: str) -> bool:
    """Whether what a field says chooses among the rows of an act: another word there is another move."""
    return any(row.given for row in TABLE if row.action == action)


def _(msgid: str) -> str:
    return msgid


STATE = _("State")
