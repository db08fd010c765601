"""The shape of a checked pack: what a category, a condition, a limit, a form, a reason and a routing rule are."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

Names = dict[str, str]

TIME_KINDS = ("seat", "working", "emergency", "calendar", "fixed")
# A working day is 08:00-12:00 and 14:00-18:00.
WORKING_DAY_MINUTES = 480
STAGES = (
    "register", "verify", "dispatch", "inspect", "close", "reply", "wait", "arrive", "help", "supervise", "notice",
    "enforce",
)  # fmt: skip
CLOCKS = (*STAGES, "handle", "whole")
MATTER_KINDS = ("component", "event", "matter")
EVIDENCE_STAGES = ("before", "during", "after", "inspection")
FIELD_KINDS = ("text", "choice", "number", "phone", "date")
ANSWERABLE = ("manage", "own", "handle")
# What a pack may divide reworked cases by.
REWORK_OVER = ("due", "closed")
ORGANISATION_KINDS = ("centre", "street", "community", "crew", "outside")
PAYERS = ("public", "fund", "responsible")


@dataclass(frozen=True)
class Limit:
    """How long: `minutes` of a kind of time (a calendar day counts 1440, a working day 480).

    "fixed" is a moment that a person set by hand; no pack has it.
    """

    minutes: int
    time_kind: str


@dataclass(frozen=True)
class Choice:
    """One thing to choose in a form."""

    code: str
    names: Names


@dataclass(frozen=True)
class Field:
    """An extra field of a category's form. `private`: personal, kept beside the chain and masked in lists."""

    name: str
    names: Names
    kind: str = "text"
    required: bool = False
    choices: tuple[Choice, ...] = ()
    private: bool = False


@dataclass(frozen=True)
class Reason:
    """A reason that is offered beside free text, on declining, returning, failing an inspection and the like."""

    code: str
    names: Names


@dataclass(frozen=True)
class Rule:
    """Which kind of organisation a matter goes to: crews of one of `trades`, or organisations of one of `kinds`.

    `categories` are patterns of keys ("urban/component/01*"), `conditions` codes (none = all). `level` = the level of
    the tree whose organisation is meant, None = the nearest that has one. `why` is said to the dispatcher.
    """

    categories: tuple[str, ...]
    conditions: tuple[str, ...]
    trades: tuple[str, ...]
    kinds: tuple[str, ...]
    level: int | None
    why: Names

    def fits(self, category: "Category", condition: "Condition | None") -> bool:
        """Whether the rule speaks about that matter."""
        if not any(fnmatchcase(category.key, pattern) for pattern in self.categories):
            return False
        return not self.conditions or (condition is not None and condition.code in self.conditions)


