"""Photos out of a form: read within limits, declared with the act, kept in the same transaction."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from server.cases import blobs
from server.cases.pictures import Picture
from server.db import Connection
from server.errors import TooLarge
from server.protocol.fields import MOST_ATTACHMENTS, MOST_BYTES
from server.settings import Settings


@dataclass(frozen=True)
class Posted:
    """A form as it came: text fields, and pictures as bytes."""

    fields: dict[str, str]
    pictures: tuple[bytes, ...]


async def raw_body(request: Request) -> bytes:
    """The body up to the most that a photo may have; of a body that was cut off, what came before the cut."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                raise TooLarge(limit=MOST_BYTES)
    except ClientDisconnect:
        return bytes(body)
    return bytes(body)


async def posted(request: Request) -> Posted:
    """Reads the form; a picture that is too large is refused before it is kept anywhere."""
    return await read_form(request, MOST_ATTACHMENTS, MOST_BYTES)


async def read_form(request: Request, most_pictures: int, most_bytes: int) -> Posted:
    """A form with at most so many pictures of at most so many bytes each. Raises TooLarge."""
    async with request.form(max_files=most_pictures, max_fields=100) as form:
        pictures = []
        for upload in form.getlist("attachments"):
            if isinstance(upload, UploadFile) and upload.filename:
                content = await upload.read(most_bytes + 1)
                if len(content) > most_bytes:
                    raise TooLarge(limit=most_bytes)
                pictures.append(content)
        return Posted({key: value for key, value in form.items() if isinstance(value, str)}, tuple(pictures))


def declared(pictures: Sequence[Picture], stage: str, command_id: uuid.UUID) -> list[dict[str, Any]]:
    """The pictures as a command declares them; the same form sent twice declares the same ids."""
    return [
        {
            "id": str(uuid.uuid5(command_id, f"picture {n}")),
            "sha256": picture.sha256,
            "bytes": picture.bytes,
            "mime": picture.mime,
            "stage": stage,
        }
        for n, picture in enumerate(pictures)
    ]


def keep(conn: Connection, settings: Settings, pictures: Sequence[Picture], now: datetime) -> None:
    """Stores the bytes of what was declared."""
    for picture in pictures:
        blobs.keep(conn, settings.blobs, picture, now)
