"""The server as the tablet sees it: the calls of the sync protocol, and what counts as its word.

Only an answer inside our own envelope is the server's word, and only a problem document inside it is its refusal.
A login page, a proxy's error, a cut body are neither: NoWord, and nothing changes.
"""

import gzip
import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from mobile.core.transport import LinkDown, Reply, Transport
from server.protocol.wire import ENVELOPE

APP_VERSION = "0.1.0"
PAGE = 500
FAMILY = ENVELOPE.partition("/")[0] + "/"
GZIP_FROM = 1024
GZIP_LEVEL = 5
SPOILED = "unreadable_body"  # what was sent did not arrive as it was sent: that says nothing about it


class NoWord(Exception):
    """No answer that counts; try again later. `wait_s`: the server asked for that much patience."""

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class Refused(Exception):
    """The server itself says no: `code` for the program, `sentence` in the language that was asked for."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence or code)
        self.status, self.code, self.sentence = status, code, sentence


@dataclass(frozen=True)
class Account:
    """Where the server is and who we are to it."""

    server: str
    token: str = ""


class Office:
    """Speaks the sync protocol over a transport; `language` is asked at every call."""

    def __init__(self, transport: Transport, account: Account, language: Callable[[], str]) -> None:
        self.transport, self.account, self._language = transport, account, language

    def enrol(self, code: str, device_id: str, model: str) -> dict[str, Any]:
        """Trades a single-use code for a device token. Raises NoWord, Refused."""
        return self._envelope(
            "POST",
            "/sync/v1/enrol",
            {"code": code, "device": {"id": device_id, "model": model, "app_version": APP_VERSION}},
        )

    def hello(self) -> None:
        """Asks whether this is the office at all. Raises NoWord; Refused is an answer as well."""
        self._envelope("GET", "/sync/v1/hello")

    def commands(
        self, device_id: str, sent_at: str, commands: Sequence[dict[str, Any]], cursor: str = ""
    ) -> dict[str, Any]:
        """Hands over commands in seq order, at most 100. `cursor` tells a restored server whom it has forgotten. Raises
        NoWord, Refused.
        """
        return self._envelope(
            "POST",
            "/sync/v1/commands",
            {"envelope": ENVELOPE, "device_id": device_id, "sent_at": sent_at, "commands": list(commands)}
            | ({"cursor": cursor} if cursor else {}),
        )

    def changes(self, cursor: str) -> dict[str, Any]:
        """What happened in our scope since `cursor` ("" = everything). Raises NoWord, Refused."""
        return self._envelope(
            "GET", f"/sync/v1/changes?cursor={quote(cursor, safe='')}&limit={PAGE}&package=2"
        )

    def digest(self, cursor: str) -> dict[str, Any]:
        """What a mirror that stands at `cursor` must equal, bucket by bucket. Raises NoWord, Refused."""
        return self._envelope("GET", f"/sync/v1/digest?cursor={quote(cursor, safe='')}")

    def bucket(self, name: str) -> dict[str, Any]:
        """All cases of one bucket, as the server holds them for us. Raises NoWord, Refused."""
        return self._envelope("GET", f"/sync/v1/buckets/{name}")

    def attachment(self, attachment_id: str) -> bytes:
        """What the office shows of a photo (not the original), as whole as its digest says. Raises NoWord, Refused."""
        return self._picture(f"/sync/v1/attachments/{attachment_id}")

    def file(self, sha256: str) -> bytes:
        """A picture of a notice or document, as it is shown. Raises NoWord, Refused."""
        return self._picture(f"/sync/v1/files/{sha256}")

    def package(self, have: str, refused: bool = False) -> dict[str, Any]:
        """What leads to the offline package of this tablet's person from the content `have`; `refused`: the last one
        that came was left. Raises NoWord, Refused."""
        return self._envelope("GET", f"/sync/v1/package?have={have}{'&refused=1' if refused else ''}")

    def piece(self, name: str, start: int, length: int) -> bytes:
        """So many bytes of a file of the package. Raises NoWord, Refused."""
        wanted = {"Range": f"bytes={start}-{start + length - 1}"}
        reply = self.send("GET", self.url(f"/sync/v1/package/{quote(name, safe='')}"), wanted)
        told = reply.headers.get("content-range", "")
        if reply.status != 206:
            raise problem_of(reply)
        if not told.startswith(f"bytes {start}-{start + length - 1}/") or len(reply.body) != length:
            raise NoWord("a piece that is not whole")
        return reply.body

    def receipts(self, documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Safety notices (id, version) that our organisation knows of. Raises NoWord, Refused."""
        return self._envelope("POST", "/sync/v1/receipts", {"documents": list(documents)})

    def _picture(self, path: str) -> bytes:
        reply = self.send("GET", self.url(path))
        if reply.status != 200:
            raise problem_of(reply)
        digest = b64encode(hashlib.sha256(reply.body).digest()).decode()
        if reply.headers.get("repr-digest") != f"sha-256=:{digest}:":
            raise NoWord("a picture that is not whole")
        return reply.body

    def url(self, path: str) -> str:
        return self.account.server.rstrip("/") + path

    def ours(self, location: str) -> str:
        """An address that the server gave, as a full one; NoWord when it leads elsewhere: our token goes along."""
        full = location if "://" in location else self.url(location)
        if urlsplit(full).netloc != urlsplit(self.account.server).netloc:
            raise NoWord("an address of somebody else")
        return full

    def send(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """One request as this device. Raises NoWord when the link is down."""
        sent = {
            "Accept-Language": self._language(),
            "User-Agent": f"xunge-tablet/{APP_VERSION}",
            **(headers or {}),
        }
        if self.account.token:
            sent["Authorization"] = f"Bearer {self.account.token}"
        try:
            return self.transport.send(method, url, sent, body)
        except LinkDown as down:
            raise NoWord(str(down)) from down

    def _envelope(self, method: str, path: str, message: dict[str, Any] | None = None) -> dict[str, Any]:
        body, headers = b"", {"Accept": "application/json"}
        if message is not None:
            body = json.dumps(message, ensure_ascii=False, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
            if len(body) >= GZIP_FROM:
                body, headers["Content-Encoding"] = gzip.compress(body, GZIP_LEVEL), "gzip"
        reply = self.send(method, self.url(path), headers, body)
        answer = _json(reply)
        if reply.status == 200 and answer.get("envelope") == ENVELOPE:
            return answer
        raise problem_of(reply)


def _json(reply: Reply) -> dict[str, Any]:
    try:
        answer = json.loads(reply.body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def problem_of(reply: Reply) -> NoWord | Refused:
    """What an answer outside the envelope means: the server's refusal, or nothing at all."""
    problem = _json(reply)
    # Any version of ours may refuse: a server of another time says which side has to be updated.
    ours = str(problem.get("envelope")).startswith(FAMILY)
    spoken = ours and problem.get("status") == reply.status
    code = problem.get("code")
    final = 400 <= reply.status < 500 and reply.status not in (408, 425, 429) and code != SPOILED
    if spoken and isinstance(code, str) and final and (reply.status != 401 or code == "token_expired"):
        return Refused(reply.status, code, str(problem.get("detail") or ""))
    return NoWord(f"status {reply.status}", _patience(reply))


def _patience(reply: Reply) -> float:
    text = reply.headers.get("retry-after", "")
    return min(float(text), 3600.0) if text.isdigit() else 0.0
