"""Anchors: once a day the heads of the chains that moved, under one root, into a table and files to keep elsewhere.

Each anchor holds the hash of the one before, so that the last one stands for every head there ever was, and a day
costs what a day changed. Whoever keeps a copy outside can prove later that no anchored event was altered or cut.
"""

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from psycopg2.extensions import cursor as plain_cursor

from server.audit import access
from server.cases.merkle import Tree
from server.db import Connection, queries
from server.protocol.wire import canonical, sha256, time_text

SQL = queries(__file__, "anchors.sql")
LOCK = 7_206_003
AT_ONCE = 5_000
HEADS, HEADER = ".heads.gz", ".json"

# The id of a case, the number of its last event and that event's hash.
Head = tuple[str, int, str]


@dataclass(frozen=True)
class Anchor:
    """What is kept of a moment: how many heads under which root, how far the access log was, the anchor before."""

    n: int
    day: str
    made_at: str
    cases: int
    root: str
    access_n: int
    access_hash: str
    previous: str

    @cached_property
    def hash(self) -> str:
        """Lower-case hex SHA-256 over the canonical JSON of all fields: the one line that stands for everything."""
        return sha256(canonical(asdict(self)))

    @property
    def name(self) -> str:
        """The name of its files without their endings; names sort as anchors follow one another."""
        return f"{self.n:06d}-{self.day}"


def line_of(head: Head) -> str:
    """A head as it stands in the file and is hashed."""
    return canonical(list(head))


def make_anchor(conn: Connection, folder: Path, now: datetime) -> Anchor:
    """Anchors what moved since the anchor before: writes its files, then its row; the caller commits.

    Files whose row is not committed are overwritten by the next attempt, for it has the same number.
    """
    SQL.lock_anchors(conn, key=LOCK)
    before = SQL.last_anchor(conn)
    seqs = {str(row["district_id"]): row["seq"] for row in SQL.counters(conn)}
    access_n, access_hash = access.head(conn)
    blank = Anchor(
        n=before["n"] + 1 if before else 1,
        day=day_of(conn, now).isoformat(),
        made_at=time_text(now),
        cases=0,
        root="",
        access_n=access_n,
        access_hash=access_hash,
        previous=before["hash"] if before else "",
    )
    folder.mkdir(parents=True, exist_ok=True)
    tree = Tree()
    with written(folder / (blank.name + HEADS)) as file, gzip.GzipFile("", "wb", 6, file, 0) as packed:
        for head in _moved(conn, before["seqs"] if before else None, seqs):
            line = line_of(head)
            tree.add(line)
            packed.write(line.encode() + b"\n")
    anchor = replace(blank, cases=tree.size, root=tree.root)
    with written(folder / (anchor.name + HEADER)) as file:
        file.write(json.dumps({**asdict(anchor), "hash": anchor.hash}, indent=1).encode() + b"\n")
    SQL.add_anchor(conn, **asdict(anchor), hash=anchor.hash, seqs=json.dumps(seqs))
    return anchor


def day_of(conn: Connection, now: datetime) -> date:
    """The day at the place of the (first) district."""
    return now.astimezone(ZoneInfo(SQL.first_timezone(conn) or "UTC")).date()


def anchored(conn: Connection, now: datetime) -> bool:
    """Whether this day has its anchor, or there is nothing to anchor yet."""
    return bool(SQL.anchored_on(conn, day=day_of(conn, now)))


def _moved(conn: Connection, since: dict[str, int] | None, until: dict[str, int]) -> Iterator[Head]:
    """Heads in the order of case ids: of all cases, or of those that the change log names since `since`."""
    if since is None:
        statement, params = SQL.all_heads.sql, None
    else:
        statement = SQL.moved_heads.sql
        params = {
            "districts": [int(district) for district in until],
            "since": [since.get(district, 0) for district in until],
            "until": list(until.values()),
        }
    with conn.cursor("heads", plain_cursor) as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(statement, params)
        yield from cursor


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears whole, or not at all; readable by everybody, for it holds hashes only."""
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_anchor(path: Path) -> tuple[Anchor, str]:
    """The anchor of a header file and the hash that the file says it has. ValueError when it cannot be one."""
    found: Any = json.loads(path.read_text(encoding="utf-8"))
    try:
        stated = found.pop("hash")
        anchor = Anchor(**found)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} is not an anchor") from error
    return anchor, str(stated)


def read_heads(path: Path) -> Iterator[Head]:
    """The heads of a file in their order. ValueError or OSError when it is damaged."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            case_id, n, hash_ = json.loads(line)
            yield str(UUID(case_id)), int(n), str(hash_)
