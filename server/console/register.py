"""The register of one crew: permits, qualifications, suspensions; the administrator keeps it by plain forms."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.console.desk import Desk, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.crews import register
from server.db import Connection
from server.errors import BadInput, NotFound
from server.grids import service as grids
from server.locale import gettext_for
from server.packs import current
from server.security import Viewer, address_of

router = APIRouter(route_class=PageRoute)
BLANK = {"form": "", "id": "", "category": "", "kind": "", "document": "", "basis": "", "reason": "", "note": "",
         "first_day": "", "last_day": "", "fault": ""}  # fmt: skip
Change = Callable[[Connection, Viewer, str, Mapping[str, str], str, datetime], None]
CHANGES: dict[str, Change] = {
    "permit": register.grant_permit,
    "permit-end": register.end_permit,
    "qualification": register.enter_qualification,
    "qualification-end": register.end_qualification,
    "suspension": register.suspend,
    "suspension-end": register.lift,
}


@router.get("/crews/{code}/register", response_class=HTMLResponse)
def crew_page(request: Request, code: str, done: str = "", viewer: Viewer = Depends(reader)) -> Response:
    """The register of one crew."""
    with desk(request, viewer) as page:
        return show(page, code, done)


@router.post("/crews/{code}/register/{change}", response_class=HTMLResponse)
def change_register(
    request: Request, code: str, change: str, viewer: Viewer = Depends(writer), id: str = Form(""),  # noqa: A002
    category: str = Form(""), kind: str = Form(""), document: str = Form(""), basis: str = Form(""),
    reason: str = Form(""), note: str = Form(""), first_day: str = Form(""), last_day: str = Form(""),
) -> Response:  # fmt: skip
    """Does one change and goes back to the page; what cannot be meant stands there again with the reason."""
    if change not in CHANGES:
        raise NotFound
    given = BLANK | {
        "form": change, "id": id, "category": category, "kind": kind, "document": document, "basis": basis,
        "reason": reason, "note": note, "first_day": first_day, "last_day": last_day,
    }  # fmt: skip
    with desk(request, viewer) as page:
        now = page.now
    try:
        request.app.state.database.run(
            lambda conn: CHANGES[change](conn, viewer, code, given, address_of(request), now)
        )
    except BadInput as fault:
        with desk(request, viewer) as page:
            return show(page, code, "", given | {"fault": fault.text(gettext_for(viewer.lang))})
    return RedirectResponse(f"/crews/{code}/register?done={change}", status_code=303)


def show(page: Desk, code: str, done: str, given: dict[str, str] | None = None) -> Response:
    """The page; `given` is a form that was refused, with its `fault`."""
    crew = register.register_of(page.conn, page.viewer, code, page.now)
    pack = current(page.conn, page.viewer.district_id)[1]
    lang = page.lang
    return page.page(
        "crew_register.html", 422 if given else 200, crew=crew, done=done, given=given or BLANK,
        names={category.key: category.name(lang) for category in pack.categories},
        kinds=in_words(pack.qualifications, lang), trades=in_words(pack.trades, lang),
        serves=grids.grid(page.conn, crew["serves"], page.viewer.district_id)["name"],
    )  # fmt: skip


def in_words(names: Mapping[str, Mapping[str, Any]], lang: str) -> dict[str, str]:
    """Names of a pack in a language, Chinese where it has none."""
    return {code: words.get(lang) or words["zh-CN"] for code, words in names.items()}
