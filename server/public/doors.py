"""Who is let in: by a resident's or an outside party's link, after the knock was counted; forms only behind that."""

from datetime import UTC, datetime
from typing import Any

from fastapi import Depends, Request

from server.cases import guests
from server.cases.evidence import Posted, read_form
from server.db import Database
from server.errors import NotFound
from server.public import knocks
from server.security import token_hash

MOST_PICTURES, MOST_BYTES = 3, 15_000_000


def passer_by(request: Request) -> None:
    """Anybody: only counted."""
    address = knocks.caller(request)
    knocks.knock(request.app.state.database, knocks.PAGES, address, address, datetime.now(UTC))


def resident(request: Request, token: str, _: None = Depends(passer_by)) -> dict[str, Any]:
    """The row of the case that a resident's link opens. NotFound is the same for every other token."""
    return _let_in(request, token, guests.opened_by_resident)


def party(request: Request, token: str, _: None = Depends(passer_by)) -> dict[str, Any]:
    """The row of the case that an outside party's link opens, with `party_id`."""
    return _let_in(request, token, guests.opened_by_party)


def _let_in(request: Request, token: str, opened: Any) -> dict[str, Any]:
    database: Database = request.app.state.database
    now, address = datetime.now(UTC), knocks.caller(request)
    with database.read() as conn:
        row = opened(conn, token, now)
    if row is None:
        knocks.knock(database, knocks.WRONG_LINKS, address, address, now)
        raise NotFound
    who = token_hash(token).hex()
    knocks.knock(database, knocks.LINK, who, address, now)
    if request.method == "POST":
        knocks.knock(database, knocks.ACTS_FROM, address, address, now)
        knocks.knock(database, knocks.ACTS, who, address, now)
    return dict(row)


async def form_of_resident(request: Request, _: dict[str, Any] = Depends(resident)) -> Posted:
    """The form of somebody who was let in; nobody else's body is read."""
    return await read_form(request, MOST_PICTURES, MOST_BYTES)


async def form_of_party(request: Request, _: dict[str, Any] = Depends(party)) -> Posted:
    """The form of an outside party that was let in."""
    return await read_form(request, MOST_PICTURES, MOST_BYTES)
