"""What every page knows about its reader, and how a template becomes an answer in the reader's language."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from server.cases.photos import sees_originals
from server.console import words
from server.console.arranged import own_page
from server.db import Connection, queries
from server.locale import LANGUAGES, chosen, gettext_for, translations_for
from server.protocol.wire import read_time
from server.protocol.words import STAGE_WORDS, span_words
from server.protocol.workflow import ENDED
from server.security import Viewer
from server.telling import service as telling

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
LANGUAGE_COOKIE = "xunge_lang"
THEME_COOKIE = "xunge_theme"
THEMES = ("day", "night", "system")
UNKNOWN_PLACE = {"code": "", "name": "", "timezone": "Asia/Shanghai"}


@lru_cache(maxsize=8)
def templates(lang: str) -> jinja2.Environment:
    """The templates with the words of `lang`; a name that no page gave is an error, not a blank."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_translations(translations_for(lang), newstyle=True)  # type: ignore[attr-defined]
    env.filters["percent"] = words.percent
    env.filters["category"] = lambda key: words.category_key(key, gettext_for(lang))
    env.filters["number"] = lambda value: f"{value:,}"
    env.filters["urlpart"] = lambda value: quote(str(value), safe="")
    env.globals["query"] = with_query
    env.globals["ended"] = ENDED
    env.globals["stage_words"] = STAGE_WORDS
    env.globals["own_page"] = own_page
    env.globals["sees_originals"] = sees_originals
    return env


def as_moment(at: datetime | str) -> datetime:
    """A moment as services give it: a datetime, or the text of the wire."""
    return read_time(at) if isinstance(at, str) else at


def with_query(path: str, params: Any = (), **changed: Any) -> str:
    """`path` with `params` (pairs or a dict) in its query, some changed; None and "" leave a parameter out."""
    pairs = [(k, v) for k, v in (params.items() if isinstance(params, dict) else params) if k not in changed]
    pairs += list(changed.items())
    kept = [(k, v) for k, v in pairs if v not in (None, "", [])]
    return path + ("?" + urlencode(kept, doseq=True) if kept else "")


@lru_cache(maxsize=256)
def static_version(path: str) -> str:
    """A word that changes when the file does, so that browsers keep files for ever and still get new ones."""
    file = STATIC / path
    return f"{file.stat().st_mtime_ns:x}"[-8:] if file.exists() else "0"


def static(path: str) -> str:
    """The address of a file of ours."""
    return f"/static/{path}?v={static_version(path)}"


def language_of(request: Request, viewer: Viewer | None) -> str:
    """The person's own language; before signing in the cookie's, then the installation's."""
    if viewer is not None:
        return viewer.lang
    return chosen(request.cookies.get(LANGUAGE_COOKIE), request.app.state.settings.lang)


@dataclass(frozen=True)
class Desk:
    """One request's reader, language and moment; `conn` reads one snapshot for the whole page."""

    request: Request
    viewer: Viewer
    conn: Connection
    now: datetime
    place: dict[str, Any]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.place["timezone"])

    @property
    def lang(self) -> str:
        return self.viewer.lang

    def page(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """The template with this reader's chrome around it."""
        unread = telling.unread(self.conn, self.viewer, self.now)
        context = {"unread": unread} | context
        return answer(self.request, template, self.viewer, self.place, self.now, status, **context)


@contextmanager
def desk(request: Request, viewer: Viewer) -> Iterator[Desk]:
    """Opens the page's read transaction."""
    with request.app.state.database.read() as conn:
        place = queries(__file__).place(conn, district_id=viewer.district_id) or UNKNOWN_PLACE
        yield Desk(request, viewer, conn, datetime.now(UTC), place)


def answer(
    request: Request,
    template: str,
    viewer: Viewer | None,
    place: dict[str, Any],
    now: datetime,
    status: int = 200,
    **context: Any,
) -> HTMLResponse:
    """A template as an HTML answer; without a viewer in the language of cookie or installation."""
    lang = language_of(request, viewer)
    _, zone = gettext_for(lang), ZoneInfo(place["timezone"])
    theme = request.cookies.get(THEME_COOKIE, "day")
    chrome = {
        "lang": lang,
        "languages": list(LANGUAGES),
        "theme": theme if theme in THEMES else "day",
        "viewer": viewer,
        "place": place,
        "now": now,
        "unread": 0,
        "zone": zone,
        "path": request.url.path,
        "here": request.url.path.split("/")[1],
        "static": static,
        "moment": lambda at: words.moment(as_moment(at), now, zone, _),
        "ago": lambda at: span_words(abs(now - as_moment(at)), _),
        "minutes": lambda count: span_words(timedelta(minutes=count), _),
        "local": lambda at, form="%m-%d %H:%M:%S": as_moment(at).astimezone(zone).strftime(form),
    }
    text = templates(lang).get_template(template).render(chrome | context)
    return HTMLResponse(text, status_code=status, headers={"content-language": lang, "vary": "cookie"})
