"""`/api/v1/grids`: the tree, one node of it, and whose a place is."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from server.db import Connection
from server.grids import service
from server.grids.schemas import GridPage, GridWithChildren, LocatedOut, Named
from server.security import Viewer, require_viewer

router = APIRouter(prefix="/api/v1/grids", tags=["grids"])


@router.get("")
def list_grids(
    request: Request,
    level: Annotated[int | None, Query(ge=0, le=4)] = None,
    parent: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    after: Annotated[str | None, Query(max_length=90)] = None,
    viewer: Viewer = Depends(require_viewer),
) -> GridPage:
    """Grids of the caller's district, by level or below one parent."""
    with request.app.state.database.read() as conn:
        items, following = service.page(
            conn, level=level, parent=parent, limit=limit, after=after, district_id=viewer.district_id
        )
    return GridPage.model_validate({"items": items, "next": following})


@router.get("/locate")
def locate(
    request: Request,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    accuracy_m: Annotated[float | None, Query(ge=0, le=100_000, allow_inf_nan=False)] = None,
    on: Annotated[
        date | None, Query(description="a day of the past: by the boundaries then in force")
    ] = None,
    viewer: Viewer = Depends(require_viewer),
) -> LocatedOut:
    """Whose a place (EPSG:4326) is. Outside every grid the nearest within the accuracy takes it; on a day of the past
    only the grid that held it does."""
    with request.app.state.database.read() as conn:
        if on is not None:
            return _located(conn, service.locate_on(conn, lon, lat, viewer.district_id, on))
        located = service.locate(conn, lon, lat, accuracy_m, viewer.district_id)
        return _located(conn, located)


def _located(conn: Connection, located: service.Located) -> LocatedOut:
    ids = (located.grid_id, located.community_id, located.street_id, located.district_id)
    names = service.nodes(conn, [node for node in ids if node is not None], located.boundary_version)

    def named(node: int | None) -> Named | None:
        return Named(code=names[node]["code"], name=names[node]["name"]) if node in names else None

    return LocatedOut(
        status=located.status, grid=named(located.grid_id), community=named(located.community_id),
        street=named(located.street_id), district=named(located.district_id),
        boundary_version=located.boundary_version, candidates=list(located.candidates),
        shares=list(located.shares), distance_m=located.distance_m,
    )  # fmt: skip


@router.get("/{code}", responses={304: {"description": "not changed"}})
def one_grid(
    request: Request, response: Response, code: str, viewer: Viewer = Depends(require_viewer)
) -> GridWithChildren:
    """One grid with a point inside it and the number of grids below it."""
    with request.app.state.database.read() as conn:
        found = service.grid(conn, code, viewer.district_id)
    response.headers["ETag"] = f'"{found["boundary_version"]}.{found["code"].encode().hex()}"'
    return GridWithChildren.model_validate(found)
