"""Acts on a case as plain forms: post, then go back to where the form stood; a refusal keeps what was written."""

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.cases import acts, evidence, parties
from server.cases.apply import Answer
from server.cases.evidence import Posted, posted
from server.cases.guests import OutsideLink
from server.cases.pictures import PictureRefused, looked_at
from server.cases.sentences import SENTENCES
from server.console import residents
from server.console.arranged import own_page
from server.console.case import case_path, drawer_page, whole_page
from server.console.casefile import open_case
from server.console.crews import job_page
from server.console.desk import Desk, desk, with_query
from server.console.doors import reader
from server.console.errors import PageRoute, safe_next
from server.console.filled import Filled, Reader
from server.db import Connection
from server.errors import BadInput, Conflict, NotAllowed
from server.locale import gettext_for
from server.protocol.wire import read_time
from server.protocol.words import FIELD_WORDS
from server.security import Viewer, check_csrf

router = APIRouter(route_class=PageRoute)
# At which field a refusal of the table is said; the others stand at the top of the form.
FIELD_OF = {
    "condition_needed": "condition", "crew_unknown": "crew", "crew_not_permitted": "crew", "crew_not_here": "crew",
    "evidence_needed": "attachments", "survivor_unknown": "survivor", "survivor_itself": "survivor",
    "survivor_ended": "survivor", "organisation_itself": "organisation", "organisation_unknown": "organisation",
    "outside_unknown": "outside", "category_unknown": "category", "place_elsewhere": "place", "area_unknown": "place",
    "until_past": "until", "until_too_far": "until",
}  # fmt: skip


@router.get("/cases/{number}/acts/{action}", response_class=HTMLResponse)
def act_form(
    request: Request, number: str, action: str, back: str = "", viewer: Viewer = Depends(reader)
) -> Response:
    """The form of one act on a page of its own; of one that is not possible now, the case instead."""
    with desk(request, viewer) as page:
        opened = open_case(page, number)
        offer = next((offer for offer in opened["offers"] if offer.action == action), None)
        if offer is None:
            return RedirectResponse(case_path(number), status_code=303)
        return form_page(page, opened, offer, safe_next(back or case_path(number)))


def form_page(
    page: Desk, opened: dict[str, Any], offer: acts.Offer, back: str, status: int = 200
) -> Response:
    """One act's form with what was typed, and of the case what helps to fill it in."""
    return page.page("act.html", status, opened=opened, case=opened["case"], offer=offer, back=back)


@router.post("/cases/{number}/actions/{action}", response_class=HTMLResponse)
def act(
    request: Request,
    number: str,
    action: str,
    viewer: Viewer = Depends(reader),
    form: Posted = Depends(posted),
) -> Response:
    """One act of the transition table on one case."""
    check_csrf(request, viewer, form.fields.get("csrf"))
    command_id = read_uuid(form.fields.get("command_id"))
    with desk(request, viewer) as page:
        opened = open_case(page, number)
        offer = next((offer for offer in opened["offers"] if offer.action == action), None)
        if offer is None:
            return too_late(page, opened, action, form, command_id)
        filled = Reader(page.zone, gettext_for(viewer.lang)).read(
            offer, form.fields, form.shown(offer.stages)
        )
        if filled.faults:
            return again(page, opened, action, form, filled.faults)
        now = page.now
    try:
        answer, link = perform(request, viewer, number, offer, form, filled, command_id, now)
    except (PictureRefused, Conflict, BadInput) as refusal:
        with desk(request, viewer) as page:
            opened = open_case(page, number)
            if isinstance(refusal, Conflict):
                return moved_on(page, opened, action, form)
            return again(page, opened, action, form, refused_at(refusal, page, filled), refusal.status)
    if link is not None:
        return residents.party_link_page(request, viewer, number, *link)
    return RedirectResponse(back_to(form, number, action, answer.outcome), status_code=303)


