"""Finds and cuts spikes: a border that runs out and comes back on itself, as a slip of the hand leaves it."""

from collections import defaultdict
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
# An outline of nothing but spikes is told by its longest.
MOST_SPIKES = 20
# So many shapes are looked at together: more are no faster and take more memory.
PIECE = 1000

Floats = NDArray[np.float64]
# Length in metres, place in metres.
Tip = tuple[float, Floats]


def spikes(areas: Sequence[Area]) -> list[Finding]:
    """A warning a spike, with its length and the place of its tip."""
    if not areas:
        return []
    plane, shapes = Plane.round_about(areas), [area.shape for area in areas]
    tips: dict[int, list[Tip]] = defaultdict(list)
    for start in range(0, len(areas), PIECE):
        for index, tip, length in _found(plane.metres(shapes[start : start + PIECE]), start):
            tips[index].append((length, tip))
    sentence = "its outline has a spike of {length} m at {lon} {lat}"
    more = "its outline has {count} more spikes, of {length} m at most, near {lon} {lat}"
    findings = []
    for index, found in tips.items():
        shown, rest = _longest(found)
        for length, tip in shown:
            findings.append(about(areas[index], "spike", WARNING, sentence, _degrees(tip, plane),
                                  length=f"{length:.1f}"))  # fmt: skip
        if rest:
            findings.append(about(areas[index], "spike", WARNING, more, _degrees(rest[0][1], plane),
                                  count=f"{len(rest):,}", length=f"{rest[0][0]:.1f}"))  # fmt: skip
    return findings


def _longest(tips: list[Tip]) -> tuple[list[Tip], list[Tip]]:
    """Those that are told one by one, in the order of the outline, and the rest, longest first."""
    if len(tips) <= MOST_SPIKES:
        return tips, []
    order = sorted(tips, key=lambda tip: -tip[0])
    return order[:MOST_SPIKES], order[MOST_SPIKES:]


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
    tips: dict[int, list[Tip]] = defaultdict(list)
    for at, tip, length in _found(shapes):
        tips[at].append((length, tip))
    for at, found in tips.items():
        cut = _cut(shapes[at], [tip for _, tip in found])
        if cut is None or not cut.is_valid or cut.is_empty:
            continue
        index, size = usable[at], f"{shapes[at].area - cut.area:,.1f}"
        result[index] = replace(result[index], shape=plane.back(cut))
        shown, rest = _longest(found)
        sentence = "a spike at {lon} {lat} was cut off: {size} m² less in all"
        more = "{count} more spikes were cut off, near {lon} {lat}: {size} m² less in all"
        for _, tip in shown:
            notes.append(
                about(result[index], "repaired_spike", NOTE, sentence, _degrees(tip, plane), size=size)
            )
        if rest:
            notes.append(about(result[index], "repaired_spike", NOTE, more, _degrees(rest[0][1], plane), size=size,
                               count=f"{len(rest):,}"))  # fmt: skip
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


def _cut(shape: BaseGeometry, tips: list[Floats]) -> BaseGeometry | None:
    """The shape without these corners; None where a ring would be nothing but spikes."""
    gone = {tuple(tip.tolist()) for tip in tips}

    def ring(line: BaseGeometry) -> list[tuple[float, ...]]:
        places = [place for place in line.coords[:-1] if tuple(place) not in gone]
        return [*places, *places[:1]]

    rings = [
        [ring(part.exterior), *(ring(hole) for hole in part.interiors)] for part in shapely.get_parts(shape)
    ]
    if any(len(one) < 4 for part in rings for one in part):
        return None
    return shapely.MultiPolygon([shapely.Polygon(part[0], part[1:]) for part in rings])
