"""Five-act lifecycles over HTTP by two server processes and eight clients, beside their bare SQL.

The floor is the product's own SQL: the statements of the five transactions are recorded once for every lifecycle and
sent again by eight connections that do nothing else. What is above it is what HTTP, the doors and the program cost.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from itertools import islice
from typing import Any

from bench.served import CLIENTS, Recorded, Served, Transaction, at_once, recorded, send
from bench.stage import ROWS, Stage
from server.cases import acts, service
from server.db import Connection, Database, connect
from server.people.tokens import make_token
from server.protocol.commands import Position

LAMP = {"system": "urban/component", "code": "0137"}
CREW = "crew-lighting"
# Who, the act, what is told; the first is the report itself.
STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("intake1", "report", {"category": LAMP, "title": "路灯不亮"}),
    ("duty1", "register", {"condition": "dark"}),
    ("dispatch1", "dispatch", {"crew": CREW}),
    ("crew", "accept", {}),
    ("crew", "handle", {"done": "已换灯泡"}),
)


class Road:
    """The demo district on an empty database."""

    name, what = (
        "lifecycle-http",
        "five-act lifecycles over HTTP, 2 server processes, 8 clients, empty database",
    )
    floor_is = "the bare SQL of the same five transactions, 8 connections"
    count = 40
    # How many samples of `count` the recorded transactions are enough for: five and the one that is thrown away.
    samples = 6

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.database = self.base(stage)
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(
                "select p.login from people p join memberships m on m.person_id = p.id"
                " join organisations o on o.id = m.organisation_id where o.code = %s", (CREW,)
            )  # fmt: skip
            crew = cursor.fetchone()["login"]
            self.logins = {who: crew if who == "crew" else who for who, _, _ in STEPS}
            cursor.execute(
                "select st_x(inside) as lon, st_y(inside) as lat from grids where current and level = 3 limit 1"
            )
            self.place = cursor.fetchone()
        self.connections = [connect(self.database.dsn) for _ in range(CLIENTS)]

    def base(self, stage: Stage) -> Database:
        return stage.road

    # The floor ------------------------------------------------------------------------------------------------

    def floor(self, count: int) -> None:
        """Sends recorded transactions; recording them is not timed, it happens before the first sample."""
        work = iter(list(islice(self.recorded, count)))
        self._shared(work, lambda client, lifecycle: send(self.connections[client], lifecycle))

    @cached_property
    def recorded(self) -> Iterator[list[Transaction]]:
        """Lifecycles that were tried and rolled back, so that sending their statements does them."""
        enough = 8 if self.stage.quick else self.count * self.samples
        return iter([self._record() for _ in range(enough)])

    def _record(self) -> list[Transaction]:
        viewers = {}
        with self.database.read() as conn:
            for who, _, _ in STEPS:
                viewers[who] = self.stage.viewer(conn, self.logins[who])
        found: list[Transaction] = []

        def work(conn: Connection) -> None:
            number, before = "", 0
            for who, action, payload in STEPS:
                viewer, now = viewers[who], self.stage.now
                if action == "report":
                    place = Position(self.place["lon"], self.place["lat"], 8, "hand", crs="EPSG:4326")
                    answer = acts.report(conn, viewer, payload, place, "bench", None, None, "api", None, now)
                    number = answer.case_number or ""
                else:
                    acts.act(conn, viewer, number, action, payload, None, "api", None, now)
                service.get_case(conn, viewer, number, now)
                sent = Recorded.sent
                found.append(sent[before:])
                before = len(sent)

        recorded(self.database, work)
        return found

    # The figure -----------------------------------------------------------------------------------------------

    def figure(self, count: int) -> None:
        self.served.begin()
        self._shared(iter(range(count)), lambda client, _: self._over_http(client))

    @cached_property
    def served(self) -> Served:
        return Served(self.stage, self.database)

    @cached_property
    def tokens(self) -> dict[str, str]:
        now = self.stage.now
        return {
            who: self.database.run(partial(make_token, login=login, label="bench", now=now))
            for who, login in self.logins.items()
        }

    @cached_property
    def bodies(self) -> list[bytes]:
        """What is sent, act by act: the same for every case."""
        place = {"lon": self.place["lon"], "lat": self.place["lat"]}
        report = {**STEPS[0][2], **place, "source": "bench", "category": f"{LAMP['system']}/{LAMP['code']}"}
        return [json.dumps(told).encode() for told in (report, *(payload for _, _, payload in STEPS[1:]))]

    def _over_http(self, client: int) -> None:
        case = path = "/api/v1/cases"
        etag: dict[str, str] = {}
        for (who, action, _), body in zip(STEPS, self.bodies, strict=True):
            if action != "report":
                path = f"{case}/actions/{action}"
            headers = {"Authorization": f"Bearer {self.tokens[who]}", **etag}
            reply = self.served.clients[client].post(path, body, headers)
            assert reply.status == (201 if action == "report" else 200), reply.body.decode()
            case = reply.headers.get("location", case)
            etag = {"If-Match": reply.headers["etag"]}

    def _shared(self, work: Iterator[Any], do: Any) -> None:
        """`work` done by all clients at once, each taking the next piece when it is ready."""
        lock = threading.Lock()

        def run(client: int) -> None:
            while True:
                with lock:
                    one = next(work, None)
                if one is None:
                    return
                do(client, one)

        at_once([partial(run, client) for client in range(CLIENTS)])


class Many(Road):
    """The same beside a year of cases."""

    name = "lifecycle-http-many"
    what = f"five-act lifecycles over HTTP, 2 server processes, 8 clients, beside {ROWS:,} cases"

    def base(self, stage: Stage) -> Database:
        return stage.million


FIGURES: Sequence[type[Road]] = (Road, Many)
