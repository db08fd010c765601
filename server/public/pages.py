"""How the public pages are made and refused: without cookies, in the language that the browser or a link asks for."""

import math
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from server.errors import BadInput, NotFound, XungeError
from server.locale import chosen, gettext_for, translations_for
from server.protocol.wire import read_time
from server.public.knocks import TooMany

OTHER = {"zh-CN": ("en", "English"), "en": ("zh-CN", "中文")}
# The address of a page is the key to a case: it goes to no other site, no search engine and no store.
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "vary": "accept-language",
    "x-robots-tag": "noindex, nofollow",
}


class PublicRoute(APIRoute):
    """A route whose refusals are plain pages, the same for everybody who has no link."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_as_page(request: Request) -> Response:
            try:
                return await handle(request)
            except XungeError as error:
                return refusal_page(request, error)
            except RequestValidationError:
                return refusal_page(request, NotFound())

        return handle_as_page


def language(request: Request) -> str:
    """What the address says (`lang=`), else the browser, else the installation."""
    asked = request.query_params.get("lang")
    return chosen(asked, request.headers.get("accept-language"), request.app.state.settings.lang)


@lru_cache(maxsize=4)
def templates(lang: str) -> jinja2.Environment:
    """The templates with the words of `lang`; a name that no page gave is an error, not a blank."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_translations(translations_for(lang), newstyle=True)  # type: ignore[attr-defined]
    return env


def page(
    request: Request, template: str, status: int = 200, *, zone: ZoneInfo | None = None, **context: Any
) -> HTMLResponse:
    """A template as an answer; moments in `zone`."""
    lang = language(request)
    _ = gettext_for(lang)
    other, other_name = OTHER[lang]
    place = zone or ZoneInfo("UTC")
    # A language that was asked for by a link goes on with every link and form of the page.
    keep = {"lang": lang} if request.query_params.get("lang") else {}
    asked = {k: v for k, v in request.query_params.items() if k not in ("lang", "done")}

    def local(at: datetime | str) -> datetime:
        return (read_time(at) if isinstance(at, str) else at).astimezone(place)

    chrome = {
        "lang": lang,
        "other": other,
        "other_name": other_name,
        "other_url": address(request.url.path, asked | {"lang": other}) if request.method == "GET" else "",
        "url": lambda path, **more: address(path, more | keep),
        "day": lambda at: _("{month}/{day}/{year}").format(
            year=local(at).year, month=local(at).month, day=local(at).day
        ),
        "moment": lambda at: _("{month}/{day} {clock}").format(
            month=local(at).month, day=local(at).day, clock=f"{local(at):%H:%M}"
        ),
    }
    text = templates(lang).get_template(template).render(chrome | context)
    return HTMLResponse(text, status, HEADERS | {"content-language": lang})


def address(path: str, params: dict[str, Any]) -> str:
    """`path` with what is not blank of `params` in its query."""
    kept = {key: value for key, value in params.items() if value not in (None, "")}
    return path + (f"?{urlencode(kept)}" if kept else "")


def refusal_page(request: Request, error: XungeError) -> Response:
    """The refusal in plain words, with the way to number and code."""
    _ = gettext_for(language(request))
    titles = {
        "not_found": _("This page is not there"),
        "too_many": _("Please wait a little"),
        "too_large": _("This is too large"),
    }
    sentence = (
        _("The link is not complete, has ended, or was replaced by a newer one.")
        if isinstance(error, NotFound)
        else error.text(_)
    )
    answer = page(
        request,
        "refused.html",
        error.status,
        title=titles.get(error.code, _("This did not work")),
        sentence=sentence,
        code_helps=isinstance(error, NotFound | BadInput) and request.url.path.startswith("/public"),
    )
    if isinstance(error, TooMany):
        answer.headers["retry-after"] = str(max(1, math.ceil(error.wait.total_seconds())))
    return answer
