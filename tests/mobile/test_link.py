"""What the sync promises, tried over a bad wire: everything captured arrives exactly once, whatever happens on the way."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mobile.core.tablet import Tablet
from mobile.core.views import Refusal
from tests.conftest import LiveServer
from tests.link import FOREIGN, BadWire, TurnedClock, code_for, here, picture, rows, settle, tablet_of
from tests.server.small_district import SmallDistrict

RUBBISH, COVER = "urban/event/0110", "urban/component/0102"


@pytest.fixture
def district(live_server: LiveServer) -> SmallDistrict:
    return settle(live_server.database)


@pytest.fixture
def wire() -> Iterator[BadWire]:
    made = BadWire()
    yield made
    made.close()


@pytest.fixture
def tablet(live_server: LiveServer, district: SmallDistrict, wire: BadWire, tmp_path: Path) -> Iterator[Tablet]:
    made = tablet_of(live_server, "worker", tmp_path / "tablet", wire)
    yield made
    made.close()


def test_a_report_with_a_photo_taken_without_a_signal_arrives_once_with_its_photo(
    live_server: LiveServer, tablet: Tablet, wire: BadWire
) -> None:
    wire.online = False
    photo = tablet.take_in(picture(1), "before")
    command_id = tablet.report(COVER, "missing", here(), "井盖不见了", [photo.photo_id], False)
    assert tablet.sync_now().state == "offline"
    assert [item.command_id for item in tablet.outbox().waiting] == [command_id]
    wire.online = True
    assert tablet.sync_now().state == "online"
    (case,) = rows(live_server, "select * from cases")
    assert (case["state"], case["description"], case["category_code"], case["condition"]) == ("reported", "井盖不见了", "0102", "missing")
    (kept,) = rows(live_server, "select a.arrived_at, b.bytes from attachments a join blobs b using (sha256)")
    assert kept["arrived_at"] is not None
    assert kept["bytes"] == len(picture(1))
    assert tablet.outbox().waiting == ()
    (row,) = tablet.cases("mine").rows
    assert row.case_id == str(case["id"])
    assert tablet.case(row.case_id).photos[0].has_bytes
