"""The chain of a case: what an event is, over which text its hash is taken, and the proof that nothing was altered.

hash = SHA-256 of the canonical JSON of all columns of the event but the hash itself, `prev_hash` and the stored body
text among them. Free text is not in the body: the body holds `private` = SHA-256(salt || text), so that erasing a
person's words keeps every hash whole. What is cut off the tail of a chain leaves no trace here: `cases` would
disagree, and an attacker who alters both is only caught by an anchor written elsewhere.
"""

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from server.db import Connection, queries
from server.protocol.wire import canonical, sha256
from server.protocol.workflow import moves

sql = queries(__file__, "chain.sql")


@dataclass(frozen=True)
class Event:
    """One row of case_events. Times are UTC text, ids are text or whole numbers: exactly what is hashed."""

    case_id: str
    n: int
    cycle: int
    command_id: str
    action: str
    from_state: str
    to_state: str
    actor: int | None
    organisation: int | None
    device: str | None
    made_at: str
    acted_at: str
    received_at: str
    body: str
    prev_hash: str

    @cached_property
    def hash(self) -> str:
        """Lower-case hex SHA-256 over the canonical JSON of all fields."""
        return sha256(canonical({f.name: getattr(self, f.name) for f in fields(self)}))


def commitment(text: str) -> tuple[str, str]:
    """A fresh salt and SHA-256(salt || text), both hex."""
    salt = secrets.token_hex(16)
    return salt, sha256(salt + text)


@dataclass(frozen=True)
class Break:
    """The first broken link of a case."""

    number: str
    n: int
    why: str


def verify_events(number: str, case: dict[str, Any] | None, events: Iterable[dict[str, Any]]) -> Break | None:
    """Recomputes the hashes of one case's events (in order), replays its states, and compares the end with `case`."""
    legal = moves()
    state, previous, n = "", "", 0
    for row in events:
        n += 1
        stored = row["hash"]
        columns: dict[str, Any] = {f.name: _as_hashed(row[f.name]) for f in fields(Event)}
        event = Event(**columns)
        if event.n != n:
            return Break(number, n, "event missing")
        if event.prev_hash != previous:
            return Break(number, n, "does not follow the event before it")
        if event.hash != stored:
            return Break(number, n, "content does not match its hash")
        if event.from_state != state or (event.action, event.from_state, event.to_state) not in legal:
            return Break(number, n, "state does not follow from the state before it")
        if (
            row["private"] is not None
            and f'"private":"{sha256(row["salt"] + row["private"])}"' not in event.body
        ):
            return Break(number, n, "private text does not match its commitment")
        state, previous = event.to_state, stored
    if n == 0:
        return Break(number, 0, "no events")
    if case is not None and (case["version"], case["state"], case["last_hash"]) != (n, state, previous):
        return Break(number, n, "case does not equal its last event")
    return None


def _as_hashed(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def verify_case(conn: Connection, case_id: uuid.UUID) -> Break | None:
    """The first broken link of one case, or None when its chain is whole."""
    case = sql.case_end(conn, case_id=case_id)
    return verify_events(
        case["number"] if case else str(case_id), case, sql.events_of(conn, case_ids=[case_id])
    )


def verify_slice(conn: Connection, after: uuid.UUID, limit: int) -> tuple[uuid.UUID | None, int, list[Break]]:
    """Verifies up to `limit` cases after id `after`: the last id (None at the end), how many, and what is broken."""
    cases = {row["id"]: row for row in sql.case_ends(conn, after=after, limit=limit)}
    grouped: dict[uuid.UUID, list[dict[str, Any]]] = {case_id: [] for case_id in cases}
    for row in sql.events_of(conn, case_ids=list(cases)):
        grouped[row["case_id"]].append(row)
    broken = [b for i, rows in grouped.items() if (b := verify_events(cases[i]["number"], cases[i], rows))]
    return (max(cases) if len(cases) == limit else None), len(cases), broken
