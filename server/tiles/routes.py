"""`/tiles/…`: vector tiles of grids, cases and facilities, and the basemap that comes with the district."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse

from server.db import Connection
from server.errors import NotFound
from server.facilities import service as facilities
from server.security import Viewer, address_of, require_viewer
from server.settings import CHECKOUT
from server.tiles import service
from server.tiles.squares import Square

router = APIRouter(prefix="/tiles", tags=["tiles"])
BASEMAP = CHECKOUT / "gis" / "basemap.geojson"
MVT = "application/vnd.mapbox-vector-tile"
# What somebody may see is his own: no shared cache keeps it, and his browser asks each time whether it changed.
PRIVATE = {"Cache-Control": "private, no-cache"}


@router.get("/basemap.geojson")
def basemap(request: Request, viewer: Viewer = Depends(require_viewer)) -> Response:
    """River, green, roads, building blocks and labels of the demo district (EPSG:4326)."""
    if not BASEMAP.is_file():
        raise NotFound("This installation has no basemap.")
    stat = BASEMAP.stat()
    etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    if _known(request, etag):
        return Response(status_code=304, headers={"ETag": etag, **PRIVATE})
    return FileResponse(BASEMAP, media_type="application/geo+json", headers={"ETag": etag, **PRIVATE})


@router.get("/facilities/{z}/{x}/{y}.mvt", responses={200: {"content": {MVT: {}}}, 304: {}})
def facilities_tile(
    request: Request,
    z: int,
    x: int,
    y: int,
    layer: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006
    viewer: Viewer = Depends(require_viewer),
) -> Response:
    """What stands in some layers of facilities that the caller may see. Opening a layer is written down."""
    square, now = Square(z, x, y), datetime.now(UTC)

    def work(conn: Connection) -> tuple[bytes, str]:
        opened = facilities.open_layers(conn, viewer, layer)
        data, sent = service.facilities_tile(conn, opened, square)
        etag = f'"{hashlib.sha256(data).hexdigest()[:24]}"'
        # Of a tile that the browser holds already nothing goes out again.
        out = {} if _known(request, etag) else sent
        facilities.handed_out(conn, viewer, opened, out, now, address_of(request))
        return data, etag

    return _answer(request, *request.app.state.database.run(work))


@router.get("/{layer}/{z}/{x}/{y}.mvt", responses={200: {"content": {MVT: {}}}, 304: {}})
def tile(
    request: Request,
    layer: Literal["grids", "cases"],
    z: int,
    x: int,
    y: int,
    viewer: Viewer = Depends(require_viewer),
) -> Response:
    """One tile. `cases` takes the same question as the list of cases (state, grid, category, overdue, …)."""
    square = Square(z, x, y)
    database = request.app.state.database
    with database.read() as conn:
        if layer == "cases":
            data = service.cases_tile(conn, viewer, square, request.query_params, datetime.now(UTC))
            return _answer(request, data, f'"{hashlib.sha256(data).hexdigest()[:24]}"')
        version = service.boundary_version(conn, viewer.district_id)
        etag = f'"{version}-{z}-{x}-{y}"'
        kept = b"" if _known(request, etag) else service.kept_tile(conn, version, square)
    data = kept if kept is not None else database.run(lambda conn: service.grids_tile(conn, version, square))
    return _answer(request, data, etag)


def _answer(request: Request, data: bytes, etag: str) -> Response:
    if _known(request, etag):
        return Response(status_code=304, headers={"ETag": etag, **PRIVATE})
    return Response(data, media_type=MVT, headers={"ETag": etag, **PRIVATE})


def _known(request: Request, etag: str) -> bool:
    return etag in [
        word.strip().removeprefix("W/") for word in request.headers.get("if-none-match", "").split(",")
    ]
