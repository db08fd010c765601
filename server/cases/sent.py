"""Photos that another system sends first and names afterwards: kept a week for who sent them, then forgotten.

What an act or a report names is resolved to the declaration that a tablet makes itself (id, hash, size, stage), so
that evidence has one shape whoever brought it. An id stands on one case, once.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from server.cases import blobs
from server.cases.pictures import Picture
from server.db import Connection, queries
from server.errors import BadInput, XungeError
from server.protocol.declared import STAGES
from server.protocol.fields import MOST_ATTACHMENTS
from server.security import Viewer

sql = queries(__file__, "sent.sql")
KEPT = timedelta(days=7)
MOST_WAITING = 500


class TooManyPhotos(XungeError):
    status, code = 429, "too_many_photos"
    sentence = "{count} photos that you sent stand on no case yet. Name them before you send more."


def put(conn: Connection, folder: Path, viewer: Viewer, picture: Picture, now: datetime) -> dict[str, Any]:
    """Keeps a photo for its sender: id, what the bytes are, until when it waits to be named."""
    if sql.waiting(conn, person_id=viewer.person_id, now=now) >= MOST_WAITING:
        raise TooManyPhotos(count=MOST_WAITING)
    blobs.keep(conn, folder, picture, now)
    row = sql.put(
        conn,
        id=uuid.uuid4(),
        person_id=viewer.person_id,
        sha256=picture.sha256,
        now=now,
        expires_at=now + KEPT,
    )
    return {
        "id": str(row["id"]),
        "sha256": picture.sha256,
        "bytes": picture.bytes,
        "mime": picture.mime,
        "width": picture.width,
        "height": picture.height,
        "expires_at": row["expires_at"],
    }


def declared(conn: Connection, viewer: Viewer, named: Any, stage: str) -> list[dict[str, Any]]:
    """What a payload names, as ids or as {"id", "stage"}, the way a command declares photos. Raises BadInput."""
    if not isinstance(named, list) or len(named) > MOST_ATTACHMENTS:
        raise BadInput(
            "Field {field} must be a list of at most {limit}.", field="attachments", limit=MOST_ATTACHMENTS
        )
    if not named:
        return []
    asked = [_one(item, index, stage) for index, item in enumerate(named)]
    known = {row["id"]: row for row in sql.named(conn, ids=[i for i, _ in asked], person_id=viewer.person_id)}
    if unknown := [str(one) for one, _ in asked if one not in known]:
        raise BadInput(
            "There is no photo {photo} of yours. Send its bytes first (POST /api/v1/photos).",
            field="attachments",
            photo=unknown[0],
        )
    return [
        {"id": str(one), "stage": shows} | {name: known[one][name] for name in ("sha256", "bytes", "mime")}
        for one, shows in dict(asked).items()
    ]


def _one(item: Any, index: int, stage: str) -> tuple[uuid.UUID, str]:
    where = f"attachments[{index}]"
    told = item if isinstance(item, dict) else {"id": item}
    shows = told.get("stage", stage)
    if shows not in STAGES:
        raise BadInput(
            "Field {field} must be one of {choices}.", field=f"{where}.stage", choices=", ".join(STAGES)
        )
    try:
        return uuid.UUID(told.get("id")), shows
    except (ValueError, AttributeError, TypeError):
        raise BadInput("Field {field} must be a UUID.", field=f"{where}.id") from None


def named(conn: Connection, attachments: Sequence[dict[str, Any]]) -> None:
    """They stand on a case now and wait no more."""
    if attachments:
        sql.forget(conn, ids=[uuid.UUID(one["id"]) for one in attachments])


def expire(conn: Connection, folder: Path, now: datetime) -> int:
    """Forgets photos that nobody named, and their bytes where no case has them; how many."""
    gone = sorted({row["sha256"] for row in sql.expired(conn, now=now)})
    for sha256 in gone:
        blobs.lock(conn, sha256)
        if sql.drop_blob(conn, sha256=sha256):
            blobs.take_away(folder, sha256)
    return len(gone)
