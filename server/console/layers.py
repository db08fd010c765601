"""The layers of facilities: what stands in each, who may see it; the administrator says who, the log says who did."""

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.console.desk import desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.facilities import service
from server.packs import current
from server.security import Viewer, address_of

router = APIRouter(route_class=PageRoute)


@router.get("/layers", response_class=HTMLResponse)
def layers(request: Request, done: str = "", viewer: Viewer = Depends(reader)) -> Response:
    """All layers for whom keeps them; everybody else sees the own ones."""
    with desk(request, viewer) as page:
        pack = current(page.conn, viewer.district_id)[1]
        names = {category.key: category.name(page.lang) for category in pack.categories}
        layers = service.kept(page.conn, viewer, page.now)
        return page.page("layers.html", layers=layers, names=names, roles=service.ROLES, done=done)


@router.post("/layers/{code}")
def change_layer(
    request: Request, code: str, readers: list[str] = Form([]), on_tablets: str = Form(""),
    viewer: Viewer = Depends(writer),
) -> Response:  # fmt: skip
    """Who may see a layer from now on, and whether tablets carry it."""
    with desk(request, viewer) as page:
        now = page.now
    request.app.state.database.run(
        lambda conn: service.change_layer(
            conn, viewer, code, readers, bool(on_tablets), now, address_of(request)
        )
    )
    return RedirectResponse("/layers?done=1", status_code=303)
