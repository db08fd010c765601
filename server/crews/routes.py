"""`/api/v1/crews`: the crews of the caller's district, and those near a place."""

from typing import Any

from fastapi import APIRouter, Depends, Query, Request

from server.crews import service
from server.crews.ranking import Proposal
from server.security import Viewer, require_viewer

router = APIRouter(prefix="/api/v1/crews", tags=["crews"])


@router.get("")
def list_crews(
    request: Request,
    limit: int = Query(50, ge=1, le=200),
    after: str = Query("", max_length=60),
    viewer: Viewer = Depends(require_viewer),
) -> dict[str, Any]:
    """Crews with trades, register of today (permitted categories, qualifications, suspension), depot and open cases."""
    with request.app.state.database.read() as conn:
        return service.crews_page(conn, viewer, limit, after)


@router.get("/near")
def crews_near(
    request: Request,
    lon: float = Query(ge=-180, le=180, allow_inf_nan=False),
    lat: float = Query(ge=-90, le=90, allow_inf_nan=False),
    category: str | None = Query(None, min_length=1, max_length=80, description='"system/code" or a code'),
    radius_m: int = Query(5_000, ge=1, le=100_000),
    limit: int = Query(20, ge=1, le=200),
    viewer: Viewer = Depends(require_viewer),
) -> dict[str, Any]:
    """Crews whose depot lies within the radius, nearest first; with a category, those that may take it there."""
    with request.app.state.database.read() as conn:
        found = service.near(conn, viewer, lon, lat, category, radius_m, limit)
    return {"items": [_as_json(proposal, viewer.lang) for proposal in found], "next": None}


def _as_json(proposal: Proposal, lang: str) -> dict[str, Any]:
    return {
        "code": proposal.code,
        "name": proposal.name,
        "trades": list(proposal.trades),
        "distance_m": proposal.distance_m,
        "open_cases": proposal.open_cases,
        "capacity": proposal.capacity,
        "depot": proposal.depot and {"lon": proposal.depot[0], "lat": proposal.depot[1]},
        "by_rule": proposal.by_rule,
        "reasons": [{"mark": reason.mark, "sentence": reason.said(lang)} for reason in proposal.reasons],
    }
