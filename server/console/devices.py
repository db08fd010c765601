"""The page of tablets, for who administers them: which there are, and codes by which another comes in."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.console.desk import Desk, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.console.residents import qr
from server.errors import BadInput, NotFound
from server.locale import gettext_for
from server.people import enrolment, service
from server.protocol.ticket import Ticket
from server.security import Viewer, address_of, home_of

router = APIRouter(route_class=PageRoute)
ROWS = 100
OFFERED = 500  # people whose logins are offered while one is typed; others are typed whole


@router.get("/devices", response_class=HTMLResponse)
def devices_page(
    request: Request,
    after: UUID | None = None,
    person: str = "",
    withdrawn: str = "",
    viewer: Viewer = Depends(reader),
) -> Response:
    """Tablets of the administrator's district with gaps in what they sent, and the codes that still work."""
    with desk(request, viewer) as page:
        return show(page, after, person, withdrawn=withdrawn)


def show(
    page: Desk, after: UUID | None, person: str, fault: str = "", withdrawn: str = "", status: int = 200
) -> Response:
    district = service.only_admin(page.viewer)
    return page.page(
        "devices.html",
        status,
        found=enrolment.devices_page(page.conn, page.viewer, ROWS, after),
        codes=enrolment.open_codes(page.conn, page.viewer, page.now),
        people=[
            one
            for one in service.people_page(page.conn, district, page.now, OFFERED)["items"]
            if one["active"]
        ],
        person=person,
        fault=fault,
        withdrawn=withdrawn,
    )


@router.post("/devices/codes", response_class=HTMLResponse)
def make_code(request: Request, person: str = Form(""), viewer: Viewer = Depends(writer)) -> Response:
    """A fresh code for somebody's tablet, to be scanned or typed: it is shown this once."""
    now = datetime.now(UTC)
    try:
        made = request.app.state.database.run(
            lambda conn: enrolment.make_code_for(conn, viewer, person, address_of(request), now)
        )
    except (NotFound, BadInput):
        refused = BadInput("There is nobody with the login {login}.", login=person)
        with desk(request, viewer) as page:
            return show(page, None, person, refused.text(gettext_for(viewer.lang)), status=refused.status)
    ticket = Ticket(home_of(request), made.code)
    with desk(request, viewer) as page:
        whose = next(c for c in enrolment.open_codes(page.conn, viewer, now) if c["id"] == made.id)
        return page.page("enrol_code.html", made=made, whose=whose, ticket=ticket, picture=qr(ticket.line))


@router.post("/devices/codes/{code_id}/withdraw")
def withdraw_code(request: Request, code_id: int, viewer: Viewer = Depends(writer)) -> Response:
    """A code that nobody used works no more."""
    now = datetime.now(UTC)
    request.app.state.database.run(
        lambda conn: enrolment.withdraw_code(conn, viewer, code_id, address_of(request), now)
    )
    return RedirectResponse("/devices?withdrawn=yes", status_code=303)
