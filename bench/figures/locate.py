"""One point looked up on the server, against a bare round trip."""

import random

from bench.stage import Stage
from server.grids import service as grids


class Locate:
    name = "locate"
    what = "point → grid on the server, one a query"
    floor_is = "select 1"
    count = 1000

    def __init__(self, stage: Stage) -> None:
        self.conn = stage.reading(stage.road)
        west, south, east, north = stage.box
        draw = random.Random(20261122)
        self.points = [(draw.uniform(west, east), draw.uniform(south, north)) for _ in range(self.count)]

    def floor(self, count: int) -> None:
        with self.conn.cursor() as cursor:
            for _ in range(count):
                cursor.execute("select 1 as one")
                cursor.fetchone()

    def figure(self, count: int) -> None:
        for lon, lat in self.points[:count]:
            grids.locate(self.conn, lon, lat)


FIGURES = (Locate,)
