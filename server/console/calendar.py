"""The calendar page: the days of a year and the hours of the week; an administrator enters, everybody reads."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.calendar import changes, service
from server.calendar.declared import DeclaredDay
from server.console.desk import Desk, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute
from server.db import Connection
from server.errors import BadInput
from server.locale import gettext_for
from server.security import Viewer, address_of

router = APIRouter(route_class=PageRoute)
YEARS_BACK = 2
BLANK = {"form": "", "first": "", "last": "", "counts_as": "free", "name": ""}
Change = Callable[[Connection, str, datetime], object]


@router.get("/calendar", response_class=HTMLResponse)
def calendar_page(
    request: Request, year: str = "", done: str = "", viewer: Viewer = Depends(reader)
) -> Response:
    """One year of the district; this one unless another is asked for."""
    with desk(request, viewer) as page:
        shown = changes.read_year(year) if year else page.now.astimezone(page.zone).year
        return show(page, shown, done)


@router.post("/calendar/years", response_class=HTMLResponse)
def declare_year(
    request: Request, year: str = Form(""), declared: str = Form(""), viewer: Viewer = Depends(writer)
) -> Response:
    """Declares a year, or takes that back (`declared=no`)."""
    work = changes.withdraw_year if declared == "no" else changes.declare_year
    given = {"form": "years", "year": year}
    return changed(
        request, viewer, year, given, lambda conn, address, now: work(conn, viewer, year, address, now)
    )


@router.post("/calendar/days", response_class=HTMLResponse)
def enter_days(
    request: Request, year: str = Form(""), first: str = Form(""), last: str = Form(""), counts_as: str = Form(""),
    name: str = Form(""), viewer: Viewer = Depends(writer),
) -> Response:  # fmt: skip
    """Enters days as free or worked, or takes them out."""
    given = {"form": "days", "first": first, "last": last, "counts_as": counts_as, "name": name}

    def work(conn: Connection, address: str, now: datetime) -> object:
        return changes.enter_days(conn, viewer, first, last, counts_as, name, address, now)

    return changed(request, viewer, first[:4] or year, given, work)


@router.post("/calendar/hours", response_class=HTMLResponse)
def set_hours(
    request: Request, year: str = Form(""), time_kind: str = Form(""), week: list[str] = Form([]),
    keeps_holidays: str = Form(""), viewer: Viewer = Depends(writer),
) -> Response:  # fmt: skip
    """Sets the hours of one kind of time: seven fields called `week`, Monday first."""
    given = {"form": time_kind, "week": week, "keeps_holidays": keeps_holidays}

    def work(conn: Connection, address: str, now: datetime) -> None:
        changes.set_hours(conn, viewer, time_kind, week, keeps_holidays == "yes", address, now)

    return changed(request, viewer, year, given, work)


def changed(request: Request, viewer: Viewer, year: str, given: dict[str, Any], work: Change) -> Response:
    """Does the change and goes back to the page; what cannot be meant stands there again with the reason."""
    with desk(request, viewer) as page:
        now, this_year = page.now, page.now.astimezone(page.zone).year
    try:
        shown = changes.read_year(year)
    except BadInput:
        shown = this_year
    try:
        request.app.state.database.run(lambda conn: work(conn, address_of(request), now))
    except BadInput as fault:
        with desk(request, viewer) as page:
            return show(page, shown, "", given | {"fault": fault.text(gettext_for(viewer.lang))})
    return RedirectResponse(f"/calendar?year={shown}&done={given['form']}", status_code=303)


def show(page: Desk, year: int, done: str, given: dict[str, Any] | None = None) -> Response:
    """The page with one year open; `given` is a form that was refused, with its `fault`."""
    district = page.viewer.district_id
    kept = service.kept(page.conn, district)
    days = runs_of(day for day in kept.days if day.day.year == year)
    this_year = page.now.astimezone(page.zone).year
    hours = [
        (kind, [changes.hours_text(spans) for spans in open_hours.week], open_hours.keeps_holidays)
        for kind, open_hours in kept.hours.items()
    ]
    return page.page(
        "calendar.html", 422 if given else 200, year=year, days=days, kept=kept, hours=hours, done=done,
        given=BLANK | (given or {}), years=range(min(year, this_year) - YEARS_BACK, max(year, this_year) + 2),
        declarations=service.declarations(page.conn, district), waits=kept.stamp != kept.recomputed,
        # not the template's own _(): that would take what was typed for markup
        holiday=gettext_for(page.lang),
        today=page.now.astimezone(page.zone).date(),
    )  # fmt: skip


def runs_of(days: Iterable[DeclaredDay]) -> list[list[DeclaredDay]]:
    """Days in order as the holidays that they make up: of the same name and kind, one after the other."""
    runs: list[list[DeclaredDay]] = []
    for day in days:
        if runs and runs[-1][-1] == DeclaredDay(day.day - timedelta(days=1), day.working, day.name):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
