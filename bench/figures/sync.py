"""Commands of tablets over HTTP, beside the bare SQL of the same transactions; and in sets, beside one by one."""

import gzip
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from time import perf_counter
from typing import Any

from bench.served import CLIENTS, Served, Transaction, at_once, recorded, send
from bench.stage import Stage
from mobile.core.office import GZIP_FROM, GZIP_LEVEL
from server.cases.apply import apply
from server.db import Connection, Database, connect
from server.people.enrolment import enrol, make_enrol_code
from server.protocol.commands import Command
from server.protocol.wire import ENVELOPE, time_text, uuid7
from server.security import DeviceViewer
from server.sync import intake

LOGIN = "worker1"


class Tablet:
    """One tablet of the worker: enrolled, with its own counting and its own places."""

    def __init__(self, stage: Stage, database: Database, index: int) -> None:
        code = database.run(lambda conn: make_enrol_code(conn, LOGIN, stage.now))
        self.enrolled = enrol(database, code, uuid7(), "bench", "1", stage.now, "127.0.0.1")
        self.seq, self.draw = 0, random.Random(index)
        with database.read() as conn, conn.cursor() as cursor:
            cursor.execute(
                "select st_x(inside) as lon, st_y(inside) as lat from grids where current and node_id = %s",
                (self.enrolled.viewer.grids[0],),
            )
            self.place = cursor.fetchone()

    @property
    def device(self) -> DeviceViewer:
        return DeviceViewer(self.enrolled.viewer, self.enrolled.device_id, "active")

    def envelope(self, size: int) -> dict[str, Any]:
        """That many reports, sealed and ready to be sent."""
        return {
            "envelope": ENVELOPE,
            "device_id": str(self.enrolled.device_id),
            "sent_at": time_text(datetime.now(UTC)),
            "commands": [self._report() for _ in range(size)],
        }

    def _report(self) -> dict[str, Any]:
        """Like those of a walk: minutes apart, each with its own place and words; so they weigh what they do."""
        self.seq += 1
        made = datetime.now(UTC) - timedelta(seconds=self.draw.randrange(8 * 3600))
        command_id, case_id = (uuid7(round(made.timestamp() * 1000)) for _ in range(2))
        lon = round(self.place["lon"] + self.draw.uniform(-1e-4, 1e-4), 7)
        return {
            "command_id": str(command_id), "person_id": self.enrolled.viewer.person_id, "seq": self.seq,
            "kind": "report", "case_id": str(case_id), "base_version": 0, "form_version": "1",
            "made_at": time_text(made), "depends_on": None,
            "position": {"lon": lon, "lat": self.place["lat"], "accuracy_m": 8, "provider": "gps", "fix_age_s": 1,
                         "is_mock": False, "placed_by_hand": False, "crs": "EPSG:4326"},
            "payload": {"category": {"system": "urban/event", "code": "0110"}, "condition": "any",
                        "title": self._words(6), "description": self._words(24), "attachments": []},
        }  # fmt: skip

    def _words(self, length: int) -> str:
        """Text of common ideographs."""
        return "".join(chr(0x4E00 + self.draw.randrange(3000)) for _ in range(length))


