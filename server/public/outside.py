"""/outside: one case for the party that it was forwarded to: what, where, until when, and one form to answer."""

import uuid
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.cases.evidence import Posted
from server.errors import XungeError
from server.locale import gettext_for
from server.protocol.wire import uuid7
from server.protocol.words import STAGE_WORDS
from server.public import service
from server.public.acting import done, shown
from server.public.doors import form_of_party, party
from server.public.pages import PublicRoute, address, language, page

router = APIRouter(route_class=PublicRoute)


@router.get("/outside/{token}", response_class=HTMLResponse)
def task_page(request: Request, token: str, row: dict[str, Any] = Depends(party)) -> Response:
    """The case in plain words; once it was answered only that."""
    return _task_page(request, token, row)


def _task_page(
    request: Request, token: str, row: dict[str, Any], status: int = 200, fault: str = "", given: str = ""
) -> Response:
    lang = language(request)
    with request.app.state.database.read() as conn:
        view = service.party_view(conn, row, lang)
        zone = service.zone_of(conn, row["district_id"])
    return page(request, "outside.html", status, zone=zone, case=view, token=token, fault=fault, given=given,
                stage_words=STAGE_WORDS,
                command_id=str(uuid7()), now=datetime.now(UTC))  # fmt: skip


@router.post("/outside/{token}", response_class=HTMLResponse)
def answer(
    request: Request,
    token: str,
    row: dict[str, Any] = Depends(party),
    form: Posted = Depends(form_of_party),
) -> Response:
    """What was done, with photos; then somebody of ours goes to look."""
    _ = gettext_for(language(request))
    words = form.fields.get("done", "").strip()
    with request.app.state.database.read() as conn:
        needed = service.party_view(conn, row, "en")["photos_needed"]
    if not words:
        return _task_page(request, token, row, 422, _("Please write a few words."))
    if needed and (missing := [stage for stage in needed if stage not in form.shown(needed)]):
        fault = _("Please choose a photo.")
        if len(needed) > 1:
            stages = _(", ").join(_(STAGE_WORDS[stage]) for stage in missing)
            fault = _("Please choose a photo of each: {stages}.").format(stages=stages)
        return _task_page(request, token, row, 422, fault, words)
    try:
        done(request, row, service.party_of(row), "answer_outside", {"done": words}, form)
    except XungeError as refusal:
        return _task_page(request, token, row, refusal.status, refusal.text(_), words)
    target = address(f"/outside/{token}", {"lang": request.query_params.get("lang")})
    return RedirectResponse(target, status_code=303)


@router.get("/outside/{token}/photos/{photo_id}")
def photo_of_party(request: Request, photo_id: uuid.UUID, row: dict[str, Any] = Depends(party)) -> Response:
    """A photo of the matter."""
    return shown(request, row, photo_id, service.STAGES_OF_PARTY)
