"""Acts on a case as plain forms: post, then go back to where the form stood; a refusal keeps what was written."""

import contextlib
import uuid
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.cases import acts, evidence, service
from server.cases.apply import Answer
from server.cases.evidence import Posted, posted
from server.cases.guests import OutsideLink
from server.cases.pictures import PictureRefused, looked_at
from server.console import residents
from server.console.case import whole_page
from server.console.casefile import open_case
from server.console.desk import desk, with_query
from server.console.doors import reader
from server.console.errors import PageRoute, error_page, safe_next
from server.db import Connection
from server.errors import BadInput, Conflict, NotFound, XungeError
from server.locale import gettext_for
from server.protocol.wire import read_time
from server.protocol.words import STATE_WORDS
from server.security import Viewer, check_csrf

router = APIRouter(route_class=PageRoute)
OF_THE_FORM = {"csrf", "back", "version", "command_id", "seen_state"}
WRITTEN = ("reason", "text", "done", "note", "unmet")


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
    with desk(request, viewer) as page:
        opened = open_case(page, number)
        if faults := missing(opened["offers"], action, form, gettext_for(viewer.lang)):
            opened |= {"given": form.fields, "faults": faults, "tried": action}
            return whole_page(page, opened, 422)
        now = page.now
    command_id = read_uuid(form.fields.get("command_id"))
    payload: dict[str, Any] = {k: v for k, v in form.fields.items() if k not in OF_THE_FORM}
    state = request.app.state

    def work(conn: Connection) -> tuple[Answer, tuple[OutsideLink, bool] | None]:
        seen = whole_number(form.fields.get("version"))
        answer = acts.act(conn, viewer, number, action, payload, seen, "console", command_id, now)
        evidence.keep(conn, state.settings, pictures, now)
        if action != "forward":
            return answer, None
        until = read_time(payload["until"]) if payload.get("until") else None
        return answer, residents.make_party_link(request, conn, viewer, number, until, now)

    try:
        with looked_at(state.settings.blobs, form.pictures) as pictures:
            if pictures:
                payload["attachments"] = evidence.declared(pictures, action, command_id)
            answer, link = state.database.run(work)
    except PictureRefused as refusal:
        fault = {"attachments": refusal.text(gettext_for(viewer.lang))}
        with desk(request, viewer) as page:
            opened = open_case(page, number) | {"given": form.fields, "faults": fault, "tried": action}
            return whole_page(page, opened, refusal.status)
    except Conflict as refusal:
        return refused_page(request, viewer, number, form, refusal)
    if link is not None:
        return residents.party_link_page(request, viewer, number, *link)
    return RedirectResponse(back_to(form, number, action, answer.outcome), status_code=303)


def back_to(form: Posted, number: str, action: str, outcome: str) -> str:
    """The page that the form stood on, told what was done."""
    back = urlsplit(safe_next(form.fields.get("back") or f"/cases/{number}"))
    kept = [pair for pair in parse_qsl(back.query) if pair[0] not in ("done", "outcome")]
    return with_query(back.path, kept, done=action, outcome=None if outcome == "applied" else outcome)


def missing(offers: list[acts.Offer], action: str, form: Posted, _: Any) -> dict[str, str]:
    """Required fields of the act that were left blank, each with what to do."""
    offer = next((offer for offer in offers if offer.action == action), None)
    if offer is None:
        return {}
    return {
        need.name: _("Add a photo") if need.kind == "evidence" else _("Fill in: {field}").format(field=need.label)
        for need in offer.needs
        if need.required and not (form.pictures if need.kind == "evidence" else form.fields.get(need.name, "").strip())
    }  # fmt: skip


def refused_page(
    request: Request, viewer: Viewer, number: str, form: Posted, refusal: XungeError
) -> Response:
    """Somebody was faster: both versions of the case, and the words that were typed."""
    _ = gettext_for(viewer.lang)
    case = None
    with desk(request, viewer) as page, contextlib.suppress(NotFound):
        case = service.get_case(page.conn, viewer, number, page.now)
    state = STATE_WORDS.get(form.fields.get("seen_state", ""))
    seen = {"version": form.fields.get("version", ""), "state_word": _(state) if state else ""}
    kept = {name: form.fields[name] for name in WRITTEN if form.fields.get(name)}
    return error_page(request, refusal, case=case, seen=seen if case else None, kept=kept)


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
