"""Handling crews: a crew's own work with its buttons, fit for a phone; for offices the list of crews."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from server.cases import lists
from server.cases.filters import OPEN, Filters
from server.console.case import done_word
from server.console.casefile import open_case
from server.console.desk import Desk, desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.crews import service
from server.grids import service as grids
from server.packs import current
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
OWN, ROWS = 30, 100
IN_HAND = ("dispatched", "handling")


@router.get("/crews", response_class=HTMLResponse)
def crews(
    request: Request, after: str = "", done: str = "", outcome: str = "", viewer: Viewer = Depends(reader)
) -> Response:
    """A crew sees its work, everybody else the crews of the district."""
    with desk(request, viewer) as page:
        if viewer.role == "crew":
            return own_work(page, after, done, outcome)
        found = service.crews_page(page.conn, viewer, ROWS, after)
        pack = current(page.conn, viewer.district_id)[1]
        names = {category.key: category.name(viewer.lang) for category in pack.categories}
        places = {
            code: grids.grid(page.conn, code, viewer.district_id)["name"]
            for code in {crew["serves"] for crew in found["items"]}
        }
        return page.page("crews.html", crews=found["items"], next=found["next"], names=names, places=places)


def own_work(page: Desk, after: str, done: str, outcome: str) -> Response:
    """What is in the crew's hands, by deadline, each with what it may do now."""
    filters = Filters(state=OPEN)
    found = lists.list_cases(page.conn, page.viewer, filters, OWN, after or None, page.now)
    mine: list[dict[str, Any]] = [
        open_case(page, case["number"]) for case in found.items if case["state"] in IN_HAND
    ]
    waiting = [case for case in found.items if case["state"] not in IN_HAND]
    return page.page("crew_work.html", mine=mine, waiting=waiting, next=found.next, back="/crews",
                     done_word=done_word(done, page.lang), outcome=outcome)  # fmt: skip
