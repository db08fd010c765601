"""Routes points to grids in bulk, without a database: a tree of the points is asked by polygons.

The rule is the server's: a point within 1e-9 degree (0.1 mm) of two grids has status `border` and goes to the
lowest code of those that cover it, digit by digit (of all of them where none does); outside all grids the
nearest within the point's accuracy takes it, else it stays outside, never dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.areas import Area
from gis.plane import Plane

BORDER_DEG = 1e-9
# A point this deep inside a grid needs no second look; the few that are not are looked at exactly.
CORE_DEG = 1e-8

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class Routed:
    """One entry a point: index of its grid in `Router.grids` or −1, status, and who else it may belong to."""

    grid: Ints
    status: NDArray[np.str_]
    candidates: dict[int, list[int]]


class Router:
    """The level-3 areas of one tree, ready for many points. Areas are sound: they passed the checks."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self.grids = sorted((area for area in areas if area.level == 3), key=lambda area: area.code)
        self.above = {area.code: area.parent for area in areas if area.level == 2}
        self._shapes = np.array([grid.shape for grid in self.grids], dtype=object)
        self._tree = shapely.STRtree(self._shapes)
        self._cores = shapely.buffer(self._shapes, -CORE_DEG, join_style="mitre")
        self._cores[self._shared()] = shapely.Polygon()
        self._whole = shapely.buffer(shapely.unary_union(self._shapes), CORE_DEG)
        shapely.prepare(self._whole)

    def _shared(self) -> Ints:
        """Grids that overlap another one: their inside may belong to two."""
        left, right = self._tree.query(self._shapes, predicate="intersects")
        keep = left < right
        left, right = left[keep], right[keep]
        parts = shapely.intersection(self._shapes[left], self._shapes[right])
        length = shapely.length(parts)
        wide = np.divide(2 * shapely.area(parts), length, out=np.zeros_like(length), where=length > 0)
        thick = wide > CORE_DEG
        return np.unique(np.concatenate([left[thick], right[thick]]))

    def route(self, lon: Floats, lat: Floats, accuracy_m: Floats | None = None) -> Routed:
        """Routes points in degrees; NaN means no position. `accuracy_m` may hold NaN for unknown."""
        count = len(lon)
        grid = np.full(count, -1, dtype=np.int64)
        placed = np.isfinite(lon) & np.isfinite(lat)
        self._into_cores(np.flatnonzero(placed), lon, lat, grid)
        routed = Routed(grid, np.where(grid >= 0, "inside", "outside").astype("U8"), {})
        left = np.flatnonzero(placed & (grid < 0))
        self._look_closely(left[shapely.intersects_xy(self._whole, lon[left], lat[left])], lon, lat, routed)
        if accuracy_m is not None:
            self._by_accuracy(np.flatnonzero(placed & (accuracy_m > 0)), lon, lat, accuracy_m, routed)
        return routed

    def _into_cores(self, points: Ints, lon: Floats, lat: Floats, grid: Ints) -> None:
        """A tree of the points asked by polygons: so it is the polygon that GEOS prepares, once."""
        tree = shapely.STRtree(_points(lon[points], lat[points]))
        cell, which = tree.query(self._cores, predicate="intersects")
        grid[points[which]] = cell

    def _look_closely(self, points: Ints, lon: Floats, lat: Floats, routed: Routed) -> None:
        places = _points(lon[points], lat[points])
        which, cell = self._tree.query(places, "dwithin", BORDER_DEG)
        touches = shapely.intersects(self._shapes[cell], places[which])
        covered = set(zip(points[which[touches]].tolist(), cell[touches].tolist(), strict=True))
        for point, found in _in_order(points[which], cell).items():
            found.sort()
            covering = [grid for grid in found if (point, grid) in covered]
            if len(found) > 1:
                routed.grid[point], routed.status[point] = (covering or found)[0], "border"
                routed.candidates[point] = found
            elif covering:
                routed.grid[point], routed.status[point] = found[0], "inside"

    def _by_accuracy(
        self, points: Ints, lon: Floats, lat: Floats, accuracy_m: Floats, routed: Routed
    ) -> None:
        plane = Plane.round_about(self.grids)
        shapes = plane.metres(self._shapes)
        places = plane.places(lon[points], lat[points])
        which, cell = shapely.STRtree(shapes).query(places, "dwithin", accuracy_m[points])
        away = shapely.distance(places[which], shapes[cell])
        order = np.lexsort((cell, np.round(away, 3), which))
        for point, found in _in_order(points[which[order]], cell[order]).items():
            if routed.grid[point] < 0:
                routed.grid[point], routed.status[point] = found[0], "nearest"
            if len(found) > 1 and routed.status[point] != "border":
                routed.candidates[point] = found


def _points(x: Floats, y: Floats) -> NDArray[np.object_]:
    return np.asarray(shapely.points(x, y), dtype=object)


def _in_order(points: Ints, cells: Ints) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for point, cell in zip(points.tolist(), cells.tolist(), strict=True):
        groups.setdefault(point, []).append(cell)
    return groups
