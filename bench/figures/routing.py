"""Points routed to grids in bulk, without a database, against asking the tree of boxes only, and against asking the
tree for what intersects; with few, many and very many cells."""

from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray

from bench.cells import cells
from bench.stage import Stage
from gis.areas import Area
from gis.route import Router

SAMPLE = 200_000
QUICK_CELLS = 2_000


@cache
def _ready(count: int) -> tuple[Router, NDArray[np.object_], shapely.STRtree]:
    shapes = cells(count)
    router = Router([Area(3, f"{index:07d}", "", None, shape) for index, shape in enumerate(shapes)])
    return router, shapes, shapely.STRtree(shapes)


class _Routing:
    cells = 0
    count = SAMPLE

    def __init__(self, stage: Stage) -> None:
        self.router, shapes, self.tree = _ready(min(self.cells, QUICK_CELLS) if stage.quick else self.cells)
        west, south, east, north = shapely.total_bounds(shapes)
        draw = np.random.default_rng(20261122)
        self.lon, self.lat = draw.uniform(west, east, SAMPLE), draw.uniform(south, north, SAMPLE)

    def floor(self, count: int) -> None:
        self.tree.query(shapely.points(self.lon[:count], self.lat[:count]))

    def figure(self, count: int) -> None:
        self.router.route(self.lon[:count], self.lat[:count])


class _AgainstIntersects(_Routing):
    def floor(self, count: int) -> None:
        self.tree.query(shapely.points(self.lon[:count], self.lat[:count]), predicate="intersects")


class Routing275(_Routing):
    name, what, floor_is = "routing-275", "points routed to 275 grids", "boxes of an STRtree only"
    cells = 275


class Routing12774(_Routing):
    name, what, floor_is = "routing-12774", "points routed to 12,774 grids", "boxes of an STRtree only"
    cells = 12_774


class Routing100000(_Routing):
    name, what, floor_is = "routing-100000", "points routed to 100,000 grids", "boxes of an STRtree only"
    cells = 100_000


class Intersects275(_AgainstIntersects):
    name, what, floor_is = (
        "routing-275-i",
        "points routed to 275 grids",
        "STRtree.query(points, 'intersects')",
    )
    cells = 275


class Intersects12774(_AgainstIntersects):
    name, what, floor_is = (
        "routing-12774-i",
        "points routed to 12,774 grids",
        "STRtree.query(points, 'intersects')",
    )
    cells = 12_774


class Intersects100000(_AgainstIntersects):
    name, what, floor_is = (
        "routing-100000-i",
        "points routed to 100,000 grids",
        "STRtree.query(points, 'intersects')",
    )
    cells = 100_000


FIGURES = (Routing275, Intersects275, Routing12774, Intersects12774, Routing100000, Intersects100000)
