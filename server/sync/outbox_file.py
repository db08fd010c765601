"""A tablet's outbox that came as a file: what was read out of a damaged memory and could not come over the wire.

A file can be made by anybody, so that nothing of it is applied by itself: each command is held for people, once for
ever by its id, and what the office has already keeps its answer. Photographs belong to what declared them.
"""

import json
import uuid
import zipfile
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from server.audit import service as audit
from server.cases.pictures import PictureRefused
from server.db import Connection
from server.errors import BadInput
from server.protocol.fields import MOST_BYTES
from server.security import DeviceViewer
from server.security.doors import device_named
from server.settings import Settings
from server.sync import intake, uploads

COMMANDS, PHOTOS = "commands.json", "photos/"
MOST_JSON = 50_000_000


@dataclass(frozen=True)
class Taken:
    """What came of it: commands by outcome, photographs taken in, and those that cannot be."""

    outcomes: dict[str, int]
    photos: int
    refused: int


def take_file(conn: Connection, config: Settings, path: Path, lang: str, now: datetime) -> Taken:
    """Takes in what a tablet's rescue wrote. Raises BadInput for what is no such archive, and for a strange tablet."""
    try:
        with zipfile.ZipFile(path) as archive:
            envelope = _envelope(archive)
            device = device_named(conn, _device_id(envelope), now)
            if device is None:
                raise BadInput("The tablet of this file is not known here.")
            untrusted = DeviceViewer(device.viewer, device.device_id, "former")
            outcomes = _commands(conn, untrusted, envelope, lang, now)
            photos, refused = _photos(conn, config, untrusted, archive, envelope, now)
    except (zipfile.BadZipFile, OSError) as problem:
        raise BadInput("{file} is no archive of a tablet.", file=path.name) from problem
    told = {"device": str(device.device_id), "commands": sum(outcomes.values()), "photos": photos}
    audit.log(conn, "outbox_file_taken", None, "", told, now)
    return Taken(dict(outcomes), photos, refused)


def _envelope(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        if archive.getinfo(COMMANDS).file_size > MOST_JSON:
            raise BadInput("The archive holds more than a tablet can have.")
        found = json.loads(archive.read(COMMANDS))
    except (KeyError, ValueError):
        raise BadInput("The archive has no readable {file}.", file=COMMANDS) from None
    if not isinstance(found, dict) or not isinstance(found.get("commands"), list):
        raise BadInput("The archive has no readable {file}.", file=COMMANDS)
    return found


def _device_id(envelope: dict[str, Any]) -> UUID:
    try:
        return UUID(str(envelope.get("device_id")))
    except ValueError:
        raise BadInput("The tablet of this file is not known here.") from None


def _commands(
    conn: Connection, device: DeviceViewer, envelope: dict[str, Any], lang: str, now: datetime
) -> Counter[str]:
    commands, outcomes = envelope["commands"], Counter[str]()
    for start in range(0, len(commands), intake.MOST_COMMANDS):
        batch = envelope | {"commands": commands[start : start + intake.MOST_COMMANDS]}
        outcomes.update(str(result["outcome"]) for result in intake.take(conn, device, batch, lang, now))
    return outcomes


def _photos(
    conn: Connection,
    config: Settings,
    device: DeviceViewer,
    archive: zipfile.ZipFile,
    envelope: dict[str, Any],
    now: datetime,
) -> tuple[int, int]:
    declared = {
        str(raw.get("id")): raw
        for command in envelope["commands"]
        for raw in (command.get("payload") or {}).get("attachments") or ()
        if isinstance(raw, dict)
    }
    taken = refused = 0
    for info in archive.infolist():
        raw = declared.get(info.filename.removeprefix(PHOTOS))
        if not info.filename.startswith(PHOTOS) or raw is None or info.file_size > MOST_BYTES:
            refused += info.filename.startswith(PHOTOS)
            continue
        if _photo(conn, config, device.device_id, raw, archive.read(info), now):
            taken += 1
        else:
            refused += 1
    return taken, refused


def _photo(
    conn: Connection, config: Settings, device_id: uuid.UUID, raw: dict[str, Any], data: bytes, now: datetime
) -> bool:
    told = {"attachment_id": str(raw.get("id")), "sha256": str(raw.get("sha256"))}
    header = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in told.items())
    try:
        upload = uploads.create(conn, config, device_id, len(data), header, now)
        if not upload.confirmed:
            upload = uploads.append(
                conn, config, device_id, upload.id, upload.offset, data[upload.offset :], now
            )
    except (BadInput, PictureRefused):
        return False
    return upload.confirmed
