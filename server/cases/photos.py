"""Who is given which bytes of a case's photo: the copy to all who may see the case, the original by a logged door."""

import base64
import hashlib
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import FileResponse

from server.audit import access
from server.cases.blobs import open_copy, open_original
from server.db import Connection, queries
from server.errors import NotAllowed, NotFound
from server.security import Viewer, address_of

sql = queries(__file__)
# A raw file that a browser is led to is a page of nothing: no script, no frame, no other site.
SANDBOX = "default-src 'none'; sandbox"
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
MAY_SEE_ORIGINALS = frozenset({"duty", "supervisor"})


def sees_originals(viewer: Viewer) -> bool:
    """The duty officer, who answers for the case, the supervisor, who examines it, and the auditor."""
    return bool(viewer.duties & MAY_SEE_ORIGINALS) or viewer.role == "auditor"


def find(
    conn: Connection, viewer: Viewer, attachment_id: uuid.UUID, number: str | None = None
) -> dict[str, Any]:
    """A photo that has arrived, of a case in scope (the one with `number`, when it is given). Raises NotFound."""
    row = sql.photo_in_scope(conn, **viewer.scope_params(), id=attachment_id, number=number)
    if row is None:
        raise NotFound
    return dict(row)


def shown(
    request: Request,
    viewer: Viewer,
    attachment_id: uuid.UUID,
    number: str | None = None,
    thumb: bool = False,
) -> Response:
    """The public copy, or its thumbnail. A browser keeps it and asks each time: a photo may be erased."""
    with request.app.state.database.read() as conn:
        row = find(conn, viewer, attachment_id, number)
    tag = f'"{row["sha256"][:32]}-{"thumb" if thumb else "copy"}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    path = open_copy(request.app.state.settings.blobs, row["sha256"], thumb)
    return sent_file(path, "image/jpeg", name_of(row, "jpg"), "inline", headers)


def shown_undecided(request: Request, sha256: str, thumb: bool) -> Response:
    """The copy of a photo whose act waits for a person; the caller has asked who may see it."""
    path = open_copy(request.app.state.settings.blobs, sha256, thumb)
    return sent_file(
        path, "image/jpeg", f"{sha256[:8]}.jpg", "inline", {"Cache-Control": "private, no-store"}
    )


def sent_copy(request: Request, sha256: str) -> Response:
    """The public copy of a picture that whoever asks was found to be allowed."""
    path = open_copy(request.app.state.settings.blobs, sha256)
    return sent_file(
        path, "image/jpeg", f"{sha256[:8]}.jpg", "inline", {"Cache-Control": "private, no-cache"}
    )


def original(request: Request, viewer: Viewer, attachment_id: uuid.UUID, number: str) -> Response:
    """The file as it was captured, to be saved and not to be opened; who took it stands in the access log."""
    if not sees_originals(viewer):
        raise NotAllowed

    def work(conn: Connection) -> tuple[dict[str, Any], Path]:
        row = find(conn, viewer, attachment_id, number)
        path = open_original(request.app.state.settings.blobs, row["sha256"])
        access.read_personal(
            conn,
            viewer,
            access.READ,
            "",
            datetime.now(UTC),
            case_id=row["case_id"],
            filter={"photo": str(attachment_id), "sha256": row["sha256"]},
            address=address_of(request),
        )
        return row, path

    row, path = request.app.state.database.run(work)
    # Each reading is a row of the log, so nothing in between may keep the answer.
    name = name_of(row, ENDINGS[row["mime"]])
    return sent_file(path, row["mime"], name, "attachment", {"Cache-Control": "private, no-store"})


def name_of(row: dict[str, Any], ending: str) -> str:
    """What the file is called when it is saved."""
    return f"{row['number']}-{row['stage']}-{row['sha256'][:8]}.{ending}"


def sent_file(path: Path, mime: str, name: str, how: str, headers: dict[str, str]) -> FileResponse:
    """A file of the store that a browser can do nothing with but show or save it; `how`: inline or attachment."""
    digest = base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()
    return FileResponse(
        path,
        media_type=mime,
        filename=name,
        content_disposition_type=how,
        headers={
            **headers,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": SANDBOX,
            # RFC 9530: a tablet on a poor line can tell a cut picture from a whole one.
            "Repr-Digest": f"sha-256=:{digest}:",
        },
    )
