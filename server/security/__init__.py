"""Who may: viewers with their scope, passwords, sessions, tokens, and the doors of the server."""

from server.security.doors import (
    DISTRICT_COOKIE,
    SESSION_COOKIE,
    DeviceViewer,
    address_of,
    check_csrf,
    clear_session_cookie,
    device_when_asked,
    home_of,
    require_device,
    require_viewer,
    require_writer,
    session_token,
    set_session_cookie,
    writer_when_asked,
)
from server.security.passwords import hash_password
from server.security.sessions import sign_in, sign_out
from server.security.tokens import fresh_token, token_hash
from server.security.viewer import Viewer, load_viewer

__all__ = [
    "DISTRICT_COOKIE",
    "SESSION_COOKIE",
    "DeviceViewer",
    "Viewer",
    "address_of",
    "check_csrf",
    "clear_session_cookie",
    "device_when_asked",
    "fresh_token",
    "hash_password",
    "home_of",
    "load_viewer",
    "require_device",
    "require_viewer",
    "require_writer",
    "session_token",
    "set_session_cookie",
    "sign_in",
    "sign_out",
    "token_hash",
    "writer_when_asked",
]
