"""Makes a tree of areas one seamless whole: neighbours share every vertex of their border, parents are their parts.

The level-3 areas and the ground of a parent that belongs to no child together are one coverage. It is cleaned as a
whole (within TOLERANCE_M; where two areas overlap the lower code keeps the ground, as it does for a point there), laid
on a grid of 1e-7 degree, and every area above is the exact union of what is in it. What that changed is reported.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.areas import FAULT, NOTE, Area, Finding, about
from gis.coverage import SLIT_WIDTH_M, real_parts, width
from gis.plane import Plane

# Vertices nearer than this to a neighbour's border are meant to lie on it.
TOLERANCE_M = 0.05
# Stored and sent places have seven decimals: 11 mm.
DECIMALS = 7
LEAF = 3
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
    return made, _told(areas, made, tree.plane)


def simplified(areas: Sequence[Area], metres: float) -> tuple[list[Area], float]:
    """Seamless areas with fewer vertices whose neighbours still share their borders, and how far (metres) a border
    has moved at most. `metres` is the size below which a corner is left out."""
    tree = _Tree(areas)
    tree.cells = shapely.coverage_simplify(tree.cells, metres)
    made = tree.areas()
    before, after = tree.plane.metres([a.shape for a in areas]), tree.plane.metres([a.shape for a in made])
    return made, float(shapely.hausdorff_distance(before, after).max())


class _Tree:
    """The leaves and the gaps of all areas above as one list of cells in metres; `owner` says whose a cell is."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self.source = list(areas)
        self.plane = Plane.round_about(self.source)
        self.metres = self.plane.metres([area.shape for area in self.source])
        order = sorted(range(len(areas)), key=lambda i: areas[i].code)
        self.leaves = [i for i in order if areas[i].level == LEAF]
        self.inner = sorted((i for i in order if areas[i].level < LEAF), key=lambda i: -areas[i].level)
        self.children = self._children()
        self.owner = list(self.leaves)
        self.gaps: list[Any] = []
        for index in self.inner:
            for gap in self._gaps(index):
                self.owner.append(index)
                self.gaps.append(gap)
        cells = np.empty(len(self.owner), dtype=object)
        cells[:] = [*self.metres[self.leaves], *self.gaps]
        self.cells: Shapes = cells

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
        rest = (
            shapely.difference(self.metres[index], shapely.union_all(below))
            if len(below)
            else self.metres[index]
        )
        return list(real_parts(rest).geoms)

    def clean(self) -> None:
        """The cells as a valid coverage whose vertices have seven decimals, as degrees read them."""
        for _ in range(_ROUNDS):
            if not shapely.coverage_is_valid(self.cells):
                self.cells = shapely.coverage_clean(  # type: ignore[attr-defined]
                    self.cells, snapping_distance=TOLERANCE_M, gap_width=TOLERANCE_M,
                                                    merge_strategy="min_index")  # fmt: skip
            rounded = self._rounded()
            if bool(shapely.is_valid(rounded).all()) and shapely.coverage_is_valid(rounded):
                self.cells = rounded
                return
            self.cells = shapely.make_valid(rounded, method="structure", keep_collapsed=False)

    def _rounded(self) -> Shapes:
        degrees = shapely.transform(self.plane.back(self.cells), lambda places: np.round(places, DECIMALS))
        return np.asarray(self.plane.metres(_without_repeats(degrees)), dtype=object)

    def close_gaps(self) -> None:
        """Gives every strip of nobody's ground to the leaf with the longest border to it, the lower code if equal."""
        first = len(self.leaves)
        narrow = [i for i in range(first, len(self.cells)) if width(self.cells[i]) <= SLIT_WIDTH_M]
        if not narrow:
            return
        tree = shapely.STRtree(self.cells[:first])
        taken: dict[int, list[int]] = defaultdict(list)
        for gap in narrow:
            near = np.sort(tree.query(self.cells[gap], predicate="intersects"))
            lengths = shapely.length(shapely.intersection(self.cells[near], self.cells[gap]))
            if len(near) and lengths.max() > 0:
                taken[int(near[lengths.argmax()])].append(gap)
        for leaf, gaps in taken.items():
            self.cells[leaf] = shapely.coverage_union_all(self.cells[[leaf, *gaps]])
        gone = {gap for gaps in taken.values() for gap in gaps}
        kept = [i for i in range(len(self.cells)) if i not in gone]
        self.cells, self.owner = self.cells[kept], [self.owner[i] for i in kept]

    def areas(self) -> list[Area]:
        """Every area with its new shape: a leaf is its cell, an area above the union of all cells in it."""
        parts: dict[int, list[int]] = defaultdict(list)
        for cell, index in enumerate(self.owner):
            parts[index].append(cell)
        for index in self.inner:
            for child in self.children.get(index, []):
                parts[index] += parts[child]
        degrees = shapely.transform(self.plane.back(self.cells), lambda places: np.round(places, DECIMALS))
        made = list(self.source)
        for index, cells in parts.items():
            shape = degrees[cells[0]] if len(cells) == 1 else shapely.coverage_union_all(degrees[cells])
            made[index] = replace(made[index], shape=shape)
        return made


def _without_repeats(shapes: Shapes) -> Shapes:
    """Without vertices that fell together."""
    return np.asarray(shapely.remove_repeated_points(shapes), dtype=object)


def _told(before: Sequence[Area], after: Sequence[Area], plane: Plane) -> list[Finding]:
    """What moved more than rounding, an area each, and one note of how far borders moved at most."""
    old, new = plane.metres([a.shape for a in before]), plane.metres([a.shape for a in after])
    lost = [area for area in after if area.shape is None or area.shape.is_empty]
    notes = [
        about(
            area,
            "vanished",
            FAULT,
            "it is narrower than {tolerance} m everywhere",
            None,
            tolerance=TOLERANCE_M,
        )
        for area in lost
    ]
    # An area whose corners are the same places, with vertices of its neighbours between them, has not moved.
    same = shapely.equals_exact(old, new, 1e-6)
    size = np.zeros(len(old))
    size[~same] = shapely.area(shapely.symmetric_difference(old[~same], new[~same]))
    moved = np.flatnonzero(size > 0.01)
    for index in moved.tolist():
        notes += _moved(after[index], old[index], new[index], plane)
    if len(moved):
        sentence = (
            "Borders were made to meet (within {tolerance} m; overlaps went to the lower code): {count} areas changed,"
            " by {size} m² in all."
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
        about(area, "seamed", NOTE, sentence, place, gained=f"{gained.area:,.0f}", lost=f"{lost.area:,.0f}")
    ]
