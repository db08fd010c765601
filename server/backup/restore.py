"""Restoring a backup into an empty installation: photos first, then the database in one transaction.

With the data come, in the same transaction, a new epoch (tablets fetch everything anew), the erasures that were made
before and after the backup, and the end of all sessions: nobody ever sees the state in between.
"""

import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from server.audit import service as audit
from server.backup import dumping, manifest, photos
from server.backup.manifest import Manifest
from server.backup.take import SQL, Bar
from server.cases.erasing_again import erase_again
from server.cases.pictures import hash_of, waiting_room
from server.db import Connection, connect
from server.errors import RestoreRefused
from server.migrate import MIGRATIONS, bring_up_to_date, locked
from server.settings import Settings

# More than the busiest centre gives out in a day; the date in a number keeps other days apart.
SPARE_NUMBERS = 20_000


@dataclass(frozen=True)
class Restored:
    """What came back, and what did not."""

    made_at: str
    cases: int
    photos: int
    missing: int
    erasures: int
    anchors_aside: str | None


def restore(
    dsn: str, chosen: Settings, folder: Path, now: datetime, bar: Bar, erasures: Path | None = None
) -> Restored:
    """Brings back the backup in `folder`; `erasures` is a newer list of what was erased, kept elsewhere.

    Raises RestoreRefused before anything is touched when the backup is not whole or the database is not empty.
    """
    found = manifest.read(folder)
    _check(found, folder)
    with closing(connect(dsn, application=False)) as conn:
        _check_empty(conn, chosen)
        aside = _bring_files(chosen, folder, now, bar, erasures)
        with conn.cursor() as cursor:
            locked(cursor)
            _make_role(cursor)
            with bar(found.tables, "database") as advance:
                dumping.replay(cursor, folder / found.dump, advance)
            # The script sets a search path and timeouts for itself.
            cursor.execute("reset all")
            cursor.execute("set constraints all immediate")
            bring_up_to_date(conn, cursor, now)
        missing = _missing(conn, chosen)
        SQL.mark_missing(conn, missing=missing, now=now)
        SQL.begin_epoch(conn)
        SQL.skip_numbers(conn, spare=SPARE_NUMBERS)
        SQL.end_sessions(conn)
        erased = erase_again(conn, chosen.blobs, chosen.erasures, now)
        detail = {"made_at": found.made_at, "cases": found.cases, "missing": len(missing)}
        audit.log(conn, "restored", None, "", detail, now)
        conn.commit()
        conn.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute("vacuum (analyze)")
        kept = len(list(SQL.blobs(conn)))
    return Restored(
        found.made_at, found.cases, kept - len(missing), len(missing), erased, str(aside) if aside else None
    )


def _check(found: Manifest, folder: Path) -> None:
    unknown = sorted(set(found.migrations) - {path.name for path in MIGRATIONS.glob("*.sql")})
    if unknown:
        raise RestoreRefused(
            "The backup was made by a newer version of Xunge (it knows {name}). Bring this one up to date first.",
            name=unknown[0],
        )
    dump = folder / found.dump
    if not dump.is_file() or hash_of(dump) != found.dump_sha256:
        raise RestoreRefused("{file} is missing or was damaged. Take another backup.", file=dump)


def _check_empty(conn: Connection, chosen: Settings) -> None:
    if not SQL.relations_of_ours(conn):
        conn.rollback()
        return
    place = "DATABASE_URL" if chosen.database_url else str(chosen.home)
    raise RestoreRefused(
        "The database of {place} is not empty, and nothing in it is ever written over."
        " Move XUNGE_HOME aside, or make a new database, and restore into that.",
        place=place,
    )


def _make_role(cursor: Any) -> None:
    """The application's role belongs to the server of the database, not to the database: a new server lacks it."""
    cursor.execute("select 1 from pg_roles where rolname = 'xunge_app'")
    if cursor.fetchone() is None:
        cursor.execute("create role xunge_app nologin")
    cursor.execute("select pg_has_role(current_user, 'xunge_app', 'member') as member")
    if not cursor.fetchone()["member"]:
        cursor.execute("select format('grant xunge_app to %I', current_user) as grant")
        cursor.execute(cursor.fetchone()["grant"])
    cursor.execute("create extension if not exists postgis")


def _bring_files(
    chosen: Settings, folder: Path, now: datetime, bar: Bar, erasures: Path | None
) -> Path | None:
    """Photos, anchors and the list of erasures; where anchors went that the backup does not know."""
    waiting_room(chosen.blobs)
    names = [sha256 for sha256, _ in photos.stored(folder / "blobs")]
    with bar(len(names), "photos") as advance:
        photos.carry(names, folder / "blobs", chosen.blobs, advance, trust=False)
    _join_erasures(chosen.erasures, [folder / "erasures.jsonl", *([erasures] if erasures else [])])
    aside = _bring_anchors(chosen.anchors, folder / "anchors", now)
    os.sync()
    return aside


def _join_erasures(own: Path, others: list[Path]) -> None:
    """Adds the lines that the installation's own list lacks: an erasure that one of them knows is done again."""
    for path in others:
        if not path.is_file():
            continue
        known = own.read_text(encoding="utf-8").splitlines() if own.is_file() else []
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line not in known]
        with own.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


def _bring_anchors(own: Path, kept: Path, now: datetime) -> Path | None:
    """Anchors made after the backup stand for events that it lacks: they are kept, but not among those that go on."""
    known = {path.name for path in kept.iterdir()} if kept.is_dir() else set()
    aside = None
    if own.is_dir() and {path.name for path in own.iterdir() if not path.name.startswith(".")} - known:
        aside = own.with_name(f"anchors-before-{now:%Y%m%dT%H%M%S}")
        own.rename(aside)
    if known:
        shutil.copytree(kept, own, dirs_exist_ok=True)
    return aside


def _missing(conn: Connection, chosen: Settings) -> list[str]:
    """Photos that the database knows and the restored store does not have."""
    there = {sha256 for sha256, _ in photos.stored(chosen.blobs)}
    return [row["sha256"] for row in SQL.blobs(conn) if row["sha256"] not in there]
