"""The list of cases: filters in the URL, pages by key, each row with the clock that ends first."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from server.cases import lists
from server.cases.filters import Filters
from server.console import filters as bar
from server.console.desk import desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
ROWS = 50


@router.get("/cases", response_class=HTMLResponse)
def list_of_cases(request: Request, after: str | None = None, viewer: Viewer = Depends(reader)) -> Response:
    """A page of the question that the URL asks; without a question, the open cases by deadline."""
    asked = dict(request.query_params)
    filters = Filters.from_query(asked if asked.keys() - {"after"} else {"state": "open"})
    with desk(request, viewer) as page:
        found = lists.list_cases(page.conn, viewer, filters, ROWS, after, page.now)
        return page.page("cases.html", found=found, filters=filters, query_text=filters.to_query(), after=after,
                         bar=bar.bar(page, filters))  # fmt: skip
