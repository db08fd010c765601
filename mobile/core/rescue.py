"""When the file on the disk is damaged: what was captured is read out of it row by row, nothing is thrown away.

The damaged file is moved aside as it is. What could be read goes into a new one and, in the clear, into one archive
that the worker can hand to the office. Commands that the office has already are sent again by their ids and count once.
"""

import json
import secrets
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mobile.core.seal import UNDER_THE_PIN, Seal, SealBroken
from mobile.core.store import FILE, Store
from server.protocol.wire import ENVELOPE, time_text

FOLDER = "rescue"
PARTS = ("", "-wal", "-shm")
FRESH, HALF = "fresh", "fresh.part"
LEFT_BEHIND = (
    "cursor",
    "synced_at",
)  # what can be read of the mirror is used until all of it was fetched again


@dataclass(frozen=True)
class Rescued:
    """What came out: commands whole, commands whose body is gone, photographs, and the archive for the office."""

    commands: int
    unreadable: int
    photos: int
    archive: Path


@dataclass
class Remains:
    """Rows by table, as far as they can be read."""

    kept: list[dict[str, Any]]
    outbox: dict[int, dict[str, Any]]
    now: dict[int, dict[str, Any]]
    photos: list[dict[str, Any]]
    mirror: list[dict[str, Any]]
    lost: set[int]


def rescue(home: Path, key: bytes, now: datetime) -> Rescued:
    """Reads the damaged file of `home`, writes the archive, moves the file aside and begins a new one with what could
    be read. May be repeated: until the new file stands, the damaged one is not touched.
    """
    seal, remains = Seal(key), _read(home / FILE)
    archive = _export(home, seal, remains, now)
    half = home / HALF
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    _refill(half, seal, key, remains)
    half.rename(home / FRESH)  # from here on it counts, and `finish` may be called again and again
    finish(home)
    whole = sum(1 for row in remains.outbox.values() if _opened(seal, row) is not None)
    pending = [row for row in remains.photos if row["state"] == "pending"]
    return Rescued(whole, len(remains.outbox) - whole + len(remains.lost), len(pending), archive)


def finish(home: Path) -> None:
    """Puts the rescued file in the damaged one's place, where that was interrupted; else nothing."""
    fresh = home / FRESH
    if (fresh / FILE).exists():
        aside = home / FOLDER / secrets.token_hex(4)
        aside.mkdir(parents=True)
        for part in PARTS:
            with suppress(FileNotFoundError):
                (home / f"{FILE}{part}").rename(aside / f"damaged-{FILE}{part}")
        (fresh / FILE).rename(home / FILE)
    shutil.rmtree(fresh, ignore_errors=True)


def forget_archives(home: Path) -> None:
    """The office has everything: what lay there in the clear is not needed any more. Damaged files stay, shut as they
    are.
    """
    for archive in (home / FOLDER).glob("*.zip"):
        archive.unlink(missing_ok=True)


def forget(home: Path) -> None:
    """Nothing of a rescue stays."""
    shutil.rmtree(home / FOLDER, ignore_errors=True)


def _read(path: Path) -> Remains:
    with closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.row_factory = sqlite3.Row
        # What an index says and what the table says are two readings: a broken page seldom takes both.
        now = {row["seq"]: row for row in _rows(sql, "outbox_now", "seq")}
        outbox = {row["seq"]: row for row in _rows(sql, "outbox", "seq")}
        known = {*now, *(row["seq"] for row in _rows(sql, "outbox_words", "n"))}
        top = max((*known, *outbox), default=0)
        for seq in {*known, *range(min(outbox, default=1), top + 1)} - set(outbox):
            with suppress(sqlite3.Error):
                for row in sql.execute("select * from outbox where seq = ?", (seq,)):
                    outbox[seq] = dict(row)
        return Remains(
            list(_rows(sql, "kept", "name")),
            outbox,
            now,
            list(_rows(sql, "photos", "photo_id")),
            list(_rows(sql, "mirror", "kind", "id")),
            known - set(outbox),
        )


