"""Photos out of a form: read within limits, declared with the act, kept in the same transaction."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from server.cases import blobs
from server.cases.pictures import Picture
from server.db import Connection
from server.errors import BadInput, TooLarge
from server.protocol.fields import MOST_ATTACHMENTS, MOST_BYTES
from server.settings import Settings

# What a form says beside its pictures.
MOST_TEXT = 1_000_000


@dataclass(frozen=True)
class Posted:
    """A form as it came: text fields, and pictures as bytes with the stage that each shows ("" where the form leaves
    that to the act).
    """

    fields: dict[str, str]
    pictures: tuple[bytes, ...]
    stages: tuple[str, ...] = ()

    def shown(self, stages: Sequence[str]) -> list[str]:
        """The stage of each picture of an act that takes photos of `stages`."""
        return [stage if stage in stages else stages[0] for stage in self.stages]


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
    """A form with at most so many pictures of at most so many bytes each, in "attachments" or, where an act asks for
    several stages, in "attachments.STAGE". Raises TooLarge, before it is read where the whole is, and BadInput.
    """
    length, most = request.headers.get("content-length", ""), most_pictures * most_bytes + MOST_TEXT
    if not length.isdigit():
        raise BadInput
    if int(length) > most:
        raise TooLarge(limit=most)
    try:
        # An input that was left empty comes as a file, too.
        async with request.form(max_files=2 * most_pictures, max_fields=100) as form:
            found = await _read(form, most_bytes)
    except HTTPException:
        found = None
    if found is None or len(found.pictures) > most_pictures:
        raise BadInput(
            "The form could not be read. At most {count} pictures can be sent at once.", count=most_pictures
        )
    return found


async def _read(form: FormData, most_bytes: int) -> Posted:
    pictures, stages = [], []
    for name, upload in form.multi_items():
        field, _dot, stage = name.partition(".")
        if field == "attachments" and isinstance(upload, UploadFile) and upload.filename:
            content = await upload.read(most_bytes + 1)
            if len(content) > most_bytes:
                raise TooLarge(limit=most_bytes)
            pictures.append(content)
            stages.append(stage)
    texts = {key: value for key, value in form.items() if isinstance(value, str)}
    return Posted(texts, tuple(pictures), tuple(stages))


def declared(
    pictures: Sequence[Picture], stages: Sequence[str], command_id: uuid.UUID
) -> list[dict[str, Any]]:
    """The pictures as a command declares them, each with its stage; the same form sent twice declares the same ids."""
    return [
        {
            "id": str(uuid.uuid5(command_id, f"picture {n}")),
            "sha256": picture.sha256,
            "bytes": picture.bytes,
            "mime": picture.mime,
            "stage": stage,
        }
        for n, (picture, stage) in enumerate(zip(pictures, stages, strict=True))
    ]


def keep(conn: Connection, settings: Settings, pictures: Sequence[Picture], now: datetime) -> None:
    """Stores the bytes of what was declared."""
    for picture in pictures:
        blobs.keep(conn, settings.blobs, picture, now)
