"""Rates by street, community or who is responsible: counts and formula always visible, the last period beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.console.desk import Desk, desk, with_query
from server.console.doors import reader
from server.console.errors import PageRoute
from server.errors import BadInput
from server.grids import service as grids
from server.locale import gettext_for
from server.reports import service as reports
from server.reports.measures import BASES, HANDLER, MEASURES, OF
from server.reports.period import before
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
SHOWN = ("closure", "on_time", "rework", "self_handled", "satisfaction")
MOST = 8
APART = "suspended"
ORDERS = ("down", "up")


def _(msgid: str) -> str:
    return msgid


KIND_WORDS = {
    "centre": _("Command centre"),
    "street": _("Street office"),
    "community": _("Community"),
    "crew": _("Crew"),
    "outside": _("Outside party"),
}


@dataclass(frozen=True)
class Asked:
    """The question in the URL: period, basis, place or organisation, which measures, sorted by which."""

    basis: str
    of: str
    from_: str
    to: str
    as_of: str
    measures: tuple[str, ...]
    sort: str
    order: str

    @classmethod
    def of_request(cls, request: Request) -> "Asked":
        """As it came. BadInput for a word that is not known or too many measures."""
        given = request.query_params
        measures = tuple(dict.fromkeys(word for word in given.getlist("measure") if word))
        if len(measures) > MOST:
            raise BadInput("At most {count} measures can stand side by side.", count=MOST)
        asked = cls(
            given.get("basis") or BASES[0],
            given.get("of") or OF[0],
            given.get("from", ""),
            given.get("to", ""),
            given.get("as_of", ""),
            measures or SHOWN,
            given.get("sort", ""),
            given.get("order") or ORDERS[0],
        )
        for field, value, choices in (
            ("basis", asked.basis, BASES),
            ("of", asked.of, OF),
            ("sort", asked.sort, ("", *asked.measures)),
            ("order", asked.order, ORDERS),
            *(("measure", code, tuple(MEASURES)) for code in asked.measures),
        ):
            if value not in choices:
                raise BadInput("{field} must be one of {choices}.", field=field, choices=", ".join(choices))
        return asked

    def query(self) -> dict[str, Any]:
        """The parameters that ask this again; what is usual is left out."""
        return {
            "basis": self.basis,
            "from": self.from_,
            "to": self.to,
            "as_of": self.as_of,
            "of": self.of if self.of != OF[0] else "",
            "measure": list(self.measures) if self.measures != SHOWN else [],
            "sort": self.sort,
            "order": self.order if self.order != ORDERS[0] else "",
        }


@dataclass(frozen=True)
class Cell:
    """One measure of one line: now, in the period before (None: nothing to compare with), and what is suspended."""

    measure: str
    now: reports.Row
    before: reports.Row | None
    suspended: reports.Row | None
    count: bool

    @property
    def height(self) -> tuple[bool, float]:
        """What lines are sorted by; a rate of few cases is none."""
        if self.count:
            return True, self.now.numerator
        return not self.now.few, self.now.rate or 0.0


Reports = Mapping[str, reports.Report]


@router.get("/streets", response_class=HTMLResponse)
def streets(request: Request, viewer: Viewer = Depends(reader)) -> Response:
    """Every street in scope. Without any question the present month; without dates all that there is."""
    with desk(request, viewer) as page:
        if not request.query_params:
            return this_month(page, "/streets")
        return table(page, Asked.of_request(request), "street", None)


@router.get("/streets/{code}", response_class=HTMLResponse)
def street(request: Request, code: str, viewer: Viewer = Depends(reader)) -> Response:
    """The communities of one street."""
    with desk(request, viewer) as page:
        place = grids.grid(page.conn, code, viewer.district_id)
        if not request.query_params:
            return this_month(page, f"/streets/{code}")
        return table(page, Asked.of_request(request), "community", place)


def this_month(page: Desk, path: str) -> Response:
    """The address of the present month, so that the link that is passed on says its period."""
    today = page.now.astimezone(page.zone).date()
    period = {"basis": "due", "from": today.replace(day=1), "to": today}
    return RedirectResponse(with_query(path, period), status_code=303)


def table(page: Desk, asked: Asked, by: str, place: dict[str, Any] | None) -> Response:
    """The measures side by side, a row a place or organisation; their sum, and beside one street the district's."""
    now = read(page, asked, by, place)
    first = next(iter(now.values()))
    span = compared(asked)
    then = read(page, asked, by, place, span, first.as_of) if span else None
    rows = [(row, cells(asked, now, then, n)) for n, row in enumerate(first.items)]
    if asked.sort:
        column = asked.measures.index(asked.sort)
        rows.sort(key=lambda row: sorting(row[1][column], asked.order))
    return page.page(
        "streets.html",
        rows=rows,
        found={code: now[code].definition for code in asked.measures},
        asked=asked,
        by=by,
        street=place,
        as_of=first.as_of,
        total=cells(asked, now, then, None),
        district=district(page, asked) if place and page.viewer.district is not None else None,
        compared=span,
        periods=periods(page),
        choices=[(code, gettext_for(page.lang)(one.name)) for code, one in MEASURES.items()],
        kinds={kind: gettext_for(page.lang)(word) for kind, word in KIND_WORDS.items()},
        by_handler=asked.of == HANDLER,
    )


