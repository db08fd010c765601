"""The access log: every reading of personal data is a row, chained by hash like the events of a case.

A row says who read what of which case or person, when, from where and why; never what was read.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.db import Connection, queries
from server.errors import BadInput
from server.protocol.wire import canonical, sha256, time_text

if TYPE_CHECKING:
    from server.security import Viewer

SQL = queries(__file__, "access.sql")
LOCK = 7_206_004
SHORTEST_REASON, LONGEST_REASON = 2, 500
AT_ONCE = 5_000
UNMASK, READ, EXPORT = "unmask", "read", "export"


@dataclass(frozen=True)
class Access:
    """One row. `at` is UTC text; `filter` is canonical JSON of what was asked; `rows` how many were handed out."""

    n: int
    at: str
    what: str
    person_id: int | None
    organisation_id: int | None
    district_id: int | None
    address: str
    case_id: str | None
    subject_id: int | None
    reason: str
    filter: str
    rows: int
    prev_hash: str

    @cached_property
    def hash(self) -> str:
        """Lower-case hex SHA-256 over the canonical JSON of all fields."""
        return sha256(canonical(asdict(self)))


@dataclass(frozen=True)
class Reader:
    """Somebody who is not here any more when it is written down."""

    person_id: int
    organisation_id: int | None
    district_id: int


def read_personal(
    conn: Connection,
    viewer: "Viewer | Reader",
    what: str,
    reason: str,
    now: datetime,
    *,
    case_id: UUID | None = None,
    subject_id: int | None = None,
    filter: dict[str, Any] | None = None,  # noqa: A002
    rows: int = 1,
    address: str = "",
) -> int:
    """Writes down, in the caller's transaction, that `viewer` is given personal data; returns the number of the row.

    Hand the data out after commit only. `what`: UNMASK (masked fields of one case or person, with a reason), READ or
    EXPORT (`filter` says what was asked). Raises BadInput when unmasking has no reason.
    """
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if what == UNMASK and len(reason) < SHORTEST_REASON:
        raise BadInput("Say why you need to read this; it is written down.")
    SQL.lock_access_log(conn, key=LOCK)
    last_n, last_hash = head(conn)
    row = Access(
        last_n + 1, time_text(now), what, viewer.person_id, viewer.organisation_id, viewer.district_id, address,
        str(case_id) if case_id else None, subject_id, reason, canonical(filter or {}), rows, last_hash,
    )  # fmt: skip
    SQL.add_row(conn, **asdict(row), hash=row.hash)
    return row.n


def head(conn: Connection) -> tuple[int, str]:
    """Number and hash of the last row; (0, "") of an empty log."""
    last = SQL.last_row(conn)
    return (last["n"], last["hash"]) if last else (0, "")


def verify_access(conn: Connection) -> tuple[int, int | None]:
    """How many rows follow on without a gap, and the number of the first that does not, or None."""
    n, previous = 0, ""
    for row in _rows(conn):
        stored = row.pop("hash")
        if row["n"] != n + 1 or row["prev_hash"] != previous or Access(**row).hash != stored:
            return n, n + 1
        n, previous = n + 1, stored
    return n, None


def _rows(conn: Connection) -> Iterator[dict[str, Any]]:
    after: int | None = 0
    while after is not None:
        rows = [dict(row) for row in SQL.rows_after(conn, after=after, limit=AT_ONCE)]
        yield from rows
        after = rows[-1]["n"] if len(rows) == AT_ONCE else None
