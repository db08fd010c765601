"""The tablet's disk: one SQLite file that survives any moment's end, small sealed things, and room left."""

import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobile.core.seal import Ring, Seal, SealBroken
from mobile.core.steps import walk

SCHEMA = Path(__file__).with_name("schema.sql")
PROBE_BYTES = 256 * 1024
PHOTO_ROOM = 100 * 1024 * 1024
FILE = "tablet.db"
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DiskFull(Exception):
    """Nothing was written: there is no room. What was there before is untouched."""


class Damaged(Exception):
    """The file on the disk is not whole any more: nothing is written to it, and nothing of it is thrown away."""


@dataclass(frozen=True)
class Room:
    """Bytes free, and whether writing works at all right now."""

    free: int
    writable: bool

    @property
    def for_photos(self) -> bool:
        return self.writable and self.free >= PHOTO_ROOM


class Store:
    """One connection for all threads, one transaction at a time; every commit is on the disk when it returns."""

    def __init__(self, home: Path, seal: Seal) -> None:
        self.home, self.seal = home, Ring(seal)
        self.turn = threading.RLock()
        self._open = 0
        self._sql = sqlite3.connect(home / FILE, check_same_thread=False, isolation_level=None, timeout=10)
        self._sql.row_factory = sqlite3.Row
        try:
            self._open_file()
        except BaseException:
            self._sql.close()
            raise

    def _open_file(self) -> None:
        with told():
            self._sql.execute("pragma journal_mode = wal")
            self._sql.execute("pragma synchronous = full")
            self._sql.execute("pragma foreign_keys = on")
            self._sql.execute("pragma secure_delete = on")
            found = self._sql.execute("pragma quick_check(1)").fetchone()[0]
        if found != "ok":
            raise Damaged(found)
        with self.writing():
            self._make_tables()

    def _make_tables(self) -> None:
        walk(self._sql, SCHEMA.read_text(encoding="utf-8"))

    def wipe(self, seal: Callable[[], Seal]) -> None:
        """Takes everything away, in one transaction; what is written from now on is shut with the new `seal`."""
        with self.turn:
            with self.writing():
                self._sql.execute("pragma defer_foreign_keys = on")
                for (name,) in self.rows("select name from sqlite_master where type = 'table'"):
                    self._sql.execute(f'drop table "{name}"')
                self._make_tables()
            self.seal = Ring(seal())
            self._sql.execute("vacuum")
            self.scrub()

    def scrub(self) -> None:
        """What was deleted or overwritten is on no page of the file and of its log any more."""
        with self.turn:
            self._sql.execute("pragma wal_checkpoint(truncate)")

    def close(self) -> None:
        with self.turn:
            self._sql.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is on the disk, or none of it. Nested ones belong to the outer. Raises DiskFull."""
        with self.turn:
            if self._open:
                yield self._sql
                return
            try:
                self._sql.execute("begin immediate")
                self._open = 1
                yield self._sql
                self._sql.execute("commit")
            except BaseException as problem:
                if self._sql.in_transaction:
                    self._sql.execute("rollback")
                if isinstance(problem, sqlite3.Error):
                    raise meaning(problem) from problem
                raise
            finally:
                self._open = 0

    @property
    def writes(self) -> tuple[int, int]:
        """Another one with every row written, here or by another process: what was worked out of the store holds as
        long as this stands still.
        """
        with self.turn:
            return self._sql.total_changes, self._sql.execute("pragma data_version").fetchone()[0]

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self.turn, told():
            return self._sql.execute(sql, parameters).fetchall()

    # Small things, each under its name -----------------------------------------------------------------

    def keep(self, name: str, value: Any) -> None:
        """Writes down a JSON value under `name`, sealed."""
        body = self.seal.shut(f"kept/{name}", json.dumps(value, ensure_ascii=False).encode())
        with self.writing() as sql:
            sql.execute(
                "insert into kept values (?, ?) on conflict (name) do update set body = excluded.body",
                (name, body),
            )

    def kept(self, name: str, default: Any = None) -> Any:
        """What was kept under `name`, or `default`. Raises Damaged where the body is not whole, Locked."""
        found = self.rows("select body from kept where name = ?", (name,))
        try:
            return json.loads(self.seal.open(f"kept/{name}", found[0]["body"])) if found else default
        except SealBroken as broken:
            raise Damaged(f"kept/{name}") from broken

    def drop(self, name: str) -> None:
        with self.writing() as sql:
            sql.execute("delete from kept where name = ?", (name,))

    # Room ----------------------------------------------------------------------------------------------

    def room(self) -> Room:
        """How much is left, tried by really writing: a quota or a broken card shows only then."""
        probe = self.home / ".room"
        try:
            with probe.open("wb") as file:
                file.write(b"\0" * PROBE_BYTES)
                file.flush()
                os.fsync(file.fileno())
            writable = True
        except OSError:
            writable = False
        try:
            probe.unlink(missing_ok=True)
        except OSError:
            writable = False
        return Room(shutil.disk_usage(self.home).free, writable)


def meaning(problem: sqlite3.Error) -> Exception:
    """What an error of SQLite says about the tablet; itself when it is a fault of ours."""
    code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
    if code in _NO_ROOM:
        return DiskFull(str(problem))
    return Damaged(str(problem)) if code in _BROKEN else problem


@contextmanager
def told() -> Iterator[None]:
    """Raises DiskFull or Damaged for what SQLite says."""
    try:
        yield
    except sqlite3.Error as problem:
        raise meaning(problem) from problem