def body_of(envelope: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """As a tablet sends it: compressed when it is large."""
    body = json.dumps(envelope, ensure_ascii=False).encode()
    if len(body) < GZIP_FROM:
        return body, {}
    return gzip.compress(body, GZIP_LEVEL), {"Content-Encoding": "gzip"}


class Sync:
    """Batches of eight tablets at once, each batch a transaction that is on the disk when it is answered."""

    name, batch, count = "", 1, 0
    floor_is = "the bare SQL of the same transactions, 8 connections"

    def __init__(self, stage: Stage) -> None:
        self.stage, self.database = stage, stage.road
        self.tablets = [Tablet(stage, self.database, index) for index in range(CLIENTS)]
        self.others = [Tablet(stage, self.database, CLIENTS + index) for index in range(CLIENTS)]
        self.connections = [connect(self.database.dsn) for _ in range(CLIENTS)]
        body, _ = body_of(self.tablets[0].envelope(self.batch))
        self.what = (
            f"commands over HTTP, {self.batch} a batch of {len(body) / self.batch:.0f} bytes each,"
            " 2 server processes, 8 tablets"
        )

    def floor(self, count: int) -> float | None:
        work = [[self._recorded(tablet) for _ in range(self._batches(count))] for tablet in self.others]
        begun = perf_counter()
        at_once([partial(send, *pair) for pair in zip(self.connections, work, strict=True)])
        return (perf_counter() - begun) / self._commands(count)

    def _recorded(self, tablet: Tablet) -> Transaction:
        envelope = tablet.envelope(self.batch)
        return recorded(
            self.database, lambda conn: intake.take(conn, tablet.device, envelope, "zh-CN", self.stage.now)
        )

    def figure(self, count: int) -> float | None:
        work = [
            [body_of(tablet.envelope(self.batch)) for _ in range(self._batches(count))]
            for tablet in self.tablets
        ]
        self.served.begin()
        begun = perf_counter()
        at_once([partial(self._sync, client, bodies) for client, bodies in enumerate(work)])
        return (perf_counter() - begun) / self._commands(count)

    def _sync(self, client: int, bodies: Sequence[tuple[bytes, dict[str, str]]]) -> None:
        token = {"Authorization": f"Bearer {self.tablets[client].enrolled.device_token}"}
        for body, more in bodies:
            reply = self.served.clients[client].post("/sync/v1/commands", body, {**token, **more})
            answer = json.loads(reply.body)
            assert reply.status == 200, answer
            assert all(result["outcome"] == "applied" for result in answer["results"]), answer

    def _batches(self, count: int) -> int:
        """How many each tablet sends."""
        return max(1, count // self.batch // CLIENTS)

    def _commands(self, count: int) -> int:
        return self._batches(count) * self.batch * CLIENTS

    @cached_property
    def served(self) -> Served:
        return Served(self.stage, self.database)


class SyncBy1(Sync):
    name, batch, count = "sync-1", 1, 400


class SyncBy20(Sync):
    name, batch, count = "sync-20", 20, 1600


class SyncBy100(Sync):
    # Ten batches a tablet, as of the twenties: of four, most of a sample is its start and its end.
    name, batch, count = "sync-100", 100, 8000


class OneByOne:
    """The same hundred commands decided and written one by one under savepoints, as the obvious way would be."""

    name, count = "sync-one-by-one", 300
    what = "commands applied one by one under savepoints, 100 a transaction"
    floor_is = "the same in sets, as the product does"

    def __init__(self, stage: Stage) -> None:
        self.stage, self.database = stage, stage.road
        self.tablet = Tablet(stage, self.database, 2 * CLIENTS)

    def floor(self, count: int) -> None:
        for commands in self._batches(count):
            self.database.run(partial(self._in_a_set, commands=commands))

    def figure(self, count: int) -> None:
        for commands in self._batches(count):
            self.database.run(partial(self._one_by_one, commands=commands))

    def _batches(self, count: int) -> list[list[Command]]:
        sizes = [100] * (count // 100) + [count % 100] * bool(count % 100)
        return [
            [intake.read(raw, self.tablet.device, 0) for raw in self.tablet.envelope(size)["commands"]]
            for size in sizes
        ]

    def _in_a_set(self, conn: Connection, commands: Sequence[Command]) -> None:
        viewer = self.tablet.enrolled.viewer
        answers = apply(conn, commands, self.stage.now, {viewer.person_id: viewer.actor()})
        assert all(answer.applied for answer in answers)

    def _one_by_one(self, conn: Connection, commands: Sequence[Command]) -> None:
        for command in commands:
            with conn.cursor() as cursor:
                cursor.execute("savepoint one")
                self._in_a_set(conn, [command])
                cursor.execute("release savepoint one")


FIGURES = (SyncBy1, SyncBy20, SyncBy100, OneByOne)
