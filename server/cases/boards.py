"""The boards: lists of cases that must not be forgotten, each with how many and since when."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from server.cases.filters import RESTING
from server.db import Connection, queries
from server.packs import current
from server.protocol.hats import ASKED_FLAG, CALLED_FLAG
from server.security import Viewer

sql = queries(__file__)
# What a crew asks and the duty officer judges, on open cases; appeals stand on closed ones.
ASKS = ("return_asked", "extension_asked", "suspension_asked")
# Boards whose cases are told apart by something beside them, or by a flag: the list asks for them by their ids.
BY_ID = ("held", "photos", "replies", "returned", "called", "supervised")
PHOTO_LATE, PHOTO_SHOWN = timedelta(days=1), timedelta(days=30)


@dataclass(frozen=True)
class Board:
    """One of the lists that must not be forgotten; `resting`: somebody else has these cases for a while."""

    key: str
    count: int
    oldest_at: datetime | None
    resting: bool = False


def boards(conn: Connection, viewer: Viewer, now: datetime) -> list[Board]:
    """All boards, zero ones too; held acts only for those whose office decides them, `called` where there are any."""
    return boards_and_states(conn, viewer, now)[0]


def boards_and_states(conn: Connection, viewer: Viewer, now: datetime) -> tuple[list[Board], dict[str, int]]:
    """The boards, and how many open cases there are in each state."""
    soon = now + timedelta(minutes=current(conn, viewer.district_id)[1].soon_minutes)
    scope = viewer.scope_params()
    rows = list(sql.boards(conn, **scope, now=now, soon=soon, asks=list(ASKS), called=own_flags(viewer)))
    appeals = sql.appeals_board(conn, **scope)
    missed, owed = sql.photos_board(conn, **scope, **photos_missed(now)), sql.replies_board(conn, **scope)
    reported = [row for row in rows if row["state"] == "reported"]
    found = [
        _folded("unverified", reported, "count", "received_since"),
        *(_folded(key, rows, key, f"{key}_since") for key in ("soon", "overdue")),
        _folded("returned", [*rows, _appealed(appeals)], "returned", "returned_since"),
        _folded("outside", rows, "outside", "outside_since"),
        Board("photos", missed["photos"], missed["photos_since"]),
        Board("replies", owed["replies"], owed["replies_since"]),
    ]
    if viewer.district is not None or (viewer.street is not None and "duty" in viewer.duties):
        whole, office = viewer.district is not None, viewer.organisation_id
        held = sql.holds_board(conn, district=viewer.district_id, whole=whole, organisation=office)
        found.insert(4, Board("held", held["held"], held["held_since"]))
    called = _folded("called", rows, "called", "called_since")
    found += [called] if called.count else []
    found.append(_folded("supervised", rows, "supervised", "supervised_since", resting=True))
    found += [
        _folded(key, [row for row in rows if row["state"] in states], "count", "since", resting=True)
        for key, states in RESTING.items()
    ]
    return found, {row["state"]: row["count"] for row in rows}


def _appealed(row: dict[str, Any]) -> dict[str, Any]:
    return {"returned": row["count"], "returned_since": row["since"]}


def _folded(key: str, rows: Iterable[dict[str, Any]], count: str, since: str, resting: bool = False) -> Board:
    """One board out of the rows by state."""
    rows = list(rows)
    oldest = min((row[since] for row in rows if row[since] is not None), default=None)
    return Board(key, sum(row[count] for row in rows), oldest, resting)


def own_flags(viewer: Viewer) -> list[str]:
    """The flags of cases to which the viewer's organisation was called, or asked for help with."""
    return [f"{flag}{viewer.organisation_id}" for flag in (CALLED_FLAG, ASKED_FLAG)]


def named_by(conn: Connection, viewer: Viewer, board: str, now: datetime) -> list[uuid.UUID] | None:
    """The ids of the cases of a board in BY_ID; None when there are none, or for the others."""
    flags = {"returned": list(ASKS), "called": own_flags(viewer), "supervised": ["supervised"]}.get(board)
    if board == "held":
        rows = sql.held_cases(conn, district_id=viewer.district_id)
    elif board == "photos":
        rows = sql.cases_without_photo(conn, **photos_missed(now))
    elif board == "replies":
        rows = sql.cases_owed_a_reply(conn, **viewer.scope_params())
    elif flags:
        rows = sql.flagged(conn, **viewer.scope_params(), flags=flags, appeals=board == "returned")
    else:
        return None
    return [row["case_id"] for row in rows] or None


def photos_missed(now: datetime) -> dict[str, datetime]:
    """Which declared photos count as missed: not there after a day, or refused; for a month it is shown."""
    return {"late": now - PHOTO_LATE, "since": now - PHOTO_SHOWN}
