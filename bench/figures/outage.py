"""A thousand tablets come back after an outage, twenty reports in each, beside the bare SQL of their commands.

Real cores of the simulator over a good wire, sixteen open at a time on the same machine as the server; every worker
has a grid of the demo district, four to a grid. After each sample everything is counted: all in, none twice.
"""

from functools import cached_property
from urllib.parse import urlunsplit

from bench.figures.sync import Sync
from bench.served import Served
from bench.stage import Stage
from mobile.sim.crowd import Crowd, for_each
from mobile.sim.wire import BadWire
from mobile.sim.worker import Worker
from server.db import Connection
from server.people.enrolment import make_enrol_code
from server.people.service import NewPerson, add_person

EACH, AT_ONCE = 20, 16


class Outage:
    name, count, pairs = "outage", 1000, 1
    what = f"commands of 1,000 real tablets after an outage, {EACH} each, 2 server processes, same machine"
    floor_is = "the bare SQL of as many commands, 20 a batch, 8 connections"

    def __init__(self, stage: Stage) -> None:
        self.stage, self.database = stage, stage.crowded
        self.plain = type("Batches", (Sync,), {"name": self.name, "batch": EACH})(stage)
        self.beside: dict[str, float] = {}
        self.workers: list[Worker] = []

    def floor(self, count: int) -> float | None:
        return float(self.plain.floor(count * EACH))

    def figure(self, count: int) -> float | None:
        self._enrol(count)
        crowd = Crowd(self.workers[:count], EACH, at_once=AT_ONCE)
        before = self._counted()
        crowd.capture_without_a_signal()
        tally = crowd.send()
        assert tally.waiting == 0, tally.as_json()
        assert [now - then for now, then in zip(self._counted(), before, strict=True)] == [count * EACH] * 2
        self.beside = {
            f"{count} tablets, the last one through": tally.seconds,
            "half of them through": tally.percentile(0.5),
            "95 % of them through": tally.percentile(0.95),
        }
        return tally.seconds / (count * EACH)

    def _counted(self) -> tuple[int, int]:
        """Commands of tablets that took effect, and cases."""
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(
                "select (select count(*) from commands where origin = 'tablet' and outcome = 'applied') as commands,"
                " (select count(*) from cases) as cases"
            )
            row = cursor.fetchone()
        return row["commands"], row["cases"]

    def _enrol(self, count: int) -> None:
        fresh = range(len(self.workers), count)
        codes = self.database.run(lambda conn: [self._code(conn, n) for n in fresh])
        made = [Worker(self.stage.home / "tablets" / str(n), BadWire(n), n) for n in fresh]
        code_of = dict(zip((worker.home for worker in made), codes, strict=True))
        for_each(made, AT_ONCE, lambda worker: worker.enrol(self.url, code_of[worker.home]))
        self.workers += made

    def _code(self, conn: Connection, number: int) -> str:
        """For a new worker of one of the grids."""
        login, grid = f"outage{number}", self.grids[number % len(self.grids)]
        new = NewPerson(login, login, "worker", self.community, [grid], [])
        add_person(conn, new, self.stage.now)
        return make_enrol_code(conn, login, self.stage.now)

    @cached_property
    def grids(self) -> list[int]:
        return self._ids("select node_id as id from grids where current and level = 3 order by code")

    @cached_property
    def community(self) -> int:
        return self._ids("select id from organisations where kind = 'community' order by id")[0]

    def _ids(self, statement: str) -> list[int]:
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(statement)
            return [row["id"] for row in cursor.fetchall()]

    @cached_property
    def url(self) -> str:
        served = Served(self.stage, self.database)
        return urlunsplit(("http", f"127.0.0.1:{served.clients[0].port}", "", "", ""))


FIGURES = (Outage,)
