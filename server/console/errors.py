"""Refusals as pages: what did not happen, what is so now, what was kept, what to do; the HTTP code is small print."""

import logging
import secrets
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from server.console.desk import UNKNOWN_PLACE, answer, language_of, with_query
from server.errors import BadInput, NotFound, SignInNeeded, XungeError
from server.locale import gettext_for

log = logging.getLogger(__name__)
NOT_PAGES = ("/api/", "/sync/", "/tiles/", "/static/", "/healthz", "/readyz", "/metrics")


class PageRoute(APIRoute):
    """A route whose refusals are pages: asks to sign in first, then comes back to where somebody wanted to go."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_as_page(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInNeeded:
                return RedirectResponse(with_query("/login", next=wanted(request)), status_code=303)
            except XungeError as error:
                return error_page(request, error)
            except RequestValidationError:
                return error_page(request, BadInput())

        return handle_as_page


def wanted(request: Request) -> str:
    """Where somebody wanted to go: the page itself, or the page that an expired form stood on."""
    if request.method == "GET":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    came = urlsplit(request.headers.get("referer", ""))
    return came.path + (f"?{came.query}" if came.query else "") if came.netloc == request.url.netloc else "/"


def safe_next(target: str | None) -> str:
    """A path of ours to go on to; anything that could lead elsewhere becomes home."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return "/"
    return "/" if any(ord(letter) < 32 for letter in target) else target


def error_page(request: Request, error: XungeError) -> Response:
    """The refusal as a page in the reader's language."""
    viewer = getattr(request.state, "viewer", None)
    _ = gettext_for(language_of(request, viewer))
    told = {
        "title": titles(_).get(error.code, _("This did not work")),
        "sentence": error.text(_),
        "shown_status": error.status,
        "reference": "",
    }
    now = datetime.now(UTC)
    return answer(request, "error.html", viewer, UNKNOWN_PLACE, now, error.status, **told)


def titles(_: Callable[[str], str]) -> dict[str, str]:
    """What did not happen, by the code of the refusal."""
    return {
        "not_found": _("Not found"),
        "not_allowed": _("Not yours to do"),
        "bad_input": _("Something is missing"),
        "conflict": _("Not done: somebody was faster"),
        "busy": _("Not done: the server is busy"),
        "locked_out": _("Locked for now"),
        "too_large": _("Too large"),
    }


def wants_page(request: Request) -> bool:
    """Whether a person's browser asked, and not a machine."""
    return not request.url.path.startswith(NOT_PAGES) and "text/html" in request.headers.get("accept", "")


def page_of_http_error(request: Request, error: HTTPException) -> Response:
    """Addresses that nobody serves, and methods that nobody takes."""
    refusal = NotFound() if error.status_code in (404, 405) else XungeError()
    return error_page(request, refusal)


def page_of_fault(request: Request, error: Exception) -> Response:
    """A fault of ours: the log has it under a reference that the page shows."""
    reference = secrets.token_hex(4)
    log.error("fault %s on %s", reference, request.url.path, exc_info=error)
    viewer = getattr(request.state, "viewer", None)
    _ = gettext_for(language_of(request, viewer))
    sentence = _(
        "Nothing was changed. Try again; if it happens again, tell the administrator the reference below."
    )
    return answer(request, "error.html", None, UNKNOWN_PLACE, datetime.now(UTC), 500, sentence=sentence,
                  title=_("Something broke on our side"), shown_status=500, reference=reference)  # fmt: skip
