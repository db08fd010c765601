"""PDFs of documents: looked through, kept by their SHA-256 in the store of photos, given out with it proved again."""

import hashlib
import os
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Response

from server.cases.blobs import PhotoDamaged, blob_path, lock, put
from server.cases.photos import sent_file
from server.cases.pictures import hash_of, waiting_room
from server.content.pdf import look_through
from server.db import Connection, queries
from server.errors import TooLarge

sql = queries(__file__, "papers.sql")
MOST_BYTES = 10_000_000
MIME, ENDING = "application/pdf", ".pdf"


def keep_paper(conn: Connection, folder: Path, content: bytes, now: datetime) -> str:
    """Stores a PDF; returns its SHA-256. Raises TooLarge, PdfRefused."""
    if len(content) > MOST_BYTES:
        raise TooLarge(limit=MOST_BYTES)
    look_through(content)
    sha256 = hashlib.sha256(content).hexdigest()
    waiting = waiting_room(folder) / f"{uuid.uuid4().hex}.paper"
    try:
        with waiting.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        lock(conn, sha256)
        put(waiting, blob_path(folder, sha256), folder)
    finally:
        waiting.unlink(missing_ok=True)
    sql.keep_paper(conn, sha256=sha256, bytes=len(content), now=now)
    return sha256


def open_paper(folder: Path, sha256: str) -> Path:
    """The file, its fingerprint checked now. Raises PhotoDamaged when it is gone or changed."""
    path = blob_path(folder, sha256)
    if not path.is_file() or hash_of(path) != sha256:
        raise PhotoDamaged
    return path


def sent_paper(folder: Path, paper: dict[str, Any]) -> Response:
    """A PDF ({sha256, name}), to be saved and opened by what opens such files; its bytes never change."""
    path = open_paper(folder, paper["sha256"])
    return sent_file(path, MIME, paper["name"], "attachment", {"Cache-Control": "private, max-age=31536000"})


def file_name(name: str) -> str:
    """What it is called when it is saved: always a PDF, never a path."""
    plain = "".join(" " if sign in '/\\:*?"<>|' or not sign.isprintable() else sign for sign in name)
    plain = " ".join(plain.split())
    stem = (plain[: -len(ENDING)] if plain.lower().endswith(ENDING) else plain).strip(" .")[:90]
    return (stem or "document") + ENDING
