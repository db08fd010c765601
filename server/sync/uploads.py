"""Photos arriving in pieces: the server side of tus 1.0 (core, creation, expiration), durable piece by piece.

An upload belongs to one attachment id of one device, so that a lost creation answer is harmless: the next creation
finds the same upload. An offset is only told after its bytes are on the disk.
"""

import base64
import binascii
import os
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from server.cases import blobs, sent
from server.cases.pictures import PictureRefused, hash_of, look_at
from server.db import Connection, queries
from server.errors import BadInput, NotFound, TooLarge, XungeError
from server.protocol.fields import MOST_BYTES, SHA256
from server.settings import Settings

sql = queries(__file__)
KEPT = timedelta(days=7)


class WrongOffset(XungeError):
    status, code, sentence = 409, "wrong_offset", "The upload stands at {offset} bytes; go on from there."


class WrongVersion(XungeError):
    status, code, sentence = 412, "tus_version", "This server speaks tus 1.0.0."


class WrongType(XungeError):
    status, code, sentence = 415, "tus_type", "The piece must be application/offset+octet-stream."


class WrongChecksum(XungeError):
    status, code = 460, "checksum_mismatch"
    sentence = "The bytes that arrived are not those that were declared. Send the photo again from its start."


@dataclass(frozen=True)
class Upload:
    """One photo on its way. `confirmed` once its bytes with the right hash are kept for good; `refused` when they
    have come and are never taken: the upload is over and the case says why.
    """

    id: uuid.UUID
    attachment_id: uuid.UUID
    bytes: int
    offset: int
    sha256: str
    expires_at: datetime
    confirmed: bool
    refused: PictureRefused | None = None


def _upload(row: dict[str, Any], folder: Path) -> Upload:
    done = row["sound"] is True and blobs.blob_path(folder, row["sha256"]).is_file()
    offset = row["bytes"] if done else row["offset_bytes"]
    return Upload(
        row["id"], row["attachment_id"], row["bytes"], offset, row["sha256"], row["expires_at"], done
    )


def metadata(header: str) -> dict[str, str]:
    """The pairs of an Upload-Metadata header (values base64, UTF-8)."""
    found = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise BadInput("Upload-Metadata: {field} is not base64 text.", field=key) from None
    return found


def named(upload: Upload) -> str:
    """What an upload is called, as an Upload-Metadata header says it."""
    told = {"attachment_id": str(upload.attachment_id), "sha256": upload.sha256}
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())


def create(
    conn: Connection, config: Settings, device_id: uuid.UUID, length: int, header: str, now: datetime
) -> Upload:
    """The upload of one attachment: a new one, or the one that is already under way.

    Raises PictureRefused for bytes that came before and are never taken, so that they need not come again.
    """
    if not 0 < length <= MOST_BYTES:
        raise TooLarge(limit=MOST_BYTES)
    told = metadata(header)
    try:
        attachment_id = uuid.UUID(told.get("attachment_id", ""))
    except ValueError:
        raise BadInput("Upload-Metadata must name attachment_id and sha256.") from None
    sha256 = told.get("sha256", "").lower()
    if not SHA256.match(sha256):
        raise BadInput("Upload-Metadata must name attachment_id and sha256.")
    if sql.declared_as(conn, attachment_id=attachment_id) not in (None, sha256):
        raise BadInput("This attachment was declared with another content.")
    if why := blobs.refusal_of(conn, sha256):
        raise PictureRefused(why)
    row = sql.begin(
        conn,
        id=uuid.uuid4(),
        attachment_id=attachment_id,
        device_id=device_id,
        bytes=length,
        sha256=sha256,
        now=now,
        expires_at=now + KEPT,
    )
    if (row["sha256"], row["bytes"]) != (sha256, length):
        raise BadInput("This attachment was declared with another content.")
    return find(conn, config, device_id, row["id"])


def find(
    conn: Connection, config: Settings, device_id: uuid.UUID, upload_id: uuid.UUID, lock: bool = False
) -> Upload:
    """The device's upload with that id; NotFound for any other."""
    row = (sql.lock_one if lock else sql.one)(conn, id=upload_id, device_id=device_id)
    if row is None:
        raise NotFound("There is no such upload; begin it again.")
    return _upload(row, config.blobs)


def append(
    conn: Connection,
    config: Settings,
    device_id: uuid.UUID,
    upload_id: uuid.UUID,
    offset: int,
    piece: bytes,
    now: datetime,
) -> Upload:
    """Appends `piece` at `offset`; when it was the last one the photo is checked, kept and told to its case.

    Bytes that do not have the declared hash send the upload back to offset 0: complete but not confirmed means that.
    A file that is no picture or a dangerous one ends the upload; the case keeps the reason, the tablet the photo.
    """
    upload = find(conn, config, device_id, upload_id, lock=True)
    if upload.confirmed:
        return upload
    if offset != upload.offset:
        raise WrongOffset(offset=upload.offset)
    end = offset + len(piece)
    if end > upload.bytes:
        raise TooLarge(limit=upload.bytes)
    path = _write(config, upload, offset, piece)
    whole = end == upload.bytes
    if whole and hash_of(path) != upload.sha256:
        whole, end = False, 0
    sql.advance(conn, id=upload.id, offset=end, expires_at=now + KEPT)
    if whole:
        try:
            picture = look_at(config.blobs, path, upload.sha256)
        except PictureRefused as refusal:
            blobs.refuse(conn, upload.sha256, refusal.why, now)
            sql.end(conn, id=upload.id)
            path.unlink()
            return replace(upload, refused=refusal)
        blobs.keep(conn, config.blobs, picture, now)
    return find(conn, config, device_id, upload_id)


def _write(config: Settings, upload: Upload, offset: int, piece: bytes) -> Path:
    """The piece is on the disk when this returns; what a cut-off try left behind `offset` is written over."""
    config.uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = config.uploads / upload.id.hex
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.truncate(offset)
        file.seek(offset)
        file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return path


def expire(conn: Connection, config: Settings, now: datetime) -> int:
    """Forgets uploads that nobody went on with and photos that nobody named, and their bytes; returns how many."""
    blobs.sweep(config.blobs, now)
    gone = list(sql.expired(conn, now=now))
    for row in gone:
        (config.uploads / row["id"].hex).unlink(missing_ok=True)
    return len(gone) + sent.expire(conn, config.blobs, now)
