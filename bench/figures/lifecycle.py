"""One case through five acts, each its own transaction, against five transactions of one row."""

from functools import partial
from typing import Any

from bench.figures.sync import Sync
from bench.stage import Stage
from server.cases.apply import apply
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import body_hash, uuid7
from server.security import Viewer

RUBBISH = {"system": "urban/event", "code": "0110"}
ACTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("worker1", "report", {"category": RUBBISH, "title": "垃圾袋"}),
    ("duty1", "register", {"condition": "any"}),
    ("dispatch1", "dispatch", {"crew": "crew-sanitation"}),
    ("crew", "accept", {}),
    ("crew", "ask_return", {"reason": "不属于我队"}),
)


class Lifecycle(Sync):
    name = "lifecycle"
    what = "cases through five acts: report, register, dispatch, accept, answer"
    floor_is = "five transactions of one row"
    count = 30
    batch = len(ACTS)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        with self.database.read() as conn:
            with conn.cursor() as cursor:
                cursor.execute(
                    "select p.login from people p join memberships m on m.person_id = p.id"
                    " join organisations o on o.id = m.organisation_id where o.code = 'crew-sanitation'"
                )
                crew = cursor.fetchone()["login"]
            self.cast: dict[str, Viewer] = {
                login: stage.viewer(conn, crew if login == "crew" else login) for login, _, _ in ACTS
            }
        self.known = {viewer.person_id: viewer.actor() for viewer in self.cast.values()}

    def floor(self, count: int) -> None:
        for _ in range(count * len(ACTS)):
            self.database.run(partial(self._insert, rows=[(uuid7(), uuid7(), "x" * 400)]))

    def figure(self, count: int) -> None:
        for _ in range(count):
            case_id = uuid7()
            for login, action, payload in ACTS:
                viewer = self.cast[login]
                place = Position(self.place["lon"], self.place["lat"], 8, "gps", crs="EPSG:4326")
                command = Command(
                    uuid7(), action, case_id, read_payload(action, payload), body_hash(payload), "console",
                    person_id=viewer.person_id, position=place if action == "report" else Position(),
                    district_id=viewer.district_id, source="patrol" if action == "report" else "", raw="{}",
                )  # fmt: skip
                answer = self.database.run(
                    partial(apply, commands=[command], now=self.stage.now, actors=self.known)
                )[0]
                assert answer.applied, answer


FIGURES = (Lifecycle,)
