"""The security log: rows are only added; a refusal is kept in a transaction of its own."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from server.audit import access
from server.db import Connection, Database, queries
from server.errors import NotAllowed
from server.protocol.wire import time_text

if TYPE_CHECKING:
    from server.security import Viewer

SQL = queries(__file__)
# A flood of refusals from one address is one fact: past this many in the window no more are written.
FLOOD_ROWS = 200
FLOOD_WINDOW = timedelta(minutes=10)
EXPORTED = 20_000


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


@dataclass(frozen=True)
class Wanted:
    """Which rows of a log: of a kind, of a person, in [since, until)."""

    what: str | None = None
    login: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def only_auditor(viewer: "Viewer") -> int:
    """The district that `viewer` watches over; NotAllowed for everybody else: who administers is watched too."""
    if viewer.role != "auditor":
        raise NotAllowed
    return viewer.district_id


def page(
    conn: Connection, viewer: "Viewer", limit: int, before: int | None = None, wanted: Wanted = Wanted()
) -> dict[str, Any]:
    """The newest rows first; `next` is the `after` of the next page, or None. For auditors only."""
    district = only_auditor(viewer)
    rows = list(SQL.page(conn, district=district, before=before, limit=limit + 1, **asdict(wanted)))
    items = [dict(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


def access_page(
    conn: Connection, viewer: "Viewer", limit: int, before: int | None = None, wanted: Wanted = Wanted()
) -> dict[str, Any]:
    """The same of the access log: who was given which personal data, and why."""
    district = only_auditor(viewer)
    rows = list(access.SQL.page(conn, district=district, before=before, limit=limit + 1, **_as_text(wanted)))
    items = [dict(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1]["n"] if len(rows) > limit else None}


def _as_text(wanted: Wanted) -> dict[str, str | None]:
    """Times of the access log are the text that was hashed."""
    return {k: time_text(v) if isinstance(v, datetime) else v for k, v in asdict(wanted).items()}


def export(
    conn: Connection, viewer: "Viewer", log: str, wanted: Wanted, address: str, now: datetime
) -> list[dict[str, Any]]:
    """At most EXPORTED rows of a log (`security` or `access`), newest first; that they left is a row of the access log.

    Hand them out after commit.
    """
    read = access_page if log == "access" else page
    items: list[dict[str, Any]] = read(conn, viewer, EXPORTED, None, wanted)["items"]
    asked = {"log": log, **{k: v for k, v in _as_text(wanted).items() if v}}
    access.read_personal(conn, viewer, access.EXPORT, "", now, filter=asked, rows=len(items), address=address)
    return items
