"""Originals in custody: every file on disk still has the SHA-256 that was declared when it was captured."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from server.cases.blobs import blob_path, sql, tell_cases
from server.cases.pictures import hash_of
from server.db import Connection


@dataclass(frozen=True)
class Change:
    """An original whose state is another than was known. `why`: missing, changed, or "" when it is sound again."""

    sha256: str
    why: str


def verify_slice(
    conn: Connection, folder: Path, after: str, most_files: int, most_bytes: int, now: datetime
) -> tuple[str, int, list[Change]]:
    """Reads the originals behind `after` in the order of their hashes, at most so many files and about so many bytes.

    Returns where the next slice goes on ("" at the end), how many were read, and what changed; that is marked, and
    the cases that show it are told.
    """
    rows = list(sql.originals_after(conn, after=after, limit=most_files))
    read, weighed, changes = 0, 0, []
    for row in rows:
        if weighed >= most_bytes:
            break
        read, weighed = read + 1, weighed + row["bytes"]
        why = fault_of(folder, row["sha256"])
        if bool(why) != (row["damaged_at"] is not None):
            changes.append(Change(row["sha256"], why))
    # Only now, for telling takes the counter of a district, which everybody's moves wait for.
    for change in changes:
        sql.mark(conn, sha256=change.sha256, damaged_at=now if change.why else None)
        tell_cases(conn, sql.cases_of(conn, sha256=change.sha256))
    ended = read == len(rows) < most_files
    return "" if ended or not rows else rows[read - 1]["sha256"], read, changes


def fault_of(folder: Path, sha256: str) -> str:
    """What is wrong with an original on disk: "missing", "changed", or "" when it is sound."""
    path = blob_path(folder, sha256)
    if not path.is_file():
        return "missing"
    return "" if hash_of(path) == sha256 else "changed"
