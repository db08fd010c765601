"""create_app(): the only place where parts are wired together; known by none of them."""

import atexit
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg2
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from server import console, health
from server.audit import routes as audit
from server.cases import routes as cases
from server.crews import routes as crews
from server.db import Database
from server.errors import BadInput, Busy, NotFound, XungeError
from server.facilities import routes as facilities
from server.grids import routes as grids
from server.locale import chosen, gettext_for
from server.logs import write_json_logs
from server.ogc import routes as ogc
from server.people import routes as people
from server.public import routes as public
from server.reports import routes as reports
from server.settings import Settings, settings
from server.stream import routes as stream
from server.stream.hub import Hub
from server.sync import routes as sync
from server.telling import routes as telling
from server.telling.exchanges import Exchanged, Recorder
from server.tiles import routes as tiles

log = structlog.get_logger()
# New objects until the young ones are looked through, and how often the older ones are with them.
GARBAGE = (20_000, 20, 50)
# A request is offered to them in this order: first where most is written.
ROOMS = (
    cases,
    sync,
    health,
    grids,
    facilities,
    tiles,
    ogc,
    crews,
    reports,
    telling,
    people,
    audit,
    public,
    stream,
)


def served() -> FastAPI:
    """The server of one process, on the database and with the settings of its environment."""
    own = settings()
    write_json_logs()
    database = Database(str(own.database_url), size=own.pool)
    atexit.register(database.close)
    app = create_app(database, own)
    # What is there now stays: looking through it again and again took a fifth of the time of a request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    return app


def create_app(database: Database, settings: Settings) -> FastAPI:
    """The whole server on one database; the caller closes `database`."""
    hub = Hub(database)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        hub.close()

    app = FastAPI(title="Xunge 巡格", version="0.1.0", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.database = database
    app.state.streams = hub
    app.state.settings = settings
    for room in ROOMS:
        app.include_router(room.router)
    app.exception_handler(XungeError)(refuse)
    app.exception_handler(RequestValidationError)(refuse_invalid)
    app.exception_handler(HTTPException)(refuse_http)
    app.exception_handler(psycopg2.OperationalError)(refuse_without_database)
    app.exception_handler(Exception)(refuse_unexpected)
    app.add_api_route("/docs", api_pages, include_in_schema=False)
    console.install(app)
    app.state.exchanges = Recorder(database)
    app.add_middleware(Exchanged, recorder=app.state.exchanges)
    app.add_middleware(health.Measured)
    return app


def api_pages() -> Response:
    """The API as pages; scripts are our own, nothing is asked of the outside."""
    vendor = "/static/vendor"
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Xunge API",
        swagger_js_url=f"{vendor}/swagger-ui-bundle.js",
        swagger_css_url=f"{vendor}/swagger-ui.css",
        swagger_favicon_url="/static/img/logo.svg",
    )
    # The framework starts its pages by an inline script; everything else comes from here or not at all.
    inline = "'self' 'unsafe-inline'"
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src {inline}; style-src {inline}"
    )
    return page


def problem(request: Request, status: int, code: str, title: str, detail: str, **more: Any) -> Response:
    """RFC 9457 problem JSON, for tablets in their envelope. The console makes pages of its own refusals."""
    request.state.refused = code
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **more}
    if request.url.path.startswith("/sync/"):
        return sync.envelope_problem(body, datetime.now(UTC))
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def refuse(request: Request, error: XungeError) -> Response:
    """One of our own refusals, in the reader's language."""
    translate = gettext_for(chosen(request.cookies.get("xunge_lang"), request.headers.get("accept-language")))
    title = error.code.replace("_", " ")
    response = problem(request, error.status, error.code, title, error.text(translate), **error.more)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.status in (429, 503):
        response.headers["Retry-After"] = "60" if error.status == 429 else "5"
    return response


def refuse_invalid(request: Request, error: RequestValidationError) -> Response:
    """A request whose fields are wrong: which ones."""
    fields = [{"field": ".".join(str(p) for p in e["loc"]), "detail": e["msg"]} for e in error.errors()]
    translate = gettext_for(chosen(request.headers.get("accept-language")))
    if any(e["type"] == "json_invalid" for e in error.errors()):
        return refuse(request, BadInput("The body is not JSON."))
    detail = translate("These fields are not valid: {fields}.").format(
        fields=", ".join(f["field"] for f in fields)
    )
    return problem(request, 422, "bad_input", translate(BadInput.sentence), detail, fields=fields)


def refuse_http(request: Request, error: HTTPException) -> Response:
    """What the framework itself refuses (no such path, wrong method)."""
    if error.status_code == 404:
        return refuse(request, NotFound())
    return problem(request, error.status_code, "http", str(error.detail), str(error.detail))


def refuse_without_database(request: Request, error: Exception) -> Response:
    """The database does not answer: nothing was changed, come again."""
    log.error("database", path=request.url.path, error=str(error).strip())
    return refuse(request, Busy())


def refuse_unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours: logged whole, told without detail."""
    log.error("unexpected", path=request.url.path, exc_info=error)
    translate = gettext_for(chosen(request.headers.get("accept-language")))
    sentence = translate("The server made a mistake. Nothing was changed; it was written to the log.")
    return problem(request, 500, "unexpected", sentence, sentence)
