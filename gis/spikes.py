"""Finds and cuts spikes: a border that runs out and comes back on itself, as a slip of the hand leaves it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.areas import NOTE, WARNING, Area, Finding, about
from gis.plane import Plane

# Sharper than this no plot of land is; shorter than this nobody sees it.
SHARPEST_DEG, SHORTEST_M = 2.0, 0.5
# A real wedge this wide at its root is somebody's ground.
WIDEST_ROOT_M = 1.0
# So many shapes are looked at together: more are no faster and take more memory.
PIECE = 1000

Floats = NDArray[np.float64]


def spikes(areas: Sequence[Area]) -> list[Finding]:
    """A warning a spike, with its length and the place of its tip."""
    if not areas:
        return []
    plane, shapes = Plane.round_about(areas), [area.shape for area in areas]
    sentence = "its outline has a spike of {length} m at {lon} {lat}"
    return [
        about(areas[index], "spike", WARNING, sentence, _degrees(tip, plane), length=f"{length:.1f}")
        for start in range(0, len(areas), PIECE)
        for index, tip, length in _found(plane.metres(shapes[start : start + PIECE]), start)
    ]


def without_spikes(areas: Sequence[Area]) -> tuple[list[Area], list[Finding]]:
    """The areas with the tips of spikes left out, and a note a spike with the m² that went."""
    result, notes = list(areas), []
    usable = [
        i
        for i, area in enumerate(result)
        if area.shape is not None and area.shape.is_valid and area.shape.area
    ]
    if not usable:
        return result, []
    plane = Plane.round_about([result[i] for i in usable])
    shapes = plane.metres([result[i].shape for i in usable])
    tips: dict[int, list[Floats]] = {}
    for at, tip, _ in _found(shapes):
        tips.setdefault(at, []).append(tip)
    for at, places in tips.items():
        cut = _cut(shapes[at], places)
        if not cut.is_valid or cut.is_empty:
            continue
        index = usable[at]
        result[index] = replace(result[index], shape=plane.back(cut))
        for tip in places:
            sentence = "a spike at {lon} {lat} was cut off: {size} m² less in all"
            notes.append(about(result[index], "repaired_spike", NOTE, sentence, _degrees(tip, plane),
                               size=f"{shapes[at].area - cut.area:,.1f}"))  # fmt: skip
    return result, notes


def _degrees(tip: Floats, plane: Plane) -> tuple[float, float]:
    x, y = shapely.get_coordinates(plane.back(shapely.Point(tip)))[0]
    return float(x), float(y)


def _found(shapes: NDArray[np.object_], start: int = 0) -> Iterator[tuple[int, Floats, float]]:
    """(index of the shape counted from `start`, tip in metres, length in metres) of every spike."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    if len(places) < 4:
        return
    # Every vertex with the one before and the one after it in its ring; the closing one repeats the first.
    first = np.flatnonzero(np.r_[True, ring[1:] != ring[:-1]])
    last = np.r_[first[1:] - 1, len(places) - 1]
    before, after = np.arange(len(places)) - 1, np.arange(len(places)) + 1
    before[first], after[last] = last - 1, first + 1
    to, out = places[before] - places, places[np.minimum(after, len(places) - 1)] - places
    one, other = np.hypot(*to.T), np.hypot(*out.T)
    cross, dot = to[:, 0] * out[:, 1] - to[:, 1] * out[:, 0], (to * out).sum(axis=1)
    angle = np.degrees(np.abs(np.arctan2(cross, dot)))
    shorter = np.minimum(one, other)
    sharp = (
        (angle < SHARPEST_DEG)
        & (shorter > SHORTEST_M)
        & (2 * shorter * np.sin(np.radians(angle / 2)) < WIDEST_ROOT_M)
    )
    sharp[last] = False
    for vertex in np.flatnonzero(sharp).tolist():
        yield start + int(owner[part[ring[vertex]]]), places[vertex], float(shorter[vertex])


def _cut(shape: BaseGeometry, tips: list[Floats]) -> BaseGeometry:
    gone = {tuple(tip.tolist()) for tip in tips}

    def ring(line: BaseGeometry) -> list[tuple[float, ...]]:
        places = [place for place in line.coords[:-1] if tuple(place) not in gone]
        return [*places, places[0]]

    parts = shapely.get_parts(shape)
    return shapely.MultiPolygon(
        [shapely.Polygon(ring(part.exterior), [ring(hole) for hole in part.interiors]) for part in parts]
    )
