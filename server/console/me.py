"""A person's own settings: language, theme, signing out, and what the desk keeps about them."""

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from server.console.desk import THEME_COOKIE, THEMES, desk
from server.console.doors import reader, writer
from server.console.errors import PageRoute, safe_next
from server.console.login import YEAR_S
from server.db import queries
from server.locale import LANGUAGES
from server.security import DISTRICT_COOKIE, Viewer

router = APIRouter(route_class=PageRoute)


@router.get("/me", response_class=HTMLResponse)
def me(request: Request, viewer: Viewer = Depends(reader)) -> Response:
    """Who I am here, and how I want to read."""
    with desk(request, viewer) as page:
        return page.page("me.html")


@router.post("/me")
def change_me(
    request: Request,
    lang: str = Form(""),
    theme: str = Form(""),
    district: str = Form(""),
    target: str = Form("/me", alias="next"),
    viewer: Viewer = Depends(writer),
) -> Response:
    """Keeps the language with the person and the theme with the browser: two screens may differ in light."""
    response = RedirectResponse(safe_next(target), status_code=303)
    if lang in LANGUAGES and lang != viewer.lang:
        request.app.state.database.run(
            lambda conn: queries(__file__).set_language(conn, lang=lang, person_id=viewer.person_id)
        )
    if district in viewer.districts:
        response.set_cookie(DISTRICT_COOKIE, district, max_age=YEAR_S, path="/", samesite="lax", httponly=True,
                            secure=request.app.state.settings.cookie_secure)  # fmt: skip
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=YEAR_S, path="/", samesite="lax", httponly=True,
                            secure=request.app.state.settings.cookie_secure)  # fmt: skip
    return response
