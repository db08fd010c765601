"""The phone desk: a case entered by an office, with the place as a grid or as degrees."""

import uuid
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.cases import acts, duplicates, evidence
from server.cases.apply import Answer
from server.cases.evidence import Posted, posted
from server.cases.pictures import PictureRefused, looked_at
from server.console.acts import read_uuid
from server.console.desk import Desk, desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.console.filled import read_point
from server.console.questions import PREFIX, answers, chosen, questions
from server.db import Connection, queries
from server.errors import NotAllowed
from server.locale import gettext_for
from server.packs import current
from server.protocol.commands import Position
from server.protocol.pack import Category
from server.protocol.payloads import COMPONENT, CONTACT
from server.protocol.stages import stages_of
from server.protocol.wire import uuid7
from server.security import Viewer, check_csrf

router = APIRouter(route_class=PageRoute)
MAY_ENTER = ("centre", "street", "community", "resident-service")
SOURCES = ("phone", "console")


@router.get("/cases/new", response_class=HTMLResponse)
def new_case(request: Request, viewer: Viewer = Depends(reader)) -> Response:
    """The form, empty."""
    only_offices(viewer)
    with desk(request, viewer) as page:
        return form_page(page, {}, {}, 200, uuid7())


@router.post("/cases", response_class=HTMLResponse)
def enter_case(
    request: Request, viewer: Viewer = Depends(reader), form: Posted = Depends(posted)
) -> Response:
    """Reports the case and opens it; the same form sent twice is one case."""
    check_csrf(request, viewer, form.fields.get("csrf"))
    only_offices(viewer)
    given, command_id = form.fields, read_uuid(form.fields.get("command_id"))
    with desk(request, viewer) as page:
        category = chosen(current(page.conn, viewer.district_id)[1], given.get("category", ""))
        asked = questions(category, viewer.lang) if category else []
        answered, faults = answers(asked, given, gettext_for(viewer.lang))
        faults = missing(given, category, gettext_for(viewer.lang)) | faults
        if asked and category and given.get("asked") != category.key:
            faults["asked"] = gettext_for(viewer.lang)(
                "This category asks a few more things; they stand below."
            )
        if faults or category is None:
            return form_page(page, given, faults, 422, command_id)
        now = page.now
    payload: dict[str, Any] = {
        "category": {"system": category.system, "code": category.code},
        "title": given.get("title", ""),
        "description": given.get("description", ""),
        "grid_code": given.get("grid", ""),
        "form": {name: given[name].strip() for name in (*CONTACT, COMPONENT) if given.get(name, "").strip()}
        | answered,
    }
    place = read_point(given.get("place", ""))
    position = Position(*place, crs="EPSG:4326", placed_by_hand=True) if place else Position()
    state = request.app.state

    def work(conn: Connection) -> Answer:
        source = given.get("source") if given.get("source") in SOURCES else "console"
        answer = acts.report(
            conn, viewer, payload, position, str(source), None, None, "console", command_id, now
        )
        evidence.keep(conn, state.settings, pictures, now)
        return answer

    try:
        with looked_at(state.settings.blobs, form.pictures) as pictures:
            shown = form.shown(stages_of("report", category))
            payload["attachments"] = evidence.declared(pictures, shown, command_id)
            answer = state.database.run(work)
    except PictureRefused as refusal:
        fault = {"attachments": refusal.text(gettext_for(viewer.lang))}
        with desk(request, viewer) as page:
            return form_page(page, given, fault, refusal.status, command_id)
    return RedirectResponse(f"/cases/{answer.case_number}?done=report", status_code=303)


@router.get("/cases/new/beside", response_class=HTMLResponse)
def beside_new_case(
    request: Request, category: str = "", place: str = "", grid: str = "", viewer: Viewer = Depends(reader)
) -> Response:
    """What may be the same matter as the report that is being written; nothing while its category or place is open."""
    only_offices(viewer)
    try:
        point = read_point(place)
    except ValueError:
        point = None
    with desk(request, viewer) as page:
        known = "/" in category and (point is not None or grid)
        near = duplicates.beside(page.conn, viewer, category, point, grid, page.now) if known else []
        return page.page("beside.html", near=near)


def only_offices(viewer: Viewer) -> None:
    """Workers report with the tablet; crews do not report."""
    if viewer.role not in MAY_ENTER:
        raise NotAllowed


@router.get("/cases/new/questions", response_class=HTMLResponse)
def questions_of(request: Request, category: str = "", viewer: Viewer = Depends(reader)) -> Response:
    """What a category asks of its reports; nothing of one that there is not."""
    only_offices(viewer)
    with desk(request, viewer) as page:
        return page.page("questions.html", **asking(page, {"category": category}, {}))


def asking(page: Desk, given: dict[str, str], faults: dict[str, str]) -> dict[str, Any]:
    """What the questions of the chosen category need to be shown; a fault is said only where it was asked before."""
    category = chosen(current(page.conn, page.viewer.district_id)[1], given.get("category", ""))
    seen = category is not None and given.get("asked") == category.key
    return {
        "category": category,
        "asked": questions(category, page.lang) if category else [],
        "given": given,
        "faults": faults if seen else {k: v for k, v in faults.items() if not k.startswith(PREFIX)},
    }


def missing(given: dict[str, str], category: Category | None, _: Any) -> dict[str, str]:
    """What must be there before a case can be found again: what it is, and where."""
    faults = {}
    if category is None:
        faults["category"] = _("Choose a category.")
    try:
        if read_point(given.get("place", "")) is None and not given.get("grid", "").strip():
            faults["grid"] = _("Choose an area, or give the place in degrees.")
    except ValueError:
        faults["place"] = _("Write the place as longitude, latitude, for example 104.06123, 30.60421.")
    return faults


def form_page(
    page: Desk, given: dict[str, str], faults: dict[str, str], status: int, command_id: uuid.UUID
) -> Response:
    """The form with what was typed, and the areas that may be named instead of a point."""
    pack = current(page.conn, page.viewer.district_id)[1]
    areas = queries(__file__).areas(
        page.conn, root=page.viewer.district or page.viewer.street or page.viewer.community
    )
    return page.page(
        "new_case.html",
        status,
        command_id=str(command_id),
        areas=list(areas),
        categories=[(c.key, c.name(page.lang)) for c in pack.categories],
        **asking(page, given, faults),
    )
