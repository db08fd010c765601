"""Whose a point is, in pure Python: the server's rule over a few hundred polygons in some microseconds.

A raster of buckets names the polygons near a point; each polygon keeps its edges in horizontal slabs, so that only the
few edges beside the point are looked at. Places are degrees, EPSG:4326.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from server.protocol.ground import (
    BORDER_DEG,
    Candidate,
    circle_share,
    decide,
    reach_m,
    scale_about,
    side,
)  # fmt: skip

Place = tuple[float, float]
Ring = Sequence[Place]
Edge = tuple[float, float, float, float]

BUCKETS, EDGES_A_SLAB, MOST_SLABS = 32, 4, 512


@dataclass(frozen=True)
class Whose:
    """The answer for one point; indexes are those of the polygons given. `shares` of the accuracy circle, 0 to 1."""

    status: str
    taken: int | None
    candidates: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()


class Grids:
    """Polygons with their codes, ready to be asked; (code, rings) each, all rings of all parts."""

    def __init__(self, grids: Sequence[tuple[str, Sequence[Ring]]]) -> None:
        order = sorted(
            (index for index, (_, rings) in enumerate(grids) if rings), key=lambda index: grids[index][0]
        )
        self._polygons = [_Polygon(index, grids[index][0], grids[index][1]) for index in order]
        boxes = [polygon.box for polygon in self._polygons]
        self._box = (
            tuple(pick(box[i] for box in boxes) for i, pick in enumerate((min, min, max, max)))
            if boxes
            else None
        )
        self._buckets: dict[tuple[int, int], list[_Polygon]] = {}
        for polygon in self._polygons:
            west, south, east, north = polygon.box
            for key in self._between(
                west - BORDER_DEG, south - BORDER_DEG, east + BORDER_DEG, north + BORDER_DEG
            ):
                self._buckets.setdefault(key, []).append(polygon)

    def of(self, lon: float, lat: float, accuracy_m: float | None = None) -> Whose:
        """Whose the point is, by the rule of `server/protocol/ground.py`."""
        reach = reach_m(accuracy_m)
        east, north = scale_about(lat)
        found: list[tuple[Candidate, _Polygon]] = []
        for polygon in self._near(lon, lat, reach / east, reach / north):
            one = polygon.candidate(lon, lat, reach, east, north)
            if one is not None:
                found.append((one, polygon))
        status, taken, possible = decide([one for one, _ in found], reach)
        polygon_of = {id(one): polygon for one, polygon in found}
        if taken is None:
            return Whose(status, None)
        if len(possible) == 1:
            return Whose(status, polygon_of[id(taken)].index)
        polygons = [polygon_of[id(one)] for one in possible]
        shares = (
            tuple(round(polygon.share(lon, lat, reach, east, north), 2) for polygon in polygons)
            if reach
            else ()
        )
        return Whose(
            status, polygon_of[id(taken)].index, tuple(polygon.index for polygon in polygons), shares
        )

    def _near(self, lon: float, lat: float, right: float, up: float) -> Sequence["_Polygon"]:
        """Polygons in whose box, widened by the reach, the point lies; in the order of their codes."""
        if not right and not up:
            key = self._key(lon, lat)
            return (
                [p for p in self._buckets.get(key, ()) if p.near(lon, lat, BORDER_DEG, BORDER_DEG)]
                if key
                else ()
            )
        right, up = right + BORDER_DEG, up + BORDER_DEG
        return [polygon for polygon in self._polygons if polygon.near(lon, lat, right, up)]

    def _key(self, lon: float, lat: float) -> tuple[int, int] | None:
        if self._box is None or not (math.isfinite(lon) and math.isfinite(lat)):
            return None
        west, south, east, north = self._box
        return (
            int((lon - west) / ((east - west) or 1.0) * BUCKETS),
            int((lat - south) / ((north - south) or 1.0) * BUCKETS),
        )

    def _between(self, west: float, south: float, east: float, north: float) -> Iterable[tuple[int, int]]:
        low, high = self._key(west, south), self._key(east, north)
        if low is None or high is None:
            return ()
        return ((i, j) for i in range(low[0], high[0] + 1) for j in range(low[1], high[1] + 1))


class _Polygon:
    def __init__(self, index: int, code: str, rings: Sequence[Ring]) -> None:
        self.index, self.code = index, code
        self.edges: list[Edge] = [(*a, *b) for ring in _turned(rings) for a, b in pairwise(ring) if a != b]
        xs, ys = [edge[0] for edge in self.edges], [edge[1] for edge in self.edges]
        self.box = (min(xs), min(ys), max(xs), max(ys))
        self.count = min(max(len(self.edges) // EDGES_A_SLAB, 1), MOST_SLABS)
        self.high = (self.box[3] - self.box[1]) / self.count or 1.0
        self.slabs: list[list[Edge]] = [[] for _ in range(self.count)]
        for edge in self.edges:
            low, top = sorted((edge[1], edge[3]))
            for slab in range(self._slab(low - BORDER_DEG), self._slab(top + BORDER_DEG) + 1):
                self.slabs[slab].append(edge)

    def _slab(self, lat: float) -> int:
        return min(max(int((lat - self.box[1]) / self.high), 0), self.count - 1)

    def near(self, lon: float, lat: float, right: float, up: float) -> bool:
        west, south, east, north = self.box
        return west - right <= lon <= east + right and south - up <= lat <= north + up

    def candidate(self, lon: float, lat: float, reach: float, east: float, north: float) -> Candidate | None:
        """How the point stands to this polygon; None when it is beyond the reach."""
        covers, touches = self._stands(lon, lat)
        if covers or (touches and not reach):
            return Candidate(self.code, covers, True)
        away = self._away(lon, lat, reach, east, north) if reach else math.inf
        if not touches and away > reach:
            return None
        return Candidate(self.code, covers, touches, away)

    def _stands(self, x: float, y: float) -> tuple[bool, bool]:
        """(exactly covered, within BORDER_DEG of it): a ray to the east, exact on edges and corners."""
        inside, near = False, False
        for x1, y1, x2, y2 in self.slabs[self._slab(y)]:
            if (y1 > y) != (y2 > y):
                turn = side(x, y, x1, y1, x2, y2)
                if turn == 0:
                    return True, True
                if (turn > 0) == (y2 > y1):
                    inside = not inside
            elif (
                (y1 == y2 == y and min(x1, x2) <= x <= max(x1, x2))
                or (x1 == x and y1 == y)
                or (x2 == x and y2 == y)
            ):
                return True, True
            if not near and min(x1, x2) - BORDER_DEG <= x <= max(x1, x2) + BORDER_DEG:
                near = _distance(x1 - x, y1 - y, x2 - x, y2 - y) <= BORDER_DEG
        return inside, inside or near

    def _away(self, lon: float, lat: float, reach: float, east: float, north: float) -> float:
        """Metres to the nearest edge among those within the reach."""
        right, up = reach / east + BORDER_DEG, reach / north + BORDER_DEG
        best = math.inf
        for slab in range(self._slab(lat - up), self._slab(lat + up) + 1):
            for x1, y1, x2, y2 in self.slabs[slab]:
                if (x1 if x1 < x2 else x2) <= lon + right and (x1 if x1 > x2 else x2) >= lon - right:
                    away = _distance(
                        (x1 - lon) * east, (y1 - lat) * north, (x2 - lon) * east, (y2 - lat) * north
                    )
                    best = away if away < best else best
        return best

    def share(self, lon: float, lat: float, reach: float, east: float, north: float) -> float:
        """The share of the accuracy circle in this polygon, asked a thousandth of its radius off the border."""
        if self._away(lon, lat, reach, east, north) < reach * 1e-4:
            lon, lat = lon + reach * 1e-3 / east, lat + reach * 7e-4 / north
        right, up = reach / east, reach / north
        edges = {
            edge: None
            for slab in range(self._slab(lat - up), self._slab(lat + up) + 1)
            for edge in self.slabs[slab]
            if min(edge[0], edge[2]) <= lon + right and max(edge[0], edge[2]) >= lon - right
        }
        near = [
            ((x1 - lon) * east, (y1 - lat) * north, (x2 - lon) * east, (y2 - lat) * north)
            for x1, y1, x2, y2 in edges
        ]
        return circle_share(near, self._stands(lon, lat)[0], reach)


def _turned(rings: Sequence[Ring]) -> list[Ring]:
    """Rings with the area to their left: those within an odd number of others are holes."""
    result: list[Ring] = []
    for ring in rings:
        depth = sum(_within(ring[0], other) for other in rings if other is not ring)
        area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in _from(ring))
        result.append(ring if (area > 0) == (depth % 2 == 0) else ring[::-1])
    return result


def _from(ring: Ring) -> Iterable[tuple[Place, Place]]:
    """Edges counted from the first corner: what is far from the origin loses digits."""
    x, y = ring[0]
    return pairwise([(place[0] - x, place[1] - y) for place in ring])


def _within(place: Place, ring: Ring) -> bool:
    x, y = place
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _distance(ax: float, ay: float, bx: float, by: float) -> float:
    """From the origin to the segment a–b."""
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    along = -(ax * dx + ay * dy) / length2 if length2 else 0.0
    along = 0.0 if along < 0 else 1.0 if along > 1 else along
    return math.hypot(ax + along * dx, ay + along * dy)
