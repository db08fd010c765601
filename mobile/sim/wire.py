"""A wire that can be as bad as a basement's: by a seeded plan it spoils what goes over it in every way that it can.

It drops requests and answers, sends twice, lets an old request arrive again much later, cuts bodies on either way,
takes its time, and lets a proxy, a login page or a tired server answer instead of ours.
"""

import random
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from mobile.core.transport import HttpTransport, LinkDown, Reply, Transport

HTML, JSON = {"content-type": "text/html"}, {"content-type": "application/json"}
FOREIGN = {
    "captive": Reply(200, HTML, "<html>免费无线网络，请登录</html>".encode()),
    "portal_json": Reply(200, JSON, b'{"results": [], "changes": [], "cursor": "x"}'),
    "redirect": Reply(302, {"location": "http://10.0.0.1/login"}, b""),
    "bad_gateway": Reply(502, HTML, b"<h1>502 Bad Gateway</h1>"),
    "error": Reply(500, JSON, b'{"code": "token_expired"}'),
    "foreign_401": Reply(401, HTML, b"<h1>Proxy login</h1>"),
    "tired": Reply(429, {"retry-after": "0"}, b""),
    "refused_by_proxy": Reply(403, HTML, b"blocked"),
    "gone_by_proxy": Reply(410, HTML, b"gone"),
}
LOST = ("drop_request", "drop_answer", "reorder", "cut", "cut_request")
HARMLESS = ("repeat", "delay")
FAULTS = (*LOST, *HARMLESS, *FOREIGN)
REMEMBERED = 200  # requests by name; a tablet may be carried about for months
LONGEST_S = 50.0  # a delay that the tablet's patience just outlasts

Request = tuple[str, str, dict[str, str], bytes]


class BadWire:
    """A transport that spoils `share` of all requests by a seeded plan, or the next ones by a given list of faults.

    What it did is counted (`requests`, `faults`), and the newest requests are named (`asked`), so that it weighs the
    same after a day as after an hour. `wait` spends the seconds of a delay, at most `longest_s` of them: sleeping, or
    turning on the clock of a test.
    """

    def __init__(
        self,
        seed: int = 0,
        share: float = 0.0,
        plan: list[str] | None = None,
        wait: Callable[[float], None] = time.sleep,
        longest_s: float = LONGEST_S,
        inner: Transport | None = None,
    ) -> None:
        self.inner = inner or HttpTransport()
        self.share = share
        self.plan = list(plan or ())
        self.wait, self.longest_s = wait, longest_s
        self.requests = 0
        self.faults: Counter[str] = Counter()
        self.asked: deque[str] = deque(maxlen=REMEMBERED)
        self.online = True
        self.late: list[Request] = []
        self._dice = random.Random(seed)  # noqa: S311 (a plan, not a secret)

    def heal(self) -> None:
        """From now on every request arrives, and so does its answer; what was held back arrives first."""
        self.share, self.plan, self.online = 0.0, [], True
        while self.late:
            self.inner.send(*self.late.pop())

    def reseed(self, seed: int, share: float) -> None:
        """Another plan from now on; what was held back is still somewhere in the network."""
        self._dice, self.share = random.Random(seed), share  # noqa: S311

    def close(self) -> None:
        if isinstance(self.inner, HttpTransport):
            self.inner.close()

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        if not self.online:
            raise LinkDown("no signal")
        fault = self._next_fault()
        self.requests += 1
        self.faults.update([fault] if fault else ())
        self.asked.append(f"{method} {urlsplit(url).path}")
        if fault in FOREIGN:
            return FOREIGN[fault]
        if fault == "drop_request":
            raise LinkDown(fault)
        request = (method, url, dict(headers), body)
        if fault == "reorder":
            # The request is still somewhere in the network: the tablet has long asked again when it arrives.
            self.late.append(request)
            raise LinkDown(fault)
        if fault == "delay":
            self.wait(self._dice.uniform(0, self.longest_s / 2))
        if fault == "cut_request":
            # A box on the way passes on half a body as if it were whole, and passes back what is said to it.
            return self.inner.send(method, url, headers, body[: len(body) // 2])
        reply = self.inner.send(*request)
        if fault == "delay":
            self.wait(self._dice.uniform(0, self.longest_s / 2))
        if fault == "repeat":
            reply = self.inner.send(*request)
        if self.late and self._dice.random() < 0.5:
            self.inner.send(*self.late.pop(self._dice.randrange(len(self.late))))
        if fault == "drop_answer":
            raise LinkDown(fault)
        if fault == "cut":
            return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])
        return reply

    def _next_fault(self) -> str:
        if self.plan:
            return self.plan.pop(0)
        return self._dice.choice(FAULTS) if self._dice.random() < self.share else ""
