"""Tiles of borders at 12,000 grids as a map asks for them again and again, against one row by its key."""

import math
import random
from collections.abc import Callable
from time import perf_counter

import shapely

from bench.cells import tree
from bench.stage import Stage
from gis.areas import Boundaries
from gis.load import load
from gis.prepare import Wanted
from server.tiles.service import boundary_version, grids_tile
from server.tiles.squares import Square

CELLS, QUICK_CELLS = 12_000, 300
ZOOMS = (10, 11, 12, 13, 14, 15)
# What a morning at the map asks for: this many different tiles, most of them more than once.
DIFFERENT = 60


class GridTiles:
    name = "grid-tiles"
    what = "tile of borders at 12,000 grids, p95 of what a map asks for again"
    floor_is = "a row of bytes by its key"
    count = 600

    def __init__(self, stage: Stage) -> None:
        self.database = stage.empty
        areas = tree(QUICK_CELLS if stage.quick else CELLS)
        boundaries = Boundaries(areas, [], "cells", "0" * 64)
        district = self.database.run(
            lambda conn: load(conn, boundaries, Wanted(district="T"), stage.now).version
        )
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute("select district_id from boundary_versions where id = %s", (district,))
            self.version = boundary_version(conn, cursor.fetchone()["district_id"])
        draw = random.Random(20261129)
        shapes = [area.shape for area in areas if area.level == 3 and area.shape is not None]
        self.squares = [
            self._over(draw.choice(shapes).centroid, draw.choice(ZOOMS)) for _ in range(DIFFERENT)
        ]
        self.asked = [draw.choice(self.squares) for _ in range(self.count)]
        for square in self.squares:
            self.database.run(lambda conn, square=square: grids_tile(conn, self.version, square))
        self.conn = stage.reading(self.database)

    @staticmethod
    def _over(place: shapely.Point, zoom: int) -> Square:
        down = (1 - math.asinh(math.tan(math.radians(place.y))) / math.pi) / 2
        return Square(zoom, int((place.x / 360 + 0.5) * 2**zoom), int(down * 2**zoom))

    def floor(self, count: int) -> float:
        with self.conn.cursor() as cursor:
            return self._p95(
                count, lambda s: cursor.execute(
                    "select data from grid_tiles where (version_id, z, x, y) = (%s, %s, %s, %s)",
                    (self.version, s.z, s.x, s.y),
                )
            )  # fmt: skip

    def figure(self, count: int) -> float:
        return self._p95(count, lambda square: grids_tile(self.conn, self.version, square))

    def _p95(self, count: int, work: Callable[[Square], object]) -> float:
        taken = []
        for square in self.asked[:count]:
            start = perf_counter()
            work(square)
            taken.append(perf_counter() - start)
        return sorted(taken)[int(len(taken) * 0.95)]


FIGURES = (GridTiles,)
