"""Makes a tree of areas one seamless whole: neighbours share every vertex of their border, parents are their parts.

The level-3 areas and the ground of a parent that belongs to no child together are one coverage. It is cleaned as a
whole (within TOLERANCE_M; where two areas overlap the lower code keeps the ground, as it does for a point there), laid
on a grid of 1e-7 degree, and every area above is the exact union of what is in it. What that changed is reported.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.areas import FAULT, NOTE, Area, Finding, about
from gis.coverage import NOISE_AREA_M2, SLIT_WIDTH_M, real_parts, width
from gis.edges import seamless
from gis.plane import Plane

# Vertices nearer than this to a neighbour's border are meant to lie on it.
TOLERANCE_M = 0.05
# Stored and sent places have seven decimals: 11 mm.
DECIMALS = 7
LEAF = 3
# A tablet's position is several metres off at its best.
TABLET_BOUND_M = 1.0
BETWEEN = 0.5  # where between two corners a border's way is measured, too: half way
_ROUNDS = 4

Shapes = NDArray[np.object_]


def seam(areas: Sequence[Area], close_gaps: bool = False) -> tuple[list[Area], list[Finding]]:
    """The areas (EPSG:4326, without faults) with shared borders, in the same order, and notes of what moved where.

    With `close_gaps` ground in no child goes to the neighbour with the longest border to it, where it is a strip that
    was drawn carelessly (up to 5 m wide).
    """
    if not any(area.level == LEAF for area in areas):
        return list(areas), []
    tree = _Tree(areas)
    tree.clean()
    if close_gaps:
        tree.close_gaps()
    made = tree.areas()
    return made, _told(areas, made, tree)


def simplified(areas: Sequence[Area], metres: float) -> tuple[list[Area], float]:
    """Seamless areas with fewer vertices whose neighbours still share their borders, and how far (metres) a border
    has moved at most. `metres` is the size below which a corner is left out."""
    tree = _Tree(areas)
    moved = tree.simplify(metres)
    return tree.areas(), moved


def for_tablets(areas: Sequence[Area]) -> tuple[list[Any], float]:
    """The shapes as tablets carry them, in the same order, None for one that stays as it is; and how far (metres) their
    borders lie from the exact ones at most, which is never more than TABLET_BOUND_M."""
    if any(area.level == LEAF for area in areas):
        tree = _Tree(areas)
        for metres in (8.0, 4.0, 2.0, 1.0, 0.5):
            moved = tree.simplify(metres, TABLET_BOUND_M)
            if moved <= TABLET_BOUND_M:
                made = tree.areas()
                same = shapely.equals_exact([a.shape for a in areas], [a.shape for a in made])
                return [None if kept else a.shape for kept, a in zip(same, made, strict=True)], moved
    return [None] * len(areas), 0.0


class _Tree:
    """The leaves and the gaps of all areas above as one list of cells in degrees; `owner` says whose a cell is."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self.source = list(areas)
        self.plane = Plane.round_about(self.source)
        self.metres = self.plane.metres([area.shape for area in self.source])
        order = sorted(range(len(areas)), key=lambda i: areas[i].code)
        self.leaves = [i for i in order if areas[i].level == LEAF]
        self.inner = sorted((i for i in order if areas[i].level < LEAF), key=lambda i: -areas[i].level)
        self.children = self._children()
        self.fit = self._fitting_levels()
        self.owner = list(self.leaves)
        gaps: list[Any] = []
        for index in self.inner:
            for gap in self._gaps(index):
                self.owner.append(index)
                gaps.append(self.plane.back(gap))
        cells = np.empty(len(self.owner), dtype=object)
        cells[:] = [*(areas[i].shape for i in self.leaves), *gaps]
        self.cells: Shapes = cells

    def simplify(self, metres: float, bound: float = math.inf) -> float:
        """Leaves out corners smaller than `metres`, unless a border would move by more than `bound`; how far (metres)
        one moves at most."""
        before, kept = self.plane.metres(self.cells), self.cells
        self.cells = np.asarray(self.plane.back(shapely.coverage_simplify(before, metres)), dtype=object)
        self.cells = self._rounded()
        after = self.plane.metres(self.cells)
        borders = shapely.boundary(before), shapely.boundary(after)
        # Between corners, too: the tip of a spike that is gone may touch the border somewhere else.
        moved = float(shapely.hausdorff_distance(*borders, densify=BETWEEN).max())
        if moved > bound:
            self.cells = kept
        return moved

    def _children(self) -> dict[int, list[int]]:
        at = {(area.level, area.code): i for i, area in enumerate(self.source)}
        root = next((area.code for area in self.source if area.level == 0), None)
        children: dict[int, list[int]] = defaultdict(list)
        for index, area in enumerate(self.source):
            above = at.get((area.level - 1, (root if area.level == 1 else area.parent) or ""))
            if above is not None:
                children[above].append(index)
        return children

    def _gaps(self, index: int) -> list[Any]:
        """What of an area lies in none of its children; all of it when it has none."""
        below = self.metres[self.children.get(index, [])]
        if not len(below):
            return list(real_parts(self.metres[index]).geoms)
        if self._filled(below, self.metres[index], self.source[index].level + 1):
            return []
        return list(real_parts(shapely.difference(self.metres[index], shapely.union_all(below))).geoms)

    def _fitting_levels(self) -> set[int]:
        """Levels whose areas do not overlap."""
        levels = np.array([area.level for area in self.source])
        return {int(level) for level in np.unique(levels) if seamless(self.metres[levels == level])}

    def _filled(self, below: Shapes, around: Any, level: int) -> bool:
        """Whether children fill a parent, told without cutting: they do not overlap, lie in it, and are as large."""
        if level not in self.fit or abs(around.area - shapely.area(below).sum()) > NOISE_AREA_M2 / 10:
            return False
        shapely.prepare(around)
        filled = bool(shapely.covers(around, below).all())
        shapely.destroy_prepared(around)
        return filled

    def clean(self) -> None:
        """The cells as a valid coverage whose vertices have seven decimals, as degrees read them."""
        # A vertex that only one of two neighbours has is moved by rounding, which opens a slit of millimetres.
        slit = TOLERANCE_M / max(self.plane.scale)
        for _ in range(_ROUNDS):
            rounded = self._rounded()
            if bool(shapely.is_valid(rounded).all()) and seamless(rounded, slit):
                self.cells = rounded
                return
            self._snap()
            slit = 0.0  # what lies open to the outside cannot be closed

    def _snap(self) -> None:
        """Borders within the tolerance meet, and slits of nobody's ground that are narrower are closed."""
        cells = shapely.coverage_clean(  # type: ignore[attr-defined]
            self.plane.metres(self.cells), snapping_distance=TOLERANCE_M, gap_width=TOLERANCE_M,
            merge_strategy="min_index",
        )  # fmt: skip
        self.cells = np.asarray(self.plane.back(cells), dtype=object)

    def _rounded(self) -> Shapes:
        places = shapely.get_coordinates(self.cells)
        if (places == np.round(places, DECIMALS)).all():
            return self.cells
        degrees = shapely.transform(self.cells, lambda places: np.round(places, DECIMALS))
        return np.asarray(shapely.remove_repeated_points(degrees), dtype=object)

    def close_gaps(self) -> None:
        """Gives every strip of nobody's ground to the leaf with the longest border to it, the lower code if equal."""
        first = len(self.leaves)
        metres = self.plane.metres(self.cells)
        narrow = [i for i in range(first, len(metres)) if width(metres[i]) <= SLIT_WIDTH_M]
        if not narrow:
            return
        tree = shapely.STRtree(metres[:first])
        taken: dict[int, list[int]] = defaultdict(list)
        for gap in narrow:
            near = np.sort(tree.query(metres[gap], predicate="intersects"))
            lengths = shapely.length(shapely.intersection(metres[near], metres[gap]))
            if len(near) and lengths.max() > 0:
                taken[int(near[lengths.argmax()])].append(gap)
        for leaf, gaps in taken.items():
            self.cells[leaf] = shapely.coverage_union_all(self.cells[[leaf, *gaps]])
        gone = {gap for gaps in taken.values() for gap in gaps}
        kept = [i for i in range(len(self.cells)) if i not in gone]
        self.cells, self.owner = self.cells[kept], [self.owner[i] for i in kept]
        # What is too small to be a cell of its own lies as a slit beside the strip that was given away.
        self._snap()
        self.clean()

    def areas(self) -> list[Area]:
        """Every area with its new shape: a leaf is its cell, an area above the union of all cells in it."""
        parts: dict[int, list[int]] = defaultdict(list)
        for cell, index in enumerate(self.owner):
            parts[index].append(cell)
        for index in self.inner:
            for child in self.children.get(index, []):
                parts[index] += parts[child]
        made = list(self.source)
        for index, cells in parts.items():
            shape = self.cells[cells[0]] if len(cells) == 1 else shapely.coverage_union_all(self.cells[cells])
            made[index] = replace(made[index], shape=shape)
        return made


