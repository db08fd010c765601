"""A thousand tablets come back after an outage, twenty reports in each, beside the bare SQL of their commands.

Real cores of the simulator over a good wire, all of them at once, in processes of their own on the machine of the
server; every worker has a grid of the demo district, four to a grid. Enrolling and capturing are not in the time.
After each sample everything is counted: all in, none twice, every chain whole.
"""

import multiprocessing
import time
from collections import Counter
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlunsplit
from uuid import UUID

from bench.figures.sync import Sync
from bench.served import Served
from bench.stage import Stage
from mobile.core.transport import HttpTransport, LinkDown, Reply
from mobile.sim.crowd import Crowd, Tally, for_each
from mobile.sim.wire import BadWire
from mobile.sim.worker import Worker
from server.cases.chain import verify_slice
from server.db import Connection
from server.people.enrolment import make_enrol_code
from server.people.service import NewPerson, add_person

EACH, AT_ONCE, SENDERS, SLICE = 20, 16, 4, 1000


class Listening(HttpTransport):
    """Counts what the server answers: status by status, and requests without an answer."""

    def __init__(self, heard: Counter[str]) -> None:
        super().__init__()
        self._heard = heard

    def send(self, *request: Any) -> Reply:
        try:
            reply = super().send(*request)
        except LinkDown as down:
            self._heard[str(down)] += 1
            raise
        self._heard[str(reply.status)] += 1
        return reply


def prepare(home: Path, url: str, codes: dict[int, str]) -> None:
    """In a process of its own: these tablets enrol by their codes, if they have one, and capture without a signal."""
    workers = {number: Worker(home / str(number), BadWire(number), number) for number in codes}
    code_of = {workers[number].home: code for number, code in codes.items() if code}
    fresh = [worker for worker in workers.values() if worker.home in code_of]
    for_each(fresh, AT_ONCE, lambda worker: worker.enrol(url, code_of[worker.home]))
    Crowd(list(workers.values()), EACH, at_once=AT_ONCE).capture_without_a_signal()


def send(home: Path, numbers: Sequence[int]) -> tuple[Tally, Counter[str]]:
    """In a process of its own: these tablets send what they hold, all of them at once."""
    heard: Counter[str] = Counter()
    workers = [
        Worker(home / str(number), BadWire(number, inner=Listening(heard)), number) for number in numbers
    ]
    return Crowd(workers, 0, at_once=max(1, len(workers))).send(), heard


class Outage:
    name, count, pairs = "outage", 1000, 1
    what = f"commands of 1,000 real tablets at once after an outage, {EACH} each, 2 server processes, same machine"
    floor_is = "the bare SQL of as many commands, 20 a batch, 8 connections"

    def __init__(self, stage: Stage) -> None:
        self.stage, self.database = stage, stage.crowded
        self.plain = type("Batches", (Sync,), {"name": self.name, "batch": EACH})(stage)
        self.home = stage.home / "tablets"
        self.beside: dict[str, float | str] = {}
        self.enrolled = 0

    def floor(self, count: int) -> float | None:
        return float(self.plain.floor(count * EACH))

    def figure(self, count: int) -> float | None:
        codes = self._codes(count)
        shares = [range(part, count, SENDERS) for part in range(SENDERS)]
        with multiprocessing.get_context("spawn").Pool(SENDERS) as pool:
            jobs = [{number: codes.get(number, "") for number in share} for share in shares]
            pool.map(partial(prepare, self.home, self.url), jobs, 1)
            before = self._counted()
            begun = time.monotonic()
            parts = pool.map(partial(send, self.home), shares, 1)
            seconds = time.monotonic() - begun
        assert sum(tally.waiting for tally, _ in parts) == 0, [tally.as_json() for tally, _ in parts]
        assert [now - then for now, then in zip(self._counted(), before, strict=True)] == [count * EACH] * 2
        self._prove()
        done = sorted(after for tally, _ in parts for after in tally.done_after)
        heard = sum((heard for _, heard in parts), Counter[str]())
        self.beside = {
            f"{count} tablets, the last one through": seconds,
            "half of them through": done[len(done) // 2],
            "95 % of them through": done[len(done) * 95 // 100],
            "answers": ", ".join(f"{times} × {what}" for what, times in heard.most_common()),
            "the server's processes at most": " + ".join(
                f"{peak // 2**20} MB" for peak in self.served.peaks()
            ),
        }
        return seconds / (count * EACH)

    def _counted(self) -> tuple[int, int]:
        """Commands of tablets that took effect, and cases."""
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(
                "select (select count(*) from commands where origin = 'tablet' and outcome = 'applied') as commands,"
                " (select count(*) from cases) as cases"
            )
            row = cursor.fetchone()
        return row["commands"], row["cases"]

    def _prove(self) -> None:
        """Every chain is whole."""
        after: UUID | None = UUID(int=0)
        while after is not None:
            with self.database.read() as conn:
                after, _, broken = verify_slice(conn, after, SLICE)
            assert not broken, broken

    def _codes(self, count: int) -> dict[int, str]:
        """For those tablets that nobody has yet."""
        fresh = range(self.enrolled, count)
        self.enrolled = max(self.enrolled, count)
        return self.database.run(lambda conn: {n: self._code(conn, n) for n in fresh})

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
    def served(self) -> Served:
        return Served(self.stage, self.database)

    @cached_property
    def url(self) -> str:
        return urlunsplit(("http", f"127.0.0.1:{self.served.clients[0].port}", "", "", ""))


FIGURES = (Outage,)