def perform(
    request: Request,
    viewer: Viewer,
    number: str,
    offer: acts.Offer,
    form: Posted,
    filled: Filled,
    command_id: uuid.UUID,
    now: datetime,
) -> tuple[Answer, tuple[OutsideLink, bool] | None]:
    """Does the act with its photos in one transaction; a case that goes outside gets the party's link with it."""
    state, payload, action = request.app.state, filled.payload, offer.action

    def work(conn: Connection) -> tuple[Answer, tuple[OutsideLink, bool] | None]:
        seen = whole_number(form.fields.get("version"))
        answer = acts.act(
            conn, viewer, number, action, payload, seen, "console", command_id, now, filled.position
        )
        evidence.keep(conn, state.settings, pictures, now)
        if action != "forward":
            return answer, None
        until = read_time(payload["until"]) if payload.get("until") else None
        return answer, parties.send_link(request, conn, viewer, number, until, now)

    with looked_at(state.settings.blobs, form.pictures) as pictures:
        if pictures:
            payload["attachments"] = evidence.declared(pictures, form.shown(offer.stages), command_id)
        done: tuple[Answer, tuple[OutsideLink, bool] | None] = state.database.run(work)
    return done


def refused_at(refusal: PictureRefused | BadInput, page: Desk, filled: Filled) -> dict[str, str]:
    """The refusal's sentence under the name of the field that it is about."""
    if isinstance(refusal, PictureRefused):
        return {"attachments": refusal.text(gettext_for(page.lang))}
    field = str(refusal.more.get("field", "")).partition("[")[0] or FIELD_OF.get(refusal.code, "")
    if field == "organisation" and "called" in filled.payload:
        field = "called"
    return {field: refusal.text(gettext_for(page.lang))}


def again(
    page: Desk, opened: dict[str, Any], action: str, form: Posted, faults: dict[str, str], status: int = 422
) -> Response:
    """The form again where it stood, with what was typed and what is wrong."""
    opened |= {"given": form.fields, "faults": faults, "tried": action}
    offer = next((offer for offer in opened["offers"] if offer.action == action), None)
    number, back = opened["case"]["number"], safe_next(form.fields.get("back"))
    if offer is not None and own_page(offer):
        return form_page(page, opened, offer, back, status)
    if urlsplit(back).path.endswith("/drawer"):
        return drawer_page(page, opened, status)
    if page.viewer.role == "crew":
        return job_page(page, opened, status)
    return whole_page(page, opened, status, back=back if back != "/" else case_path(number))


def too_late(
    page: Desk, opened: dict[str, Any], action: str, form: Posted, command_id: uuid.UUID
) -> Response:
    """The act is not offered: the same form came before, or somebody was faster, or it never was the reader's."""
    outcome = acts.outcome_of(page.conn, page.viewer, command_id)
    if outcome is not None:
        return RedirectResponse(back_to(form, opened["case"]["number"], action, outcome), status_code=303)
    if (whole_number(form.fields.get("version")) or 0) < opened["case"]["version"]:
        return moved_on(page, opened, action, form)
    raise NotAllowed(SENTENCES["not_yours"])


def moved_on(page: Desk, opened: dict[str, Any], action: str, form: Posted) -> Response:
    """Somebody was faster: who did what since the form was made; the form again if it still has its place."""
    seen = whole_number(form.fields.get("version")) or 0
    opened["since"] = [event for event in opened["events"] if event["n"] > seen]
    if all(offer.action != action for offer in opened["offers"]):
        opened["kept"] = {
            name: form.fields[name] for name in FIELD_WORDS if form.fields.get(name, "").strip()
        }
    return again(page, opened, action, form, {}, 409)


def back_to(form: Posted, number: str, action: str, outcome: str) -> str:
    """The page that the form stood on, told what was done."""
    back = urlsplit(safe_next(form.fields.get("back") or case_path(number)))
    kept = [pair for pair in parse_qsl(back.query) if pair[0] not in ("done", "outcome")]
    return with_query(back.path, kept, done=action, outcome=None if outcome == "applied" else outcome)


def whole_number(text: str | None) -> int | None:
    """The version that the form saw; None when it does not say."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadInput
    return int(text)


def read_uuid(text: str | None) -> uuid.UUID:
    """The id that makes the same form, sent twice, one act."""
    try:
        return uuid.UUID(text or "")
    except ValueError:
        raise BadInput from None
