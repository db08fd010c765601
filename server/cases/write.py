"""Writes what a batch decided: one statement a table, however many commands there were."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from psycopg2.extras import Json, execute_values

from server.cases.batch import Batch
from server.cases.chain import Event
from server.cases.state import COLUMNS, Clock, Cycle
from server.db import Connection

PLACE_OF_CYCLE = (
    "district_id",
    "street_id",
    "community_id",
    "grid_id",
    "category_system",
    "category_code",
)
CYCLE_COLUMNS = tuple(f.name for f in fields(Cycle))
CLOCK_COLUMNS = tuple(f.name for f in fields(Clock))
EVENT_COLUMNS = (*(f.name for f in fields(Event)), "hash")
PAGE = 1000


def number(serial: int, received_at: datetime, timezone: str) -> str:
    """The number of a case: the local day of its receipt and a serial that is never used again (gaps are fine)."""
    return f"{received_at.astimezone(ZoneInfo(timezone)):%Y%m%d}-{serial:06d}"


def _values(row: Any, columns: Sequence[str]) -> list[Any]:
    """The columns of a dataclass; `astuple` would copy every value deeply."""
    values = (getattr(row, column) for column in columns)
    return [Json(value) if isinstance(value, dict) else value for value in values]


def _upsert(table: str, columns: Sequence[str], keys: Sequence[str]) -> str:
    changes = ", ".join(f"{c} = excluded.{c}" for c in columns if c not in keys)
    return f"{_insert(table, columns)} on conflict ({', '.join(keys)}) do update set {changes}"


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"insert into {table} ({', '.join(columns)}) values %s"


def flush(conn: Connection, batch: Batch) -> None:
    """All rows of the batch, parents before children; the deferred triggers check and number them at commit."""
    touched = [work for work in batch.works.values() if work.touched]
    with conn.cursor() as cursor:

        def put(statement: str, rows: Iterable[Sequence[Any]], template: str | None = None) -> None:
            rows = list(rows)
            if rows:
                execute_values(cursor, statement, rows, template, page_size=PAGE)

        new = [work.case for work in touched if work.is_new]
        put(_insert("cases", COLUMNS), [_values(case, COLUMNS) for case in new])
        put(
            _insert("case_keys", ("number", "source", "external_id", "case_id")),
            [(c.number, c.source, c.external_id, c.id) for c in new],
        )
        # The rows are locked, so the conflict branch is the one that is taken: an update in sets.
        put(
            _upsert("cases", COLUMNS, ("id",)),
            [_values(w.case, COLUMNS) for w in touched if not w.is_new],
        )
        put(
            _upsert("cycles", (*CYCLE_COLUMNS, *PLACE_OF_CYCLE), ("case_id", "n")),
            [
                [*_values(cycle, CYCLE_COLUMNS), *(getattr(w.case, c) for c in PLACE_OF_CYCLE)]
                for w in touched
                for cycle in (*w.earlier_cycles, w.cycle)
            ],
        )
        put(
            _upsert("deadlines", ("case_id", *CLOCK_COLUMNS), ("case_id", "cycle", "kind")),
            [
                [w.case.id, *_values(clock, CLOCK_COLUMNS)]
                for w in touched
                for clock in (*w.earlier_clocks, *w.clocks.values())
                if (clock.cycle, clock.kind) in w.touched_clocks
            ],
        )
        put(_insert("case_events", EVENT_COLUMNS), [_values(event, EVENT_COLUMNS) for event in batch.events])
        put(_insert("event_private", ("case_id", "n", "salt", "body")), batch.private)
        put(
            "insert into attachments (id, case_id, sha256, bytes, mime, stage, person_id, command_id, made_at,"
            " declared_at, arrived_at) select v.*, (select b.stored_at from blobs b where b.sha256 = v.sha256)"
            " from (values %s) as v (id, case_id, sha256, bytes, mime, stage, person_id, command_id, made_at,"
            " declared_at)"
            " on conflict (id) do nothing",
            batch.attachments,
            "(%s, %s, %s, %s::bigint, %s, %s, %s::bigint, %s, %s, %s)",
        )
        put(
            _insert(
                "commands",
                (
                    "command_id",
                    "origin",
                    "device_id",
                    "seq",
                    "person_id",
                    "kind",
                    "case_id",
                    "body_hash",
                    "made_at",
                    "received_at",
                    "outcome",
                    "code",
                    "params",
                    "version",
                    "payload",
                ),
            ),
            [
                (
                    c.command_id,
                    c.origin,
                    c.device_id,
                    c.seq,
                    c.person_id,
                    c.kind,
                    c.case_id,
                    c.body_hash,
                    c.made_at,
                    batch.now,
                    a.outcome,
                    a.code,
                    json.dumps(a.params, ensure_ascii=False),
                    a.version,
                    c.raw or None,
                )
                for c, a in batch.stored
            ],
        )
        put(
            _insert(
                "holds",
                (
                    "command_id",
                    "case_id",
                    "district_id",
                    "reason",
                    "seen_version",
                    "now_version",
                    "created_at",
                ),
            ),
            batch.holds,
        )
    conn.changed.update(work.case.district_id for work in touched)
