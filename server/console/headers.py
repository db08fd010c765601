"""The security headers of every page: nothing from outside, nothing inline, scripts only from our own files."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; worker-src 'self'; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types default"
)
EVERYWHERE = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
}
ON_PAGES = {b"content-security-policy": POLICY.encode(), b"cache-control": b"no-store"}
# The API's own reference page has the framework's inline script, and a policy of its own (server/app.py).
REFERENCE = ("/docs", "/redoc")


class SecurityHeaders:
    """ASGI middleware that adds the headers to answers that do not carry them already."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = dict(message["headers"])
                wanted = dict(EVERYWHERE)
                is_page = present.get(b"content-type", b"").startswith(b"text/html")
                if is_page and not scope["path"].startswith(REFERENCE):
                    wanted |= ON_PAGES
                missing = [(name, value) for name, value in wanted.items() if name not in present]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        await self.app(scope, receive, send_with_headers)