@dataclass(frozen=True)
class Condition:
    """The exact case of a category, with the limit for handling it and what must be so before it is closed.

    `responsible` says by duty (manage, own, handle) which trades or kinds of organisation it falls to; `basis` the
    legal basis; `payer` who pays unless a person says otherwise ("" = not known); `limits` what is longer or shorter
    than the pack's stages ("whole" too); `requires` the qualifications without which no crew is given it.
    """

    code: str
    names: Names
    handle: Limit
    closing: Names
    emergency: bool = False
    responsible: dict[str, tuple[str, ...]] = field(default_factory=dict)
    basis: Names = field(default_factory=dict)
    payer: str = ""
    limits: dict[str, Limit] = field(default_factory=dict)
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Category:
    """A kind of matter. `key` = "system/code"; `evidence` says by act of which stages it needs photos.

    `claimable`: volunteers may take it themselves. `owes_reply`: its reporter waits for a reply by every door.
    """

    system: str
    code: str
    names: Names
    icon: str
    initials: str
    conditions: tuple[Condition, ...]
    self_handle: bool = False
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)
    other: bool = False
    major: str = ""
    kind: str = "event"
    claimable: bool = False
    owes_reply: bool = False
    form: tuple[Field, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.system}/{self.code}"

    @property
    def needs_photo(self) -> frozenset[str]:
        """The acts that need evidence."""
        return frozenset(self.evidence)

    def requires(self, condition: Condition | None) -> tuple[str, ...]:
        """The qualifications that a condition asks for; while none is chosen, those that all conditions ask for."""
        asking = (condition,) if condition is not None else self.conditions
        return tuple(kind for kind in asking[0].requires if all(kind in each.requires for each in asking))

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
    """Configuration as checked data.

    `majors` are names by (system, code), `systems` names of code systems, `trades` names of trades, `qualifications`
    names of what a crew may have to prove by a document. `reply_sources`:
    where a resident waits. `trusted_sources`: reports that the system registers by itself when the condition is
    known, if `system_acts` has "register"; "close" there closes by itself after a passed inspection. `without`: acts
    that the pack leaves out; `narrow`: of the hats that may act, the ones that are left. `words`: own words for
    states and actions. `rework_over`: what the rework rate divides by, "due" or "closed". `frequent`: keys of the
    categories that are reported most, for those who have not reported yet.
    """

    code: str
    names: Names
    level_names: tuple[Names, ...]
    stages: dict[str, Limit]
    categories: tuple[Category, ...]
    holder_level: int
    reopen_days: int
    soon_minutes: int
    duplicate_metres: int
    duplicate_hours: int
    escalate_on: frozenset[str]
    systems: dict[str, Names]
    majors: dict[tuple[str, str], Names]
    trades: dict[str, Names]
    routing: tuple[Rule, ...]
    reasons: dict[str, tuple[Reason, ...]]
    words: dict[str, dict[str, Names]]
    reply_sources: frozenset[str]
    trusted_sources: frozenset[str]
    system_acts: frozenset[str]
    extensions: int
    suspend_days: int
    appeal_days: int
    rate_days: int
    sample_share: float
    rework_over: str
    without: tuple[str, ...]
    narrow: dict[str, tuple[str, ...]]
    frequent: tuple[str, ...] = ()
    qualifications: dict[str, Names] = field(default_factory=dict)

    def category(self, system: str, code: str) -> Category | None:
        """The category with that system and code."""
        return self._by_code.get((system, code))

    @cached_property
    def _by_code(self) -> dict[tuple[str, str], Category]:
        return {(c.system, c.code): c for c in reversed(self.categories)}

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

    def major_name(self, system: str, code: str, lang: str) -> str:
        """What a major is called, its code where the pack has no name; Chinese where the language has none."""
        names = self.majors.get((system, code), {})
        return names.get(lang) or names.get("zh-CN") or code

    def word(self, kind: str, code: str, lang: str) -> str:
        """The pack's own word for a state or an action (`kind` "states", "actions"); "" where it has none."""
        names = self.words.get(kind, {}).get(code, {})
        return names.get(lang) or names.get("zh-CN") or ""

    def offered(self, act: str, lang: str) -> tuple[str, ...]:
        """The reasons that are offered beside free text when somebody does `act`."""
        return tuple(r.names.get(lang) or r.names["zh-CN"] for r in self.reasons.get(act, ()))

    def limit(self, clock: str, condition: Condition | None = None) -> Limit:
        """How long a clock runs: the condition's own limit, else the stage's; "handle" and "whole" need a condition."""
        if condition is not None and clock in condition.limits:
            return condition.limits[clock]
        if clock == "handle" and condition is not None:
            return condition.handle
        if clock == "whole" and condition is not None:
            parts = [condition.handle, *(self.limit(s, condition) for s in ("dispatch", "inspect", "close"))]
            return Limit(sum(part.minutes for part in parts), condition.handle.time_kind)
        return self.stages[clock]

    def whole(self, condition: Condition) -> int:
        """Minutes of the whole case's limit once registered; `limit("whole", …)` has the kind of time too."""
        return self.limit("whole", condition).minutes

    def owes_reply(self, category: Category, source: str) -> bool:
        """Whether somebody waits for a reply to a report of that category by that door."""
        return category.owes_reply or source in self.reply_sources

    def route(self, category: Category, condition: Condition | None) -> Rule:
        """The first rule that speaks about the matter; where it names nobody, whom the condition makes responsible."""
        rule = next(rule for rule in self.routing if rule.fits(category, condition))
        if rule.trades or rule.kinds:
            return rule
        handlers = condition.responsible.get("handle", ()) if condition else ()
        return Rule(
            rule.categories,
            rule.conditions,
            tuple(name for name in handlers if name in self.trades),
            tuple(name for name in handlers if name in ORGANISATION_KINDS),
            rule.level,
            rule.why,
        )
