"""Escalating many overdue cases in one run, and what a move by somebody else waits for meanwhile."""

import os
import random
import subprocess
import sys
from functools import partial
from time import perf_counter, sleep
from typing import Any

from bench.overdue import make_overdue, statements
from bench.stage import Stage
from server.cases.apply import apply
from server.db import Connection
from server.protocol.commands import Command, read_payload
from server.protocol.wire import body_hash, uuid7
from server.security import Viewer
from server.settings import CHECKOUT
from tasks import escalate_overdue
from tasks.schedule import TASKS
from tasks.task import Task, perform

# The full run that the goal names is `BENCH_OVERDUE=100000 python -m bench --only escalation --only moves`.
OVERDUE = int(os.environ.get("BENCH_OVERDUE", "10000"))


class Escalation:
    """One run of the task over cases that are all overdue, chunk by chunk."""

    name = "escalation"
    what = "overdue cases escalated in one run of the task"
    floor_is = "the bare SQL of the same rows, chunk by chunk"
    count = OVERDUE

    def __init__(self, stage: Stage) -> None:
        self.stage, self.database = stage, stage.road
        with self.database.read() as conn:
            self.district = stage.district_of(conn)

    def _made(self, count: int) -> float:
        """Nothing else is overdue when the clock starts."""
        self.database.run(_put_aside)
        make_overdue(self.database.dsn, self.district, count, self.stage.now)
        return perf_counter()

    def floor(self, count: int) -> float:
        begun = self._made(count)
        for _ in range(-(-count // escalate_overdue.CHUNK)):
            self.database.run(_bare_chunk)
        return (perf_counter() - begun) / count

    def figure(self, count: int) -> float:
        begun = self._made(count)
        # Without its rests, which are for others: what the work itself costs.
        done = perform(self.database, _task(), self.stage.now, rest=lambda _seconds: None)
        assert done == count, done
        return (perf_counter() - begun) / count


def _task() -> Task:
    return next(task for task in TASKS if task.name == "escalate_overdue")


def _put_aside(conn: Connection) -> None:
    with conn.cursor() as cursor:
        cursor.execute("update deadlines set escalate_at = null where escalate_at is not null")


def _bare_chunk(conn: Connection) -> None:
    with conn.cursor() as cursor:
        cursor.execute(statements()["bare"], {"chunk": escalate_overdue.CHUNK})


class Moves:
    """The slowest of twenty moves while the task, a process of its own, escalates; and while nothing else happens."""

    name = "moves"
    what = "95th percentile of a move while overdue cases are escalated beside it"
    floor_is = "the same with nothing beside it"
    count = 300

    def __init__(self, stage: Stage) -> None:
        self.stage, self.database = stage, stage.road
        with self.database.read() as conn:
            self.district = stage.district_of(conn)
            self.crew = stage.viewer(conn, _somebody(conn, "crew-sanitation"))
            self.duty = stage.viewer(conn, "duty1")
        self.rows = min(OVERDUE, 2_000) if stage.quick else OVERDUE
        make_overdue(self.database.dsn, self.district, self.rows, stage.now)
        self.cases = self._ids()
        self.asked: set[Any] = set()
        self.draw = random.Random(20261122)

    def _ids(self) -> list[Any]:
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(
                "select id from cases where number ~ '^V' and state = 'handling' and flags = '{registered}'"
            )
            return [row["id"] for row in cursor.fetchall()]

    def floor(self, count: int) -> float:
        return percentile([self._move() for _ in range(count)])

    def figure(self, count: int) -> float:
        make_overdue(self.database.dsn, self.district, self.rows, self.stage.now)
        before = self._escalated()
        with subprocess.Popen(
            [sys.executable, "-m", "tasks", "--once", "escalate_overdue"],
            cwd=CHECKOUT,
            env={**os.environ, "XUNGE_DATABASE_URL": self.database.dsn, "XUNGE_HOME": str(self.stage.home)},
            stdout=subprocess.DEVNULL,
        ) as task:
            while self._escalated() == before and task.poll() is None:
                sleep(0.05)
            seconds: list[float] = []
            while len(seconds) < count and task.poll() is None:
                seconds.append(self._move())
            task.terminate()
        assert len(seconds) >= min(count, 20), (
            f"all were escalated after {len(seconds)} moves: make more overdue"
        )
        return percentile(seconds)

    def _escalated(self) -> int:
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute("select count(*) as done from deadlines where escalations > 0")
            return int(cursor.fetchone()["done"])

    def _move(self) -> float:
        """A crew asks to return a case, or the duty officer refuses what was asked; how long that took."""
        case_id = self.draw.choice(self.cases)
        kind, who = ("refuse_return", self.duty) if case_id in self.asked else ("ask_return", self.crew)
        self.asked ^= {case_id}
        command = _command(kind, case_id, who)
        begun = perf_counter()
        work = partial(apply, commands=[command], now=self.stage.now, actors={who.person_id: who.actor()})
        answer = self.database.run(work)[0]
        assert answer.applied, answer
        return perf_counter() - begun


def percentile(seconds: list[float]) -> float:
    """The 95th percentile."""
    return sorted(seconds)[int(len(seconds) * 0.95)]


def _somebody(conn: Connection, office: str) -> str:
    with conn.cursor() as cursor:
        cursor.execute(
            "select p.login from people p join memberships m on m.person_id = p.id"
            " join organisations o on o.id = m.organisation_id where o.code = %s",
            (office,),
        )
        return str(cursor.fetchone()["login"])


def _command(kind: str, case_id: Any, who: Viewer) -> Command:
    payload = {"reason": "不属于我队" if kind == "ask_return" else "属于你队"}
    return Command(
        uuid7(),
        kind,
        case_id,
        read_payload(kind, payload),
        body_hash(payload),
        "console",
        person_id=who.person_id,
        raw="{}",
    )


FIGURES = (Escalation, Moves)
