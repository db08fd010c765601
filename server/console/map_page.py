"""Home of the command centre: map and list of the same cases side by side, with one of them open in the drawer."""

import contextlib

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from server.cases import lists
from server.cases.filters import Filters
from server.console import filters as bar
from server.console.case import done_word
from server.console.casefile import open_case
from server.console.desk import Desk, desk
from server.console.doors import reader
from server.console.errors import PageRoute, wanted
from server.console.words import map_words
from server.db import queries
from server.errors import NotFound
from server.facilities import service as facilities
from server.locale import gettext_for
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
ROWS = 100


@router.get("/map", response_class=HTMLResponse)
def map_page(
    request: Request,
    opened_number: str | None = Query(None, alias="open"),
    done: str = "",
    outcome: str = "",
    viewer: Viewer = Depends(reader),
) -> Response:
    """Open cases by deadline unless the URL asks otherwise. `open` = number of the case in the drawer."""
    asked = dict(request.query_params)
    filters = Filters.from_query(asked if asked.keys() - {"open", "done", "outcome"} else {"state": "open"})
    with desk(request, viewer) as page:
        found = lists.list_cases(page.conn, viewer, filters, ROWS, None, page.now)
        opened = None
        if opened_number:
            with contextlib.suppress(NotFound):
                opened = open_case(page, opened_number)
        return page.page("map.html", found=found, filters=filters, query_text=filters.to_query(),
                         bar=bar.bar(page, filters), opened=opened, back=wanted(request),
                         layers=facilities.seen(page.conn, viewer),
                         done_word=done_word(done, viewer.lang), outcome=outcome,
                         extent=extent(page, filters),
                         map_words=map_words(gettext_for(viewer.lang)))  # fmt: skip


def extent(page: Desk, filters: Filters) -> dict[str, float] | None:
    """What the map shows at first: the spot that is asked for, else the district; None without boundaries."""
    district = queries(__file__).extent(page.conn, root=page.viewer.district_id)
    if filters.bbox is None or district is None:
        return district
    return dict(zip(("west", "south", "east", "north"), filters.bbox, strict=True))
