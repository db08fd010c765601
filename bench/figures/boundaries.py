"""A boundary file of 12,000 areas read, checked, made seamless, compared and loaded, against GDAL reading it."""

import os

import pyogrio

from bench.cells import tree
from bench.stage import Stage
from gis.load import load
from gis.prepare import Wanted
from gis.read import read
from gis.write import write

CELLS, QUICK_CELLS = 12_000, 300


class Load:
    name = "boundaries-load"
    what = "12,000 areas read, checked and loaded as a version"
    floor_is = "the file read by pyogrio"
    count = 1

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.path = stage.home / "boundaries.gpkg"
        write(tree(QUICK_CELLS if stage.quick else CELLS), self.path)

    def floor(self, count: int) -> None:
        for _ in range(count):
            pyogrio.raw.read(os.fspath(self.path))

    def figure(self, count: int) -> None:
        for _ in range(count):
            connection = self.stage.reading(self.stage.empty)
            connection.autocommit = False
            loaded = load(connection, read(self.path), Wanted(district="B"), self.stage.now)
            connection.rollback()
            assert not loaded.refused


FIGURES = (Load,)
