"""Photos out of a form: read within limits, declared with the act, kept in the same transaction."""

import hashlib
import io
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from server.cases.blobs import keep_bytes, sniff
from server.db import Connection
from server.errors import TooLarge
from server.protocol.fields import MOST_ATTACHMENTS, MOST_BYTES
from server.settings import Settings

STAGE_OF_ACT = {"report": "before", "add_evidence": "during"}


@dataclass(frozen=True)
class Posted:
    """A form as it came: text fields, and pictures as bytes."""

    fields: dict[str, str]
    pictures: tuple[bytes, ...]


async def posted(request: Request) -> Posted:
    """Reads the form; a picture that is too large is refused before it is kept anywhere."""
    async with request.form(max_files=MOST_ATTACHMENTS, max_fields=100) as form:
        pictures = []
        for upload in form.getlist("attachments"):
            if isinstance(upload, UploadFile) and upload.filename:
                content = await upload.read(MOST_BYTES + 1)
                if len(content) > MOST_BYTES:
                    raise TooLarge(limit=MOST_BYTES)
                pictures.append(content)
        return Posted({key: value for key, value in form.items() if isinstance(value, str)}, tuple(pictures))


def declared(pictures: tuple[bytes, ...], action: str, command_id: uuid.UUID) -> list[dict[str, Any]]:
    """The pictures as a command declares them; the same form sent twice declares the same ids."""
    return [
        {
            "id": str(uuid.uuid5(command_id, f"picture {n}")),
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "mime": sniff(io.BytesIO(content))[0],
            "stage": STAGE_OF_ACT.get(action, "after"),
        }
        for n, content in enumerate(pictures)
    ]


def keep(conn: Connection, settings: Settings, pictures: tuple[bytes, ...], now: datetime) -> None:
    """Stores the bytes of what was declared."""
    for content in pictures:
        keep_bytes(conn, settings.blobs, content, now)
