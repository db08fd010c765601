"""The page of people, for who administers them."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from server.console.desk import desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.people import service as people
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
ROWS = 100


@router.get("/people", response_class=HTMLResponse)
def people_page(
    request: Request, after: int = 0, erased: int | None = None, viewer: Viewer = Depends(reader)
) -> Response:
    """People of the administrator's district with office and scope; never what they did or when."""
    with desk(request, viewer) as page:
        found = people.people_page(page.conn, people.only_admin(viewer), page.now, ROWS, after)
        return page.page("people.html", found=found, erased=erased)
