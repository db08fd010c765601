"""`/api/v1/me`, and what the district's administrator does with people and tablets."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from server.people import enrolment, service
from server.people.schemas import PersonWanted
from server.security import Viewer, address_of, require_viewer, require_writer

router = APIRouter(prefix="/api/v1", tags=["people"])
LIMIT = Query(50, ge=1, le=200)


@router.get("/me")
def me(request: Request, viewer: Viewer = Depends(require_viewer)) -> dict[str, Any]:
    """Who the caller is, for which organisation and grids."""
    with request.app.state.database.read() as conn:
        scope = enrolment.scope_codes(conn, viewer)
    return {
        "login": viewer.login,
        "name": viewer.name,
        "lang": viewer.lang,
        "role": viewer.role,
        "duties": sorted(viewer.duties),
        "organisation": {
            "kind": viewer.organisation_kind,
            "code": viewer.organisation_code,
            "name": viewer.organisation_name,
        },
        "scope": scope,
    }


@router.get("/people")
def list_people(
    request: Request,
    limit: int = LIMIT,
    after: int = Query(0, ge=0),
    viewer: Viewer = Depends(require_viewer),
) -> dict[str, Any]:
    """People of the administrator's district."""
    with request.app.state.database.read() as conn:
        return service.people_page(conn, service.only_admin(viewer), datetime.now(UTC), limit, after)


@router.post("/people", status_code=201)
def add_person(
    request: Request, wanted: PersonWanted, viewer: Viewer = Depends(require_writer)
) -> dict[str, str]:
    """Adds somebody to the administrator's district."""
    address, now = address_of(request), datetime.now(UTC)
    request.app.state.database.run(
        lambda conn: service.admit(conn, viewer, wanted.model_dump(), address, now)
    )
    return {"login": wanted.login}


@router.post("/people/{login}/leave", status_code=204)
def person_leaves(request: Request, login: str, viewer: Viewer = Depends(require_writer)) -> None:
    """Ends every way in of somebody who left."""
    address, now = address_of(request), datetime.now(UTC)
    request.app.state.database.run(lambda conn: service.let_go(conn, viewer, login, address, now))


@router.post("/people/{login}/enrol-code", status_code=201)
def make_enrol_code(request: Request, login: str, viewer: Viewer = Depends(require_writer)) -> dict[str, Any]:
    """A single-use tablet code, good for a day; it is shown this once."""
    address, now = address_of(request), datetime.now(UTC)
    made = request.app.state.database.run(
        lambda conn: enrolment.make_code_for(conn, viewer, login, address, now)
    )
    return {"code": made.code, "expires_at": made.expires_at}


@router.get("/devices")
def list_devices(
    request: Request,
    limit: int = LIMIT,
    after: UUID | None = Query(None),
    viewer: Viewer = Depends(require_viewer),
) -> dict[str, Any]:
    """Tablets of the administrator's district; `seq_gaps` = the numbers that never arrived: first, last, since when."""
    with request.app.state.database.read() as conn:
        return enrolment.devices_page(conn, viewer, limit, after)


@router.post("/devices/{device_id}/revoke", status_code=204)
def revoke_device(request: Request, device_id: UUID, viewer: Viewer = Depends(require_writer)) -> None:
    """Withdraws a tablet."""
    address, now = address_of(request), datetime.now(UTC)
    request.app.state.database.run(
        lambda conn: enrolment.revoke_device(conn, viewer, device_id, address, now)
    )
