"""What a desk asks of a year with a million cases: a month's report, a page of the list, a tile of the map."""

import math
from datetime import timedelta

from bench.stage import Stage
from server.cases.filters import Filters
from server.cases.lists import list_cases
from server.reports.service import closure, side_by_side
from server.tiles.service import cases_tile
from server.tiles.squares import Square

ZOOM = 12
# What the page of streets shows unless somebody picks others.
MEASURES = ("closure", "on_time", "rework", "self_handled", "satisfaction", "suspended")


class OfTheYear:
    """A question of the duty officer to the database with many cases, against a bare round trip."""

    what = ""
    floor_is = "select 1"
    count = 10

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.conn = stage.reading(stage.million)
        self.viewer = stage.viewer(self.conn, "duty1")

    def floor(self, count: int) -> None:
        with self.conn.cursor() as cursor:
            for _ in range(count):
                cursor.execute("select 1 as one")
                cursor.fetchone()


class ClosureReport(OfTheYear):
    name = "closure"
    what = "closure rate of every street for a month, at 1 M cycles"

    def figure(self, count: int) -> None:
        last = self.stage.now.date() - timedelta(days=30)
        for _ in range(count):
            closure(self.conn, self.viewer, self.stage.now, from_=last - timedelta(days=30), to=last)


class StreetsPage(OfTheYear):
    name = "streets"
    what = "five measures and what is suspended, by street, with the month before, at 1 M cycles"
    count = 3

    def figure(self, count: int) -> None:
        last = self.stage.now.date() - timedelta(days=30)
        for _ in range(count):
            for to in (last, last - timedelta(days=30)):
                from_ = to - timedelta(days=29)
                side_by_side(
                    self.conn, self.viewer, self.stage.now, MEASURES, basis="due", from_=from_, to=to
                )


class ListPage(OfTheYear):
    name = "list"
    what = "page of 50 open cases by deadline, at 1 M cases"
    filters = Filters.from_query({"state": "open"})

    def figure(self, count: int) -> None:
        for _ in range(count):
            page = list_cases(self.conn, self.viewer, self.filters, 50, None, self.stage.now)
            assert len(page.items) == 50


class NewestPage(ListPage):
    name = "newest"
    what = "page of 50 newest cases, at 1 M cases"
    filters = Filters.from_query({})


class Tile(OfTheYear):
    name = "tile-z12"
    what = "tile of cases at zoom 12, at 1 M cases"
    floor_is = "ST_AsMVT of one row"
    count = 3

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        west, south, east, north = stage.box
        lon, lat = (west + east) / 2, math.radians((south + north) / 2)
        down = (1 - math.asinh(math.tan(lat)) / math.pi) / 2
        self.square = Square(ZOOM, int((lon + 180) / 360 * 2**ZOOM), int(down * 2**ZOOM))

    def floor(self, count: int) -> None:
        with self.conn.cursor() as cursor:
            for _ in range(count):
                cursor.execute(
                    "select st_asmvt(t) as tile from (select 1 as count, st_asmvtgeom(st_makepoint(1, 1),"
                    " st_makeenvelope(0, 0, 2, 2)) as geom) t"
                )
                cursor.fetchone()

    def figure(self, count: int) -> None:
        for _ in range(count):
            assert cases_tile(self.conn, self.viewer, self.square, self.asked(), self.stage.now)

    def asked(self) -> dict[str, str]:
        """The question of the map, as its address says it."""
        return {}


class MonthTile(Tile):
    name = "tile-month"
    what = "the same of one month, counted one by one"
    count = 5

    def asked(self) -> dict[str, str]:
        last = self.stage.now.date() - timedelta(days=30)
        return {"from": (last - timedelta(days=30)).isoformat(), "to": last.isoformat()}


FIGURES = (ClosureReport, StreetsPage, ListPage, NewestPage, Tile, MonthTile)
