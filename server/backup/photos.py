"""Originals from one store into another, each checked by its fingerprint on the way."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from server.cases.blobs import blob_path
from server.cases.pictures import hash_of

CHUNK = 1 << 20
SHA256_LENGTH = 64


def stored(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every original of a store: its name, which is its SHA-256, and its file."""
    for path in folder.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
        if len(path.name) == SHA256_LENGTH:
            yield path.name, path


def carry(
    names: Iterable[str], source: Path, target: Path, advance: Callable[[int], None], trust: bool
) -> list[str]:
    """Copies originals from store to store; the names of those that `source` does not have whole.

    What `target` holds already is kept: as it is when `trust`, else after a look at its fingerprint. `advance` is
    told how many are done. Files are on the disk only after an `os.sync`.
    """
    lacking = []
    for done, sha256 in enumerate(names, 1):
        here = blob_path(target, sha256)
        if not (here.is_file() and (trust or hash_of(here) == sha256)) and not _copy(
            blob_path(source, sha256), here, sha256
        ):
            lacking.append(sha256)
        advance(done)
    return lacking


def _copy(source: Path, target: Path, sha256: str) -> bool:
    """Whether the original was there with its fingerprint and is now at its place in the other store."""
    digest = hashlib.sha256()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}")
    try:
        file = source.open("rb")
    except FileNotFoundError:
        return False
    try:
        with file, os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        if digest.hexdigest() != sha256:
            return False
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return True
