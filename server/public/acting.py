"""What comes through a link: an act with its pictures, in one transaction, and the pictures that a link may show."""

import uuid
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import FileResponse

from server.cases import acts, evidence
from server.cases.blobs import open_copy
from server.cases.evidence import Posted
from server.cases.pictures import looked_at
from server.db import Connection
from server.errors import BadInput
from server.packs import pack_of_version
from server.protocol.hats import Actor
from server.protocol.stages import stages_of
from server.public import service


def done(
    request: Request, row: dict[str, Any], actor: Actor, action: str, payload: dict[str, Any], form: Posted
) -> None:
    """Does the act with its pictures in one transaction; the same form sent twice is one act."""
    state, now = request.app.state, datetime.now(UTC)
    command_id = _command_id(form)
    with looked_at(state.settings.blobs, form.pictures) as pictures:

        def work(conn: Connection) -> None:
            if pictures:
                pack = pack_of_version(conn, row["pack_version"])
                category = pack.category(row["category_system"], row["category_code"]) or pack.other
                asked = service.asked_of_party(category) if action == "answer_outside" else ()
                shown = form.shown(asked or stages_of(action, category))
                payload["attachments"] = evidence.declared(pictures, shown, command_id)
            acts.act_by_link(conn, row, actor, action, payload, command_id, now)
            evidence.keep(conn, state.settings, pictures, now)

        state.database.run(work)


def _command_id(form: Posted) -> uuid.UUID:
    try:
        return uuid.UUID(form.fields.get("command_id", ""))
    except ValueError:
        raise BadInput from None


def shown(request: Request, row: dict[str, Any], photo_id: uuid.UUID, stages: tuple[str, ...]) -> Response:
    """The public copy of a photo that the link may show."""
    with request.app.state.database.read() as conn:
        sha256 = service.photo(conn, row, photo_id, stages)
    headers = {"cache-control": "private, max-age=3600", "content-security-policy": "default-src 'none'; sandbox",
               "referrer-policy": "no-referrer", "x-robots-tag": "noindex, noimageindex"}  # fmt: skip
    return FileResponse(
        open_copy(request.app.state.settings.blobs, sha256), media_type="image/jpeg", headers=headers
    )
