"""The security log: rows are only added; a refusal is kept in a transaction of its own."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from server.db import Connection, Database, queries
from server.errors import NotAllowed

if TYPE_CHECKING:
    from server.security import Viewer

SQL = queries(__file__)
# A flood of refusals from one address is one fact: past this many in the window no more are written.
FLOOD_ROWS = 200
FLOOD_WINDOW = timedelta(minutes=10)


def log(
    conn: Connection,
    what: str,
    who: "Viewer | int | None",
    address: str = "",
    detail: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Adds a row in the caller's transaction. `who`: a viewer, a person's id, or None for nobody known."""
    person_id = who if who is None or isinstance(who, int) else who.person_id
    text = json.dumps(detail or {}, ensure_ascii=False)
    SQL.add(conn, at=at, what=what, person_id=person_id, address=address, detail=text)


def log_refusal(
    database: Database,
    what: str,
    who: "Viewer | int | None",
    address: str,
    detail: dict[str, Any],
    at: datetime,
) -> None:
    """Keeps a refusal although the request that it belongs to is rolled back; stops writing in a flood."""

    def write(conn: Connection) -> None:
        if count_from_address(conn, [what], address, at - FLOOD_WINDOW) < FLOOD_ROWS:
            log(conn, what, who, address, detail, at)

    database.run(write)


def count_from_address(conn: Connection, kinds: Sequence[str], address: str, since: datetime) -> int:
    """How many rows of these kinds came from `address` after `since`."""
    return int(SQL.count_from_address(conn, kinds=list(kinds), address=address, since=since))


def page(
    conn: Connection, viewer: "Viewer", limit: int, before: int | None = None, what: str | None = None
) -> dict[str, Any]:
    """The newest rows first; `next` is the `after` of the next page, or None. For auditors only."""
    if viewer.role != "auditor":
        raise NotAllowed
    rows = list(SQL.page(conn, district=viewer.district_id, before=before, what=what, limit=limit + 1))
    items = [dict(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}
