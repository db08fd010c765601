"""Writes what a batch decided: one call of `write_batch`, however many commands and tables there were."""

from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from server.cases.batch import Batch
from server.db import Connection, queries
from server.telling.service import put_outcomes, rows_of

sql = queries(__file__, "apply.sql")

PLACE_OF_CYCLE = (
    "district_id",
    "street_id",
    "community_id",
    "grid_id",
    "holder_id",
    "category_system",
    "category_code",
)
PRIVATE_COLUMNS = ("case_id", "n", "salt", "body")
ATTACHMENT_COLUMNS = ("id", "case_id", "sha256", "bytes", "mime", "stage", "person_id", "command_id", "made_at",
                      "declared_at")  # fmt: skip
HOLD_COLUMNS = ("command_id", "case_id", "district_id", "reason", "seen_version", "now_version", "created_at",
                "device_id", "depends_on", "offset_ms")  # fmt: skip
COMMAND_COLUMNS = (
    "command_id",
    "origin",
    "device_id",
    "seq",
    "person_id",
    "kind",
    "case_id",
    "body_hash",
    "made_at",
)
place_of, of_command = attrgetter(*PLACE_OF_CYCLE), attrgetter(*COMMAND_COLUMNS)


def number(serial: int, received_at: datetime, timezone: str) -> str:
    """The number of a case: the local day of its receipt and a serial that is never used again (gaps are fine)."""
    return f"{_day(received_at, timezone)}-{serial:06d}"


@lru_cache(maxsize=64)
def _day(moment: datetime, timezone: str) -> str:
    """One for a whole batch."""
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y%m%d}"


def _json(value: Any) -> str:
    """Rows as the database reads them: moments with microseconds and zone, ids as text."""
    return orjson.dumps(value, default=str).decode()


def flush(conn: Connection, batch: Batch) -> None:
    """All rows of the batch and what is told of it; the deferred triggers check and number them at commit."""
    # In an order that every batch keeps: two that bring the same rows wait for each other in line, not in a ring.
    touched = sorted(
        (work for work in batch.works.values() if work.touched), key=lambda work: work.case.id.int
    )
    stored = sorted(batch.stored, key=lambda pair: pair[0].command_id.int)
    tables: dict[str, list[dict[str, Any]]] = {
        "new": [vars(work.case) for work in touched if work.is_new],
        "changed": [vars(work.case) for work in touched if not work.is_new],
        "cycles": [
            vars(cycle) | dict(zip(PLACE_OF_CYCLE, place_of(work.case), strict=True))
            for work in touched
            for cycle in (*work.earlier_cycles, work.cycle)
        ],
        "deadlines": [
            {"case_id": work.case.id, **vars(clock)}
            for work in touched
            for clock in (*work.earlier_clocks, *work.clocks.values())
            if (clock.cycle, clock.kind) in work.touched_clocks
        ],
        "case_events": [vars(event) | {"hash": event.hash} for event in batch.events],
        "event_private": [dict(zip(PRIVATE_COLUMNS, row, strict=True)) for row in batch.private],
        "attachments": [dict(zip(ATTACHMENT_COLUMNS, row, strict=True)) for row in batch.attachments],
        "commands": [
            {
                **dict(zip(COMMAND_COLUMNS, of_command(command), strict=True)),
                "received_at": batch.now,
                "outcome": answer.outcome,
                "code": answer.code,
                "params": answer.params,
                "version": answer.version,
                "payload": command.raw or None,
            }
            for command, answer in stored
        ],
    }
    text = _json({name: rows for name, rows in tables.items() if rows})
    told = rows_of(batch.notices)
    with conn.cursor() as cursor:
        if told:
            cursor.execute("select put_messages(%s, %s) from write_batch(%s)", (_json(told), batch.now, text))
        else:
            cursor.execute("select write_batch(%s)", (text,))
    if batch.holds:
        held = [dict(zip(HOLD_COLUMNS, row, strict=True)) for row in batch.holds]
        sql.keep_holds(conn, holds=_json(held))
    put_outcomes(conn, batch.notices, batch.now)
    conn.changed.update(work.case.district_id for work in touched)
