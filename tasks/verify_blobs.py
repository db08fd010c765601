"""Reads the originals of photos again, a slice at each run; a lost fingerprint is logged and shown on its cases."""

from datetime import datetime

from server.audit import service as audit
from server.cases import custody
from server.db import Connection, queries
from server.settings import settings

MOST_FILES = 1000
MOST_BYTES = 500_000_000
NAME = "verify_blobs"

SQL = queries(__file__)


def run(conn: Connection, now: datetime) -> int:
    """Verifies the next originals in order of hash, and begins again at the end; how many were read."""
    after = SQL.task_position(conn, name=NAME) or ""
    position, read, changes = custody.verify_slice(conn, settings().blobs, after, MOST_FILES, MOST_BYTES, now)
    for change in changes:
        what, detail = ("photo_damaged" if change.why else "photo_mended"), {"sha256": change.sha256}
        audit.log(conn, what, None, detail=detail | ({"why": change.why} if change.why else {}), at=now)
    SQL.keep_task_position(conn, name=NAME, now=now, position=position)
    return read
