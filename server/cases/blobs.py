"""Photos on disk by SHA-256: the original stored once and as it came, its public copies apart and made again at need.

blobs/ab/cd/abcd…               originals (the folder is closed to other accounts)
blobs/copies/ab/cd/abcd….jpg    what people are shown: upright, at most 2048 pixels, nothing but the picture
blobs/copies/ab/cd/abcd….thumb.jpg
blobs/new/                      what waits to be kept
"""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from server.cases.pictures import ERASED, Picture, PictureRefused, hash_of, look_at, looked_at, waiting_room
from server.db import Connection, queries
from server.errors import BadInput, NotFound, XungeError

sql = queries(__file__, "blobs.sql")
FORGOTTEN = timedelta(days=1)


class PhotoDamaged(XungeError):
    status, code = 409, "photo_damaged"
    sentence = "The stored original no longer has its fingerprint. The operator must restore it."


def blob_path(folder: Path, sha256: str) -> Path:
    """Where the original with that hash lies (two levels of folders)."""
    return folder / sha256[:2] / sha256[2:4] / sha256


def copy_path(folder: Path, sha256: str, thumb: bool = False) -> Path:
    """Where the public copy lies, or the thumbnail."""
    name = f"{sha256}.thumb.jpg" if thumb else f"{sha256}.jpg"
    return folder / "copies" / sha256[:2] / sha256[2:4] / name


def keep(conn: Connection, folder: Path, picture: Picture, now: datetime) -> None:
    """Takes over a picture that was looked at and tells every case that waits for it. Its files are moved."""
    lock(conn, picture.sha256)
    if refusal_of(conn, picture.sha256) == ERASED:
        raise PictureRefused(ERASED)
    _put(picture.copy, copy_path(folder, picture.sha256))
    _put(picture.thumb, copy_path(folder, picture.sha256, thumb=True))
    put(picture.original, blob_path(folder, picture.sha256), folder)
    sql.keep_blob(
        conn,
        sha256=picture.sha256,
        bytes=picture.bytes,
        mime=picture.mime,
        width=picture.width,
        height=picture.height,
        now=now,
    )
    sql.take_back_refusal(conn, sha256=picture.sha256)
    if sql.mend(conn, sha256=picture.sha256):
        tell_cases(conn, sql.cases_of(conn, sha256=picture.sha256))
    tell_cases(conn, sql.arrive(conn, sha256=picture.sha256, now=now))


def put(waiting: Path, target: Path, folder: Path) -> None:
    """Moves an original to its place. Its name survives a power cut before anybody is told; copies are made again."""
    _put(waiting, target)
    for place in (target.parent, target.parent.parent, folder):
        _sync(place)


def lock(conn: Connection, sha256: str) -> None:
    """Until the transaction ends nobody else keeps or takes away these bytes."""
    sql.lock_bytes(conn, sha256=sha256)


def take_away(folder: Path, sha256: str) -> None:
    """Original and copies of bytes that nobody refers to."""
    for path in (blob_path(folder, sha256), copy_path(folder, sha256), copy_path(folder, sha256, thumb=True)):
        path.unlink(missing_ok=True)


def keep_bytes(conn: Connection, folder: Path, content: bytes, now: datetime) -> tuple[str, str]:
    """Stores a picture at hand; returns SHA-256 and MIME type. Raises PictureRefused."""
    with looked_at(folder, [content]) as (picture,):
        keep(conn, folder, picture, now)
    return picture.sha256, picture.mime


def refuse(conn: Connection, sha256: str, why: str, now: datetime) -> None:
    """Notes that content which was sent is not taken, and tells every case that waits for it."""
    sql.refuse(conn, sha256=sha256, code=why, now=now)
    tell_cases(conn, sql.cases_of(conn, sha256=sha256))


def refusal_of(conn: Connection, sha256: str) -> str | None:
    """Why content with that hash was refused before; None when it was not."""
    code: str | None = sql.refusal_of(conn, sha256=sha256)
    return code


def erase(conn: Connection, folder: Path, sha256: str, now: datetime) -> None:
    """Takes these bytes away from every case, for ever: they are refused when they come again.

    Raises BadInput where a notice or document shows the same picture.
    """
    lock(conn, sha256)
    if sql.in_documents(conn, sha256=sha256):
        raise BadInput("A document shows the same picture. Take it out there first.")
    sql.forget_sent(conn, sha256=sha256)
    sql.depart(conn, sha256=sha256)
    sql.drop_original(conn, sha256=sha256)
    refuse(conn, sha256, ERASED, now)
    take_away(folder, sha256)


def tell_cases(conn: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Those who follow these cases (case_id, district_id) shall fetch them again."""
    for row in list(rows):
        sql.tell(conn, case_id=row["case_id"])
        conn.changed.add(row["district_id"])


def open_original(folder: Path, sha256: str) -> Path:
    """The file as it came, its fingerprint checked now. Raises NotFound, PhotoDamaged."""
    path = blob_path(folder, sha256)
    if not path.is_file():
        raise NotFound("The photo has not arrived yet.")
    if hash_of(path) != sha256:
        raise PhotoDamaged
    return path


def open_copy(folder: Path, sha256: str, thumb: bool = False) -> Path:
    """What people are shown; made again from the original when it is not there (a restored or older store)."""
    wanted = copy_path(folder, sha256, thumb)
    if not wanted.is_file():
        picture = look_at(folder, open_original(folder, sha256), sha256)
        _put(picture.copy, copy_path(folder, sha256))
        _put(picture.thumb, copy_path(folder, sha256, thumb=True))
    return wanted


def sweep(folder: Path, now: datetime) -> None:
    """Takes away what waited when a server was killed: nobody was ever told that it is kept."""
    for path in waiting_room(folder).iterdir():
        if path.stat().st_mtime < (now - FORGOTTEN).timestamp():
            path.unlink(missing_ok=True)


def _put(waiting: Path, target: Path) -> None:
    """Moves a file to its place at once; a transaction that is run again finds it moved already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if waiting.exists():
        waiting.replace(target)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
