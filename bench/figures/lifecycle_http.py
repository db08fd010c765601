"""Five-act lifecycles over HTTP by two server processes and eight clients, beside their bare SQL.

The floor is the product's own SQL: the statements of the five transactions are recorded once for every lifecycle and
sent again by eight connections that do nothing else. What is above it is what HTTP, the doors and the program cost.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar

from psycopg2.extras import RealDictCursor

from bench.stage import Stage
from server.cases import acts, service
from server.db import Database, connect
from server.people.tokens import make_token
from server.protocol.commands import Position

CLIENTS, WORKERS, PATIENCE_S = 8, 2, 120
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
Lifecycle = list[list[bytes]]


class Recorded(RealDictCursor):
    """Keeps every statement as it was sent."""

    sent: ClassVar[list[bytes]] = []

    def execute(self, *told: Any) -> Any:
        try:
            return super().execute(*told)
        finally:
            Recorded.sent.append(self.query)


class Road:
    """The demo district on an empty database."""

    name, what = (
        "lifecycle-http",
        "five-act lifecycles over HTTP, 2 server processes, 8 clients, empty database",
    )
    floor_is = "the bare SQL of the same five transactions, 8 connections"
    count = 40

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
        self._shared(work, self._replay)

    @cached_property
    def recorded(self) -> Iterator[Lifecycle]:
        """Lifecycles that were tried and rolled back, so that sending their statements does them."""
        enough = 8 if self.stage.quick else self.count * 6
        return iter([self._record() for _ in range(enough)])

    def _record(self) -> Lifecycle:
        found: Lifecycle = []
        with closing(connect(self.database.dsn)) as conn:
            conn.cursor_factory = Recorded
            number = ""
            for who, action, payload in STEPS:
                Recorded.sent = []
                viewer = self.stage.viewer(conn, self.logins[who])
                Recorded.sent = []
                if action == "report":
                    position = Position(self.place["lon"], self.place["lat"], 8, "hand", crs="EPSG:4326")
                    answer = acts.report(
                        conn, viewer, payload, position, "bench", None, None, "api", None, self.stage.now
                    )
                    number = answer.case_number or ""
                else:
                    acts.act(conn, viewer, number, action, payload, None, "api", None, self.stage.now)
                service.get_case(conn, viewer, number, self.stage.now)
                found.append(list(Recorded.sent))
            conn.rollback()
        return found

    def _replay(self, client: int, lifecycle: Lifecycle) -> None:
        connection = self.connections[client]
        with connection.cursor() as cursor:
            for transaction in lifecycle:
                for statement in transaction:
                    cursor.execute(statement)
                connection.commit()

    # The figure -----------------------------------------------------------------------------------------------

    def figure(self, count: int) -> None:
        # The floor may have taken longer than the server keeps an idle connection.
        for client in self.clients:
            client.close()
        self._shared(iter(range(count)), lambda client, _: self._over_http(client))

    @cached_property
    def port(self) -> int:
        """A server with two processes, up when this is asked for; it ends with the bench."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        environment = {**os.environ, "DATABASE_URL": self.database.dsn, "XUNGE_HOME": str(self.stage.home / "served"),
                       "XUNGE_PORT": str(port), "XUNGE_WORKERS": str(WORKERS), "XUNGE_POOL": "4"}  # fmt: skip
        server = subprocess.Popen([sys.executable, "-m", "server", "serve"], env=environment,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        self.stage.ends_with(server)
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return port
            except OSError:
                assert time.monotonic() < until and server.poll() is None, "the server did not start"
                time.sleep(0.05)

    @cached_property
    def clients(self) -> list[http.client.HTTPConnection]:
        return [
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S) for _ in range(CLIENTS)
        ]

    @cached_property
    def tokens(self) -> dict[str, str]:
        return {
            who: self.database.run(lambda conn, login=login: make_token(conn, login, "bench", self.stage.now))
            for who, login in self.logins.items()
        }

    def _over_http(self, client: int) -> None:
        path, etag = "/api/v1/cases", ""
        for who, action, payload in STEPS:
            if action == "report":
                body: dict[str, Any] = {**payload, "lon": self.place["lon"], "lat": self.place["lat"]}
                body |= {"source": "bench", "category": f"{LAMP['system']}/{LAMP['code']}"}
                etag, number = self._post(client, who, path, body, "")
            else:
                etag, _ = self._post(client, who, f"{path}/{number}/actions/{action}", payload, etag)

    def _post(self, client: int, who: str, path: str, body: dict[str, Any], etag: str) -> tuple[str, str]:
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"}
        if etag:
            headers["If-Match"] = etag
        connection = self.clients[client]
        connection.request("POST", path, json.dumps(body).encode(), headers)
        reply = connection.getresponse()
        answer = json.loads(reply.read())
        assert reply.status in (200, 201), answer
        return reply.headers["ETag"], answer["number"]

    def _shared(self, work: Iterator[Any], do: Callable[[int, Any], None]) -> None:
        """`work` done by all clients at once; the first error of any of them is raised."""
        lock, errors = threading.Lock(), []

        def run(client: int) -> None:
            try:
                while True:
                    with lock:
                        one = next(work, None)
                    if one is None or errors:
                        return
                    do(client, one)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=run, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]


class Million(Road):
    """The same beside a year of cases."""

    name, what = (
        "lifecycle-http-1m",
        "five-act lifecycles over HTTP, 2 server processes, 8 clients, at 1 M cases",
    )

    def base(self, stage: Stage) -> Database:
        return stage.million


FIGURES: Sequence[type[Road]] = (Road, Million)
