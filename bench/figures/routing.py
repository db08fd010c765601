"""Points routed to grids in bulk, without a database, against asking the tree of boxes only."""

import numpy as np
import shapely

from bench.stage import Stage
from gis.route import Router

SAMPLE = 200_000


class Routing:
    name = "routing"
    what = "points routed to 280 grids in bulk"
    floor_is = "boxes of an STRtree only"
    count = SAMPLE

    def __init__(self, stage: Stage) -> None:
        self.router = Router(stage.areas)
        west, south, east, north = stage.box
        draw = np.random.default_rng(20261122)
        self.lon, self.lat = draw.uniform(west, east, SAMPLE), draw.uniform(south, north, SAMPLE)
        self.tree = shapely.STRtree([area.shape for area in stage.areas if area.level == 3 and area.shape])

    def floor(self, count: int) -> None:
        self.tree.query(shapely.points(self.lon[:count], self.lat[:count]))

    def figure(self, count: int) -> None:
        self.router.route(self.lon[:count], self.lat[:count])


FIGURES = (Routing,)
