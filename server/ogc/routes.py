"""`/ogc`: OGC API – Features Part 1 (core, GeoJSON), read-only, by the same tokens and sessions as the API.

https://docs.ogc.org/is/17-069r4/17-069r4.html
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from server.ogc import service
from server.ogc.service import Asked, Collection
from server.security import Viewer, address_of, home_of, require_viewer

router = APIRouter(prefix="/ogc", tags=["ogc"])
Reader = Annotated[Viewer, Depends(require_viewer)]
JSON, GEOJSON = "application/json", "application/geo+json"
CONFORMS = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
]
# `f` asks for a format, which is always JSON; `district` is the choice of somebody with several.
ALWAYS = ("f", "district")


def _link(request: Request, path: str, rel: str, kind: str, title: str = "") -> dict[str, str]:
    link = {"href": f"{home_of(request)}{path}", "rel": rel, "type": kind}
    return link | ({"title": title} if title else {})


@router.get("")
def landing(request: Request, viewer: Reader) -> dict[str, Any]:
    """Where everything else is."""
    service.refuse_unknown(request.query_params, ALWAYS)
    return {
        "title": "Xunge 巡格",
        "description": "Grids, cases in your scope, and layers of facilities. Read-only.",
        "links": [
            _link(request, "/ogc", "self", JSON),
            _link(request, "/openapi.json", "service-desc", "application/vnd.oai.openapi+json;version=3.1"),
            _link(request, "/docs", "service-doc", "text/html"),
            _link(request, "/ogc/conformance", "conformance", JSON),
            _link(request, "/ogc/collections", "data", JSON),
        ],
    }


@router.get("/conformance")
def conformance(request: Request, viewer: Reader) -> dict[str, Any]:
    """Which parts of the standard hold."""
    service.refuse_unknown(request.query_params, ALWAYS)
    return {"conformsTo": CONFORMS}


@router.get("/collections")
def collections(request: Request, viewer: Reader) -> dict[str, Any]:
    """What the caller may open."""
    service.refuse_unknown(request.query_params, ALWAYS)
    with request.app.state.database.read() as conn:
        extent = service.extent(conn, viewer)
        found = [_collection(request, one, extent) for one in service.collections(conn, viewer)]
    return {"links": [_link(request, "/ogc/collections", "self", JSON)], "collections": found}


@router.get("/collections/{name}")
def collection(request: Request, viewer: Reader, name: str) -> dict[str, Any]:
    """One collection: title, extent, and where its features are."""
    service.refuse_unknown(request.query_params, ALWAYS)
    with request.app.state.database.read() as conn:
        return _collection(request, service.collection(conn, viewer, name), service.extent(conn, viewer))


def _collection(request: Request, of: Collection, extent: list[float] | None) -> dict[str, Any]:
    at = f"/ogc/collections/{of.id}"
    described: dict[str, Any] = {
        "id": of.id,
        "title": of.title,
        "description": of.description,
        "itemType": "feature",
        "crs": [service.CRS84],
        "links": [
            _link(request, at, "self", JSON),
            _link(request, f"{at}/items", "items", GEOJSON, of.title),
        ],
    }
    if extent:
        described["extent"] = {"spatial": {"bbox": [extent], "crs": service.CRS84}}
    return described


@router.get("/collections/{name}/items", responses={200: {"content": {GEOJSON: {}}}})
def items(
    request: Request,
    viewer: Reader,
    name: str,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    after: Annotated[str | None, Query(max_length=300)] = None,
    bbox: Annotated[str | None, Query(max_length=200)] = None,
    moment: Annotated[str | None, Query(alias="datetime", max_length=80)] = None,
) -> Response:
    """Features, page by page; the link `next` leads on. `datetime` narrows cases by the day of their report.

    A limit over 1,000 (500 for cases) gives that many.
    """
    now = datetime.now(UTC)
    asked_words = dict(request.query_params)
    box, days = service.read_box(bbox), service.read_days(moment)

    def work(conn: Any) -> service.Page:
        of = service.collection(conn, viewer, name)
        service.refuse_unknown(asked_words, (*ALWAYS, "limit", "after", "bbox", "datetime", *of.filters))
        filters = {word: asked_words[word] for word in of.filters if word in asked_words}
        asked = Asked(min(limit, service.MOST), after, box, days, filters)
        return service.items(conn, viewer, of, asked, now, address_of(request))

    features, following = request.app.state.database.run(work)
    at = f"/ogc/collections/{name}/items"
    here = f"{at}?{urlencode(asked_words)}" if asked_words else at
    links = [
        _link(request, here, "self", GEOJSON),
        _link(request, f"/ogc/collections/{name}", "collection", JSON),
    ]
    if following is not None:
        links.append(
            _link(request, f"{at}?{urlencode({**asked_words, 'after': following})}", "next", GEOJSON)
        )
    document = {
        "type": "FeatureCollection",
        "features": features,
        "links": links,
        "timeStamp": service.stamp(now),
        "numberReturned": len(features),
    }
    return JSONResponse(document, media_type=GEOJSON)


@router.get("/collections/{name}/items/{key}", responses={200: {"content": {GEOJSON: {}}}})
def item(request: Request, viewer: Reader, name: str, key: str) -> Response:
    """One feature."""
    service.refuse_unknown(request.query_params, ALWAYS)
    now = datetime.now(UTC)

    def work(conn: Any) -> dict[str, Any]:
        of = service.collection(conn, viewer, name)
        return service.item(conn, viewer, of, key, now, address_of(request))

    found = request.app.state.database.run(work)
    at = f"/ogc/collections/{name}"
    found["links"] = [
        _link(request, f"{at}/items/{found['id']}", "self", GEOJSON),
        _link(request, at, "collection", JSON),
    ]
    return JSONResponse(found, media_type=GEOJSON)
