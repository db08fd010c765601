"""A pack as both sides read it: categories with their conditions and limits, stage limits, names in each language.

The server reads `server/packs/NAME/pack.toml`, keeps it as a version, and sends its body down to the tablets.
"""

from dataclasses import dataclass
from typing import Any

TIME_KINDS = ("seat", "working", "emergency", "calendar")


class BadPack(ValueError):
    """A pack that says something impossible; the message says what and where."""


@dataclass(frozen=True)
class Limit:
    """How long: `minutes` of a kind of time (a calendar day counts 1440)."""

    minutes: int
    time_kind: str


@dataclass(frozen=True)
class Condition:
    """The exact case of a category, with the limit for handling it and what must be so before it is closed."""

    code: str
    names: dict[str, str]
    handle: Limit
    closing: dict[str, str]
    emergency: bool = False


@dataclass(frozen=True)
class Category:
    """A kind of matter. `key` = "system/code"; `needs_photo` lists the acts that need evidence."""

    system: str
    code: str
    names: dict[str, str]
    icon: str
    initials: str
    conditions: tuple[Condition, ...]
    self_handle: bool = False
    needs_photo: frozenset[str] = frozenset()
    other: bool = False

    @property
    def key(self) -> str:
        return f"{self.system}/{self.code}"

    def condition(self, code: str) -> Condition | None:
        """The condition called `code`, or the only one when `code` is blank."""
        if not code and len(self.conditions) == 1:
            return self.conditions[0]
        return next((c for c in self.conditions if c.code == code), None)

    def name(self, lang: str) -> str:
        """The category's name; Chinese where the language has none."""
        return self.names.get(lang) or self.names["zh-CN"]


@dataclass(frozen=True)
class Pack:
    """Configuration as checked data."""

    code: str
    names: dict[str, str]
    level_names: tuple[dict[str, str], ...]
    stages: dict[str, Limit]
    categories: tuple[Category, ...]
    holder_level: int
    reopen_days: int
    soon_minutes: int
    duplicate_metres: int
    duplicate_hours: int
    escalate_on: frozenset[str]

    def category(self, system: str, code: str) -> Category | None:
        """The category with that system and code."""
        return next((c for c in self.categories if c.system == system and c.code == code), None)

    def by_text(self, text: str) -> Category | None:
        """The category that `text` names: a key, a code that only one system has, or a name in any language."""
        wanted = text.strip().casefold()
        found = [
            c
            for c in self.categories
            if wanted in {c.key.casefold(), c.code.casefold(), *(n.casefold() for n in c.names.values())}
        ]
        return found[0] if len(found) == 1 else None

    @property
    def other(self) -> Category:
        """Where an unknown category is filed."""
        return next(c for c in self.categories if c.other)

    def whole(self, condition: Condition) -> int:
        """Minutes of the whole case's limit once registered: the sum of its stages."""
        return condition.handle.minutes + sum(
            self.stages[s].minutes for s in ("dispatch", "inspect", "close")
        )


def _limit(raw: Any, where: str) -> Limit:
    if not isinstance(raw, dict) or raw.get("kind") not in TIME_KINDS:
        raise BadPack(f"{where}: kind must be one of {', '.join(TIME_KINDS)}")
    minutes = raw.get("minutes", 0) + 60 * raw.get("hours", 0) + 1440 * raw.get("days", 0)
    if not isinstance(minutes, int) or minutes <= 0:
        raise BadPack(f"{where}: the limit must be longer than nothing")
    return Limit(minutes, raw["kind"])


def _category(raw: dict[str, Any]) -> Category:
    where = f"category {raw.get('system')}/{raw.get('code')}"
    for name in ("system", "code", "name", "conditions"):
        if not raw.get(name):
            raise BadPack(f"{where}: {name} is missing")
    if not isinstance(raw["code"], str):
        raise BadPack(f"{where}: the code must be text, leading zeros count")
    conditions = tuple(
        Condition(
            c["code"],
            c["name"],
            _limit(c.get("handle"), f"{where}, condition {c['code']}"),
            c["closing"],
            c.get("emergency", False),
        )
        for c in raw["conditions"]
    )
    return Category(
        raw["system"],
        raw["code"],
        raw["name"],
        raw.get("icon", "other"),
        raw.get("initials", ""),
        conditions,
        raw.get("self_handle", False),
        frozenset(raw.get("needs_photo", ())),
        raw.get("other", False),
    )


def read_pack(raw: dict[str, Any]) -> Pack:
    """A Pack from TOML or JSON data; BadPack names the first thing that is wrong."""
    try:
        categories = tuple(_category(c) for c in raw["categories"])
        keys = [c.key for c in categories]
        if len(set(keys)) != len(keys):
            raise BadPack(f"category {next(k for k in keys if keys.count(k) > 1)} stands twice")
        if sum(c.other for c in categories) != 1:
            raise BadPack("exactly one category must be the other one")
        return Pack(
            raw["code"],
            raw["name"],
            tuple(raw["levels"]),
            {k: _limit(v, f"stage {k}") for k, v in raw["stages"].items()},
            categories,
            raw["holder_level"],
            raw["reopen_days"],
            raw["soon_minutes"],
            raw["duplicate"]["metres"],
            raw["duplicate"]["hours"],
            frozenset(raw["escalate_on"]),
        )
    except KeyError as missing:
        raise BadPack(f"{missing.args[0]} is missing") from None
