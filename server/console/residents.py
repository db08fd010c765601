"""What the desk does for those who have no account: the slip for a resident, the link for an outside party."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import segno
from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse

from server.audit import service as audit
from server.cases import guests, parties, service
from server.console.casefile import MAY_HAND_OUT
from server.console.desk import desk
from server.console.doors import writer
from server.console.errors import PageRoute
from server.db import Connection, queries
from server.errors import NotAllowed
from server.security import Viewer, address_of, home_of

router = APIRouter(route_class=PageRoute)


@router.post("/cases/{number}/slip", response_class=HTMLResponse)
def slip(request: Request, number: str, alone: str = Form(""), viewer: Viewer = Depends(writer)) -> Response:
    """A fresh link and code, to be printed: they are shown this once. `alone`: the ones before end."""
    only(viewer, MAY_HAND_OUT)
    now = datetime.now(UTC)

    def make(conn: Connection) -> guests.ResidentLink:
        row = service.get_row(conn, viewer, number)
        link = guests.make_resident(conn, row["id"], now, viewer.person_id, alone=bool(alone))
        detail = {"number": number, "alone": bool(alone)}
        audit.log(conn, "resident_link_made", viewer, address_of(request), detail, now)
        return link

    link = request.app.state.database.run(make)
    home = home_of(request)
    with desk(request, viewer) as page:
        case = service.get_case(page.conn, viewer, number, page.now)
        row = service.get_row(page.conn, viewer, number)
        owed = next((c for c in case["deadlines"] if c["kind"] == "reply" and not c["stopped_at"]), None)
        return page.page("slip.html", case=case, link=link, url=home + link.path, public=shown_url(f"{home}/public"),
                         code=qr(home + link.path), owed=owed, phone=queries(__file__).phone(
                             page.conn, holder=row["holder_id"], district=row["district_id"]))  # fmt: skip


def shown_url(url: str) -> str:
    """An address as people type it, without the scheme where the browser finds that by itself."""
    parts = urlsplit(url)
    return url if parts.scheme == "http" else parts.netloc + parts.path


def qr(url: str) -> str:
    """The address as a QR code, in an image that stands in the page itself."""
    return str(segno.make(url, error="m", micro=False).svg_data_uri(scale=4, border=2, light="white"))


@router.post("/cases/{number}/party-link", response_class=HTMLResponse)
def party_link(request: Request, number: str, viewer: Viewer = Depends(writer)) -> Response:
    """Another link for the outside party that has the case; the one before ends."""
    now = datetime.now(UTC)
    found = request.app.state.database.run(
        lambda conn: parties.send_link(request, conn, viewer, number, None, now)
    )
    return party_link_page(request, viewer, number, *found)


def party_link_page(
    request: Request, viewer: Viewer, number: str, link: guests.OutsideLink, mailed: bool
) -> Response:
    """The link, shown this once."""
    with desk(request, viewer) as page:
        case = service.get_case(page.conn, viewer, number, page.now)
        return page.page(
            "party_link.html", case=case, link=link, url=home_of(request) + link.path, mailed=mailed
        )


def only(viewer: Viewer, roles: tuple[str, ...]) -> None:
    if viewer.role not in roles:
        raise NotAllowed
