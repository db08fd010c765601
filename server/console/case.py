"""One case: the whole page, the drawer beside the map, and its photos."""

import uuid
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from server.cases import photos, service
from server.console.casefile import open_case
from server.console.desk import Desk, desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.locale import gettext_for
from server.protocol.words import ACTION_WORDS
from server.security import Viewer

router = APIRouter(route_class=PageRoute)


def done_word(done: str, lang: str) -> str:
    """The act that has just been done, in words; nothing for a word that is no act."""
    return gettext_for(lang)(ACTION_WORDS[done]) if done in ACTION_WORDS else ""


def case_path(number: str) -> str:
    """The address of a case's page."""
    return f"/cases/{quote(number, safe='')}"


def whole_page(
    page: Desk, opened: dict[str, Any], status: int = 200, done: str = "", outcome: str = "", back: str = ""
) -> Response:
    """The case as a page of its own, with the proof of its chain."""
    number = opened["case"]["number"]
    return page.page("case.html", status, opened=opened, case=opened["case"], back=back or case_path(number),
                     broken=service.verify(page.conn, page.viewer, number),
                     done_word=done_word(done, page.lang), outcome=outcome)  # fmt: skip


def drawer_page(
    page: Desk, opened: dict[str, Any], status: int = 200, done: str = "", outcome: str = ""
) -> Response:
    """The case as the map page lays it beside the map."""
    back = f"{case_path(opened['case']['number'])}/drawer"
    return page.page("drawer_alone.html", status, opened=opened, back=back,
                     done_word=done_word(done, page.lang), outcome=outcome)  # fmt: skip


@router.get("/cases/{number}", response_class=HTMLResponse)
def case_page(
    request: Request, number: str, done: str = "", outcome: str = "", viewer: Viewer = Depends(reader)
) -> Response:
    """The whole of one case."""
    with desk(request, viewer) as page:
        return whole_page(page, open_case(page, number), done=done, outcome=outcome)


@router.get("/cases/{number}/drawer", response_class=HTMLResponse)
def drawer(
    request: Request, number: str, done: str = "", outcome: str = "", viewer: Viewer = Depends(reader)
) -> Response:
    """The same for the drawer, which the map page lays beside the map."""
    with desk(request, viewer) as page:
        return drawer_page(page, open_case(page, number), done=done, outcome=outcome)


@router.get("/cases/{number}/photos/{attachment_id}")
def photo(
    request: Request,
    number: str,
    attachment_id: uuid.UUID,
    thumb: bool = False,
    original: bool = False,
    viewer: Viewer = Depends(reader),
) -> Response:
    """Evidence of a case that the reader may see: the public copy, its thumbnail, or by a logged door the original."""
    if original:
        return photos.original(request, viewer, attachment_id, number)
    return photos.shown(request, viewer, attachment_id, number, thumb)
