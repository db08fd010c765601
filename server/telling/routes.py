"""/api/v1/webhooks, /api/v1/exchanges and /api/v1/messages, for other systems."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from server.security import Viewer, address_of, require_viewer, require_writer
from server.telling import exchanges, service, webhooks
from server.telling.schemas import NewWebhook

router = APIRouter(prefix="/api/v1", tags=["telling"])
Reader = Annotated[Viewer, Depends(require_viewer)]
Writer = Annotated[Viewer, Depends(require_writer)]
Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[int | None, Query(ge=0, description="`next` of the page before")]


@router.get("/webhooks")
def list_webhooks(request: Request, viewer: Reader, limit: Limit = 50, after: After = 0) -> dict[str, Any]:
    """Your webhooks (an administrator's: the district's), with what waits and what was given up."""
    with request.app.state.database.read() as conn:
        return webhooks.page(conn, viewer, limit, after or 0)


@router.post("/webhooks", status_code=201)
def add_webhook(request: Request, viewer: Writer, new: NewWebhook) -> dict[str, Any]:
    """A webhook for the cases of a source. The secret that deliveries are signed with is in this answer only."""
    now, private = datetime.now(UTC), request.app.state.settings.webhook_private
    made: dict[str, Any] = request.app.state.database.run(
        lambda conn: webhooks.add(conn, viewer, new.source, new.url, private, address_of(request), now)
    )
    return made


@router.delete("/webhooks/{webhook_id}", status_code=204)
def remove_webhook(request: Request, viewer: Writer, webhook_id: int) -> None:
    """Switches a webhook off."""
    now = datetime.now(UTC)
    request.app.state.database.run(
        lambda conn: webhooks.remove(conn, viewer, webhook_id, address_of(request), now)
    )


@router.post("/webhooks/{webhook_id}/ping", status_code=202)
def ping_webhook(request: Request, viewer: Writer, webhook_id: int) -> dict[str, str]:
    """Sends a `ping` event; how it went stands in /api/v1/exchanges under this request_id."""
    now = datetime.now(UTC)
    return {
        "request_id": request.app.state.database.run(
            lambda conn: webhooks.ping(conn, viewer, webhook_id, now)
        )
    }


@router.post("/webhooks/{webhook_id}/again", status_code=202)
def send_again(request: Request, viewer: Writer, webhook_id: int) -> dict[str, int]:
    """Sends once more what was given up, under its old keys."""
    now = datetime.now(UTC)
    return {
        "deliveries": request.app.state.database.run(
            lambda conn: webhooks.again(conn, viewer, webhook_id, now)
        )
    }


@router.get("/exchanges")
def list_exchanges(
    request: Request, viewer: Reader, limit: Limit = 50, after: After = None
) -> dict[str, Any]:
    """Your calls and deliveries, newest first (an administrator's or auditor's: the district's)."""
    request.app.state.exchanges.flush()
    with request.app.state.database.read() as conn:
        return exchanges.page(conn, viewer, limit, after)


@router.get("/messages")
def list_messages(request: Request, viewer: Reader, limit: Limit = 50, after: After = None) -> dict[str, Any]:
    """What you, your office, your duties and your grids were told in the last 90 days, newest first."""
    with request.app.state.database.read() as conn:
        return service.page(conn, viewer, limit, after, datetime.now(UTC))
