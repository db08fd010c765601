"""Taking a backup while everything runs: one snapshot of the database, and every photo that it knows."""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import datetime
from pathlib import Path
from typing import Any

from server.audit import service as audit
from server.backup import dumping, manifest, photos
from server.backup.manifest import Manifest
from server.cases.pictures import hash_of
from server.db import connect, queries
from server.errors import BackupRefused
from server.protocol.wire import time_text
from server.settings import Settings

SQL = queries(__file__)
# How far a long work is, told to a bar: a total and what it is, then how much of it is done.
Bar = Callable[[int, str], AbstractContextManager[Callable[[int], None]]]


def take(dsn: str, chosen: Settings, folder: Path, now: datetime, bar: Bar) -> Manifest:
    """Makes `folder` a backup, or brings the backup in it up to date: photos that it has are not copied again.

    Until the last step an earlier backup in the folder stays whole. Raises BackupRefused, and SetupFault when
    PostgreSQL's program fails.
    """
    with manifest.claimed(folder, chosen.home):
        try:
            made = _take(dsn, chosen, folder, now, bar)
        except OSError as error:
            raise BackupRefused(
                "{folder} cannot be written: {reason}.", folder=folder, reason=error.strerror
            ) from error
    return made


def _take(dsn: str, chosen: Settings, folder: Path, now: datetime, bar: Bar) -> Manifest:
    file = folder / f"database-{now:%Y%m%dT%H%M%S%f}.dump"
    with closing(connect(dsn, application=False)) as conn:
        at = _dump(conn, dsn, file, bar)
        conn.rollback()
        names = [sha256 for sha256, _ in at["blobs"]]
        store = folder / "blobs"
        store.mkdir(mode=0o700, exist_ok=True)
        with bar(len(names), "photos") as advance:
            missing = photos.carry(names, chosen.blobs, store, advance, trust=True)
        _copy_beside(chosen, folder)
        made = Manifest(
            form=manifest.FORM,
            made_at=time_text(now),
            epoch=str(at["epoch"]),
            postgres=at["postgres"],
            migrations=at["migrations"],
            dump=file.name,
            dump_sha256=hash_of(file),
            tables=at["tables"],
            cases=at["cases"],
            photos=len(names) - len(missing),
            photo_bytes=sum(size for _, size in at["blobs"]),
            missing=missing,
        )
        os.sync()
        manifest.write(folder, made)
        _drop_what_is_over(folder, made, set(names))
        detail = {"cases": made.cases, "photos": made.photos, "missing": len(missing)}
        audit.log(conn, "backup_taken", None, "", detail, now)
        conn.commit()
    return made


def _dump(conn: Any, dsn: str, file: Path, bar: Bar) -> dict[str, Any]:
    """Dumps the database; what else the same snapshot says: photos, epoch, migrations, counts."""
    with conn.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read read only")
    at = dict(SQL.what_is_there(conn))
    at["blobs"] = [(row["sha256"], row["bytes"]) for row in SQL.blobs(conn)]
    with bar(at["tables"], "database") as advance:
        dumping.dump(dsn, at["snapshot"], file, advance)
    return at


def _copy_beside(chosen: Settings, folder: Path) -> None:
    if chosen.anchors.is_dir():
        shutil.copytree(
            chosen.anchors, folder / "anchors", dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*")
        )
    if chosen.erasures.is_file():
        draft = folder / ".erasures.jsonl"
        shutil.copyfile(chosen.erasures, draft)
        draft.replace(folder / "erasures.jsonl")


def _drop_what_is_over(folder: Path, made: Manifest, names: set[str]) -> None:
    """Earlier dumps, and photos that the database no longer knows: what was given up must not live on here."""
    for dump in folder.glob("database-*.dump"):
        if dump.name != made.dump:
            dump.unlink()
    for sha256, path in photos.stored(folder / "blobs"):
        if sha256 not in names:
            path.unlink()
