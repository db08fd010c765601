"""What somebody was told and how they want letters; what left the house or could not: exchanges and webhooks."""

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.console.desk import Desk, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.errors import BadInput, XungeError
from server.locale import gettext_for
from server.security import Viewer, address_of
from server.telling import contacts, delivery, exchanges, service, webhooks

router = APIRouter(route_class=PageRoute)
ROWS = 50


@router.get("/messages", response_class=HTMLResponse)
def messages_page(request: Request, after: int | None = None, viewer: Viewer = Depends(reader)) -> Response:
    """What this person, their office, duties and grids were told, newest first."""
    with desk(request, viewer) as page:
        found = service.page(page.conn, viewer, ROWS, after, page.now)
        return page.page("messages.html", found=found, page_of=service.page_of)


@router.post("/messages/read")
def read_messages(
    request: Request, message: list[int] = Form([]), viewer: Viewer = Depends(writer)
) -> Response:
    """Marks the messages of one page as read, for this reader alone."""
    request.app.state.database.run(lambda conn: service.mark_read(conn, viewer, message[:ROWS]))
    return RedirectResponse("/messages", status_code=303)


@router.get("/messages/letters", response_class=HTMLResponse)
def letters_page(request: Request, done: str = "", viewer: Viewer = Depends(reader)) -> Response:
    """Whether, where and how often this person gets letters."""
    with desk(request, viewer) as page:
        return show_letters(page, contacts.of_person(page.conn, viewer), done)


def show_letters(page: Desk, wish: dict[str, object] | None, done: str = "", fault: str = "") -> Response:
    status = 422 if fault else 200
    here = page.request.app.state.settings.smtp_url
    return page.page(
        "letters.html",
        status,
        wish=wish,
        done=done,
        fault=fault,
        rhythms=contacts.RHYTHMS,
        has_post=bool(here),
    )


@router.post("/messages/letters")
def change_letters(
    request: Request, mail: str = Form(""), every_min: int = Form(30), quiet_from: str = Form(""),
    quiet_to: str = Form(""), end: str = Form(""), viewer: Viewer = Depends(writer),
) -> Response:  # fmt: skip
    """Keeps the wish, or ends the letters; what cannot be meant stands there again with the reason."""
    run = request.app.state.database.run
    try:
        if end:
            run(lambda conn: contacts.end_person(conn, viewer.person_id))
        else:
            run(lambda conn: contacts.put_person(conn, viewer, mail, every_min, quiet_from, quiet_to))
    except BadInput as refused:
        given = {"mail": mail, "every_min": every_min, "quiet_from": quiet_from, "quiet_to": quiet_to}
        with desk(request, viewer) as page:
            return show_letters(page, given, fault=refused.text(gettext_for(viewer.lang)))
    return RedirectResponse(f"/messages/letters?done={'ended' if end else 'kept'}", status_code=303)


@router.get("/exchanges", response_class=HTMLResponse)
def exchanges_page(request: Request, after: int | None = None, viewer: Viewer = Depends(reader)) -> Response:
    """Calls of other systems and deliveries to them, for administrator and auditor."""
    exchanges.only_overseers(viewer)
    request.app.state.exchanges.flush()
    with desk(request, viewer) as page:
        return page.page("exchanges.html", found=exchanges.page(page.conn, viewer, ROWS, after))


@router.get("/undelivered", response_class=HTMLResponse)
def undelivered_page(
    request: Request, after: int | None = None, viewer: Viewer = Depends(reader)
) -> Response:
    """Letters and deliveries that were given up, for administrator and auditor."""
    exchanges.only_overseers(viewer)
    with desk(request, viewer) as page:
        return page.page("undelivered.html", found=delivery.undelivered(page.conn, viewer, ROWS, after))


@router.post("/undelivered/again")
def send_again(request: Request, row: list[int] = Form([]), viewer: Viewer = Depends(writer)) -> Response:
    """Sends once more what was given up, under the old keys."""
    webhooks.only_admin(viewer)
    with desk(request, viewer) as page:
        now = page.now
    request.app.state.database.run(lambda conn: delivery.send_again(conn, viewer, row[:ROWS], now))
    return RedirectResponse("/undelivered", status_code=303)


@router.get("/webhooks", response_class=HTMLResponse)
def webhooks_page(request: Request, after: int = 0, viewer: Viewer = Depends(reader)) -> Response:
    """Where outcomes are returned to, for the administrator."""
    webhooks.only_admin(viewer)
    with desk(request, viewer) as page:
        return show_webhooks(page, after)


def show_webhooks(
    page: Desk,
    after: int = 0,
    made: dict[str, object] | None = None,
    fault: str = "",
    url: str = "",
    source: str = "",
) -> Response:
    found = webhooks.page(page.conn, page.viewer, ROWS, after)
    return page.page(
        "webhooks.html", 422 if fault else 200, found=found, made=made, fault=fault, url=url, source=source
    )


@router.post("/webhooks")
def add_webhook(
    request: Request, source: str = Form(""), url: str = Form(""), viewer: Viewer = Depends(writer)
) -> Response:
    """Adds one; its secret stands on the answer and nowhere else, so this page is not fetched again."""
    webhooks.only_admin(viewer)
    state, address, made, fault = request.app.state, address_of(request), None, ""
    with desk(request, viewer) as page:
        now = page.now
    try:
        made = state.database.run(
            lambda conn: webhooks.add(conn, viewer, source, url, state.settings.webhook_private, address, now)
        )
    except XungeError as refused:
        fault = refused.text(gettext_for(viewer.lang))
    with desk(request, viewer) as page:
        return show_webhooks(
            page, made=made, fault=fault, url=url if fault else "", source=source if fault else ""
        )


@router.post("/webhooks/{webhook_id}/{act}")
def act_on_webhook(request: Request, webhook_id: int, act: str, viewer: Viewer = Depends(writer)) -> Response:
    """Tries a webhook or switches it off."""
    webhooks.only_admin(viewer)
    with desk(request, viewer) as page:
        now = page.now
    run, address = request.app.state.database.run, address_of(request)
    if act == "ping":
        run(lambda conn: webhooks.ping(conn, viewer, webhook_id, now))
    elif act == "remove":
        run(lambda conn: webhooks.remove(conn, viewer, webhook_id, address, now))
    return RedirectResponse("/webhooks", status_code=303)
