"""The grid tree as a list: streets, communities, grids, with the cases of each one link away."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from server.console.desk import desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.grids import service
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
ROWS = 200


@router.get("/grids", response_class=HTMLResponse)
def grids(
    request: Request, parent: str = "", after: str | None = None, viewer: Viewer = Depends(reader)
) -> Response:
    """The children of `parent` (a code), or the streets of the reader's district."""
    with desk(request, viewer) as page:
        above = service.grid(page.conn, parent, viewer.district_id) if parent else None
        items, following = service.page(
            page.conn,
            level=None if parent else 1,
            parent=parent or None,
            limit=ROWS,
            after=after,
            district_id=viewer.district_id,
        )
        higher = (
            service.grid(page.conn, above["parent"], viewer.district_id)
            if above and above["parent"]
            else None
        )
        return page.page("grids.html", items=items, next=following, above=above, higher=higher)
