"""What may be chosen in the forms of one case; the database is asked only for what a form on the page really has."""

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from server.console.desk import Desk
from server.console.moments import Quick, local_text, quick
from server.crews import service as crews
from server.db import queries
from server.locale import gettext_for
from server.packs import current, pack_of_version
from server.protocol.pack import Category, Condition, Pack, limit_words
from server.protocol.wire import read_time
from server.protocol.workflow import ENDED

SQL = queries(__file__)
Pairs = list[tuple[str, str]]


def _(msgid: str) -> str:
    return msgid


KIND_WORDS = {
    "centre": _("Centre"),
    "street": _("Street offices"),
    "community": _("Communities"),
    "crew": _("Handling crews"),
}


@dataclass(frozen=True)
class Matter:
    """A category to choose, or one of its conditions: `value` = "system/code" or "system/code#condition"."""

    value: str
    words: str
    known_by: str


@dataclass
class Choices:
    """Of one case (`case` as from get_case, `row` its database row, `near` the cases beside it)."""

    desk: Desk
    case: dict[str, Any]
    row: dict[str, Any]
    events: list[dict[str, Any]]
    near: list[dict[str, Any]]

    @cached_property
    def pack(self) -> Pack:
        """The pack that the case was made under."""
        return pack_of_version(self.desk.conn, self.row["pack_version"])

    @cached_property
    def in_force(self) -> Pack:
        """The district's pack of today, whose limits count."""
        return current(self.desk.conn, self.row["district_id"])[1]

    @cached_property
    def organisations(self) -> list[tuple[str, Pairs]]:
        """Whom one may call or ask, by kind; the reader's own organisation has the case already."""
        say = gettext_for(self.desk.lang)
        rows = SQL.organisations_of(
            self.desk.conn, district_id=self.row["district_id"], kinds=list(KIND_WORDS)
        )
        others = [row for row in rows if row["id"] != self.desk.viewer.organisation_id]
        named = self._named()
        own = [(row["code"], row["name"]) for row in others if row["code"] in named]
        others = [row for row in others if row["code"] not in named]
        return [(say(_("Responsible for this condition")), own)] * bool(own) + [
            (say(word), [(row["code"], row["name"]) for row in others if row["kind"] == kind])
            for kind, word in KIND_WORDS.items()
            if any(row["kind"] == kind for row in others)
        ]

    @cached_property
    def outside(self) -> Pairs:
        """Parties outside that a case may be forwarded to; who owns or manages such a thing first."""
        rows = SQL.organisations_of(self.desk.conn, district_id=self.row["district_id"], kinds=["outside"])
        named = self._named(outside=True)
        ordered = sorted(rows, key=lambda row: row["code"] not in named)
        return [(row["code"], row["name"]) for row in ordered]

    def _named(self, outside: bool = False) -> set[str]:
        """Codes of those that the pack makes responsible for the case's condition, at its place."""
        found = crews.answerable(self.desk.conn, self.row, outside)
        return {one.code for one in found if one.named}

    @cached_property
    def crews(self) -> Pairs:
        """All crews of the district, for the parts of a split case."""
        rows = SQL.crews_of(self.desk.conn, district_id=self.row["district_id"])
        return [(row["code"], row["name"]) for row in rows]

    @cached_property
    def categories(self) -> list[tuple[str, list[Matter]]]:
        """The categories by major."""
        return self._by_major(lambda category: [self._matter(category)])

    @cached_property
    def matters(self) -> list[tuple[str, list[Matter]]]:
        """The conditions of all categories by major, each with its limit."""
        return self._by_major(lambda c: [self._matter(c, condition.code) for condition in c.conditions])

    def _by_major(self, choices_of: Any) -> list[tuple[str, list[Matter]]]:
        pack, lang = self.pack, self.desk.lang
        return [
            (pack.major_name(system, major, lang), [choice for c in found for choice in choices_of(c)])
            for (system, major), found in groupby(pack.categories, key=lambda c: (c.system, c.major))
        ]

    def _matter(self, category: Category, code: str = "") -> Matter:
        lang = self.desk.lang
        condition = category.condition(code) if code else None
        words, value = category.name(lang), category.key
        if condition is not None:
            value = f"{value}#{condition.code}"
            if len(category.conditions) > 1:
                words = f"{words} · {condition.names.get(lang, condition.code)}"
            words = f"{words} ({self._limit(category, condition)})"
        return Matter(value, words, f"{category.initials} {category.code}")

    def _limit(self, category: Category, condition: Condition) -> str:
        today = self.in_force.category(category.system, category.code)
        counts = (today.condition(condition.code) if today else None) or condition
        return limit_words(counts.handle, gettext_for(self.desk.lang))

    @cached_property
    def conditions(self) -> dict[str, tuple[str, str]]:
        """Of the case's category: the limit and the condition for closing, by the condition's code."""
        wanted = self.case["category"]
        category = self.pack.category(wanted["system"], wanted["code"]) or self.pack.other
        lang = self.desk.lang
        return {c.code: (self._limit(category, c), c.closing.get(lang, "")) for c in category.conditions}

    @cached_property
    def areas(self) -> list[tuple[str, Pairs]]:
        """Where it may be put: communities and grids of the district by street."""
        by_street: dict[str, Pairs] = {}
        for row in SQL.areas(self.desk.conn, root=self.row["district_id"]):
            by_street.setdefault(row["path"].partition(" › ")[0], []).append((row["code"], row["path"]))
        return list(by_street.items())

    @cached_property
    def extent(self) -> str:
        """West, south, east, north of the district, for a map to choose a place on; "" before it has boundaries."""
        found = SQL.extent(self.desk.conn, root=self.row["district_id"])
        return ",".join(str(found[side]) for side in ("west", "south", "east", "north")) if found else ""

    @cached_property
    def survivors(self) -> list[dict[str, Any]]:
        """Cases beside it that go on: the same matter, perhaps."""
        return [one for one in self.near if one["state"] not in ENDED]

    def moments(self, action: str) -> list[Quick]:
        """Usual ends for an act, in the district's clock time."""
        return quick(action, self.desk.now, self.desk.zone, gettext_for(self.desk.lang))

    def asked(self, action: str, field: str) -> str:
        """What was asked for, where an act grants it: it stands in the form already."""
        if action != "suspend":
            return ""
        wish = next((event for event in reversed(self.events) if event["action"] == "ask_suspension"), None)
        if wish is None:
            return ""
        until = wish["until"] if field == "until" else None
        return (
            local_text(read_time(until), self.desk.zone)
            if until
            else wish["text"]
            if field == "reason"
            else ""
        )
