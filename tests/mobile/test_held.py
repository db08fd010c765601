"""A held act from the tap to the office's word: the real tablet against the real server and its desk."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mobile.core.tablet import Tablet
from server.holds.decide import decide
from server.security import load_viewer
from tests.conftest import LiveServer
from tests.link import BadWire, here, rows, settle, tablet_of
from tests.server.small_district import SmallDistrict

RUBBISH = "urban/event/0110"


@pytest.fixture
def district(live_server: LiveServer) -> SmallDistrict:
    return settle(live_server.database)


@pytest.fixture
def wire() -> Iterator[BadWire]:
    made = BadWire()
    yield made
    made.close()


@pytest.fixture
def tablet(
    live_server: LiveServer, district: SmallDistrict, wire: BadWire, tmp_path: Path
) -> Iterator[Tablet]:
    made = tablet_of(live_server, "worker", tmp_path / "tablet", wire)
    yield made
    made.close()


def office_decides(
    server: LiveServer, district: SmallDistrict, command_id: str, choice: str, said: str = ""
) -> None:
    now = datetime.now(UTC)

    def work(conn):  # type: ignore[no-untyped-def]
        duty = load_viewer(conn, district.people["duty"], now)
        assert duty is not None
        decide(conn, duty, uuid.UUID(command_id), choice, said, None, None, "", now)

    server.database.run(work)


def test_acts_of_a_dead_account_wait_and_the_offices_word_comes_over_a_bad_wire_once(
    live_server: LiveServer, district: SmallDistrict, tablet: Tablet, wire: BadWire
) -> None:
    wire.online = False
    first = tablet.report(RUBBISH, "any", here(), "第一处", [], False)
    second = tablet.report(RUBBISH, "any", here(), "第二处", [], False)
    live_server.database.run(
        lambda conn: conn.cursor().execute("update people set active = false where login = 'worker'")
    )
    wire.online = True
    tablet.sync_now()
    assert {item.command_id: item.status for item in tablet.outbox().needs_you} == dict.fromkeys(
        (first, second), "待人工裁定"
    )
    assert rows(live_server, "select * from cases") == []
    office_decides(live_server, district, first, "apply")
    office_decides(live_server, district, second, "refuse", "重复上报")
    for fault in ("drop_request", "drop_answer", "cut", "captive"):
        wire.plan = [fault]
        tablet.sync_now()
    wire.heal()
    tablet.sync_now()
    outbox = tablet.outbox()
    (done,), (refused,) = outbox.changed, outbox.needs_you
    assert (done.command_id, done.why) == (first, "试验区指挥中心裁定：您的操作已按原样生效。")
    assert (refused.command_id, refused.why) == (second, "试验区指挥中心未采纳您的操作：重复上报")
    (case,) = rows(live_server, "select description, reporter_id from cases")
    assert (case["description"], case["reporter_id"]) == ("第一处", district.people["worker"])
    # Its own report stands among its cases, and what was refused does not.
    assert [row.case_id for row in tablet.cases("mine").rows] == [
        str(row["id"]) for row in rows(live_server, "select id from cases")
    ]
    tablet.outbox_act(first, "seen")
    tablet.sync_now()
    assert tablet.outbox().changed == ()
