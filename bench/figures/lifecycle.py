"""One case through five acts inside the program, each act its own transaction, beside the bare SQL of the five."""

from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

from bench.served import Recorded, Transaction, recorded, send
from bench.stage import Stage
from server.cases.apply import apply
from server.db import Connection, Database, connect
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import body_hash, uuid7
from server.security import Viewer

RUBBISH = {"system": "urban/event", "code": "0110"}
CREW = "crew-sanitation"
ACTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("worker1", "report", {"category": RUBBISH, "title": "垃圾袋"}),
    ("duty1", "register", {"condition": "any"}),
    ("dispatch1", "dispatch", {"crew": CREW}),
    ("crew", "accept", {}),
    ("crew", "ask_return", {"reason": "不属于我队"}),
)


class Lifecycle:
    name = "lifecycle"
    what = "cases through five acts without HTTP, one after the other"
    floor_is = "the bare SQL of the same five transactions"
    count = 30

    def __init__(self, stage: Stage) -> None:
        self.stage, self.database = stage, self.base(stage)
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(
                "select p.login from people p join memberships m on m.person_id = p.id"
                " join organisations o on o.id = m.organisation_id where o.code = %s", (CREW,)
            )  # fmt: skip
            crew = cursor.fetchone()["login"]
            self.cast: dict[str, Viewer] = {
                login: stage.viewer(conn, crew if login == "crew" else login) for login, _, _ in ACTS
            }
            cursor.execute(
                "select st_x(inside) as lon, st_y(inside) as lat from grids where current and node_id = %s",
                (self.cast["worker1"].grids[0],),
            )
            self.place = cursor.fetchone()
        self.known = {viewer.person_id: viewer.actor() for viewer in self.cast.values()}
        self.connection = connect(self.database.dsn)

    def base(self, stage: Stage) -> Database:
        return stage.road

    def command(self, case_id: UUID, act: int) -> Command:
        """The act of that number on a case."""
        login, action, payload = ACTS[act]
        viewer = self.cast[login]
        place = Position(self.place["lon"], self.place["lat"], 8, "gps", crs="EPSG:4326")
        return Command(
            uuid7(), action, case_id, read_payload(action, payload), body_hash(payload), "console",
            person_id=viewer.person_id, position=Position() if act else place,
            district_id=viewer.district_id, source="" if act else "patrol", raw="{}",
        )  # fmt: skip

    def done(self, conn: Connection, case_id: UUID, act: int) -> None:
        """Does one act."""
        answer = apply(conn, [self.command(case_id, act)], self.stage.now, self.known)[0]
        assert answer.applied, answer

    def floor(self, count: int) -> float | None:
        lifecycles = [self._recorded() for _ in range(count)]
        begun = perf_counter()
        for transactions in lifecycles:
            send(self.connection, transactions)
        return (perf_counter() - begun) / count

    def _recorded(self) -> list[Transaction]:
        found: list[Transaction] = []
        case_id = uuid7()

        def work(conn: Connection) -> None:
            for act in range(len(ACTS)):
                before = len(Recorded.sent)
                self.done(conn, case_id, act)
                found.append(Recorded.sent[before:])

        recorded(self.database, work)
        return found

    def figure(self, count: int) -> float | None:
        for _ in range(count):
            case_id = uuid7()
            for act in range(len(ACTS)):
                self.database.run(partial(self.done, case_id=case_id, act=act))
        return None


FIGURES = (Lifecycle,)