def _told(before: Sequence[Area], after: Sequence[Area], tree: _Tree) -> list[Finding]:
    """What moved more than rounding, an area each, and one note of how far borders moved at most."""
    notes = [
        about(
            area,
            "vanished",
            FAULT,
            "it is narrower than {tolerance} m everywhere",
            None,
            None,
            tolerance=TOLERANCE_M,
        )
        for area in after
        if area.shape is None or area.shape.is_empty
    ]
    changed = [i for i in range(len(before)) if before[i].shape is not after[i].shape]
    old, new = tree.metres[changed], tree.plane.metres([after[i].shape for i in changed])
    # An area whose corners are the same places, with vertices of its neighbours between them, has not moved.
    size = shapely.area(shapely.symmetric_difference(old, new)) if changed else np.array([])
    moved = np.flatnonzero(size > 0.01)
    for index in moved.tolist():
        notes += _moved(after[changed[index]], old[index], new[index], tree.plane)
    if len(moved):
        sentence = (
            "Borders were made to meet: corners within {tolerance} m of a neighbour's border lie on it, and overlaps,"
            " however wide, went to the lower code. {count} areas changed, by {size} m² in all."
        )
        params = {"tolerance": TOLERANCE_M, "count": len(moved), "size": f"{size[moved].sum():,.1f}"}
        notes.append(Finding("snapped", NOTE, sentence, params))
    return notes


def _moved(area: Area, old: Any, new: Any, plane: Plane) -> list[Finding]:
    gained, lost = real_parts(shapely.difference(new, old)), real_parts(shapely.difference(old, new))
    if gained.is_empty and lost.is_empty:
        return []
    sentence = (
        "it gained {gained} m² and lost {lost} m² so that its borders meet its neighbours', near {lon} {lat}"
    )
    place = plane.degrees(max((gained, lost), key=lambda part: part.area))
    return [
        about(
            area,
            "seamed",
            NOTE,
            sentence,
            place,
            None,
            gained=f"{gained.area:,.0f}",
            lost=f"{lost.area:,.0f}",
        )
    ]
