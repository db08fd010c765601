"""The cursor of the changes misses nothing and tells everything in order, however many write and however long they take."""

import json
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from server.cases.apply import apply
from server.db import Connection, Database
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import uuid7
from server.security import DeviceViewer, load_viewer
from server.sync import service
from tests.server.small_district import SmallDistrict, make_small_district

WRITERS, TRANSACTIONS = 16, 8
EVERY_LONG, OTHERS_MEANWHILE = (
    4,
    10,
)  # each fourth writer keeps a transaction open until ten others have committed
PATIENCE_S = 60
PAGES = (1, 7, 500)
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


class Commits:
    """How many there were, to wait for without looking at a clock."""

    def __init__(self) -> None:
        self.count, self.writing = 0, WRITERS
        self._news = threading.Condition()

    def note(self, done: bool = False) -> None:
        with self._news:
            self.count, self.writing = self.count + 1, self.writing - done
            self._news.notify_all()

    def wait_for(self, others: int) -> None:
        """Until that many more have committed, or nobody else is left to."""
        with self._news:
            until = self.count + others
            long_ones = -(-WRITERS // EVERY_LONG)
            assert self._news.wait_for(
                lambda: self.count >= until or self.writing <= long_ones, PATIENCE_S
            ), "an open transaction keeps the others from committing"


class Crowd:
    """Sixteen who write with real commits, as one worker of the small district."""

    def __init__(self, database: Database, district: SmallDistrict) -> None:
        self.database, self.district, self.commits = database, district, Commits()
        self.shared = str(uuid7())
        with database.read() as conn:
            viewer = load_viewer(conn, district.people["worker"], NOW, how="device")
        assert viewer is not None
        self.device = DeviceViewer(viewer, uuid.uuid4(), "active")
        database.run(lambda conn: self.write(conn, [self.command("report", self.shared)]))

    def command(self, kind: str, case_id: str) -> Command:
        told = {"category": {"system": "urban/event", "code": "0110"}, "title": "垃圾袋"}
        payload = told if kind == "report" else {"text": "还在"}
        return Command(
            uuid7(), kind, uuid.UUID(case_id), read_payload(kind, payload), "", "tablet", self.district.people["worker"],
            position=Position(104.005, 30.005, 8, "gps", crs="EPSG:4326"), made_at=NOW, source="patrol", district_id=self.district.id,
        )  # fmt: skip

    def write(self, conn: Connection, commands: list[Command]) -> None:
        viewer = self.device.viewer
        answers = apply(conn, commands, NOW, {viewer.person_id: viewer.actor()})
        assert all(answer.applied for answer in answers)

    def writer(self, number: int) -> None:
        dice = random.Random(number)
        for transaction in range(TRANSACTIONS):
            fresh = [str(uuid7()) for _ in range(dice.choice((1, 1, 2, 6)))]
            commands = [self.command("report", case_id) for case_id in fresh]
            commands += [self.command("comment", dice.choice(fresh)) for _ in range(dice.choice((0, 0, 3)))]
            long = number % EVERY_LONG == 0 and transaction % 4 == 1
            if not long and dice.random() < 0.3:
                commands.append(self.command("comment", self.shared))
            self.database.run(partial(self._transaction, commands=commands, long=long))
            self.commits.note(done=transaction == TRANSACTIONS - 1)

    def _transaction(self, conn: Connection, commands: list[Command], long: bool) -> None:
        self.write(conn, commands)
        if long:
            self.commits.wait_for(OTHERS_MEANWHILE)


def follow(crowd: Crowd, page: int, over: threading.Event) -> list[dict[str, Any]]:
    """All that `changes` tells to somebody who asks again and again for pages of that size."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        last = over.is_set()
        more = True
        while more:
            with crowd.database.read() as conn:
                told = json.loads(service.changes(conn, crowd.device, cursor, page, NOW).body(NOW))
            found, cursor, more = found + told["changes"], told["cursor"], told["more"]
        if last:
            return found


def read_log(crowd: Crowd, over: threading.Event) -> list[tuple[int, int]]:
    """The places of all rows of the log, in the order in which a follower meets them."""
    found = [(0, 0)]
    viewer = crowd.device.viewer
    scope = {"nodes": sorted(viewer.nodes), "organisations": [], "people": [viewer.person_id]}
    while True:
        last = over.is_set()
        with crowd.database.read() as conn:
            rows = list(service.sql.log_page(conn, district_id=crowd.district.id, **scope, seq=found[-1][0], n=found[-1][1], limit=50))  # fmt: skip
        found += [(row["seq"], row["n"]) for row in rows]
        if last and not rows:
            return found[1:]


def rows(database: Database, statement: str) -> list[dict[str, Any]]:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


@pytest.fixture
def crowd(dsn: str) -> Iterator[Crowd]:
    database = Database(dsn, size=WRITERS + len(PAGES) + 2, wait_s=PATIENCE_S)
    yield Crowd(database, database.run(make_small_district))
    database.close()


def test_sixteen_writers_some_of_them_slow_and_no_follower_misses_a_row(crowd: Crowd) -> None:
    over = threading.Event()
    readers: list[Callable[[], Any]] = [partial(read_log, crowd, over)]
    readers += [partial(follow, crowd, page, over) for page in PAGES]
    with ThreadPoolExecutor(WRITERS + len(readers)) as pool:
        reading = [pool.submit(reader) for reader in readers]
        try:
            for done in [pool.submit(crowd.writer, number) for number in range(WRITERS)]:
                done.result()
        finally:
            over.set()
        places, *told = [one.result() for one in reading]
    log = rows(crowd.database, "select seq, n, id, version from change_log order by seq, n")
    assert len(log) > WRITERS * TRANSACTIONS
    assert places == [(row["seq"], row["n"]) for row in log], "a row was missed, or met out of order"
    assert sorted({row["seq"] for row in log}) == list(range(1, 2 + WRITERS * TRANSACTIONS)), (
        "a commit, a number"
    )
    written: dict[str, int] = {}
    for row in log:
        if row["version"] is not None:
            assert row["version"] > written.get(row["id"], 0), "the versions of a case grow along the log"
            written[row["id"]] = row["version"]
    for changes in told:
        assert [change["seq"] for change in changes] == sorted(change["seq"] for change in changes)
        assert {c["id"]: c["version"] for c in changes if c["kind"] == "case"} == written
