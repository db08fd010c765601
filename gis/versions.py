"""Compares two versions of a district's boundaries: what was added, changed, removed, split."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from gis.areas import Area

# A piece counts as a part of an old area from this share of it on; together the parts must cover nearly all.
SMALLEST_PART = 0.05
WHOLE = 0.95


@dataclass
class Difference:
    """Codes by what happened to them. `changed`: code → what (borders, name, parent, households, kind);
    `split`: old code → the codes that its ground belongs to now."""

    added: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    split: dict[str, list[str]] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        """Whether both versions are the same."""
        return not (self.added or self.changed or self.removed)

    def as_json(self) -> dict[str, Any]:
        """For the report that is kept with the version."""
        return {"added": self.added, "changed": self.changed, "removed": self.removed, "split": self.split}


def difference(old: Sequence[Area], new: Sequence[Area]) -> Difference:
    """From `old` to `new`, by code; all shapes are sound."""
    before, after = {area.code: area for area in old}, {area.code: area for area in new}
    found = Difference(sorted(after.keys() - before.keys()), {}, sorted(before.keys() - after.keys()))
    for code in sorted(before.keys() & after.keys()):
        what = _what_changed(before[code], after[code])
        if what:
            found.changed[code] = what
    if old and found.added:
        found.split = _splits(old, new, found)
    return found


def _what_changed(old: Area, new: Area) -> list[str]:
    same = shapely.equals_exact(shapely.normalize(old.shape), shapely.normalize(_multi(new.shape)), 0)
    what = [] if same else ["borders"]
    properties = ("name", "parent", "households", "kind")
    return what + [name for name in properties if getattr(old, name) != getattr(new, name)]


def _multi(shape: Any) -> shapely.MultiPolygon:
    return shape if isinstance(shape, shapely.MultiPolygon) else shapely.MultiPolygon([shape])


def _splits(old: Sequence[Area], new: Sequence[Area], found: Difference) -> dict[str, list[str]]:
    added, splits = set(found.added), {}
    gone = [
        area for area in old if area.code in found.removed or "borders" in found.changed.get(area.code, [])
    ]
    shapes = np.array([area.shape for area in new], dtype=object)
    tree = shapely.STRtree(shapes)
    for area in gone:
        near = [int(i) for i in tree.query(area.shape, predicate="intersects") if new[i].level == area.level]
        shares = shapely.area(shapely.intersection(area.shape, shapes[near])) / shapely.area(area.shape)
        parts = [new[i].code for i, share in zip(near, shares, strict=True) if share > SMALLEST_PART]
        if len(parts) > 1 and added & set(parts) and shares.sum() > WHOLE:
            splits[area.code] = sorted(parts)
    return splits
