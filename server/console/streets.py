"""Closure rates by street, and by community within one: numerator, denominator and formula always visible."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.console.desk import Desk, desk, with_query
from server.console.doors import reader
from server.console.errors import PageRoute
from server.grids import service as grids
from server.reports import service as reports
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
SHOWN = ("closure", "on_time", "rework", "overdue_open")


@dataclass(frozen=True)
class Asked:
    """The period and basis in the URL, as it came."""

    basis: str
    from_: str
    to: str
    as_of: str

    @classmethod
    def of(cls, request: Request) -> "Asked":
        given = request.query_params
        return cls(
            given.get("basis") or "due", given.get("from", ""), given.get("to", ""), given.get("as_of", "")
        )

    def query(self) -> dict[str, str]:
        return {"basis": self.basis, "from": self.from_, "to": self.to, "as_of": self.as_of}


@router.get("/streets", response_class=HTMLResponse)
def streets(request: Request, viewer: Viewer = Depends(reader)) -> Response:
    """Every street in scope. Without any question the present month; without dates all that there is."""
    with desk(request, viewer) as page:
        if not request.query_params:
            return this_month(page, "/streets")
        return table(page, Asked.of(request), "street", None)


@router.get("/streets/{code}", response_class=HTMLResponse)
def street(request: Request, code: str, viewer: Viewer = Depends(reader)) -> Response:
    """The communities of one street."""
    with desk(request, viewer) as page:
        place = grids.grid(page.conn, code, viewer.district_id)
        if not request.query_params:
            return this_month(page, f"/streets/{code}")
        return table(page, Asked.of(request), "community", place)


def this_month(page: Desk, path: str) -> Response:
    """The address of the present month, so that the link that is passed on says its period."""
    today = page.now.astimezone(page.zone).date()
    period = {"basis": "due", "from": today.replace(day=1), "to": today}
    return RedirectResponse(with_query(path, period), status_code=303)


def table(page: Desk, asked: Asked, by: str, place: dict[str, Any] | None) -> Response:
    """The measures side by side, a row a place, their sum below."""
    found = {
        measure: reports.closure(
            page.conn,
            page.viewer,
            page.now,
            by=by,
            basis=asked.basis,
            measure=measure,
            from_=asked.from_ or None,
            to=asked.to or None,
            grid=place["code"] if place else None,
            as_of=asked.as_of or None,
        )
        for measure in SHOWN
    }
    first = found[SHOWN[0]]
    rows = [
        {"key": row.key, "name": row.name, "cells": [report.items[n] for report in found.values()]}
        for n, row in enumerate(first.items)
    ]
    return page.page("streets.html", rows=rows, found=found, asked=asked, by=by, street=place, as_of=first.as_of,
                     total=[report.total for report in found.values()], periods=periods(page))  # fmt: skip


def periods(page: Desk) -> list[tuple[str, str, str]]:
    """Periods that are asked for most, as (key, first day, last day)."""
    today = page.now.astimezone(page.zone).date()
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    spans = [
        ("month", month, today),
        ("month_before", before.replace(day=1), before),
        ("week_before", monday - timedelta(days=7), monday - timedelta(days=1)),
    ]
    return [(key, first.isoformat(), last.isoformat()) for key, first, last in spans]
