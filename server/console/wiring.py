"""Puts the console into the application: routes, static files, headers, and refusals as pages."""

import mimetypes
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from server.console import (
    acts,
    audit,
    boundaries,
    calendar,
    case,
    cases,
    conflicts,
    crews,
    devices,
    documents,
    erasing,
    grids,
    intake,
    layers,
    login,
    map_page,
    me,
    messages,
    packs,
    parties,
    people,
    redacting,
    register,
    residents,
    streets,
    unmask,
    work,
)
from server.console.desk import STATIC
from server.console.errors import page_of_fault, page_of_http_error, wants_page
from server.console.headers import SecurityHeaders

router = APIRouter(include_in_schema=False)
for room in (
    login,
    map_page,
    cases,
    intake,
    acts,
    case,
    residents,
    streets,
    boundaries,
    grids,
    layers,
    crews,
    register,
    parties,
    me,
    messages,
    documents,
    people,
    devices,
    conflicts,
    audit,
    calendar,
    packs,
    unmask,
    erasing,
    redacting,
    work,
):
    router.include_router(room.router)

Handler = Callable[[Request, Exception], Response | Awaitable[Response]]


class OurFiles(StaticFiles):
    """Our own files; an address with a version word is kept by the browser for a year."""

    async def get_response(self, path: str, scope: Any) -> Response:
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope.get("query_string", b"")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return response


def install(app: FastAPI) -> None:
    """Adds the console to `app`; call it after the other rooms, whose refusals stay theirs."""
    mimetypes.add_type("text/javascript", ".mjs")
    app.include_router(router)
    app.mount("/static", OurFiles(directory=STATIC), name="static")
    app.add_middleware(SecurityHeaders)
    _also_as_page(app, HTTPException, page_of_http_error)
    _also_as_page(app, Exception, page_of_fault)


def _also_as_page(app: FastAPI, kind: type[Exception], page: Callable[[Request, Any], Response]) -> None:
    """People get a page, machines what they got before."""
    before: Any = app.exception_handlers.get(kind)

    async def handle(request: Request, error: Exception) -> Response:
        if before is None or wants_page(request):
            return page(request, error)
        answer = before(request, error)
        return await answer if hasattr(answer, "__await__") else answer

    app.add_exception_handler(kind, handle)
