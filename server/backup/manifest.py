"""What a backup's folder holds, and the one file that says so: without it the folder is no backup.

DIR/backup.json                 written last; names all that belongs to the set
DIR/database-….dump             PostgreSQL's own format
DIR/blobs/ab/cd/abcd…           originals of photos by SHA-256
DIR/anchors/ DIR/erasures.jsonl
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from server.errors import BackupRefused, RestoreRefused

FORM = 1
NAME = "backup.json"
OURS = {NAME, ".lock", "blobs", "anchors", "erasures.jsonl"}


@dataclass(frozen=True)
class Manifest:
    """One set. `made_at` is UTC text; `missing` are photos that the installation itself no longer had whole."""

    form: int
    made_at: str
    epoch: str
    postgres: str
    migrations: list[str]
    dump: str
    dump_sha256: str
    tables: int
    cases: int
    photos: int
    photo_bytes: int
    missing: list[str]


def read(folder: Path) -> Manifest:
    """The set in `folder`. Raises RestoreRefused when there is none, or none that this program understands."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if found["form"] != FORM:
            raise RestoreRefused("{folder} was written by another version of Xunge.", folder=folder)
        return Manifest(**found)
    except FileNotFoundError:
        raise RestoreRefused(
            "{folder} is not a whole backup: it has no {name}.", folder=folder, name=NAME
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise RestoreRefused("{folder}: {name} cannot be read.", folder=folder, name=NAME) from error
    except OSError as error:
        raise RestoreRefused(
            "{folder} cannot be read: {reason}.", folder=folder, reason=error.strerror
        ) from error


def write(folder: Path, made: Manifest) -> None:
    """Makes the set in `folder` valid, at once; what it names must be on the disk before."""
    draft = folder / f".{NAME}"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(made), file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / NAME)


@contextmanager
def claimed(folder: Path, home: Path) -> Iterator[None]:
    """The folder for a backup while it is made: new, empty, or that of an earlier backup; never below the home."""
    if folder.resolve().is_relative_to(home.resolve()):
        raise BackupRefused(
            "{folder} lies in {home}: what happens to the one would happen to the other. Name a folder elsewhere.",
            folder=folder,
            home=home,
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = {path.name for path in folder.iterdir()}
        if names and NAME not in names and not names <= OURS:
            raise BackupRefused(
                "{folder} holds something else than a backup. Name a new or an empty folder.", folder=folder
            )
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise BackupRefused(
            "{folder} cannot be written: {reason}.", folder=folder, reason=error.strerror
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused("Another backup into {folder} is under way.", folder=folder) from None
        yield
