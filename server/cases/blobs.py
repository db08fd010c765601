"""Photos on disk by SHA-256: stored once, on the disk before anyone is told, checked for what they are."""

import hashlib
import io
import os
import uuid
from datetime import datetime
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from server.db import Connection, queries
from server.errors import BadInput, NotFound

sql = queries(__file__, "blobs.sql")
MIME_OF = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_PIXELS = 100_000_000
CHUNK = 1 << 20


def blob_path(folder: Path, sha256: str) -> Path:
    """Where the bytes with that hash lie (two levels of folders)."""
    return folder / sha256[:2] / sha256[2:4] / sha256


def open_blob(folder: Path, sha256: str) -> Path:
    """The file with that hash; NotFound when its bytes have not arrived."""
    path = blob_path(folder, sha256)
    if not path.is_file():
        raise NotFound("The photo has not arrived yet.")
    return path


def sync_folder(folder: Path) -> None:
    """Makes names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hash_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sniff(source: Path | io.BytesIO) -> tuple[str, int, int]:
    """MIME type, width and height of a picture, by its content; BadInput when it is not one that we keep."""
    try:
        with Image.open(source, formats=list(MIME_OF)) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise BadInput("The picture has more than {limit} pixels.", limit=MOST_PIXELS)
            picture.verify()
            return MIME_OF[picture.format or ""], width, height
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise BadInput("The file is not a JPEG, PNG or WebP picture.") from None


def keep_file(conn: Connection, folder: Path, arrived: Path, sha256: str, now: datetime) -> None:
    """Takes over a complete, hash-checked file as a blob and tells every case that waits for it. The file is moved."""
    mime, width, height = sniff(arrived)
    target = blob_path(folder, sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    size = arrived.stat().st_size
    arrived.replace(target)
    sync_folder(target.parent)
    sql.keep_blob(conn, sha256=sha256, bytes=size, mime=mime, width=width, height=height, now=now)
    waiting = list(sql.arrive(conn, sha256=sha256, now=now))
    for row in waiting:
        sql.tell(conn, case_id=row["case_id"])
        conn.changed.add(row["district_id"])


def keep_bytes(conn: Connection, folder: Path, content: bytes, now: datetime) -> tuple[str, str]:
    """Stores bytes from a form; returns SHA-256 and MIME type. BadInput when it is not a picture."""
    sha256 = hashlib.sha256(content).hexdigest()
    mime, _width, _height = sniff(io.BytesIO(content))
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{uuid.uuid4().hex}.part"
    with part.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    keep_file(conn, folder, part, sha256, now)
    return sha256, mime
