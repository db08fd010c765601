"""Which crew for which matter: permission, trade, distance and load, each with a reason that a dispatcher can read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Mark = Literal["ok", "fair", "no"]
Permission = Literal["own", "wide"] | None
NEAR_M, FAR_M = 2_000, 5_000
BUSY_SHARE = 0.7


def _(msgid: str) -> str:
    """Marks a sentence for the catalogue; the edge says it in the reader's language."""
    return msgid


PERMITTED = _("Permitted for this category")
OWN_TRADE = _("This category is its own trade")
OTHER_TRADE = _("Takes this category beside its own trade")
NOT_PERMITTED = _("Not permitted for this category")
ELSEWHERE = _("Does not serve this place")
DISTANCE = _("{distance_m} m from its depot")
NO_DISTANCE = _("Distance not known")
LOAD = _("{open} of {capacity} places taken")
LOAD_ONLY = _("{open} open cases")
FULL = _("All {capacity} places taken")


@dataclass(frozen=True)
class Reason:
    """One thing that speaks for a crew (ok), neither way (fair) or against it (no): a msgid with parameters."""

    mark: Mark
    sentence: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """A crew for a case. `allowed` is false when the category's or the place's rule forbids it; `distance_m` from
    its depot, None where either is unknown; `open_cases` dispatched to it or in its hands; best crews first."""

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


def permit(entries: Iterable[str], category: str) -> Permission:
    """How `entries` ("system/code", or a beginning with *) permit a category: by its own name, by a wider one, or not.

    A category without a system ("0110") is compared with the last part of the entries.
    """
    bare = "/" not in category
    found: Permission = None
    for entry in entries:
        compared = entry.rpartition("/")[2] if bare else entry
        if compared == category:
            return "own"
        if compared.endswith("*") and category.startswith(compared[:-1]):
            found = "wide"
    return found


def rank(rows: Iterable[Mapping[str, Any]], category: str | None) -> list[Proposal]:
    """Proposals from rows of the query `candidates`: allowed first, then free ones, then own trade and near.

    Without a category only place, distance and load speak.
    """
    proposals = [(_weight(row, category), _proposal(row, category)) for row in rows]
    return [proposal for _, proposal in sorted(proposals, key=lambda pair: (pair[0], pair[1].code))]


def _permission(row: Mapping[str, Any], category: str | None) -> Permission:
    return "own" if category is None else permit(row["categories"], category)


def _weight(row: Mapping[str, Any], category: str | None) -> tuple[bool, bool, float]:
    """Smaller is better. A kilometre weighs as much as a tenth of the capacity; another trade as three kilometres."""
    how = _permission(row, category)
    metres = row["distance_m"] if row["distance_m"] is not None else FAR_M
    share = _share(row)
    trade = 0 if how == "own" else 3_000
    return how is None or not row["serves_place"], share >= 1, metres + trade + share * 10_000


def _share(row: Mapping[str, Any]) -> float:
    return row["open_cases"] / row["capacity"] if row["capacity"] else min(row["open_cases"] / 10, 0.9)


def _proposal(row: Mapping[str, Any], category: str | None) -> Proposal:
    how = _permission(row, category)
    return Proposal(
        organisation_id=row["id"],
        code=row["code"],
        name=row["name"],
        allowed=how is not None and row["serves_place"],
        distance_m=row["distance_m"],
        open_cases=row["open_cases"],
        capacity=row["capacity"],
        reasons=tuple(_reasons(row, category)),
        trades=tuple(row["trades"]),
        depot=(row["lon"], row["lat"]) if row["lon"] is not None else None,
    )


def _reasons(row: Mapping[str, Any], category: str | None) -> Iterable[Reason]:
    how = _permission(row, category)
    if category is not None:
        yield Reason("ok", PERMITTED) if how else Reason("no", NOT_PERMITTED)
    if not row["serves_place"]:
        yield Reason("no", ELSEWHERE)
    if category is not None and how:
        yield Reason("ok", OWN_TRADE) if how == "own" else Reason("fair", OTHER_TRADE)
    yield _distance(row["distance_m"])
    yield _load(row["open_cases"], row["capacity"])


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
