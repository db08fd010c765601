"""Boundaries on the console: versions, exports, drafts with what they would touch, a grid split or merged by hand."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from gis.edit import Half
from server.boundaries import drafts, service
from server.boundaries.drafts import Options, Source
from server.console.desk import Desk, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.console.words import map_words
from server.db import Connection, queries
from server.errors import BadInput, Busy
from server.grids import service as grids
from server.locale import gettext_for
from server.security import Viewer, address_of

router = APIRouter(route_class=PageRoute)
ROWS = 20
BLANK = {"line": "", "left_code": "", "left_name": "", "left_households": "", "right_code": "", "right_name": "",
         "right_households": "", "others": [], "name": ""}  # fmt: skip
Reader = Annotated[Viewer, Depends(reader)]
Writer = Annotated[Viewer, Depends(writer)]


@router.get("/grids/versions", response_class=HTMLResponse)
def versions(request: Request, viewer: Reader, before: int | None = None, done: str = "") -> Response:
    """Every version of the district's boundaries, newest first, and drafts that wait."""
    with desk(request, viewer) as page:
        return _versions(page, before, done)


def _versions(page: Desk, before: int | None = None, done: str = "", fault: str = "") -> Response:
    found, following = service.versions(page.conn, page.viewer, ROWS, before)
    return page.page(
        "boundaries.html", 422 if fault else 200, versions=found, next=following, done=done, fault=fault,
        drafts=drafts.waiting(page.conn, page.viewer), exports=list(service.EXPORTS),
    )  # fmt: skip


@router.post("/grids/drafts", response_class=HTMLResponse)
def upload(
    request: Request, viewer: Writer, file: Annotated[UploadFile | None, File()] = None, crs: str = Form(""),
    repair: str = Form(""),
) -> Response:  # fmt: skip
    """A draft of an uploaded file; nothing comes into force by it."""
    name = (file.filename or "") if file else ""
    content = file.file.read(drafts.LARGEST + 1) if file else b""
    options, now = Options(crs.strip(), bool(repair)), datetime.now(UTC)
    return _made(
        request,
        viewer,
        lambda conn: drafts.of_file(conn, viewer, name, content, options),
        _versions_again,
        now,
    )


def _versions_again(page: Desk, fault: str) -> Response:
    return _versions(page, fault=fault)


def _made(
    request: Request,
    viewer: Viewer,
    source_of: Callable[[Connection], Source],
    again: Callable[[Desk, str], Response],
    now: datetime,
) -> Response:
    """Goes on to the draft; what could not be made stands on the page again with the reason. While it is looked at, no
    connection is held: everybody else's requests are served."""
    database = request.app.state.database
    try:
        source = database.run(source_of)
        made = drafts.looked_at(source, now)
        draft = database.run(lambda conn: drafts.keep(conn, viewer, source, made, now))
    except (BadInput, Busy) as fault:
        with desk(request, viewer) as page:
            return again(page, fault.text(gettext_for(viewer.lang)))
    return RedirectResponse(f"/grids/drafts/{draft}", status_code=303)


@router.get("/grids/drafts/{draft}", response_class=HTMLResponse)
def one_draft(request: Request, viewer: Reader, draft: uuid.UUID) -> Response:
    """What a draft would change, on a map and in words, and whom it touches."""
    with desk(request, viewer) as page:
        found = drafts.draft(page.conn, viewer, draft)
        say = gettext_for(viewer.lang)
        return page.page(
            "boundary_draft.html", draft=found, findings=_findings(found, say), extent=_extent(page),
            touched=service.touched(page.conn, viewer, found, page.now),
            workload=service.workload(page.conn, viewer, found, page.now), map_words=map_words(say),
        )  # fmt: skip


def _findings(found: dict[str, Any], translate: Callable[[str], str]) -> list[dict[str, str]]:
    return [
        {"severity": one["severity"], "text": translate(one["sentence"]).format(**one["params"]),
         "of": f"{one['feature']} {one['name']}".strip()}
        for one in found["report"]["findings"]
    ]  # fmt: skip


def _extent(page: Desk) -> Any:
    return queries(__file__).extent(page.conn, root=page.viewer.district_id)


@router.get("/grids/drafts/{draft}/ground.geojson")
def ground(request: Request, viewer: Reader, draft: uuid.UUID) -> Response:
    """The ground that would change hands, for the map (EPSG:4326)."""
    with request.app.state.database.read() as conn:
        return JSONResponse(drafts.draft(conn, viewer, draft)["ground"], media_type="application/geo+json")


