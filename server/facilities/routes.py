"""`/api/v1/layers` and `/api/v1/facilities`: what stands where, for whom the layer is."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from server.facilities import service
from server.facilities.schemas import FacilityPage, LayerList, LayerOut
from server.security import Viewer, address_of, require_viewer

router = APIRouter(prefix="/api/v1", tags=["facilities"])
Reader = Annotated[Viewer, Depends(require_viewer)]


@router.get("/layers")
def layers(request: Request, viewer: Reader) -> LayerList:
    """The layers that the caller may see, with how many facilities stand in each."""
    with request.app.state.database.read() as conn:
        return LayerList(items=[LayerOut(**service.layer_json(row)) for row in service.seen(conn, viewer)])


@router.get("/facilities/near")
def near(
    request: Request,
    viewer: Reader,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    layer: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006
    radius_m: Annotated[int, Query(ge=1, le=service.FARTHEST_M)] = 500,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> FacilityPage:
    """The nearest facilities of some layers (all that the caller may see, without any) about a place, EPSG:4326."""
    now = datetime.now(UTC)

    def work(conn: Any) -> list[dict[str, Any]]:
        opened = service.open_layers(conn, viewer, layer)
        found = service.near(conn, opened, lon, lat, radius_m, limit)
        sent = Counter(item["layer"] for item in found)
        service.handed_out(conn, viewer, opened, sent, now, address_of(request))
        return found

    return FacilityPage.model_validate({"items": request.app.state.database.run(work), "next": None})


@router.get("/layers/{code}/facilities", response_model=FacilityPage)
def page(
    request: Request,
    viewer: Reader,
    code: str,
    in_grid: Annotated[str | None, Query(alias="grid", max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Facilities of one layer in order of their codes. GeoJSON where Accept asks for it."""
    now = datetime.now(UTC)

    def work(conn: Any) -> tuple[list[dict[str, Any]], str | None]:
        (layer,) = service.open_layers(conn, viewer, [code])
        found, following = service.page(conn, layer, viewer, grid=in_grid, limit=limit, after=after)
        service.handed_out(conn, viewer, [layer], {code: len(found)}, now, address_of(request))
        return found, following

    items, following = request.app.state.database.run(work)
    if "application/geo+json" in request.headers.get("accept", ""):
        features = [service.feature(item) for item in items]
        return JSONResponse(
            {"type": "FeatureCollection", "features": features, "next": following},
            media_type="application/geo+json",
        )
    return JSONResponse({"items": items, "next": following})
