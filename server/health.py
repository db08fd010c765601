"""Is it alive, is it ready, how busy: /healthz, /readyz, /metrics."""

from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import psycopg2
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.db import Database, queries
from server.errors import Busy
from server.migrate import MIGRATIONS

sql = queries(__file__, "health.sql")
router = APIRouter(tags=["operation"])
TASKS_SILENT_FOR = timedelta(minutes=10)
FAILED, SLOW_S = 500, 1.0
log = structlog.get_logger("requests")

registry = CollectorRegistry()
REQUESTS = Counter(
    "xunge_requests_total", "Requests answered", ["method", "route", "status"], registry=registry
)
SECONDS = Histogram("xunge_request_seconds", "Time to answer", ["route"], registry=registry)
OPEN_CASES = Gauge("xunge_open_cases", "Open cases", ["district"], registry=registry)
HELD = Gauge("xunge_held_commands", "Commands that wait for a person", ["district"], registry=registry)
REPAIRS = Gauge(
    "xunge_mirror_repairs",
    "Parts of tablets' mirrors that differed and were fetched again, ever",
    ["district"],
    registry=registry,
)


class Measured:
    """Counts and times every request by its route (never by its path, which names cases); logs what failed or was slow.

    A line a request is what a proxy writes; here it would cost more than many a request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status, streams = perf_counter(), FAILED, False

        async def noting(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = (b"content-type", b"text/event-stream; charset=utf-8") in message["headers"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            seconds = perf_counter() - begun
            REQUESTS.labels(scope["method"], route, status).inc()
            if not streams:  # a stream lasts as long as its page is open: that is no time to answer
                SECONDS.labels(route).observe(seconds)
            if status >= FAILED or (seconds > SLOW_S and not streams):
                told = {"method": scope["method"], "path": scope["path"], "status": status}
                log.warning("request", **told, seconds=round(seconds, 3))


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """The database answers, its schema is this program's, and the clock of the tasks ticks."""
    checks = _checks(request.app.state.database)
    ready = all(check["ok"] for check in checks.values())
    return JSONResponse(
        {"status": "ready" if ready else "not ready", "checks": checks}, status_code=200 if ready else 503
    )


def _checks(database: Database) -> dict[str, Any]:
    try:
        with database.read() as conn:
            applied = {row["name"] for row in sql.migrations(conn)}
            beat = sql.last_task(conn)["at"]
    except (psycopg2.Error, Busy) as error:
        return {"database": {"ok": False, "detail": type(error).__name__}}
    missing = sorted({path.name for path in MIGRATIONS.glob("*.sql")} - applied)
    ticking = beat is not None and datetime.now(UTC) - beat < TASKS_SILENT_FOR
    return {
        "database": {"ok": True},
        "migrations": {"ok": not missing, "missing": missing},
        "tasks": {"ok": ticking, "last": beat.isoformat() if beat else None},
    }


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus text: requests, times, open cases, held commands and repaired mirrors by district."""
    with request.app.state.database.read() as conn:
        for row in sql.gauges(conn):
            OPEN_CASES.labels(row["code"]).set(row["open"])
            HELD.labels(row["code"]).set(row["held"])
            REPAIRS.labels(row["code"]).set(row["repairs"])
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
