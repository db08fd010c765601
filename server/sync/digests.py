"""Proof that a mirror equals the server: a hash for each bucket of cases, and the whole of a bucket that differs."""

from datetime import datetime
from typing import Any

from server.cases.view import iso
from server.db import Connection, queries
from server.errors import BadInput, DeviceRevoked
from server.protocol.mirror import BUCKETS, digest_of
from server.security import DeviceViewer
from server.sync.cursors import Cursor, CursorGone, Scope, epoch_text
from server.sync.records import case_changes
from server.sync.service import Changes, keep_closed_since, sql

mine = queries(__file__, "digests.sql")


def digest(conn: Connection, device: DeviceViewer, cursor_text: str, now: datetime) -> dict[str, Any]:
    """How many cases a tablet at this cursor holds, a hash over them, and one for each bucket that is not empty.

    Only a tablet that has followed to the end can compare: with a cursor that is behind, the answer is "catch up".
    """
    if device.state == "revoked":
        raise DeviceRevoked
    viewer = device.viewer
    at = sql.position_now(conn, district_id=viewer.district_id)
    here = Cursor(epoch_text(at["epoch"]), "", Scope.of(viewer), at["seq"])
    if cursor_text and not _stands_here(conn, here, cursor_text):
        return {"catch_up": True}
    since = keep_closed_since(conn, viewer, now)
    rows = list(mine.buckets(conn, **viewer.scope_params(), keep_closed_since=since))
    buckets = {row["bucket"]: row["hash"] for row in rows}
    return {
        "catch_up": False,
        "scope_hash": here.scope.text(),
        "cursor": cursor_text or here.text(),
        "count": sum(row["count"] for row in rows),
        "digest": digest_of(buckets),
        "buckets": buckets,
        "keep_closed_since": iso(since),
    }


def _stands_here(conn: Connection, here: Cursor, cursor_text: str) -> bool:
    try:
        cursor = Cursor.read(cursor_text)
    except CursorGone:
        return False  # the next look at the changes tells it to begin again
    if (cursor.epoch, cursor.scope, cursor.after) != (here.epoch, here.scope, None):
        return False
    return not sql.behind(conn, district_id=here.scope.home, seq=cursor.seq, n=cursor.n)


def bucket(conn: Connection, device: DeviceViewer, name: str, now: datetime) -> Changes:
    """All cases of a bucket, for a tablet whose own differs; what it holds beside them is to go. Counted."""
    if device.state == "revoked":
        raise DeviceRevoked
    if name not in BUCKETS:
        raise BadInput("There is no bucket {bucket}; buckets are 00 to ff.", bucket=name[:10])
    viewer, since = device.viewer, keep_closed_since(conn, device.viewer, now)
    at = sql.position_now(conn, district_id=viewer.district_id)
    rows = list(mine.of_bucket(conn, **viewer.scope_params(), keep_closed_since=since, bucket=name))
    mine.count_repair(conn, device_id=device.device_id, now=now)
    found = case_changes(conn, rows, at["seq"], viewer.lang, now)
    return Changes(found, {"bucket": name, "keep_closed_since": iso(since)})
