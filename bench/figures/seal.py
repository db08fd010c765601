"""A report sealed on the tablet, on the disk when it returns, against a bare commit of SQLite with the same bytes.

Both are WAL with synchronous=FULL in files of the same disk; what is above the floor is the seal, the outbox's rows and
its triggers. The 99th of a hundred tells what a worker's tap meets on a bad moment of the disk.
"""

import math
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter

from bench.stage import Stage
from mobile.core.clockwork import DeviceClock
from mobile.core.outbox import Outbox
from mobile.core.seal import Seal
from mobile.core.store import Store
from server.protocol.wire import time_text, uuid7

BYTES = 900  # of a sealed report


class SealReport:
    name = "seal"
    what = "reports sealed on the tablet"
    floor_is = "bare SQLite commit, WAL FULL"
    count = 200

    def __init__(self, stage: Stage) -> None:
        home = stage.home / f"tablet-{self.name}"
        home.mkdir()
        self.outbox = Outbox(Store(home, Seal(os.urandom(32))), DeviceClock())
        self.plain = sqlite3.connect(home / "plain.db", isolation_level=None)
        for statement in (
            "pragma journal_mode = wal",
            "pragma synchronous = full",
            "create table t (body blob)",
        ):
            self.plain.execute(statement)

    def floor(self, count: int) -> float | None:
        return self._of([self._timed(self._commit) for _ in range(count)])

    def figure(self, count: int) -> float | None:
        commands = [self._command() for _ in range(count)]
        return self._of([self._timed(lambda one=one: self.outbox.append(one)) for one in commands])

    def _of(self, seconds: list[float]) -> float:
        """The mean."""
        return sum(seconds) / len(seconds)

    def _commit(self) -> None:
        self.plain.execute("begin immediate")
        self.plain.execute("insert into t values (?)", (b"x" * BYTES,))
        self.plain.execute("commit")

    @staticmethod
    def _timed(work: Callable[[], object]) -> float:
        begun = perf_counter()
        work()
        return perf_counter() - begun

    def _command(self) -> dict[str, object]:
        category = {"system": "urban/event", "code": "0110"}
        return {
            "command_id": str(uuid7()),
            "case_id": str(uuid7()),
            "kind": "report",
            "person_id": 1,
            "base_version": 0,
            "made_at": time_text(datetime.now(UTC)),
            "depends_on": None,
            "position": {"lon": 104.0123456, "lat": 30.6543219, "accuracy_m": 8, "crs": "EPSG:4326"},
            "payload": {"category": category, "title": "垃圾袋", "description": "两袋，在桶外"},
        }


class SealWorst(SealReport):
    name, count = "seal-p99", 500
    what = "the 99th of a hundred reports sealed on the tablet"
    floor_is = "the 99th of a hundred bare SQLite commits, WAL FULL"

    def _of(self, seconds: list[float]) -> float:
        return sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1]


FIGURES = (SealReport, SealWorst)
