"""Reports of a tablet applied in batches, against as many plain rows inserted in as many transactions."""

import random
from collections.abc import Sequence
from contextlib import closing
from functools import partial

from psycopg2.extras import execute_values

from bench.stage import Stage
from server.cases.apply import apply
from server.db import Connection, Database, connect
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import body_hash, uuid7


class Sync:
    """Batches of `batch` reports of one worker, each batch a transaction that is on the disk when it returns."""

    batch = 1
    what = ""
    count = 400
    floor_is = "as many rows by execute_values"

    def __init__(self, stage: Stage) -> None:
        self.database, self.stage = self.base(stage), stage
        with self.database.read() as conn:
            self.viewer = stage.viewer(conn, "worker1")
            self.actors = {self.viewer.person_id: self.viewer.actor()}
            with conn.cursor() as cursor:
                grid = "select st_x(inside) as lon, st_y(inside) as lat from grids where current and node_id = %s"
                cursor.execute(grid, (self.viewer.grids[0],))
                self.place = cursor.fetchone()
        self.table = f"bench_rows_{self.batch}"
        self._make_table()
        self.draw = random.Random(20261122)

    def base(self, stage: Stage) -> Database:
        return stage.road

    def _make_table(self) -> None:
        with closing(connect(self.database.dsn, application=False)) as owner, owner.cursor() as cursor:
            cursor.execute(
                f"create table if not exists {self.table} (id uuid primary key, case_id uuid, body text)"
            )
            cursor.execute(f"grant insert on {self.table} to xunge_app")
            owner.commit()

    def floor(self, count: int) -> None:
        for size in self._sizes(count):
            rows = [(uuid7(), uuid7(), "x" * 400) for _ in range(size)]
            self.database.run(partial(self._insert, rows=rows))

    def _insert(self, conn: Connection, rows: Sequence[tuple[object, ...]]) -> None:
        with conn.cursor() as cursor:
            execute_values(cursor, f"insert into {self.table} values %s", rows)

    def figure(self, count: int) -> None:
        for size in self._sizes(count):
            commands = [self._report() for _ in range(size)]
            work = partial(apply, commands=commands, now=self.stage.now, actors=self.actors)
            answers = self.database.run(work)
            assert all(answer.applied for answer in answers)

    def _sizes(self, count: int) -> list[int]:
        whole, rest = divmod(count, self.batch)
        return [self.batch] * whole + [rest] * bool(rest)

    def _report(self) -> Command:
        payload = {
            "category": {"system": "urban/event", "code": "0110"},
            "title": "垃圾袋",
            "description": "两袋",
        }
        lon = self.place["lon"] + self.draw.uniform(-1e-4, 1e-4)
        return Command(
            uuid7(), "report", uuid7(), read_payload("report", payload), body_hash(payload), "tablet",
            person_id=self.viewer.person_id, position=Position(lon, self.place["lat"], 8, "gps", crs="EPSG:4326"),
            district_id=self.viewer.district_id, made_at=self.stage.now, source="patrol", raw="{}",
        )  # fmt: skip


class SyncBy20(Sync):
    name, batch, what = "sync-20", 20, "commands applied, 20 a batch"


class SyncBy100(Sync):
    name, batch, what = "sync-100", 100, "commands applied, 100 a batch"


FIGURES = (SyncBy20, SyncBy100)
