"""`GET /api/v1/audit`: the security log for the district's auditor, newest first."""

from typing import Any

from fastapi import APIRouter, Depends, Query, Request

from server.audit import service
from server.security import Viewer, require_viewer

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


@router.get("")
def read_log(
    request: Request,
    limit: int = Query(50, ge=1, le=200),
    after: int | None = Query(None, ge=1, description="`next` of the page before"),
    what: str | None = Query(None, max_length=60),
    viewer: Viewer = Depends(require_viewer),
) -> dict[str, Any]:
    """Sign-ins, refusals, enrolments, tokens and withdrawals of the auditor's district."""
    with request.app.state.database.read() as conn:
        return service.page(conn, viewer, limit, after, service.Wanted(what))


@router.get("/access")
def read_access_log(
    request: Request,
    limit: int = Query(50, ge=1, le=200),
    after: int | None = Query(None, ge=1, description="`next` of the page before"),
    what: str | None = Query(None, max_length=60),
    viewer: Viewer = Depends(require_viewer),
) -> dict[str, Any]:
    """Who was given which personal data, when and why: rows of the auditor's district."""
    with request.app.state.database.read() as conn:
        return service.access_page(conn, viewer, limit, after, service.Wanted(what))
