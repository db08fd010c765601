"""Erasing words or one photo of a case: what was written and shown, what goes, why; then it is gone."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.cases import redaction, service
from server.console.case import case_path
from server.console.desk import desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.db import Connection
from server.errors import BadInput, Conflict
from server.locale import gettext_for
from server.people import erasure
from server.security import Viewer, address_of, check_csrf

router = APIRouter(route_class=PageRoute)
Given = dict[str, str]
BLANK = {"words": "", "reason": "", "photo": ""}


@router.get("/cases/{number}/redact", response_class=HTMLResponse)
def ask(request: Request, number: str, viewer: Viewer = Depends(reader)) -> Response:
    """What was written and which photos there are; only for who may erase of it."""
    return form(request, viewer, number, {}, "")


async def sent(request: Request) -> tuple[Given, list[str]]:
    """The form as it came, and the passages that were ticked."""
    async with request.form(max_fields=500) as form:
        given = {key: value for key, value in form.items() if isinstance(value, str)}
        return given, [value for value in form.getlist("found") if isinstance(value, str)]


@router.post("/cases/{number}/redact", response_class=HTMLResponse)
def erase(
    request: Request,
    number: str,
    viewer: Viewer = Depends(reader),
    told: tuple[Given, list[str]] = Depends(sent),
) -> Response:
    """Erases the chosen and the written words, or the chosen photo."""
    given, chosen = told
    check_csrf(request, viewer, given.get("csrf"))
    state, now = request.app.state, datetime.now(UTC)
    reason, address = given.get("reason", ""), address_of(request)

    def words(conn: Connection) -> list[erasure.Erasure]:
        version, typed = int(given.get("version", "0")), given.get("words", "").splitlines()
        return redaction.redact_words(conn, viewer, number, chosen, typed, reason, version, now, address)

    def photo(conn: Connection) -> list[erasure.Erasure]:
        id_ = uuid.UUID(given["photo"])
        return redaction.redact_photo(conn, state.settings.blobs, viewer, number, id_, reason, now, address)

    work: Callable[[Connection], list[erasure.Erasure]] = photo if given.get("photo") else words
    try:
        done = state.database.run(work)
    except (BadInput, Conflict, ValueError) as fault:
        _ = gettext_for(viewer.lang)
        known = fault.text(_) if isinstance(fault, BadInput) else _("The case has moved on. Look again.")
        return form(request, viewer, number, given | dict.fromkeys(chosen, "on"), known)
    erasure.keep(state.settings.erasures, done)
    return RedirectResponse(f"{case_path(number)}?done=redact", status_code=303)


def form(request: Request, viewer: Viewer, number: str, given: Given, fault: str) -> Response:
    """The page, with what was typed."""
    with desk(request, viewer) as page:
        said = redaction.said(page.conn, viewer, number, page.now)
        case = service.get_case(page.conn, viewer, number, page.now)
        return page.page(
            "redact.html", 422 if fault else 200, case=case, said=said, given=BLANK | given, fault=fault
        )
