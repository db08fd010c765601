"""Signing in and out, and the language before anybody is known."""

import hmac
import secrets
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.console.desk import LANGUAGE_COOKIE, UNKNOWN_PLACE, answer, language_of, with_query
from server.console.doors import writer
from server.console.errors import PageRoute, safe_next
from server.db import Connection, queries
from server.errors import LockedOut, WrongCredentials
from server.locale import LANGUAGES, gettext_for
from server.security import (
    Viewer,
    address_of,
    clear_session_cookie,
    session_token,
    set_session_cookie,
    sign_in,
    sign_out,
)

router = APIRouter(route_class=PageRoute)
FORM_COOKIE = "xunge_form"
YEAR_S = 365 * 86_400
_drawn: dict[int, dict[str, Any]] = {}


def grid_lines(conn: Connection, version: int) -> dict[str, Any] | None:
    """The outlines of a district as SVG paths (metres of Web Mercator from its north-west corner), for the picture."""
    if version not in _drawn:
        rows = list(queries(__file__).outlines(conn, version=version))
        district = next((row for row in rows if row["level"] == 0), None)
        if district is None:
            return None
        width, height = round(district["width"]), round(district["height"])
        # A part of the district is a better picture than all of it.
        box = f"{width * 0.18:.0f} {height * 0.14:.0f} {width * 0.64:.0f} {height * 0.72:.0f}"
        named = [(row["name"], round(row["x"]), round(row["y"])) for row in rows if row["level"] == 1]
        _drawn.clear()
        _drawn[version] = {"box": box, "areas": [(row["level"], row["path"]) for row in rows], "names": named,
                           "text": round(height / 48)}  # fmt: skip
    return _drawn[version]


@router.get("/", response_class=HTMLResponse)
def home() -> Response:
    """Home is the map."""
    return RedirectResponse("/map", status_code=303)


@router.get("/login", response_class=HTMLResponse)
def login_page(request: Request, target: str = Query("/", alias="next")) -> Response:
    """The form; somebody who is signed in already may sign in as another."""
    return _form(request, target)


@router.post("/login", response_class=HTMLResponse)
def sign_in_with_form(
    request: Request,
    login: str = Form(""),
    password: str = Form(""),
    target: str = Form("/", alias="next"),
    csrf: str = Form(""),
) -> Response:
    """Opens a session and goes to where somebody wanted; a refusal shows the form again with what was typed."""
    cookie = request.cookies.get(FORM_COOKIE, "")
    _ = gettext_for(language_of(request, None))
    if not cookie or not hmac.compare_digest(cookie.encode(), csrf.encode()):
        return _form(request, target, login, _("This page had been open too long. Sign in again."), 403)
    if not login.strip() or not password:
        return _form(request, target, login, _("Enter name and password."), 422)
    state = request.app.state
    try:
        token, viewer = sign_in(
            state.database, login, password, address_of(request), datetime.now(UTC), session_token(request)
        )
    except (WrongCredentials, LockedOut) as refusal:
        return _form(request, target, login, refusal.text(_), refusal.status)
    response = RedirectResponse(safe_next(target), status_code=303)
    set_session_cookie(response, token, state.settings.cookie_secure)
    response.delete_cookie(FORM_COOKIE, path="/login")
    _keep_language(request, response, viewer.lang)
    return response


@router.post("/logout")
def sign_out_with_form(request: Request, viewer: Viewer = Depends(writer)) -> Response:
    """Ends the session on the server, not only in the browser."""
    sign_out(request.app.state.database, session_token(request) or "", address_of(request), datetime.now(UTC))
    response = RedirectResponse("/login", status_code=303)
    clear_session_cookie(response, request.app.state.settings.cookie_secure)
    return response


@router.post("/login/language")
def choose_language(
    request: Request, lang: str = Form(""), target: str = Form("/", alias="next")
) -> Response:
    """Words of another language on the sign-in page, kept in a cookie."""
    response = RedirectResponse(
        with_query("/login", next=None if target == "/" else safe_next(target)), status_code=303
    )
    if lang in LANGUAGES:
        _keep_language(request, response, lang)
    return response


def _keep_language(request: Request, response: Response, lang: str) -> None:
    secure = request.app.state.settings.cookie_secure
    response.set_cookie(
        LANGUAGE_COOKIE, lang, max_age=YEAR_S, path="/", samesite="lax", secure=secure, httponly=True
    )


def _form(request: Request, target: str, login: str = "", fault: str = "", status: int = 200) -> Response:
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    with request.app.state.database.read() as conn:
        places = list(queries(__file__).places(conn))
        lines = grid_lines(conn, places[0]["version"]) if places and places[0]["version"] else None
    place = places[0] if len(places) == 1 else UNKNOWN_PLACE
    response = answer(request, "login.html", None, place, datetime.now(UTC), status,
                      next=safe_next(target), login=login, fault=fault, csrf=token, lines=lines)  # fmt: skip
    response.set_cookie(FORM_COOKIE, token, max_age=3600, path="/login", samesite="lax", httponly=True,
                        secure=request.app.state.settings.cookie_secure)  # fmt: skip
    return response
