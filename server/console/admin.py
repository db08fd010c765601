"""What administrator and centre look after: people, tablets, acts that wait."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from server.audit.masking import mask_text
from server.cases.sentences import SENTENCES
from server.console.desk import desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.db import queries
from server.errors import NotAllowed
from server.locale import gettext_for
from server.people import enrolment
from server.people import service as people
from server.protocol.words import ACTION_WORDS
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
ROWS = 100


@router.get("/people", response_class=HTMLResponse)
def people_page(request: Request, after: int = 0, viewer: Viewer = Depends(reader)) -> Response:
    """People of the administrator's district with office and scope; never what they did or when."""
    with desk(request, viewer) as page:
        found = people.people_page(page.conn, people.only_admin(viewer), page.now, ROWS, after)
        return page.page("people.html", found=found)


@router.get("/devices", response_class=HTMLResponse)
def devices_page(request: Request, after: UUID | None = None, viewer: Viewer = Depends(reader)) -> Response:
    """Tablets of the administrator's district, with gaps in what they sent."""
    with desk(request, viewer) as page:
        return page.page("devices.html", found=enrolment.devices_page(page.conn, viewer, ROWS, after))


@router.get("/conflicts", response_class=HTMLResponse)
def conflicts(request: Request, viewer: Viewer = Depends(reader)) -> Response:
    """Acts of tablets that wait for a decision of the centre, oldest first."""
    if viewer.district is None:
        raise NotAllowed
    _ = gettext_for(viewer.lang)
    with desk(request, viewer) as page:
        held = [
            {
                **row,
                "title": mask_text(row["title"] or ""),
                "kind_word": _(ACTION_WORDS.get(row["kind"], row["kind"])),
                "why": _(SENTENCES.get(row["reason"], row["reason"])),
            }
            for row in queries(__file__).held(page.conn, district=viewer.district)
        ]
        return page.page("conflicts.html", held=held)