def _rows(sql: sqlite3.Connection, table: str, *key: str) -> Iterator[dict[str, Any]]:
    """Every row that can be read, from the front up to the damage and from the end back to it."""
    seen: set[tuple[Any, ...]] = set()
    for order in ("", " desc"):
        by = ", ".join(name + order for name in key)
        with suppress(sqlite3.Error):
            for row in sql.execute(f"select * from {table} order by {by}"):
                named = tuple(row[name] for name in key)
                if named not in seen:
                    seen.add(named)
                    yield dict(row)
                elif order:
                    break


def _opened(seal: Seal, row: dict[str, Any]) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(seal.open(f"outbox/{row['command_id']}", row["body"]))
        return found
    except (SealBroken, ValueError):
        return None


def _opens(seal: Seal, row: dict[str, Any]) -> bool:
    """Whether a small thing is whole; what lies under the PIN nobody can tell, and it is taken along."""
    what = f"kept/{row['name']}"
    if what.startswith(UNDER_THE_PIN):
        return True
    try:
        seal.open(what, row["body"])
    except SealBroken:
        return False
    return True


def _export(home: Path, seal: Seal, remains: Remains, now: datetime) -> Path:
    kept: dict[str, Any] = {}
    for row in remains.kept:
        with suppress(SealBroken, ValueError):
            kept[row["name"]] = json.loads(seal.open(f"kept/{row['name']}", row["body"]))
    commands = [found for _, row in sorted(remains.outbox.items()) if (found := _opened(seal, row))]
    states = {
        row["command_id"]: remains.now[seq]["state"]
        for seq, row in remains.outbox.items()
        if seq in remains.now
    }
    envelope = {
        "envelope": ENVELOPE,
        "device_id": kept.get("device_id"),
        "sent_at": time_text(now),
        "commands": commands,
    }
    folder = home / FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    archive = folder / f"xunge-{str(kept.get('device_id') or 'tablet')[:8]}-{now:%Y%m%dT%H%M%S}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("commands.json", json.dumps(envelope, ensure_ascii=False, indent=1))
        file.writestr(
            "states.json", json.dumps({"states": states, "unreadable": sorted(remains.lost)}, indent=1)
        )
        for row in remains.photos:
            path = home / "photos" / row["photo_id"]
            with suppress(SealBroken, OSError):
                if row["state"] == "pending":
                    file.writestr(
                        f"photos/{row['photo_id']}", seal.open(f"photo/{row['photo_id']}", path.read_bytes())
                    )
    return archive


def _refill(folder: Path, seal: Seal, key: bytes, remains: Remains) -> None:
    store = Store(folder, Seal(key))
    with store.writing() as sql:
        for row in remains.kept:
            if row["name"] not in LEFT_BEHIND and _opens(seal, row):
                sql.execute("insert into kept values (:name, :body)", row)
        for seq, row in sorted(remains.outbox.items()):
            sql.execute(
                "insert into outbox values "
                "(:seq, :command_id, :case_id, :kind, :depends_on, :made_at, :send_after, :body)",
                row,
            )
            stands = remains.now.get(seq)
            if stands and stands["state"] != "queued":
                add = "insert into outbox_words (seq, state, at, answer) values (?, ?, ?, ?)"
                sql.execute(add, (seq, stands["state"], stands["at"], stands["answer"]))
                if stands["put_away"] and stands["state"] not in ("applied", "withdrawn"):
                    sql.execute(add, (seq, "put_away", stands["at"], None))
        for row in remains.photos:
            if row["state"] != "fetched":
                names = ", ".join(f":{name}" for name in row)
                sql.execute(f"insert into photos ({', '.join(row)}) values ({names})", row)
        for row in remains.mirror:
            sql.execute("insert into mirror values (:kind, :id, :version, :generation, :body)", row)
        store.keep("generation", store.kept("generation", 1) + 1)
        last = max((*remains.outbox, *remains.lost), default=0)
        if last >= store.kept("next_seq", 1):
            store.keep("next_seq", last + 1)
    store.scrub()
    store.close()
