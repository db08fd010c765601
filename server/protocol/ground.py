"""Whose a point is: the one rule that server, bulk routing and tablet answer by, and the plane they measure on.

A point that one grid covers lies in it. Within BORDER_DEG of several it is on their border: the lowest code, digit by
digit, of those that exactly cover it takes it, of all of them where none does, and the answer says so. Outside all, the
nearest within the accuracy takes it. Nothing is ever dropped.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Within 1e-9 degree (0.1 mm) of two grids a point is on their border; the same number stands in queries.sql.
BORDER_DEG = 1e-9
# A circle larger than this says nothing about which grid; nearer candidates are still named.
LARGEST_REACH_M = 2000.0

# The ellipsoid of WGS 84.
_SEMI_MAJOR_M, _ECCENTRICITY2 = 6_378_137.0, 0.00669437999014


@dataclass(frozen=True)
class Candidate:
    """A grid that a point touches (within BORDER_DEG), exactly covers, or may belong to by its accuracy."""

    code: str
    covers: bool
    touches: bool
    away_m: float = 0.0


def metres_in_a_degree(lat: float) -> tuple[float, float]:
    """Metres in a degree of longitude and of latitude at `lat`; never less than a metre to the east."""
    bend = 1 - _ECCENTRICITY2 * math.sin(math.radians(lat)) ** 2
    east = _SEMI_MAJOR_M * math.cos(math.radians(lat)) / math.sqrt(bend)
    north = _SEMI_MAJOR_M * (1 - _ECCENTRICITY2) / bend**1.5
    return max(math.radians(east), 1.0), math.radians(north)


def scale_about(lat: float) -> tuple[float, float]:
    """The metres in a degree by which whoever answers for a point measures: those of the nearest tenth of a degree.

    So all measure with the same numbers, and one plane serves thousands of points; it costs a thousandth of a distance.
    """
    return metres_in_a_degree(round(lat, 1))


def reach_m(accuracy_m: float | None) -> float:
    """How far a point's accuracy reaches, metres; 0 for one that is unknown or no number."""
    accuracy = accuracy_m or 0.0
    return min(max(accuracy, 0.0), LARGEST_REACH_M) if math.isfinite(accuracy) else 0.0


def decide(found: Sequence[Candidate], reach: float) -> tuple[str, Candidate | None, list[Candidate]]:
    """(status, whose the point is, all that it may belong to: one where nothing is doubtful).

    `found` are those that the point touches or that lie within `reach` metres, in the order of their codes.
    """
    touching = [one for one in found if one.touches]
    if len(touching) > 1:
        covering = [one for one in touching if one.covers]
        return "border", (covering or touching)[0], touching
    near = sorted(
        (one for one in found if one.covers or one.away_m <= reach), key=lambda one: round(one.away_m, 3)
    )
    if touching and touching[0].covers:
        return "inside", touching[0], [touching[0], *(one for one in near if one is not touching[0])]
    if near and reach > 0:
        return "nearest", near[0], near
    return "outside", None, []


def side(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> float:
    """Positive when the point lies left of the line from 1 to 2, negative right of it, 0 exactly on it.

    The sign is exact: where rounding could change it, whole fractions decide.
    """
    left, right = (x2 - x1) * (y - y1), (x - x1) * (y2 - y1)
    det = left - right
    # The bound of Shewchuk's orientation predicate.
    if abs(det) > 3.3306690738754716e-16 * (abs(left) + abs(right)):
        return det
    from fractions import Fraction

    px, py, ax, ay, bx, by = map(Fraction, (x, y, x1, y1, x2, y2))
    exact = (bx - ax) * (py - ay) - (px - ax) * (by - ay)
    return (exact > 0) - (exact < 0)


def circle_share(edges: Iterable[tuple[float, float, float, float]], inside: bool, radius: float) -> float:
    """The share of a circle about the origin that lies in an area, 0 to 1.

    `edges` (x1, y1, x2, y2) are those within the circle at least, in the unit of `radius`, the area to their left;
    `inside` says whether the origin is. An edge beyond the circle only turns about it, and all turns together are one
    whole turn or none: so those need not be named.
    """
    whole = math.pi * radius * radius
    total = whole if inside else 0.0
    for ax, ay, bx, by in edges:
        total += _under_circle((ax, ay), (bx, by), radius) - _sector(ax, ay, bx, by, radius)
    return min(max(total / whole, 0.0), 1.0)


def _under_circle(a: tuple[float, float], b: tuple[float, float], radius: float) -> float:
    """The signed area, within the circle, of the triangle from the origin to the edge a–b."""
    (ax, ay), (bx, by) = a, b
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    if length2 == 0:
        return 0.0
    # Where the line meets the circle, as parts of the edge.
    along = -(ax * dx + ay * dy) / length2
    off2 = radius * radius - (ax + along * dx) ** 2 - (ay + along * dy) ** 2
    if off2 <= 0:
        return _sector(ax, ay, bx, by, radius)
    half = math.sqrt(off2 / length2)
    first, last = max(along - half, 0.0), min(along + half, 1.0)
    if first >= last:
        return _sector(ax, ay, bx, by, radius)
    px, py, qx, qy = ax + first * dx, ay + first * dy, ax + last * dx, ay + last * dy
    return _sector(ax, ay, px, py, radius) + (px * qy - py * qx) / 2 + _sector(qx, qy, bx, by, radius)


def _sector(ax: float, ay: float, bx: float, by: float, radius: float) -> float:
    return radius * radius * math.atan2(ax * by - ay * bx, ax * bx + ay * by) / 2
