"""Routes points to grids in bulk, without a database, by the rule of `server/protocol/ground.py`.

Most points lie in a bucket that no border crosses and are answered by looking it up; the others ask prepared polygons.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.areas import Area
from gis.buckets import LOOK, Buckets
from server.protocol.ground import BORDER_DEG, LARGEST_REACH_M, Candidate, decide, metres_in_a_degree

STATUSES = np.array(["outside", "inside", "border", "nearest"])
OUTSIDE, INSIDE, BORDER, NEAREST = range(4)
# Sides of a quarter of the circle whose share is taken; the server takes as many.
QUARTER = 32

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class Routed:
    """One entry a point: index of its grid in `Router.grids` or −1, and its status as an index of STATUSES.

    `candidates`: who else it may belong to, for points where somebody does; `shares`: how much of the accuracy circle
    lies in each of them.
    """

    grid: Ints
    state: NDArray[np.int8]
    candidates: dict[int, list[int]] = field(default_factory=dict)
    shares: dict[int, list[float]] = field(default_factory=dict)

    @property
    def status(self) -> NDArray[np.str_]:
        """inside, border, nearest, outside."""
        return STATUSES[self.state]


class Router:
    """The level-3 areas of one tree, ready for many points. Areas are sound: they passed the checks."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self.grids = sorted((area for area in areas if area.level == 3), key=lambda area: area.code)
        self.above = {area.code: area.parent for area in areas if area.level == 2}
        self._shapes = np.array([grid.shape for grid in self.grids], dtype=object)
        shapely.prepare(self._shapes)
        west, south, east, north = shapely.bounds(self._shapes).T
        self._boxes = shapely.STRtree(shapely.box(west - BORDER_DEG, south - BORDER_DEG, east + BORDER_DEG,
                                                  north + BORDER_DEG))  # fmt: skip
        self._buckets = Buckets(self._shapes, 2 * BORDER_DEG)
        self._planes: dict[float, tuple[NDArray[np.object_], shapely.STRtree]] = {}

    def route(self, lon: Floats, lat: Floats, accuracy_m: Floats | None = None) -> Routed:
        """Routes points in degrees; NaN means no position. `accuracy_m` may hold NaN for unknown."""
        grid = self._buckets.of(lon, lat).astype(np.int64)
        look = np.flatnonzero(grid == LOOK)
        grid[look] = -1
        routed = Routed(grid, (grid >= 0).astype(np.int8))
        self._look_closely(look, lon, lat, routed)
        if accuracy_m is not None:
            self._by_accuracy(np.flatnonzero(np.isfinite(lon) & np.isfinite(lat) & (accuracy_m > 0)), lon, lat,
                              accuracy_m, routed)  # fmt: skip
        return routed

    def _look_closely(self, points: Ints, lon: Floats, lat: Floats, routed: Routed) -> None:
        places = _points(lon[points], lat[points])
        which, cell = self._boxes.query(places)
        touch = shapely.dwithin(self._shapes[cell], places[which], BORDER_DEG)
        which, cell = which[touch], cell[touch]
        covers = shapely.intersects(self._shapes[cell], places[which])
        routed.grid[points[which[covers]]] = cell[covers]
        routed.state[points[which[covers]]] = INSIDE
        several = np.flatnonzero(np.bincount(which, minlength=len(points)) > 1)
        if len(several):
            members = np.isin(which, several)
            self._on_borders(points, which[members], cell[members], covers[members], routed)

    def _on_borders(
        self, points: Ints, which: Ints, cell: Ints, covers: NDArray[np.bool_], routed: Routed
    ) -> None:
        groups: dict[int, list[tuple[int, bool]]] = {}
        for point, one, covered in zip(which.tolist(), cell.tolist(), covers.tolist(), strict=True):
            groups.setdefault(point, []).append((one, covered))
        for at, found in groups.items():
            found.sort()
            status, taken, possible = decide([Candidate(str(i), covered, True) for i, covered in found], 0.0)
            point = int(points[at])
            routed.state[point] = BORDER if status == "border" else INSIDE
            routed.grid[point] = int(taken.code) if taken else -1
            routed.candidates[point] = [int(one.code) for one in possible]

    def _by_accuracy(
        self, points: Ints, lon: Floats, lat: Floats, accuracy_m: Floats, routed: Routed
    ) -> None:
        bands = np.round(lat[points], 1)
        for band in np.unique(bands).tolist():
            self._in_band(points[bands == band], band, lon, lat, accuracy_m, routed)

    def _in_band(
        self, points: Ints, band: float, lon: Floats, lat: Floats, accuracy_m: Floats, routed: Routed
    ) -> None:
        """Points of one tenth of a degree, measured on one plane; its origin is where both are 0 degrees."""
        scale = np.array(metres_in_a_degree(band))
        if band not in self._planes:
            shapes = shapely.transform(self._shapes, lambda places: places * scale)
            self._planes[band] = shapes, shapely.STRtree(shapes)
        shapes, tree = self._planes[band]
        reach = np.minimum(accuracy_m[points], LARGEST_REACH_M)
        places = _points(lon[points] * scale[0], lat[points] * scale[1])
        which, cell = tree.query(places, "dwithin", reach)
        away = shapely.distance(places[which], shapes[cell])
        order = np.lexsort((cell, np.round(away, 3), which))
        which, cell = which[order], cell[order]
        doubtful: dict[int, list[int]] = {}
        for at, found in _in_order(which, cell).items():
            point = int(points[at])
            if routed.state[point] == OUTSIDE:
                routed.grid[point], routed.state[point] = found[0], NEAREST
            if routed.state[point] != BORDER and len(found) > 1:
                own = int(routed.grid[point])
                routed.candidates[point] = [own, *(one for one in found if one != own)]
            if point in routed.candidates:
                doubtful[at] = routed.candidates[point]
        self._share(points, places, reach, shapes, doubtful, routed)

    def _share(
        self, points: Ints, places: NDArray[np.object_], reach: Floats, shapes: NDArray[np.object_],
        doubtful: dict[int, list[int]], routed: Routed,
    ) -> None:  # fmt: skip
        at = np.array([point for point, cells in doubtful.items() for _ in cells], dtype=np.int64)
        cells = np.array([cell for found in doubtful.values() for cell in found], dtype=np.int64)
        circles = shapely.buffer(places[at], reach[at], quad_segs=QUARTER)
        shares = shapely.area(shapely.intersection(circles, shapes[cells])) / shapely.area(circles)
        for one, share in zip(at.tolist(), np.round(shares, 2).tolist(), strict=True):
            routed.shares.setdefault(int(points[one]), []).append(share)


def _points(x: Floats, y: Floats) -> NDArray[np.object_]:
    return np.asarray(shapely.points(x, y), dtype=object)


def _in_order(points: Ints, cells: Ints) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for point, cell in zip(points.tolist(), cells.tolist(), strict=True):
        groups.setdefault(point, []).append(cell)
    return groups
