"""Which crew for which matter: rule, place in the tree, permission, trade, distance and load, each with its reason."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from server.crews.permission import NAMED, Bar, Permission, Register, bars, permit
from server.locale import gettext_for
from server.protocol.pack import Rule

Mark = Literal["ok", "fair", "no"]
NEAR_M, FAR_M = 2_000, 5_000
BUSY_SHARE = 0.7
# What another trade than the rule's first weighs, and a whole crew's load, in metres.
OTHER_TRADE_M, LOAD_M = 3_000, 10_000


def _(msgid: str) -> str:
    """Marks a sentence for the catalogue; the edge says it in the reader's language."""
    return msgid


BY_RULE = _("Named by the rule: {why}")
NOT_BY_RULE = _("Not named by the rule: {why}")
# By the level of the node that an organisation serves.
NEAREST = (
    _("Nearest: the district's own; nobody below is named"),
    _("Nearest: this street's own"),
    _("Nearest: this community's own"),
    _("Nearest: this grid's own"),
)
NOT_NEAREST = _("Something nearer has its own")
OTHER_LEVEL = _("The rule asks for another level of the tree")
PERMITTED = _("Permitted for this category")
OWN_TRADE = _("This category is its own trade")
OTHER_TRADE = _("Takes this category beside its own trade")
ELSEWHERE = _("Does not serve this place")
OFFICE = _("An office: it takes the case itself, or gives it to its own")
DISTANCE = _("{distance_m} m from its depot")
NO_DISTANCE = _("Distance not known")
LOAD = _("{open} of {capacity} places taken")
LOAD_ONLY = _("{open} open cases")
FULL = _("All {capacity} places taken")
# What bars it, as it stands beside the crew's name: by the code of `permission.bars`.
BARRED = {
    "crew_not_permitted": _("Not permitted for this category"),
    "crew_permit_over": _("Its permit {permit} ended on {last_day}"),
    "crew_permit_later": _("Its permit {permit} begins on {first_day}"),
    "crew_not_qualified": _("Lacks the qualification {qualification}"),
    "crew_qualification_over": _("Its qualification {qualification} ended on {last_day}"),
    "crew_suspended": _("Suspended until further notice: {reason}"),
    "crew_suspended_to": _("Suspended to {last_day}: {reason}"),
}


@dataclass(frozen=True)
class Reason:
    """One thing that speaks for a crew (ok), neither way (fair) or against it (no): a msgid with parameters.

    A parameter may be names by language, as packs have them.
    """

    mark: Mark
    sentence: str
    params: dict[str, Any] = field(default_factory=dict)

    def said(self, lang: str) -> str:
        """The sentence in a language."""
        words = {
            name: value.get(lang) or value["zh-CN"] if isinstance(value, Mapping) else value
            for name, value in self.params.items()
        }
        return gettext_for(lang)(self.sentence).format(**words)


@dataclass(frozen=True)
class Matter:
    """What is to be handled: its category ("system/code"), the qualifications that it asks for, and the pack's rule.

    `names` = what the pack calls codes of categories and qualifications, by language."""

    category: str
    requires: tuple[str, ...] = ()
    rule: Rule | None = None
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """A crew for a case. `allowed` is false when its register or the place forbids it, and for an office that the rule
    names; `by_rule` = the rule names it; `distance_m` from its depot, None where either is unknown; `open_cases`
    dispatched to it or in its hands; best crews first."""

    organisation_id: int
    code: str
    name: str
    allowed: bool
    distance_m: int | None
    open_cases: int
    capacity: int | None
    reasons: tuple[Reason, ...]
    trades: tuple[str, ...] = ()
    depot: tuple[float, float] | None = None
    by_rule: bool = False
    office: bool = False


def rank(rows: Iterable[Mapping[str, Any]], matter: Matter | None) -> list[Proposal]:
    """Proposals from rows of the query `candidates`, best first.

    Those that the rule names at the nearest level, then those that it names elsewhere, then the others that may take
    it, last who may not; among equals free ones, then own trade, near and not busy. Without a matter only place,
    distance and load speak.
    """
    candidates = [_Candidate(row, matter) for row in rows]
    able = [one for one in candidates if one.by_rule and not one.forbidden]
    nearest = max((one.row["level"] for one in able if _at_level(one, matter)), default=None)
    ordered = sorted(candidates, key=lambda one: (one.weight(nearest), one.row["code"]))
    return [one.proposal(nearest) for one in ordered]


def _at_level(one: "_Candidate", matter: Matter | None) -> bool:
    """Whether it stands at the level that the rule asks for, if it asks for one."""
    level = matter.rule.level if matter and matter.rule else None
    return level is None or one.row["level"] == level


