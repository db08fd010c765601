"""Erasing a person: what it does is said first; a reason and the login typed again are asked for; then it is done."""

from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.console.desk import Desk, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.errors import BadInput
from server.locale import gettext_for
from server.people import erasure
from server.security import Viewer, address_of

router = APIRouter(route_class=PageRoute)
BLANK = {"reason": "", "again": "", "words": ""}


@router.get("/people/{login}/erase", response_class=HTMLResponse)
def ask(request: Request, login: str, viewer: Viewer = Depends(reader)) -> Response:
    """What would go and what stays."""
    with desk(request, viewer) as page:
        return form(page, login, BLANK, "")


@router.post("/people/{login}/erase", response_class=HTMLResponse)
def erase(
    request: Request,
    login: str,
    reason: str = Form("", max_length=500),
    again: str = Form(""),
    words: str = Form(""),
    viewer: Viewer = Depends(writer),
) -> Response:
    """Erases, once the login was typed again."""
    state, now = request.app.state, datetime.now(UTC)
    try:
        if again.strip().lower() != login.lower():
            raise BadInput("Type the login {login} to confirm.", login=login)
        done = state.database.run(
            lambda conn: erasure.erase_by(conn, viewer, login, reason, address_of(request), now, bool(words))
        )
    except BadInput as fault:
        with desk(request, viewer) as page:
            given = {"reason": reason, "again": again, "words": words}
            return form(page, login, given, fault.text(gettext_for(viewer.lang)))
    erasure.keep(state.settings.erasures, done)
    return RedirectResponse(f"/people?erased={len(done) - 1}", status_code=303)


def form(page: Desk, login: str, given: dict[str, str], fault: str) -> Response:
    """The question, with what was typed; NotAllowed or NotFound before anything is shown."""
    person = erasure.erasable(page.conn, page.viewer, login)
    return page.page("erase.html", 422 if fault else 200, person=person, given=given, fault=fault)
