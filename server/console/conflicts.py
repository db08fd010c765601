"""Acts that wait for a person: the board, one of them with both versions side by side, and the decision."""

import uuid
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.cases import photos
from server.cases.evidence import Posted, posted
from server.console.acts import whole_number
from server.console.case import case_path
from server.console.casefile import shown_event
from server.console.correcting import Corrected, Correction
from server.console.desk import Desk, desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.console.held_fields import ORGANISATIONS, HeldFields, chosen_by_field
from server.db import Connection, queries
from server.errors import BadInput, Conflict, NotFound
from server.holds import service
from server.holds.decide import decide
from server.holds.told import SENTENCES as DECIDED
from server.locale import gettext_for
from server.protocol.words import STATE_WORDS
from server.security import Viewer, address_of, check_csrf

router = APIRouter(route_class=PageRoute)
ROWS = 50


@router.get("/conflicts", response_class=HTMLResponse)
def conflicts(request: Request, after: str = "", viewer: Viewer = Depends(reader)) -> Response:
    """The board: what waits longest first; the first of the page lies open."""
    with desk(request, viewer) as page:
        found = service.page(page.conn, viewer, page.now, ROWS, read_after(after))
        first = found["items"][0]["command_id"] if found["items"] else None
        opened = service.opened(page.conn, viewer, first, page.now) if first else None
        return show(page, found, opened)


@router.get("/conflicts/{command_id}", response_class=HTMLResponse)
def conflict(request: Request, command_id: uuid.UUID, viewer: Viewer = Depends(reader)) -> Response:
    """One act that waits, or how it was decided."""
    with desk(request, viewer) as page:
        opened = service.opened(page.conn, viewer, command_id, page.now)
        return show(page, service.page(page.conn, viewer, page.now, ROWS), opened)


@router.post("/conflicts/{command_id}", response_class=HTMLResponse)
def decide_about(
    request: Request, command_id: uuid.UUID, viewer: Viewer = Depends(reader), form: Posted = Depends(posted)
) -> Response:
    """The decision; a refusal of it keeps what was written."""
    given = form.fields
    check_csrf(request, viewer, given.get("csrf"))
    choice, said = given.get("choice", ""), given.get("said", "").strip()[:1000]
    with desk(request, viewer) as page:
        opened = service.opened(page.conn, viewer, command_id, page.now)
        if opened.row["decision"]:
            # The same form sent twice, or somebody was faster: how it was decided is all there is to say.
            return RedirectResponse(f"/conflicts/{command_id}", status_code=303)
        faults: dict[str, str] = {}
        changed = Corrected(None, None)
        if choice == "change":
            changed, faults = Correction(page, opened).read(given)
        fault = asked_for(choice, said, gettext_for(viewer.lang))
        if fault or faults:
            return again(page, opened, given, fault, faults=faults)
        now = page.now
    seen = whole_number(given.get("version"))

    def work(conn: Connection) -> Any:
        address = address_of(request)
        return decide(
            conn, viewer, command_id, choice, said, changed.payload, seen, address, now, changed.position
        )

    try:
        request.app.state.database.run(work)
    except (BadInput, Conflict) as refusal:
        with desk(request, viewer) as page:
            opened = service.opened(page.conn, viewer, command_id, page.now)
            return again(page, opened, given, refusal.text(gettext_for(viewer.lang)), refusal.status)
    return RedirectResponse(f"/conflicts/{command_id}", status_code=303)


@router.get("/conflicts/{command_id}/photos/{attachment_id}")
def photo(
    request: Request,
    command_id: uuid.UUID,
    attachment_id: uuid.UUID,
    thumb: bool = False,
    viewer: Viewer = Depends(reader),
) -> Response:
    """A photo that came with an act that waits: it belongs to no case yet."""
    with desk(request, viewer) as page:
        declared = service.opened(page.conn, viewer, command_id, page.now).photos
    sha256 = next(
        (one["sha256"] for one in declared if one["id"] == str(attachment_id) and one["arrived"]), None
    )
    if sha256 is None:
        raise NotFound
    return photos.shown_undecided(request, sha256, thumb)


def read_after(text: str) -> tuple[datetime, uuid.UUID] | None:
    """The key of a page, as the page before gave it."""
    if not text:
        return None
    at, _slash, command_id = text.partition("/")
    try:
        return datetime.fromisoformat(at), uuid.UUID(command_id)
    except ValueError:
        raise BadInput from None


def asked_for(choice: str, said: str, _: Any) -> str:
    """What the form still lacks, as a sentence; "" when it is whole."""
    if choice not in ("apply", "change", "refuse"):
        return str(_("Choose what becomes of it."))
    if choice != "apply" and not said:
        return str(_("Write to whoever made it what you decided, and why."))
    return ""


def names_of(page: Desk, opened: service.Opened) -> dict[str, str]:
    """The names of the organisations that the act may speak of, by code."""
    rows = queries(__file__).organisations_of(
        page.conn, district_id=opened.row["district_id"], kinds=list(ORGANISATIONS)
    )
    return {row["code"]: row["name"] for row in rows}


def decided_words(row: dict[str, Any], lang: str) -> str:
    """What was decided, as the tablet reads it; "" while it waits."""
    if row["decision"] is None:
        return ""
    sentence = DECIDED[row["decision"]]
    return gettext_for(lang)(sentence).format(office=row["decided_office_name"] or "", said=row["said"])


def again(
    page: Desk,
    opened: service.Opened,
    given: dict[str, str],
    fault: str,
    status: int = 422,
    faults: dict[str, str] | None = None,
) -> Response:
    """The page once more with what was written and why it was not done."""
    found = service.page(page.conn, page.viewer, page.now, ROWS)
    return show(page, found, opened, given, fault, status, faults)


def show(
    page: Desk,
    found: dict[str, Any],
    opened: service.Opened | None,
    given: dict[str, str] | None = None,
    fault: str = "",
    status: int = 200,
    faults: dict[str, str] | None = None,
) -> Response:
    """List and opened act; `given` is a form that was not taken, with its `fault` and those of its fields."""
    told: dict[str, Any] = {"found": found, "o": opened, "given": given or {}, "fault": fault}
    told |= {"correction": None, "offer": None}
    told["forged"] = service.forged(page.conn, page.viewer, page.now)
    if opened is not None:
        _ = gettext_for(page.lang)
        correction = Correction(page, opened)
        fields = HeldFields(correction, names_of(page, opened))
        may_change = bool(opened.raw) and (not opened.hindered or chosen_by_field(opened.row["kind"]))
        seen_state = _(STATE_WORDS[opened.seen["to"]]) if opened.seen else ""
        told |= {
            "lines": list(fields.lines(seen_state)),
            "correction": correction.shown(given, faults) if may_change else None,
            "offer": correction.offer if may_change else None,
            "since": [shown_event(event, page, {}) for event in opened.since],
            "may_decide": service.may_decide(page.viewer, opened.row),
            "case_path": case_path(opened.row["number"]) if opened.row["number"] else "",
            "decided": decided_words(opened.row, page.lang),
        }
    return page.page("conflicts.html", status, **told)
