"""The log of exchanges with other systems: one row a call by a token, one a delivery to a webhook.

A call's row is written after its answer has gone, by one thread for many calls at once, so that keeping the log costs a
call next to nothing. The price: a process that is killed loses the rows of its last quarter of a second (an orderly end
writes them).
What the calls *did* is not lost by that: every act is a row of `commands` in the transaction of its effect.
"""

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import psycopg2
import structlog
from psycopg2.extras import execute_values
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.db import Connection, Database, queries
from server.errors import Busy, NotAllowed
from server.security import Viewer

sql = queries(__file__, "exchanges.sql")
log = structlog.get_logger("exchanges")
EVERY_S, MOST_WAITING, LONGEST = 0.25, 20_000, 200
API = "/api/v1/"
LOGGED = (API, "/ogc")


@dataclass(frozen=True)
class Exchange:
    """One row. `path` is without its query, which may hold secrets; `ms` the time to answer; bytes of bodies."""

    at: datetime
    direction: str
    district_id: int
    method: str
    path: str
    status: int
    ms: int
    request_id: str
    person_id: int | None = None
    token_id: int | None = None
    webhook_id: int | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    number: str | None = None
    external_id: str | None = None
    error: str | None = None


COLUMNS = ", ".join(f.name for f in fields(Exchange))


def add(conn: Connection, rows: Sequence[Exchange]) -> None:
    """Writes rows in the caller's transaction, in one statement."""
    with conn.cursor() as cursor:
        execute_values(cursor, f"insert into exchanges ({COLUMNS}) values %s", [astuple(row) for row in rows])


def page(conn: Connection, viewer: Viewer, limit: int, before: int | None = None) -> dict[str, Any]:
    """The newest first: the district's for administrator and auditor, else the caller's own."""
    person = None if viewer.role in ("admin", "auditor") else viewer.person_id
    rows = list(sql.page(conn, district=viewer.district_id, person=person, before=before, limit=limit + 1))
    items = [dict(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


def only_overseers(viewer: Viewer) -> None:
    """Raises NotAllowed for all but administrators and auditors."""
    if viewer.role not in ("admin", "auditor"):
        raise NotAllowed


class Recorder:
    """Takes rows at once and writes them in batches; when the database is away the newest are kept and tried again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Exchange] = []
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._begun = threading.Event()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, row: Exchange) -> None:
        """Keeps a row for the next batch; never fails, never waits for the database."""
        with self._lock:
            self._waiting.append(row)
            if self._thread is None and not self._end.is_set():
                self._thread = threading.Thread(target=self._keep_writing, name="exchanges", daemon=True)
                self._thread.start()
        self._begun.set()

    def flush(self) -> None:
        """Writes all that waits, now."""
        with self._writing:
            with self._lock:
                rows, self._waiting = self._waiting, []
            if rows:
                self._write(rows)

    def close(self) -> None:
        """Writes the last rows and ends the thread."""
        self._end.set()
        self._begun.set()
        if self._thread is not None:
            self._thread.join(EVERY_S + 5)
        self.flush()

    def _keep_writing(self) -> None:
        while not self._end.is_set():
            self._begun.wait()
            self._begun.clear()
            self._end.wait(EVERY_S)
            self.flush()

    def _write(self, rows: list[Exchange]) -> None:
        try:
            with self._database.transaction() as conn:
                with conn.cursor() as cursor:
                    cursor.execute("set local synchronous_commit = off")
                add(conn, rows)
        except (psycopg2.OperationalError, psycopg2.InterfaceError, Busy) as error:
            with self._lock:
                self._waiting = [*rows, *self._waiting]
                lost = len(self._waiting) - MOST_WAITING
                del self._waiting[: max(0, lost)]
                self._begun.set()
            log.error("exchanges wait", error=str(error).strip(), waiting=len(rows), lost=max(0, lost))
        except psycopg2.Error as error:
            log.error("exchanges lost", error=str(error).strip(), lost=len(rows))


class Exchanged:
    """Gives every request under /api/v1 and /ogc an identifier, and notes the calls that came with a token."""

    def __init__(self, app: ASGIApp, recorder: Recorder) -> None:
        self.app = app
        self.recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._closing(send))
        elif scope["type"] == "http" and scope["path"].startswith(LOGGED):
            await self._call(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _closing(self, send: Send) -> Send:
        async def noting(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                self.recorder.close()
            await send(message)

        return noting

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun, at = time.perf_counter(), datetime.now(UTC)
        request_id = _given_id(scope) or uuid.uuid4().hex
        status, sent, location = 500, 0, ""

        async def noting(message: Message) -> None:
            nonlocal status, sent, location
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                location = next((v.decode("latin-1") for k, v in headers if k.lower() == b"location"), "")
                message = {**message, "headers": [*headers, (b"x-request-id", request_id.encode())]}
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            known = scope.get("state", {})
            viewer = known.get("viewer")
            if viewer is not None and viewer.how == "token":
                ms = round((time.perf_counter() - begun) * 1000)
                self.recorder.note(
                    Exchange(
                        at=at,
                        direction="in",
                        district_id=viewer.district_id,
                        person_id=viewer.person_id,
                        token_id=viewer.token_id,
                        method=scope["method"],
                        path=scope["path"][:LONGEST],
                        status=status,
                        ms=ms,
                        request_id=request_id,
                        bytes_in=_length(scope),
                        bytes_out=sent,
                        number=_number(scope, location),
                        external_id=known.get("external_id"),
                        error=known.get("refused"),
                    )
                )


def _header(scope: Scope, name: bytes) -> str:
    return next((v.decode("latin-1") for k, v in scope["headers"] if k == name), "")


def _given_id(scope: Scope) -> str:
    """The caller's own identifier of the request, when it is one that can be logged."""
    given = _header(scope, b"x-request-id")
    fits = 0 < len(given) <= LONGEST and given.isascii() and given.replace("-", "").replace(".", "").isalnum()
    return given if fits else ""


def _length(scope: Scope) -> int:
    given = _header(scope, b"content-length")
    return int(given) if given.isdigit() and len(given) < 16 else 0


def _number(scope: Scope, location: str) -> str | None:
    """The case that the call was about: named by its path, or by where the answer says that a new one is."""
    named = scope.get("path_params", {}).get("number")
    if named:
        return str(named)[:LONGEST]
    new = location.removeprefix(f"{API}cases/") if location.startswith(f"{API}cases/") else ""
    return unquote(new) or None
