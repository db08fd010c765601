"""/public: a resident's case by link or by number and code, what they may do, and what is published of the streets."""

import uuid
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.cases import guests
from server.cases.evidence import Posted
from server.db import Database
from server.errors import NotFound, XungeError
from server.locale import gettext_for
from server.protocol.wire import uuid7
from server.public import knocks, outside, published, service
from server.public.acting import done, shown
from server.public.doors import form_of_resident, passer_by, resident
from server.public.pages import PublicRoute, address, language, page
from server.public.words import ACTS, DONE, STARS

router = APIRouter(route_class=PublicRoute, include_in_schema=False)
TEXT_OF = {"answer": "answer", "rate": "note", "reopen": "reason", "appeal": "reason", "comment": "text",
           "add_evidence": "note"}  # fmt: skip
NEEDS_TEXT = ("answer", "reopen", "appeal", "comment")


@router.get("/public", response_class=HTMLResponse, dependencies=[Depends(passer_by)])
def entry(request: Request) -> Response:
    """Where number and code from a slip are typed, and the way to the published lists."""
    return _entry(request)


def _entry(request: Request, number: str = "", fault: str = "", status: int = 200) -> Response:
    with request.app.state.database.read() as conn:
        streets = published.streets(conn)
    return page(request, "entry.html", status, number=number, fault=fault, streets=streets,
                several=len({street["district"] for street in streets}) > 1)  # fmt: skip


@router.post("/public", response_class=HTMLResponse, dependencies=[Depends(passer_by)])
def enter_by_code(
    request: Request, number: str = Form("", max_length=60), code: str = Form("", max_length=60)
) -> Response:
    """Opens a link for a day when number and code belong together; tries are counted, right ones too."""
    database: Database = request.app.state.database
    _, now, caller = gettext_for(language(request)), datetime.now(UTC), knocks.caller(request)
    # A Chinese keyboard writes digits and dashes twice as wide: the same ones.
    number, code = "".join(normalize("NFKC", number).split()), normalize("NFKC", code)
    if not number or not code.strip():
        return _entry(request, number, _("Write number and code as they stand on the slip."), 422)
    knocks.knock(database, knocks.CODES, caller, caller, now)
    knocks.knock(database, knocks.CODES_OF_CASE, number, caller, now)
    link = database.run(lambda conn: guests.open_by_code(conn, number, code, now))
    if link is None:
        return _entry(
            request, number, _("Number and code do not belong together. Compare them with the slip."), 404
        )
    return RedirectResponse(address(link.path, {"lang": request.query_params.get("lang")}), status_code=303)


@router.get("/public/cases/{token}", response_class=HTMLResponse)
def case_page(
    request: Request, token: str, done: str = "", row: dict[str, Any] = Depends(resident)
) -> Response:
    """Where the case stands, in plain words."""
    return _case_page(request, token, row, done=done)


def _case_page(request: Request, token: str, row: dict[str, Any], status: int = 200, **told: Any) -> Response:
    lang, now = language(request), datetime.now(UTC)
    _ = gettext_for(lang)
    with request.app.state.database.read() as conn:
        view = service.resident_view(conn, row, lang, now)
        zone = service.zone_of(conn, row["district_id"])
    done = DONE.get(told.get("done", ""))
    forms = [
        {"action": action, "button": _(ACTS[action][0]), "label": _(ACTS[action][1]), "text": TEXT_OF[action],
         "needed": action in NEEDS_TEXT, "command_id": str(uuid7()),
         "given": told.get("given", "") if action == told.get("tried") else "",
         "fault": told.get("fault", "") if action == told.get("tried") else ""}
        for action in view["acts"]
    ]  # fmt: skip
    return page(request, "case.html", status, zone=zone, case=view, token=token, forms=forms,
                stars=[(value, _(word)) for value, word in STARS.items()], said=_(done) if done else "",
                fault=told.get("fault", ""))  # fmt: skip


@router.post("/public/cases/{token}/{action}", response_class=HTMLResponse)
def act(
    request: Request,
    token: str,
    action: str,
    row: dict[str, Any] = Depends(resident),
    form: Posted = Depends(form_of_resident),
) -> Response:
    """One of the few things that a resident may do; what was typed is kept when it is refused."""
    if action not in ACTS:
        raise NotFound
    _ = gettext_for(language(request))
    words = form.fields.get(TEXT_OF[action], "").strip()
    told = {"tried": action, "given": words}
    if action in NEEDS_TEXT and not words:
        return _case_page(request, token, row, 422, fault=_("Please write a few words."), **told)
    if action == "rate" and form.fields.get("stars") not in STARS:
        return _case_page(request, token, row, 422, fault=_("Please choose how satisfied you are."), **told)
    if action == "add_evidence" and not form.pictures:
        return _case_page(request, token, row, 422, fault=_("Please choose a photo."), **told)
    payload = {TEXT_OF[action]: words} | ({"stars": form.fields["stars"]} if action == "rate" else {})
    try:
        done(request, row, service.resident_of(row), action, payload, form)
    except XungeError as refusal:
        return _case_page(request, token, row, refusal.status, fault=refusal.text(_), **told)
    query = {"done": action, "lang": request.query_params.get("lang")}
    return RedirectResponse(address(f"/public/cases/{token}", query), status_code=303)


@router.get("/public/cases/{token}/photos/{photo_id}")
def photo_of_resident(
    request: Request, photo_id: uuid.UUID, row: dict[str, Any] = Depends(resident)
) -> Response:
    """A photo's public copy, before or after."""
    return shown(request, row, photo_id, service.STAGES_OF_RESIDENT)


@router.get("/public/streets/{code}", response_class=HTMLResponse, dependencies=[Depends(passer_by)])
def street(
    request: Request,
    code: str,
    district: str | None = Query(None, max_length=100),
    after: str | None = Query(None, max_length=300),
) -> Response:
    """What was closed in a street in the last ninety days."""
    with request.app.state.database.read() as conn:
        found = published.street_page(conn, code, district, after, language(request), datetime.now(UTC))
    return page(request, "street.html", found=found, after=after)


router.include_router(outside.router)
