"""Compares two versions of a district's boundaries: what happened to each area, and which ground changed hands.

Pure: both sides are areas (`gis.load.stored_areas` gives those of a version in the database). Every level is compared
by itself. Differences that are rounding (`gis.coverage.real_parts`) count as none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.areas import Area
from gis.coverage import real_parts
from gis.plane import Plane

# A piece counts as a part of an area from this share of it on.
SMALLEST_PART = 0.05
# From this share on, one area lies in another as a whole.
WHOLE = 0.95
# Vertices this near to where they were have not moved.
ROUNDING_M = 0.01
KINDS = ("added", "removed", "recoded", "renamed", "moved", "regrouped", "recounted", "retyped", "split",
         "merged")  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One thing that happened to one area.

    `kind`: added, removed (by code, whatever else is said) · recoded (an added one stands on the ground of a removed
    one) · renamed · moved (other borders) · regrouped (other parent) · recounted (households) · retyped (kind) ·
    split (its ground belongs to several areas now, new ones among them) · merged (it holds several former areas, of
    which some are gone). `was` and `now` are what stood there
    before and stands there now: the names, parents, households, kinds, else codes. Areas in m².
    """

    kind: str
    level: int
    code: str
    name: str
    was: tuple[str, ...] = ()
    now: tuple[str, ...] = ()
    before_m2: float = 0.0
    after_m2: float = 0.0
    gained_m2: float = 0.0
    lost_m2: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain values, areas in whole m²."""
        return {key: list(value) if isinstance(value, tuple) else round(value) if isinstance(value, float) else value
                for key, value in vars(self).items()}  # fmt: skip


@dataclass(frozen=True)
class Handover:
    """Ground that passes from the old area `was` to the new area `now`; None is no area at all.

    `ground` is a MultiPolygon in EPSG:4326. A case inside it that belonged to `was` would belong to `now`.
    """

    level: int
    was: str | None
    now: str | None
    area_m2: float
    ground: shapely.MultiPolygon


@dataclass
class Comparison:
    """All changes in the order of level and code, and all ground that changed hands, largest first in a level."""

    changes: list[Change] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        """Whether both versions are the same."""
        return not self.changes

    def of(self, kind: str) -> list[Change]:
        """The changes of one of KINDS."""
        return [change for change in self.changes if change.kind == kind]

    def codes(self, kind: str) -> list[str]:
        """The codes to which a change of this kind happened, sorted."""
        return sorted({change.code for change in self.of(kind)})

    def as_json(self) -> dict[str, Any]:
        """Codes by kind, as the report that is kept with a version has them; `changes` has every change in full."""
        words = {
            "moved": "borders",
            "renamed": "name",
            "regrouped": "parent",
            "recounted": "households",
            "retyped": "kind",
        }
        changed: dict[str, list[str]] = {}
        added = self.codes("added")
        for kind, word in words.items():
            for code in self.codes(kind):
                if code not in added:
                    changed.setdefault(code, []).append(word)
        return {
            "added": added, "changed": dict(sorted(changed.items())), "removed": self.codes("removed"),
            "split": {change.code: list(change.now) for change in self.of("split")},
            "merged": {change.code: list(change.was) for change in self.of("merged")},
            "recoded": {change.was[0]: change.code for change in self.of("recoded")},
        }  # fmt: skip

    def as_geojson(self) -> dict[str, Any]:
        """The ground that changed hands as GeoJSON (EPSG:4326): level, was, now and area_m2 on every feature."""
        return {"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": shapely.geometry.mapping(one.ground),
             "properties": {"level": one.level, "was": one.was, "now": one.now, "area_m2": round(one.area_m2)}}
            for one in self.handovers
        ]}  # fmt: skip


def compare(old: Sequence[Area], new: Sequence[Area]) -> Comparison:
    """From `old` to `new`; areas are sound (they passed the checks). Either may be empty."""
    found = Comparison()
    shaped = [area for area in (*old, *new) if area.shape is not None]
    if not shaped:
        return found
    plane = Plane.round_about(shaped)
    for level in sorted({area.level for area in shaped}):
        here = _Level([a for a in old if a.level == level], [a for a in new if a.level == level], plane)
        found.changes += sorted(here.changes(), key=lambda change: (change.code, KINDS.index(change.kind)))
        found.handovers += sorted(here.handovers(), key=lambda one: -one.area_m2)
    return found


class _Level:
    """The areas of one level, old and new, and how much ground each two of them share (m²)."""

    def __init__(self, old: Sequence[Area], new: Sequence[Area], plane: Plane) -> None:
        self.old, self.new, self.plane = old, new, plane
        self.before, self.after = _metres(old, plane), _metres(new, plane)
        self.old_at = {area.code: index for index, area in enumerate(old)}
        self.new_at = {area.code: index for index, area in enumerate(new)}
        self.before_m2, self.after_m2 = shapely.area(self.before), shapely.area(self.after)
        self.still = self._unmoved()
        self.shared: dict[tuple[int, int], tuple[float, shapely.MultiPolygon]] = {}
        self.into: dict[int, list[int]] = {}
        self.out_of: dict[int, list[int]] = {}
        self._overlay()

    def _unmoved(self) -> dict[int, int]:
        """Old index → new index of areas that kept code and borders."""
        both = [
            (index, self.new_at[area.code]) for index, area in enumerate(self.old) if area.code in self.new_at
        ]
        if not both:
            return {}
        left, right = np.array(both).T
        one, other = shapely.normalize(self.before[left]), shapely.normalize(self.after[right])
        same = shapely.equals_exact(one, other, ROUNDING_M)
        return {i: j for (i, j), equal in zip(both, same.tolist(), strict=True) if equal}

    def _overlay(self) -> None:
        """What moved areas share with each other. Areas that kept their borders cannot have gained or lost."""
        kept = set(self.still.values())
        left = [index for index in range(len(self.old)) if index not in self.still]
        right = [index for index in range(len(self.new)) if index not in kept]
        if not left or not right:
            return
        pairs = shapely.STRtree(self.after[right]).query(self.before[left], predicate="intersects")
        i, j = np.array(left)[pairs[0]], np.array(right)[pairs[1]]
        parts = shapely.intersection(self.before[i], self.after[j])
        for one, other, part in zip(i.tolist(), j.tolist(), parts, strict=True):
            real = real_parts(part)
            if not real.is_empty:
                self.shared[one, other] = (float(real.area), real)
                self.into.setdefault(one, []).append(other)
                self.out_of.setdefault(other, []).append(one)

    def _share(self, one: int, other: int) -> float:
        return self.shared.get((one, other), (0.0,))[0]

    def changes(self) -> Iterator[Change]:
        for index, area in enumerate(self.old):
            if area.code in self.new_at:
                yield from self._same_code(index, self.new_at[area.code])
            else:
                now = tuple(sorted(self.new[j].code for j in self._parts(index)))
                yield Change("removed", area.level, area.code, area.name, (area.code,), now,
                             before_m2=float(self.before_m2[index]), lost_m2=float(self.before_m2[index]))  # fmt: skip
            yield from self._split(index)
        for other, area in enumerate(self.new):
            if area.code not in self.old_at:
                was = tuple(sorted(self.old[i].code for i in self._sources(other)))
                yield Change("added", area.level, area.code, area.name, was, (area.code,),
                             after_m2=float(self.after_m2[other]), gained_m2=float(self.after_m2[other]))  # fmt: skip
            yield from self._merged(other)
        for index, other in self._recoded():
            codes = (self.old[index].code,), (self.new[other].code,)
            yield self._change("recoded", index, other, *codes)
            yield from self._properties(index, other)

    def _recoded(self) -> Iterator[tuple[int, int]]:
        for (index, other), (size, _) in self.shared.items():
            fresh = self.old[index].code not in self.new_at and self.new[other].code not in self.old_at
            if fresh and size > WHOLE * self.before_m2[index] and size > WHOLE * self.after_m2[other]:
                yield index, other

    def _same_code(self, index: int, other: int) -> Iterator[Change]:
        if index not in self.still:
            gained, lost = (
                float(real_parts(shapely.difference(a, b)).area)
                for a, b in ((self.after[other], self.before[index]), (self.before[index], self.after[other]))
            )
            if gained or lost:
                yield self._change("moved", index, other, gained=gained, lost=lost)
        yield from self._properties(index, other)

    def _properties(self, index: int, other: int) -> Iterator[Change]:
        old, new = self.old[index], self.new[other]
        for kind, was, now in (
            ("renamed", old.name, new.name), ("regrouped", old.parent or "", new.parent or ""),
            ("recounted", _count(old.households), _count(new.households)), ("retyped", old.kind, new.kind),
        ):  # fmt: skip
            if was != now:
                yield self._change(kind, index, other, (was,), (now,))

    def _change(
        self, kind: str, index: int, other: int, was: tuple[str, ...] = (), now: tuple[str, ...] = (),
        gained: float = 0.0, lost: float = 0.0,
    ) -> Change:  # fmt: skip
        area = self.new[other]
        return Change(kind, area.level, area.code, area.name, was, now, float(self.before_m2[index]),
                      float(self.after_m2[other]), gained, lost)  # fmt: skip

    def _parts(self, index: int) -> list[int]:
        """New areas that hold a part of an old one."""
        least = SMALLEST_PART * self.before_m2[index]
        return [other for other in self.into.get(index, []) if self._share(index, other) > least]

    def _sources(self, other: int) -> list[int]:
        """Old areas of which a new one holds a part."""
        least = SMALLEST_PART * self.after_m2[other]
        return [one for one in self.out_of.get(other, []) if self._share(one, other) > least]

    def _split(self, index: int) -> Iterator[Change]:
        parts = self._parts(index)
        # A part of it must be new, and must come from it for the most part: else borders moved, nothing was split.
        born = [
            p
            for p in parts
            if self.new[p].code not in self.old_at and self._share(index, p) > 0.5 * self.after_m2[p]
        ]
        covered = sum(self._share(index, p) for p in parts)
        if len(parts) > 1 and born and covered > WHOLE * self.before_m2[index]:
            area = self.old[index]
            yield Change("split", area.level, area.code, area.name, (area.code,),
                         tuple(sorted(self.new[p].code for p in parts)), float(self.before_m2[index]),
                         float(sum(self.after_m2[p] for p in parts)))  # fmt: skip

    def _merged(self, other: int) -> Iterator[Change]:
        within = self.out_of.get(other, [])
        whole = [i for i in within if self._share(i, other) > WHOLE * self.before_m2[i]]
        gone = [i for i in whole if self.old[i].code not in self.new_at]
        if len(whole) > 1 and gone:
            area = self.new[other]
            yield Change("merged", area.level, area.code, area.name, tuple(sorted(self.old[i].code for i in whole)),
                         (area.code,), float(sum(self.before_m2[i] for i in whole)),
                         float(self.after_m2[other]))  # fmt: skip

    def handovers(self) -> Iterator[Handover]:
        taken: dict[int, list[Any]] = {}
        given: dict[int, list[Any]] = {}
        for (one, other), (size, part) in self.shared.items():
            taken.setdefault(one, []).append(part)
            given.setdefault(other, []).append(part)
            if self.old[one].code != self.new[other].code:
                yield self._handover(self.old[one].code, self.new[other].code, size, part)
        kept = set(self.still.values())
        for index, area in enumerate(self.old):
            if index not in self.still:
                yield from self._nobody(self.before[index], taken.get(index, []), area.code, None)
        for index, area in enumerate(self.new):
            if index not in kept:
                yield from self._nobody(self.after[index], given.get(index, []), None, area.code)

    def _nobody(self, whole: Any, parts: list[Any], was: str | None, now: str | None) -> Iterator[Handover]:
        rest = real_parts(shapely.difference(whole, shapely.unary_union(parts)) if parts else whole)
        if not rest.is_empty:
            yield self._handover(was, now, float(rest.area), rest)

    def _handover(self, was: str | None, now: str | None, size: float, part: Any) -> Handover:
        level = (self.old or self.new)[0].level
        return Handover(level, was, now, size, self.plane.back(part))


def _count(households: int | None) -> str:
    return "" if households is None else str(households)


def _metres(areas: Sequence[Area], plane: Plane) -> NDArray[np.object_]:
    """Their shapes in metres, always as an array of shapes."""
    shapes = np.empty(len(areas), dtype=object)
    shapes[:] = [shapely.MultiPolygon(list(shapely.get_parts(area.shape))) for area in areas]
    return np.asarray(plane.metres(shapes), dtype=object)