def read(
    page: Desk,
    asked: Asked,
    by: str,
    place: dict[str, Any] | None,
    span: tuple[date, date] | None = None,
    as_of: datetime | None = None,
) -> Reports:
    """The measures and what is suspended; of another period (`span`) as it stood when it was as old as this one."""
    words: dict[str, Any] = {
        "from_": asked.from_ or None,
        "to": asked.to or None,
        "as_of": asked.as_of or None,
    }
    if span and as_of:
        words = {
            "from_": span[0],
            "to": span[1],
            "as_of": as_of - (date.fromisoformat(asked.from_) - span[0]),
        }
    return reports.side_by_side(
        page.conn,
        page.viewer,
        page.now,
        dict.fromkeys((*asked.measures, APART)),
        basis=asked.basis,
        by=by,
        of=asked.of,
        grid=place["code"] if place else None,
        **words,
    )


def compared(asked: Asked) -> tuple[date, date] | None:
    """The period before the one that was asked for; None when that has no beginning or end."""
    if not (asked.from_ and asked.to):
        return None
    return before(date.fromisoformat(asked.from_), date.fromisoformat(asked.to))


def district(page: Desk, asked: Asked) -> list[Cell]:
    """What the whole district has, to stand beside one of its streets."""
    return cells(asked, read(page, asked, "street", None), None, None)


def cells(asked: Asked, now: Reports, then: Reports | None, n: int | None) -> list[Cell]:
    """The cells of line `n` (None: the sum) in the order that was asked for."""

    def line(found: Reports, code: str) -> reports.Row:
        return found[code].total if n is None else found[code].items[n]

    def earlier(code: str) -> reports.Row | None:
        if then is None or n is None:
            return then[code].total if then else None
        key = line(now, code).key
        return next((row for row in then[code].items if row.key == key), None)

    def apart(code: str) -> reports.Row | None:
        return line(now, APART) if code == "closure" else None

    return [
        Cell(code, line(now, code), earlier(code), apart(code), MEASURES[code].count)
        for code in asked.measures
    ]


def sorting(cell: Cell, order: str) -> tuple[bool, float]:
    """Lines with a rate first, the highest or the lowest of them on top."""
    known, height = cell.height
    return not known, height if order == "up" else -height


def periods(page: Desk) -> list[tuple[str, str, str]]:
    """Periods that are asked for most, as (key, first day, last day)."""
    today = page.now.astimezone(page.zone).date()
    month = today.replace(day=1)
    end = month - timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    spans = [
        ("month", month, today),
        ("month_before", end.replace(day=1), end),
        ("week_before", monday - timedelta(days=7), monday - timedelta(days=1)),
    ]
    return [(key, first.isoformat(), last.isoformat()) for key, first, last in spans]
