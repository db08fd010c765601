"""A first copy of 20,000 open cases, made by the server and taken in by a tablet; and a look that finds nothing."""

import gzip
import json
import sqlite3
import tempfile
import uuid
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.stage import Stage
from mobile.core.clockwork import DeviceClock
from mobile.core.mirror import Mirror
from mobile.core.seal import Seal
from mobile.core.store import Store
from mobile.core.vault import Vault
from server.db import Database
from server.security import DeviceViewer
from server.sync import service
from server.sync.routes import GZIP_LEVEL
from server.sync.service import SNAPSHOT_PAGE


class Copied:
    """The centre's tablet: every case of the district is in its scope."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.database: Database = stage.copied
        with self.database.read() as conn:
            self.device = DeviceViewer(stage.viewer(conn, "duty1"), uuid.UUID(int=0), "active")

    def page(self, cursor: str) -> bytes:
        with self.database.read() as conn:
            found = service.changes(conn, self.device, cursor, SNAPSHOT_PAGE, self.stage.now)
        return found.body(self.stage.now)

    def pages(self, most: int) -> list[dict[str, Any]]:
        """The answers of a copy until `most` cases have come."""
        found: list[dict[str, Any]] = []
        cursor, more, cases = "", True, 0
        while more and cases < most:
            answer = json.loads(self.page(cursor))
            found.append(answer)
            cursor, more = answer["cursor"], answer["more"]
            cases += sum(change["kind"] == "case" for change in answer["changes"])
        return found


class Served(Copied):
    """Page after page as it goes over the wire, compressed; the cursor of each is the way to the next."""

    name, floor_is, count = "first-sync", "the same cases read by one bare scan", 20_000

    @cached_property
    def what(self) -> str:
        bodies = [gzip.compress(json.dumps(page).encode(), GZIP_LEVEL) for page in self.pages(self.count)]
        return f"cases of a first copy, {sum(map(len, bodies)) / 1e6:.1f} MB for {self.count:,} compressed"

    def floor(self, count: int) -> None:
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(
                "select sum(length(c::text)) from (select * from cases order by id limit %s) c", (count,)
            )

    def figure(self, count: int) -> None:
        cursor, left = "", count
        while left > 0:
            body = self.page(cursor)
            gzip.compress(body, GZIP_LEVEL, mtime=0)
            # The cursor stands before the cases; a tablet reads all of it, that is its own figure.
            cursor = json.loads(b"{" + body.split(b',"changes":[', 1)[0].lstrip(b"{") + b"}")["cursor"]
            left -= SNAPSHOT_PAGE


class TakenIn(Copied):
    """The same pages sealed into a tablet's mirror, each with its cursor in one transaction that is on the disk."""

    name, what, count = (
        "first-sync-tablet",
        "cases of a first copy taken in by a tablet, 500 a transaction",
        20_000,
    )
    floor_is = "as many rows of that size into bare SQLite"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.answers = self.pages(2_000 if stage.quick else self.count)

    def floor(self, count: int) -> None:
        with tempfile.TemporaryDirectory() as home, closing(sqlite3.connect(Path(home) / "bare.db")) as bare:
            bare.executescript("pragma journal_mode = wal; pragma synchronous = full;")
            bare.execute("create table mirror (id text primary key, body blob) without rowid")
            for page in self._first(count):
                rows = [(one["id"], json.dumps(one["body"], ensure_ascii=False)) for one in page["changes"]]
                with bare:
                    bare.executemany("insert or replace into mirror values (?, ?)", rows)

    def figure(self, count: int) -> None:
        with tempfile.TemporaryDirectory() as home:
            store = Store(Path(home), Seal(bytes(32)))
            Vault(store, DeviceClock())
            mirror = Mirror(store)
            for page in self._first(count):
                mirror.apply(page["changes"], page["cursor"], True)
            store.close()

    def _first(self, count: int) -> list[dict[str, Any]]:
        return self.answers[: max(1, count // SNAPSHOT_PAGE)]


class NothingNew(Copied):
    """What every tablet asks most of the time."""

    name, what, count = "no-change", "looks at the changes that find nothing", 300
    floor_is = "a bare query in a transaction"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.cursor = ""
        more = True
        while more:
            answer = json.loads(self.page(self.cursor))
            self.cursor, more = answer["cursor"], answer["more"]

    def floor(self, count: int) -> None:
        for _ in range(count):
            with self.database.read() as conn, conn.cursor() as cursor:
                cursor.execute("select 1")

    def figure(self, count: int) -> None:
        for _ in range(count):
            assert b'"changes":[]' in self.page(self.cursor)


FIGURES = (Served, TakenIn, NothingNew)
