"""`GET /api/v1/reports/closure`: the rates, each line with the link to the cases that it counted."""

from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Query, Request

from server.reports import service
from server.reports.measures import MEASURES
from server.reports.schemas import ReportOut
from server.security import Viewer, require_viewer

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])


@router.get("/closure")
def closure(
    request: Request,
    grid: str | None = Query(
        None, max_length=200, description="only this grid, community or street (its code)"
    ),
    from_: str | None = Query(None, alias="from", max_length=20, description="first local day, included"),
    to: str | None = Query(None, max_length=20, description="last local day, included"),
    by: str = Query("street", description="street, community, grid, category, system, crew or day"),
    basis: str | None = Query(
        None,
        description="due (its deadline in the period: the whole case's, for handling and replies their own) or reported"
        " (opened in it); default: the first that the measure is made for",
    ),
    measure: str = Query("closure", description=", ".join(MEASURES)),
    of: str = Query(
        "place",
        description="place; or handler: lines are the responsible organisations (the handler, or the holder of what"
        " nobody handles), and what an upheld appeal excused leaves the measures of time",
    ),
    system: str | None = Query(
        None, max_length=200, description="only categories of this code system, as urban/event"
    ),
    as_of: str | None = Query(None, max_length=40, description="facts as of this time or day; default now"),
    viewer: Viewer = Depends(require_viewer),
) -> ReportOut:
    """A rate of the caller's scope, counted over cycles; mended on the spot, declined and merged ones are left out."""
    with request.app.state.database.read() as conn:
        report = service.closure(
            conn,
            viewer,
            datetime.now(UTC),
            by=by,
            basis=basis,
            measure=measure,
            from_=from_,
            to=to,
            of=of,
            grid=grid,
            system=system,
            as_of=as_of,
        )
    return ReportOut.of(report)
