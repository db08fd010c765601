"""The page of parties outside: who they are, which cases they have, which links are out; kept by plain forms."""

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.cases import parties
from server.console.desk import Desk, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.db import Connection
from server.errors import BadInput
from server.locale import gettext_for
from server.people.service import only_admin
from server.security import Viewer, address_of

router = APIRouter(route_class=PageRoute)
BLANK = {"code": "", "name": "", "mail": ""}


@router.get("/parties", response_class=HTMLResponse)
def parties_page(request: Request, done: str = "", viewer: Viewer = Depends(reader)) -> Response:
    """All parties with the cases that they have now."""
    with desk(request, viewer) as page:
        return show(page, done)


@router.post("/parties", response_class=HTMLResponse)
def put(
    request: Request,
    code: str = Form(""),
    name: str = Form(""),
    mail: str = Form(""),
    viewer: Viewer = Depends(writer),
) -> Response:
    """Adds a party, or gives one its new name and address; what cannot be meant stands there again with the reason."""
    district_id, now = only_admin(viewer), datetime.now(UTC)
    with desk(request, viewer) as page:
        district = page.place["code"]
    try:
        request.app.state.database.run(
            lambda conn: parties.put(
                conn, district_id, district, code, name, mail, viewer, address_of(request), now
            )
        )
    except BadInput as fault:
        with desk(request, viewer) as page:
            given = {"code": code, "name": name, "mail": mail}
            return show(page, "", given, fault.text(gettext_for(viewer.lang)))
    return RedirectResponse("/parties?done=put", status_code=303)


@router.post("/parties/{code}/retire", response_class=HTMLResponse)
def retire(request: Request, code: str, viewer: Viewer = Depends(writer)) -> Response:
    """Nothing new goes to the party."""
    return _done(
        request, "retired", lambda conn, now: parties.retire(conn, viewer, code, address_of(request), now)
    )


@router.post("/cases/{number}/party-link/end", response_class=HTMLResponse)
def revoke(request: Request, number: str, viewer: Viewer = Depends(writer)) -> Response:
    """The links of the case open no more."""
    return _done(
        request, "ended", lambda conn, now: parties.revoke(conn, viewer, number, address_of(request), now)
    )


def _done(request: Request, done: str, work: Callable[[Connection, datetime], None]) -> Response:
    now = datetime.now(UTC)
    request.app.state.database.run(lambda conn: work(conn, now))
    return RedirectResponse(f"/parties?done={done}", status_code=303)


def show(page: Desk, done: str, given: dict[str, str] | None = None, fault: str = "") -> Response:
    """The page; `given` is a form that was refused, with its `fault`."""
    found = parties.page(page.conn, page.viewer, page.now)
    return page.page(
        "parties.html", 422 if fault else 200, found=found, done=done, given=given or BLANK, fault=fault
    )
