"""One point looked up on the server against the bare prepared statement, and on the tablet against one ray cast."""

import random
from time import perf_counter

import shapely

from bench.stage import Stage
from mobile.core.whose import Grids
from server.grids import service as grids

BARE = """
prepare bare (float8, float8) as
select node_id from grids
where current and level = 3 and st_covers(geom, st_setsrid(st_makepoint($1, $2), 4326))
order by code collate "C" limit 1
"""


class Locate:
    name = "locate"
    what = "point → grid on the server, one a query"
    floor_is = "the bare prepared look-up: ST_Covers on the index"
    count = 1000

    def __init__(self, stage: Stage) -> None:
        self.conn = stage.reading(stage.road)
        west, south, east, north = stage.box
        draw = random.Random(20261122)
        self.points = [(draw.uniform(west, east), draw.uniform(south, north)) for _ in range(self.count)]
        with self.conn.cursor() as cursor:
            cursor.execute(BARE)

    def floor(self, count: int) -> None:
        with self.conn.cursor() as cursor:
            for point in self.points[:count]:
                cursor.execute("execute bare (%s, %s)", point)
                cursor.fetchone()

    def figure(self, count: int) -> None:
        for lon, lat in self.points[:count]:
            grids.locate(self.conn, lon, lat)


class Tablet:
    name = "tablet-locate"
    what = "point → grid on the tablet, p99 of 277 grids, one in ten with a circle"
    floor_is = "one ray cast round one grid"
    count = 2000

    def __init__(self, stage: Stage) -> None:
        leaves = [area for area in stage.areas if area.level == 3 and area.shape is not None]
        shapes = [(area.code, [[(p[0], p[1]) for p in ring.coords] for part in shapely.get_parts(area.shape)
                               for ring in (part.exterior, *part.interiors)]) for area in leaves]  # fmt: skip
        self.grids, self.ring = Grids(shapes), shapes[0][1][0]
        west, south, east, north = stage.box
        draw = random.Random(20261122)
        self.points = [
            (draw.uniform(west, east), draw.uniform(south, north), 30.0 if draw.random() < 0.1 else None)
            for _ in range(self.count)
        ]

    def floor(self, count: int) -> None:
        for x, y, _ in self.points[:count]:
            inside = False
            (x1, y1) = self.ring[-1]
            for x2, y2 in self.ring:
                if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                    inside = not inside
                x1, y1 = x2, y2

    def figure(self, count: int) -> float:
        """Seconds that one look-up in a hundred takes longer than."""
        taken = []
        for lon, lat, accuracy in self.points[:count]:
            start = perf_counter()
            self.grids.of(lon, lat, accuracy)
            taken.append(perf_counter() - start)
        return sorted(taken)[int(len(taken) * 0.99)]


FIGURES = (Locate, Tablet)
