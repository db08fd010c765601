"""What is masked, shown once to somebody who says why: of a case, and the telephone of a person."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse

from server.cases import service
from server.cases.unmask import unmask_case
from server.console.desk import desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.db import Connection
from server.errors import BadInput
from server.locale import gettext_for
from server.people import service as people
from server.security import Viewer, address_of

router = APIRouter(route_class=PageRoute)


@router.get("/cases/{number}/unmask", response_class=HTMLResponse)
def ask_of_case(request: Request, number: str, viewer: Viewer = Depends(reader)) -> Response:
    """Asks why."""
    with desk(request, viewer) as page:
        case = service.get_case(page.conn, viewer, number, page.now)
        return page.page(
            "unmask.html", about=f"{case['number']} {case['title']}", back=f"/cases/{number}", fault=""
        )


@router.post("/cases/{number}/unmask", response_class=HTMLResponse)
def show_case(
    request: Request, number: str, reason: str = Form(""), viewer: Viewer = Depends(writer)
) -> Response:
    """Shows it, and writes down that it was shown."""
    address, now = address_of(request), datetime.now(UTC)
    return _shown(
        request,
        viewer,
        f"/cases/{number}",
        lambda conn: unmask_case(conn, viewer, number, reason, address, now),
    )


@router.get("/people/{login}/unmask", response_class=HTMLResponse)
def ask_of_person(request: Request, login: str, viewer: Viewer = Depends(reader)) -> Response:
    """Asks the administrator why."""
    people.only_admin(viewer)
    with desk(request, viewer) as page:
        return page.page("unmask.html", about=login, back="/people", fault="")


@router.post("/people/{login}/unmask", response_class=HTMLResponse)
def show_person(
    request: Request, login: str, reason: str = Form(""), viewer: Viewer = Depends(writer)
) -> Response:
    """Shows the telephone, and writes down that it was shown."""
    address, now = address_of(request), datetime.now(UTC)
    return _shown(
        request,
        viewer,
        "/people",
        lambda conn: people.unmask_phone(conn, viewer, login, reason, address, now),
    )


def _shown(
    request: Request, viewer: Viewer, back: str, work: Callable[[Connection], dict[str, Any]]
) -> Response:
    """The page with what was masked; the question again, with its fault, where the reason is missing."""
    try:
        bare, fault = request.app.state.database.run(work), ""
    except BadInput as refused:
        bare, fault = None, refused.text(gettext_for(viewer.lang))
    with desk(request, viewer) as page:
        if bare is None:
            return page.page("unmask.html", 422, about="", back=back, fault=fault)
        return page.page("unmasked.html", bare=bare, back=back)
