"""Proving chains: hashes recomputed, events replayed and compared with the tables, against fetching and hashing."""

from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from uuid import UUID

from psycopg2.extensions import cursor as plain_cursor

from bench.figures.lifecycle import ACTS, Lifecycle
from bench.stage import Stage
from server.cases import chain
from server.cases.apply import apply
from server.db import Database
from server.protocol.wire import uuid7

CASES, QUICK_CASES, TOGETHER = 4_000, 40, 100
FIRST_ID = UUID(int=0)


class Verify(Lifecycle):
    name = "verify"
    what = "events proved: hashes, states, columns and clocks"
    floor_is = "fetch and SHA-256 of the same bytes"
    count = CASES * len(ACTS)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        for _ in range((QUICK_CASES if stage.quick else CASES) // TOGETHER or 1):
            ids = [uuid7() for _ in range(TOGETHER)]
            for act in range(len(ACTS)):
                commands = [self.command(case_id, act) for case_id in ids]
                work = partial(apply, commands=commands, now=stage.now, actors=self.known)
                assert all(answer.applied for answer in self.database.run(work))

    def base(self, stage: Stage) -> Database:
        return stage.proved

    def _ranges(self, count: int) -> Iterator[tuple[UUID, UUID, int]]:
        """Slices of cases until `count` events are done; from the start again when the cases do not suffice."""
        after = FIRST_ID
        while count > 0:
            with self.database.read() as conn:
                end = chain.sql.slice_end(conn, after=after, limit=chain.SLICE)
            last = end["last"] if end["cases"] == chain.SLICE else None
            yield after, last or chain.LAST_ID, count
            count -= end["cases"] * len(ACTS)
            after = last or FIRST_ID

    def floor(self, count: int) -> float | None:
        for after, last, _ in self._ranges(count):
            with self.database.read() as conn, conn.cursor(cursor_factory=plain_cursor) as cursor:
                cursor.execute(chain.sql.links.sql, {"after": after, "last": last})
                for link in cursor.fetchall():
                    sha256(link[13].encode()).hexdigest()
        return None

    def figure(self, count: int) -> float | None:
        for after, last, _ in self._ranges(count):
            with self.database.read() as conn:
                broken = chain.verify_range(conn, after, last)[2]
                assert broken == [], broken[:5]
        return None


FIGURES = (Verify,)
