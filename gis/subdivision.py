"""Cuts a polygon into irregular parts and joins all cuts into one seamless set of faces.

Cutting works in metres. The faces come from all cut lines together, noded on a grid of 1e-7 degree, so that
neighbours share every vertex: no gaps and no overlaps, by construction, at every level.
"""

import math
from dataclasses import dataclass, field
from random import Random

import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

Place = tuple[float, float]

# A cut goes this far past the border that it meets; the dangling end is dropped when faces are made.
OVERSHOOT_M = 0.6


@dataclass
class Cut:
    """One border made by cutting: as it is drawn, and the straight way that a lane beside it would take."""

    border: LineString
    straight: LineString


@dataclass
class Subdivision:
    """A seeded cutter; `cuts` gathers every border that it made, in order."""

    random: Random
    cuts: list[Cut] = field(default_factory=list)

    def parts(self, area: Polygon, count: int) -> list[Polygon]:
        """`count` parts of about equal size, metres. Cuts across the long side first, like parcels are cut."""
        if count == 1:
            return [area]
        first = max(1, min(count - 1, round(count * self.random.uniform(0.42, 0.58))))
        one, other = self._halves(area, first / count)
        return self.parts(one, first) + self.parts(other, count - first)

    def _halves(self, area: Polygon, share: float) -> tuple[Polygon, Polygon]:
        for attempt in range(40):
            angle = _long_side(area) + math.radians(self.random.uniform(-9, 9) * (1 + attempt / 4))
            straight = _line_with_share(area, angle, share)
            border = self._wander(straight)
            pieces = [piece for piece in split(area, border).geoms if isinstance(piece, Polygon)]
            if (
                len(pieces) == 2
                and min(piece.area for piece in pieces) > 0.6 * min(share, 1 - share) * area.area
            ):
                self.cuts.append(Cut(_inside(border, area), _inside(straight, area)))
                pieces.sort(key=lambda piece: _along(piece.representative_point(), angle))
                return pieces[0], pieces[1]
        raise ValueError(f"a part of {area.area:.0f} m² cannot be cut in two")

    def _wander(self, straight: LineString) -> LineString:
        """A border drawn by hand along a straight way: small kinks, sometimes a step round a courtyard."""
        steps = max(2, round(straight.length / 110))
        (x0, y0), (x1, y1) = straight.coords[0], straight.coords[-1]
        nx, ny = (y0 - y1) / straight.length, (x1 - x0) / straight.length
        step_at = self.random.randrange(1, steps + 1) if self.random.random() < 0.45 else steps + 1
        step = self.random.choice((-1, 1)) * self.random.uniform(14, 34)
        places = []
        for index in range(steps + 1):
            share = index / steps
            away = self.random.uniform(-7, 7) + (step if index >= step_at else 0.0)
            if index == step_at:
                places.append(_moved(x0, y0, x1, y1, share - 0.01, nx, ny, away - step))
            places.append(_moved(x0, y0, x1, y1, share, nx, ny, away))
        return LineString(places)


def _moved(
    x0: float, y0: float, x1: float, y1: float, share: float, nx: float, ny: float, away: float
) -> Place:
    return (x0 + (x1 - x0) * share + nx * away, y0 + (y1 - y0) * share + ny * away)


def _long_side(area: Polygon) -> float:
    """Direction of the longer side of the smallest box round the area, radians."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(area)).tolist()
    sides = [(corners[i + 1][0] - corners[i][0], corners[i + 1][1] - corners[i][1]) for i in (0, 1)]
    dx, dy = max(sides, key=lambda side: math.hypot(*side))
    return math.atan2(dy, dx) % math.pi


def _along(point: shapely.Point, angle: float) -> float:
    return float(point.x * math.cos(angle) + point.y * math.sin(angle))


def _line_with_share(area: Polygon, angle: float, share: float) -> LineString:
    """The line across `angle` that leaves `share` of the area behind it, found by halving."""
    ux, uy = math.cos(angle), math.sin(angle)
    places = [x * ux + y * uy for x, y in area.exterior.coords]
    low, high = min(places), max(places)
    reach = high - low + math.dist(area.bounds[:2], area.bounds[2:])
    middle = area.centroid
    across = -middle.x * uy + middle.y * ux
    start = low

    def line(at: float) -> LineString:
        ends = (across - reach, across + reach)
        return LineString([(ux * at - uy * side, uy * at + ux * side) for side in ends])

    def behind(at: float) -> float:
        corners = [(ux * along - uy * side, uy * along + ux * side)
                   for along, side in ((start - 1, across - reach), (start - 1, across + reach),
                                       (at, across + reach), (at, across - reach))]  # fmt: skip
        return float(area.intersection(Polygon(corners)).area)

    for _ in range(30):
        middle_at = (low + high) / 2
        low, high = (middle_at, high) if behind(middle_at) < share * area.area else (low, middle_at)
    inside = line((low + high) / 2).intersection(area)
    return _longer(_longest(inside), 60.0)


def _inside(line: LineString, area: Polygon) -> LineString:
    return _longer(_longest(line.intersection(area)), OVERSHOOT_M)


def _longest(shape: BaseGeometry) -> LineString:
    lines = [part for part in shapely.get_parts(shape) if isinstance(part, LineString)]
    return max(lines, key=lambda part: part.length)


def _longer(line: LineString, reach: float) -> LineString:
    """The line with both ends drawn out by `reach` metres in their own direction."""
    places = [(x, y) for x, y in line.coords]

    def out(end: Place, before: Place) -> Place:
        length = math.dist(end, before)
        return (
            end[0] + (end[0] - before[0]) * reach / length,
            end[1] + (end[1] - before[1]) * reach / length,
        )

    return LineString([out(places[0], places[1]), *places, out(places[-1], places[-2])])


def faces(lines: list[LineString], grid: float = 1e-7) -> list[Polygon]:
    """The areas between the lines (degrees), all vertices on the grid and shared by neighbours."""
    noded = shapely.unary_union(shapely.MultiLineString(lines), grid_size=grid)
    return list(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded).tolist())))


def union(areas: list[Polygon]) -> MultiPolygon:
    """The exact union of seamless areas: their outer edges, with every shared vertex kept."""
    merged = shapely.coverage_union_all(areas)
    return MultiPolygon(list(shapely.get_parts(merged)))
