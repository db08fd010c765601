"""Where figures are measured: a scratch cluster with the product's own settings, the demo district, and many cases."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape

from bench.million import fill, reopen
from gis.areas import Area
from gis.load import load, renew_statistics
from gis.prepare import Wanted
from gis.read import read
from server.cluster import Cluster
from server.db import Connection, Database, connect
from server.demo import DISTRICT, make_demo_people
from server.migrate import migrate
from server.security import Viewer, load_viewer
from server.settings import CHECKOUT

GRIDS = CHECKOUT / "grids.geojson"
# Ten millions, as the goal names them too, are `BENCH_ROWS=10000000`; filling them takes twenty minutes and 17 GB.
ROWS, QUICK_ROWS = int(os.environ.get("BENCH_ROWS", "1000000")), 5_000
COPIED, QUICK_COPIED = 20_000, 2_000


class Stage:
    """Makes what a figure asks for when it asks; three databases: of the road, of proof, of many cases."""

    def __init__(self, home: Path, quick: bool) -> None:
        self.home, self.quick = home, quick
        self.now = datetime.now(UTC).replace(microsecond=0)
        # All figures keep their connections until the stage ends.
        self._cluster = Cluster(home / "database", {"max_connections": "200"})
        self._open: list[Database | Connection] = []
        self._programs: list[subprocess.Popen[bytes]] = []

    def ends_with(self, program: "subprocess.Popen[bytes]") -> None:
        """A program that a figure started and that ends with the stage."""
        self._programs.append(program)

    def close(self) -> None:
        for program in self._programs:
            program.terminate()
            program.wait(20)
        for one in self._open:
            one.close()
        self._cluster.stop()

    @property
    def rows(self) -> int:
        return QUICK_ROWS if self.quick else ROWS

    @cached_property
    def areas(self) -> list[Area]:
        """The demo district as its file says it."""
        return read(GRIDS).areas

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the demo district, degrees."""
        with GRIDS.open(encoding="utf-8") as file:
            shapes = [shape(one["geometry"]) for one in json.load(file)["features"]]
        west, south, east, north = shapely.total_bounds(shapes)
        return float(west), float(south), float(east), float(north)

    @cached_property
    def empty(self) -> Database:
        """The schema and nothing in it."""
        self._cluster.start()
        self._cluster.ensure_database("empty")
        dsn = self._cluster.dsn("empty")
        migrate(dsn)
        return self._opened(dsn)

    @cached_property
    def road(self) -> Database:
        """The demo district with its people, no cases."""
        return self._opened(self._made("road"))

    @cached_property
    def proved(self) -> Database:
        """The same again: every chain in it was made by the road, where other figures make up the cases they need."""
        return self._opened(self._made("proved"))

    @cached_property
    def crowded(self) -> Database:
        """The same for many tablets, whose mirrors hold their own cases and nobody else's."""
        return self._opened(self._made("crowded"))

    @cached_property
    def million(self) -> Database:
        """The demo district after a year with many cases."""
        return self.after("million", self.rows)

    def after(self, name: str, rows: int) -> Database:
        """A database of this name: the demo district after a year with `rows` cases."""
        dsn = self._made(name)
        with closing(connect(dsn, application=False)) as owner:
            fill(owner, self.district_of(owner), rows, self.now)
        return self._opened(dsn)

    @cached_property
    def copied(self) -> Database:
        """The demo district with 20,000 open cases and their events, for a tablet's first copy."""
        dsn = self._made("copied")
        with closing(connect(dsn, application=False)) as owner:
            fill(owner, self.district_of(owner), QUICK_COPIED if self.quick else COPIED, self.now)
            reopen(owner)
        return self._opened(dsn)

    def _made(self, name: str) -> str:
        self._cluster.start()
        self._cluster.ensure_database(name)
        dsn = self._cluster.dsn(name)
        migrate(dsn)
        with closing(connect(dsn)) as conn:
            load(conn, read(GRIDS), Wanted(), self.now)
            make_demo_people(conn)
            conn.commit()
        renew_statistics(dsn)
        return dsn

    def _opened(self, dsn: str) -> Database:
        database = Database(dsn, size=4)
        self._open.append(database)
        return database

    @staticmethod
    def district_of(conn: Connection) -> int:
        with conn.cursor() as cursor:
            cursor.execute("select id from districts where code = %s", (DISTRICT,))
            return int(cursor.fetchone()["id"])

    def viewer(self, conn: Connection, login: str) -> Viewer:
        """Somebody of the demo, by login."""
        with conn.cursor() as cursor:
            cursor.execute("select id from people where login = %s", (login,))
            person: Any = cursor.fetchone()
        viewer = load_viewer(conn, person["id"], self.now)
        assert viewer is not None, login
        return viewer

    def reading(self, database: Database) -> Connection:
        """A connection of the application that stays open and reads; every query is its own transaction."""
        connection = connect(database.dsn)
        connection.autocommit = True
        self._open.append(connection)
        return connection


@contextmanager
def stage(quick: bool) -> Iterator[Stage]:
    """A stage in a folder of its own that is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="xunge-bench-"))
    # Root's database runs under an account that must be able to enter.
    home.chmod(0o755)
    made = Stage(home, quick)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(home, ignore_errors=True)
