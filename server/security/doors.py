"""The doors of the server: dependencies that turn a request into a viewer or a tablet, or refuse it."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request, Response

from server.audit import service as audit
from server.db import Connection, Database, queries
from server.errors import NotAllowed, SignInNeeded, TokenExpired
from server.security.sessions import ABSOLUTE, TOUCH_EVERY, viewer_of_session
from server.security.tokens import token_hash
from server.security.viewer import Viewer, Wish, viewer_from

SQL = queries(__file__)
SESSION_COOKIE = "xunge_session"
CSRF_HEADER = "x-csrf-token"
DISTRICT_COOKIE = "xunge_district"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class DeviceViewer:
    """A tablet that came in. `state`: active, revoked (withdrawn by the office) or former (person left)."""

    viewer: Viewer
    device_id: UUID
    state: str

    @property
    def trusted(self) -> bool:
        """Whether its commands are applied; those of the others are taken in and held."""
        return self.state == "active"


def require_viewer(request: Request) -> Viewer:
    """Who sent the request, by API token or session cookie. Raises SignInNeeded for every reason."""
    database: Database = request.app.state.database
    now, address = datetime.now(UTC), address_of(request)
    bearer, cookie = bearer_token(request), session_token(request)
    if bearer is not None:
        viewer = _viewer_of_api_token(database, bearer, address, now, wish_of(request))
    elif cookie:
        viewer = viewer_of_session(database, cookie, address, now, wish_of(request))
    else:
        viewer = None
    if viewer is None:
        raise SignInNeeded
    # Kept beside the request, so that the log of exchanges knows whose call it was.
    request.state.viewer = viewer
    if viewer.how == "session" and request.method not in SAFE_METHODS:
        _refuse_foreign_page(request, viewer)
    return viewer


def wish_of(request: Request) -> Wish:
    """What a request says of the district it is about: `district=`, the browser's choice, a case's number, a grid."""
    asked, path = request.query_params, request.path_params
    return Wish(
        asked.get("district") or request.cookies.get(DISTRICT_COOKIE),
        path.get("number"),
        asked.get("grid") or asked.get("parent") or path.get("code"),
    )


def require_writer(request: Request) -> Viewer:
    """Like `require_viewer`, for JSON that changes something: a session must send its CSRF header."""
    viewer = require_viewer(request)
    check_csrf(request, viewer, request.headers.get(CSRF_HEADER))
    return viewer


async def writer_when_asked(request: Request) -> Callable[[], Viewer]:
    """`require_writer` for an endpoint that asks by itself, before it does anything else."""
    return partial(require_writer, request)


async def device_when_asked(request: Request) -> Callable[[], DeviceViewer]:
    """`require_device` in the same way."""
    return partial(require_device, request)


def require_device(request: Request) -> DeviceViewer:
    """Which tablet sent the request; a withdrawn one is let in, marked. Raises TokenExpired."""
    database: Database = request.app.state.database
    now, token = datetime.now(UTC), bearer_token(request)
    found, seen = None, None
    if token:
        with database.glance() as conn:
            device = SQL.tablet(conn, token_hash=token_hash(token), now=now)
        viewer = device and viewer_from(device["viewer"], also_former=True, how="device")
        if viewer:
            former = device["state"] != "revoked" and not device["viewer"]["alive"]
            found = DeviceViewer(viewer, UUID(device["id"]), "former" if former else device["state"])
            seen = device["seen_at"] and datetime.fromisoformat(device["seen_at"])
    if not found:
        audit.log_refusal(database, "device_token_refused", None, address_of(request), {}, now)
        raise TokenExpired
    if seen is None or seen < now - TOUCH_EVERY:
        database.run(lambda conn: SQL.device_seen(conn, id=found.device_id, now=now))
    return found


def device_named(conn: Connection, device_id: UUID, now: datetime) -> DeviceViewer | None:
    """The tablet of that id with its person, whoever asks; None for one that was never enrolled here."""
    device = SQL.tablet_named(conn, device_id=device_id, now=now)
    viewer = device and viewer_from(device["viewer"], also_former=True, how="device")
    return DeviceViewer(viewer, UUID(device["id"]), device["state"]) if viewer else None


def check_csrf(request: Request, viewer: Viewer, token: str | None) -> None:
    """Refuses a changing request of a session whose form or header does not carry the session's own token."""
    if viewer.how != "session":
        return
    if not (token and viewer.csrf and hmac.compare_digest(token.encode(), viewer.csrf.encode())):
        _refuse_page(request, viewer, "csrf_refused")


def _refuse_foreign_page(request: Request, viewer: Viewer) -> None:
    """Browsers say from which page a request comes; another site's page has no business here."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or site in ("cross-site", "same-site"):
        _refuse_page(request, viewer, "foreign_page_refused")


def _refuse_page(request: Request, viewer: Viewer, what: str) -> None:
    database, detail = request.app.state.database, {"path": request.url.path}
    audit.log_refusal(database, what, viewer, address_of(request), detail, datetime.now(UTC))
    raise NotAllowed("This page is out of date. Load it again and repeat what you did.")


def _viewer_of_api_token(
    database: Database, token: str, address: str, now: datetime, wish: Wish
) -> Viewer | None:
    with database.glance() as conn:
        found = SQL.bearer(conn, token_hash=token_hash(token), now=now, **wish.params())
    viewer = found and viewer_from(found["viewer"], how="token", token_id=found["token"])
    if viewer is None:
        audit.log_refusal(database, "api_token_refused", found and found["person"], address, {}, now)
    return viewer


def bearer_token(request: Request) -> str | None:
    """The token of `Authorization: Bearer …`; "" for another scheme; None without the header."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def session_token(request: Request) -> str | None:
    """The session's token out of the cookie."""
    return request.cookies.get(SESSION_COOKIE)


def set_session_cookie(response: Response, token: str, secure: bool) -> None:
    """Gives the browser its session; scripts cannot read it and other sites' forms do not send it."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def clear_session_cookie(response: Response, secure: bool) -> None:
    """Takes the session's cookie away."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=secure, httponly=True, samesite="lax")


def address_of(request: Request) -> str:
    """The address that the request came from, as the log keeps it."""
    return request.client.host if request.client else ""


def home_of(request: Request) -> str:
    """How people outside reach this server, without a slash at the end: by its operator, else by this request."""
    return str(request.app.state.settings.public_url or request.base_url).rstrip("/")
