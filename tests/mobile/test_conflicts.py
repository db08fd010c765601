"""Two tablets act on the same case where neither has a signal: both acts are kept, and both sides see how they stand."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mobile.core.tablet import Tablet
from mobile.core.views import OutboxItem
from mobile.sim.wire import BadWire
from server.cases.chain import verify_case
from server.db import Connection
from server.holds import service as holds
from server.security import Viewer, load_viewer
from tests.conftest import LiveServer
from tests.link import here, rows, settle, tablet_of
from tests.properties.sync_cast import OFFICE_STEPS, Office
from tests.server.small_district import SmallDistrict

OTHER = "urban/event/0600"
OFFICE_STEPS_TO_INSPECTION = list(OFFICE_STEPS).index("handled")


class Pair:
    """Two tablets that know the same case, which waits to be inspected, and the office."""

    def __init__(self, live: LiveServer, district: SmallDistrict, home: Path) -> None:
        self.live, self.office = live, Office(live.database, district, "")
        self.wires = [BadWire(), BadWire()]
        self.first, self.second = (
            tablet_of(live, "worker", home / str(n), wire) for n, wire in enumerate(self.wires)
        )
        self.first.report(OTHER, "any", here(), "护栏松了", [], False)
        self.first.sync_now()
        for _ in range(OFFICE_STEPS_TO_INSPECTION):
            self.office.step(0)
        self.sync()
        self.case_id = str(rows(live, "select id from cases")[0]["id"])
        assert self.state() == "handled"

    def offline(self) -> None:
        for wire in self.wires:
            wire.online = False

    def sync(self) -> None:
        """Both have a signal again; the first one is the first to speak."""
        for wire, tablet in zip(self.wires, (self.first, self.second), strict=True):
            wire.online = True
            tablet.sync_now()
        self.first.sync_now()

    def passes(self, tablet: Tablet) -> str:
        return tablet.act(self.case_id, "pass", {"close_kind": "fixed"}, position=here())

    def fails(self, tablet: Tablet) -> str:
        return tablet.act(self.case_id, "fail", {"unmet": "还是松的"}, position=here())

    def state(self) -> str:
        return str(rows(self.live, "select state from cases")[0]["state"])

    def board(self) -> list[dict[str, Any]]:
        return self._as_duty(lambda conn, duty, now: holds.page(conn, duty, now, 50)["items"])

    def opened(self, command_id: str) -> holds.Opened:
        return self._as_duty(lambda conn, duty, now: holds.opened(conn, duty, uuid.UUID(command_id), now))

    def _as_duty(self, work: Any) -> Any:
        now = datetime.now(UTC)

        def run(conn: Connection) -> Any:
            duty: Viewer | None = load_viewer(conn, self.office.district.people["duty"], now)
            return work(conn, duty, now)

        return self.live.database.run(run)

    def close(self) -> None:
        for tablet in (self.first, self.second):
            tablet.close()
        for wire in self.wires:
            wire.close()


@pytest.fixture
def pair(live_server: LiveServer, tmp_path: Path) -> Iterator[Pair]:
    made = Pair(live_server, settle(live_server.database), tmp_path)
    yield made
    made.close()


def only(items: tuple[OutboxItem, ...]) -> OutboxItem:
    (item,) = items
    return item


def test_of_two_judgements_the_second_waits_and_tablet_and_board_show_both(pair: Pair) -> None:
    pair.offline()
    first, second = pair.passes(pair.first), pair.fails(pair.second)
    pair.sync()
    assert pair.state() == "inspected"
    assert pair.first.outbox().needs_you == pair.first.outbox().waiting == ()
    waits = only(pair.second.outbox().needs_you)
    assert (waits.command_id, waits.status, waits.case_id) == (second, "待人工裁定", pair.case_id)
    assert waits.why and "open_case" in [step.step for step in waits.steps]
    (row,) = pair.board()
    assert (str(row["command_id"]), row["kind"]) == (second, "fail")
    both = pair.opened(second)
    assert both.seen is not None and both.seen["action"] == "handle"
    assert [event["action"] for event in both.since] == ["pass"]
    assert both.raw["payload"]["unmet"] == "还是松的"
    assert rows(pair.live, "select outcome from commands where command_id = %s", uuid.UUID(first)) == [
        {"outcome": "applied"}
    ]


def test_what_the_office_decides_reaches_the_tablet_whose_act_waited(pair: Pair) -> None:
    pair.offline()
    second = pair.fails(pair.second)
    pair.office.step(0)  # the community judges first: not done, back to the crew
    third = pair.second.act(pair.case_id, "comment", {"text": "拍了照"})
    pair.sync()
    assert {item.command_id for item in pair.second.outbox().needs_you} == {second, third}, (
        "what builds on it waits with it"
    )
    pair.office.decide(0, "refuse")
    pair.sync()
    told = {item.command_id: item for item in pair.second.outbox().needs_you}
    assert set(told) == {second, third} and pair.board() == []
    assert all("已在别处处理" in item.why for item in told.values())
    assert all("discard" in [step.step for step in item.steps] for item in told.values())


def test_words_and_photos_of_two_tablets_never_conflict(pair: Pair) -> None:
    pair.offline()
    for tablet in (pair.first, pair.second):
        tablet.act(pair.case_id, "comment", {"text": "看过"})
    pair.sync()
    assert [tablet.outbox().needs_you for tablet in (pair.first, pair.second)] == [(), ()]
    events = rows(
        pair.live, "select action from case_events where case_id = %s order by n", uuid.UUID(pair.case_id)
    )
    assert [event["action"] for event in events][-2:] == ["comment", "comment"]
    with pair.live.database.read() as conn:
        assert verify_case(conn, uuid.UUID(pair.case_id)) is None