class _Candidate:
    """One row of `candidates` seen beside the matter."""

    def __init__(self, row: Mapping[str, Any], matter: Matter | None) -> None:
        self.row, self.matter = row, matter
        self.office = row["kind"] != "crew"
        self.bars: list[Bar] = []
        self.permission: Permission = "own"
        if matter is not None and not self.office:
            register = Register.of(row)
            self.permission = permit(register.permits, matter.category)
            self.bars = list(bars(register, matter.category, matter.requires))
        self.forbidden = bool(self.bars) or not row["serves_place"]
        self.trade = self._trade()

    def _trade(self) -> int | None:
        """How far down the rule's list its trade or kind stands; None when the rule does not name it."""
        rule = self.matter.rule if self.matter else None
        if rule is None:
            return None
        places = [rule.trades.index(trade) for trade in self.row["trades"] if trade in rule.trades]
        if self.row["kind"] in rule.kinds:
            places.append(len(rule.trades) + rule.kinds.index(self.row["kind"]))
        return min(places, default=None)

    @property
    def by_rule(self) -> bool:
        return self.trade is not None

    @property
    def share(self) -> float:
        """How much of it is taken; 0.9 at most where nobody said how much it can carry."""
        row = self.row
        return row["open_cases"] / row["capacity"] if row["capacity"] else min(row["open_cases"] / 10, 0.9)

    def weight(self, nearest: int | None) -> tuple[bool, int, bool, float]:
        """Smaller is better. A kilometre weighs as a tenth of the capacity, another trade as three kilometres."""
        tier = 2 if not self.by_rule else 0 if self.row["level"] == nearest else 1
        metres = self.row["distance_m"] if self.row["distance_m"] is not None else FAR_M
        if self.trade is not None:
            metres += self.trade * OTHER_TRADE_M
        elif self.permission != "own":
            metres += OTHER_TRADE_M
        return self.forbidden, tier, self.share >= 1, metres + self.share * LOAD_M

    def proposal(self, nearest: int | None) -> Proposal:
        row = self.row
        return Proposal(
            organisation_id=row["id"],
            code=row["code"],
            name=row["name"],
            allowed=not self.forbidden and not self.office,
            distance_m=row["distance_m"],
            open_cases=row["open_cases"],
            capacity=row["capacity"],
            reasons=tuple(self._reasons(nearest)),
            trades=tuple(row["trades"]),
            depot=(row["lon"], row["lat"]) if row["lon"] is not None else None,
            by_rule=self.by_rule,
            office=self.office,
        )

    def _reasons(self, nearest: int | None) -> Iterator[Reason]:
        yield from (self._barred(bar) for bar in self.bars)
        if not self.row["serves_place"]:
            yield Reason("no", ELSEWHERE)
        yield from self._by_rule(nearest)
        if self.office:
            yield Reason("fair", OFFICE)
            return
        if self.matter is not None and not self.bars:
            yield Reason("ok", PERMITTED)
        yield _distance(self.row["distance_m"])
        yield _load(self.row["open_cases"], self.row["capacity"])

    def _barred(self, bar: Bar) -> Reason:
        names = self.matter.names if self.matter else {}
        params = {k: names.get(said, said) if k in NAMED else said for k, said in bar.params.items()}
        return Reason("no", BARRED[bar.code], params)

    def _by_rule(self, nearest: int | None) -> Iterator[Reason]:
        rule = self.matter.rule if self.matter else None
        if rule is None:
            return
        if not self.by_rule:
            yield Reason("fair", NOT_BY_RULE, {"why": rule.why})
            return
        yield Reason("ok", BY_RULE, {"why": rule.why})
        if not self.forbidden:
            yield self._place_in_the_tree(nearest)
        if not self.office and rule.trades:
            yield Reason("ok", OWN_TRADE) if self.trade == 0 else Reason("fair", OTHER_TRADE)

    def _place_in_the_tree(self, nearest: int | None) -> Reason:
        if not _at_level(self, self.matter):
            return Reason("fair", OTHER_LEVEL)
        if self.row["level"] != nearest:
            return Reason("fair", NOT_NEAREST)
        return Reason("ok", NEAREST[min(self.row["level"], len(NEAREST) - 1)])


def _distance(metres: int | None) -> Reason:
    if metres is None:
        return Reason("fair", NO_DISTANCE)
    mark: Mark = "ok" if metres <= NEAR_M else "fair" if metres <= FAR_M else "no"
    return Reason(mark, DISTANCE, {"distance_m": metres})


def _load(open_cases: int, capacity: int | None) -> Reason:
    if not capacity:
        return Reason("fair" if open_cases else "ok", LOAD_ONLY, {"open": open_cases})
    if open_cases >= capacity:
        return Reason("no", FULL, {"capacity": capacity})
    mark: Mark = "fair" if open_cases >= BUSY_SHARE * capacity else "ok"
    return Reason(mark, LOAD, {"open": open_cases, "capacity": capacity})
