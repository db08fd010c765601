"""The real tablet core against the real server, with a wire between them that can be as bad as a basement's.

`BadWire` wraps the tablet's transport: by a seeded plan it drops requests, drops answers, sends twice, sends an old
request again much later, cuts bodies, and lets a proxy, a login page or a tired server answer instead of ours.
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image

from mobile.core.tablet import Tablet
from mobile.core.transport import HttpTransport, LinkDown, Reply
from mobile.core.views import Position
from server.db import Database
from server.people.enrolment import make_enrol_code
from tests.conftest import LiveServer
from tests.server.small_district import SmallDistrict, make_small_district

LOGIN_PAGE = Reply(200, {"content-type": "text/html"}, "<html>免费无线网络，请登录</html>".encode())
PORTAL_JSON = Reply(
    200, {"content-type": "application/json"}, b'{"results": [], "changes": [], "cursor": "x"}'
)
FOREIGN = {
    "captive": LOGIN_PAGE,
    "portal_json": PORTAL_JSON,
    "redirect": Reply(302, {"location": "http://10.0.0.1/login"}, b""),
    "bad_gateway": Reply(502, {"content-type": "text/html"}, b"<h1>502 Bad Gateway</h1>"),
    "error": Reply(500, {"content-type": "application/json"}, b'{"code": "token_expired"}'),
    "foreign_401": Reply(401, {"content-type": "text/html"}, b"<h1>Proxy login</h1>"),
    "tired": Reply(429, {"retry-after": "0"}, b""),
    "refused_by_proxy": Reply(403, {"content-type": "text/html"}, b"blocked"),
    "gone_by_proxy": Reply(410, {"content-type": "text/html"}, b"gone"),
}
FAULTS = ("drop_request", "drop_answer", "repeat", "reorder", "cut", *FOREIGN)


class BadWire:
    """A transport that spoils `share` of all requests by a seeded plan, or the next ones by a given list of faults."""

    def __init__(self, seed: int = 0, share: float = 0.0, plan: list[str] | None = None) -> None:
        self.inner = HttpTransport()
        self.share = share
        self.plan = list(plan or ())
        self.done: list[str] = []
        self.asked: list[str] = []
        self.online = True
        self._dice = random.Random(seed)
        self._late: list[tuple[str, str, dict[str, str], bytes]] = []

    def heal(self) -> None:
        """From now on every request arrives, and so does its answer; what was held back arrives first."""
        self.share, self.plan, self.online = 0.0, [], True
        while self._late:
            self.inner.send(*self._late.pop())

    def reseed(self, seed: int, share: float) -> None:
        """Another plan from now on; what was held back is still somewhere in the network."""
        self._dice, self.share = random.Random(seed), share

    def close(self) -> None:
        self.inner.close()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        if not self.online:
            raise LinkDown("no signal")
        fault = self._next_fault()
        self.done.append(fault)
        self.asked.append(f"{method} {urlsplit(url).path}")
        if fault in FOREIGN:
            return FOREIGN[fault]
        if fault == "drop_request":
            raise LinkDown(fault)
        if fault == "reorder":
            # The request is still somewhere in the network: the tablet has long asked again when it arrives.
            self._late.append((method, url, dict(headers), body))
            raise LinkDown(fault)
        reply = self.inner.send(method, url, headers, body)
        if fault == "repeat":
            reply = self.inner.send(method, url, headers, body)
        if self._late and self._dice.random() < 0.5:
            self.inner.send(*self._late.pop(self._dice.randrange(len(self._late))))
        if fault == "drop_answer":
            raise LinkDown(fault)
        if fault == "cut":
            return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])
        return reply

    def _next_fault(self) -> str:
        if self.plan:
            return self.plan.pop(0)
        return self._dice.choice(FAULTS) if self._dice.random() < self.share else ""


class TurnedClock:
    """A device's clock that somebody has turned."""

    def __init__(self, wrong_by: timedelta = timedelta(0)) -> None:
        self.wrong_by = wrong_by
        self._started = datetime.now(UTC)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.wrong_by

    def steady(self) -> float:
        return (datetime.now(UTC) - self._started).total_seconds()


def settle(database: Database) -> SmallDistrict:
    """The small district, committed: two streets of two communities of three grids, and its people."""

    return database.run(make_small_district)


def code_for(database: Database, login: str) -> str:
    """A single-use code for a tablet of `login`."""
    return database.run(lambda conn: make_enrol_code(conn, login, datetime.now(UTC)))


def tablet_of(
    live: LiveServer, login: str, home: Path, wire: BadWire | None = None, clock: TurnedClock | None = None
) -> Tablet:
    """An enrolled tablet of `login` over `wire`."""
    tablet = Tablet(home, clock=clock, transport=wire or BadWire())
    tablet.enrol(live.url, code_for(live.database, login))
    return tablet


def here(lon: float = 104.005, lat: float = 30.005, accuracy_m: float = 8.0) -> Position:
    """A fix inside grid S1C1G1."""
    return Position(lon, lat, accuracy_m)


def picture(number: int = 0, size: int = 64) -> bytes:
    """A JPEG that differs from every other number's; `size` px a side of noise (64 px ≈ 3 kB)."""
    dice = random.Random(number)
    image = Image.frombytes("RGB", (size, size), dice.randbytes(size * size * 3))
    file = BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def rows(live: LiveServer, statement: str, *parameters: object) -> list[dict[str, object]]:
    """What the server's database holds."""
    with live.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [dict(row) for row in cursor.fetchall()]