@router.post("/grids/drafts/{draft}/confirm")
def confirm(request: Request, viewer: Writer, draft: uuid.UUID, reroute: str = Form("")) -> Response:
    """Puts it in force."""
    now, address = datetime.now(UTC), address_of(request)
    database = request.app.state.database
    source = database.run(lambda conn: drafts.to_confirm(conn, viewer, draft))
    made = drafts.looked_at(source, now)
    database.run(lambda conn: drafts.confirm(conn, viewer, draft, source, made, bool(reroute), address, now))
    return RedirectResponse("/grids/versions?done=confirmed", status_code=303)


@router.post("/grids/drafts/{draft}/drop")
def drop(request: Request, viewer: Writer, draft: uuid.UUID) -> Response:
    """Ends it; nothing changes."""
    now = datetime.now(UTC)
    request.app.state.database.run(lambda conn: drafts.drop(conn, viewer, draft, now))
    return RedirectResponse("/grids/versions?done=dropped", status_code=303)


@router.get("/grids/export/{kind}")
def export(request: Request, viewer: Reader, kind: str, version: int | None = None) -> Response:
    """A version as a file: gpkg, geojson or shp (zipped)."""
    now, address = datetime.now(UTC), address_of(request)
    name, content = request.app.state.database.run(
        lambda conn: service.export(conn, viewer, kind, version, address, now)
    )
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get("/grids/{code}/edit", response_class=HTMLResponse)
def edit_page(request: Request, viewer: Reader, code: str) -> Response:
    """A grid among those of its community: a line to split it, or others to merge with it."""
    drafts.only_keeper(viewer)
    with desk(request, viewer) as page:
        return _edit(page, code)


def _edit(
    page: Desk, code: str, fault: str = "", form: str = "", given: dict[str, Any] | None = None
) -> Response:
    """The page of one grid; `given` is what stood in the `form` that was refused with `fault`."""
    district = page.viewer.district_id
    found = service.siblings(page.conn, page.viewer, code)
    above = grids.grid(page.conn, grids.grid(page.conn, code, district)["parent"], district)
    own = next(one for one in found if one["code"] == code)
    return page.page(
        "grid_edit.html",
        422 if fault else 200,
        grid=own,
        siblings=found,
        above=above,
        fresh=service.fresh(found),
        fault=fault,
        form=form,
        given=BLANK | (given or {}),
        extent=_extent(page),
        map_words=map_words(gettext_for(page.lang)),
    )


@router.get("/grids/{code}/parts")
def parts(request: Request, viewer: Reader, code: str, line: str = "") -> Response:
    """What a drawn line would make of a grid: shares, households, cases and shapes of its two parts."""
    drafts.only_keeper(viewer)
    with request.app.state.database.read() as conn:
        return JSONResponse({"parts": service.parts(conn, viewer, code, line, datetime.now(UTC))})


@router.post("/grids/{code}/split", response_class=HTMLResponse)
def split(
    request: Request, viewer: Writer, code: str, line: str = Form(""), left_code: str = Form(""),
    left_name: str = Form(""), left_households: str = Form(""), right_code: str = Form(""), right_name: str = Form(""),
    right_households: str = Form(""),
) -> Response:  # fmt: skip
    """A draft in which the grid is two."""
    now = datetime.now(UTC)
    given = {"line": line, "left_code": left_code, "left_name": left_name, "left_households": left_households,
             "right_code": right_code, "right_name": right_name, "right_households": right_households}  # fmt: skip

    def source_of(conn: Connection) -> Source:
        halves = [
            Half(left_code.strip(), left_name.strip(), _count(left_households)),
            Half(right_code.strip(), right_name.strip(), _count(right_households)),
        ]
        return drafts.of_split(conn, viewer, code, line, halves)

    return _made(
        request, viewer, source_of, lambda page, fault: _edit(page, code, fault, "split", given), now
    )


@router.post("/grids/{code}/merge", response_class=HTMLResponse)
def merge(
    request: Request, viewer: Writer, code: str, others: list[str] = Form([]), name: str = Form("")
) -> Response:
    """A draft in which the grid and others are one, under this one's code."""
    now = datetime.now(UTC)
    given = {"others": others, "name": name}
    return _made(
        request, viewer,
        lambda conn: drafts.of_merge(conn, viewer, [code, *others], code, name.strip()),
        lambda page, fault: _edit(page, code, fault, "merge", given), now,
    )  # fmt: skip


def _count(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise BadInput("Households are a whole number, not {text}.", text=text)
    return int(text)
