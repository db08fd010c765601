"""Photos of several stages in the real window: each is asked for by name, and the next one shows what is still missing."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.db import Connection, Database
from tests.conftest import serving
from tests.factories import Street
from tests.link import settle, tablet_of
from tests.server.cases.test_stages import asking_for
from tests.tablet.conftest import PORTRAIT, Window
from tests.tablet.hand import PIN, Hand, Walk
from tests.tablet.test_layout import faults

pytestmark = pytest.mark.xdist_group("window")


def reports_with_both_photos(hand: Hand, shot: str) -> Walk:
    yield from hand.tap("上报")
    yield from hand.tap("暴露垃圾")
    yield hand.sees("本类别须拍照：处置前、处置中。")
    assert hand.sees("先拍照片：处置前")()
    yield from hand.tap("拍照")
    yield hand.sees("先拍照片：处置中")
    assert not list(faults(hand))
    _picture(shot)
    yield from hand.tap("拍照")
    yield hand.sees("提交上报")
    assert [photo.stage for photo in hand.tablet.draft().photos] == ["before", "during"]


def makes_it_safe_with_both_photos(hand: Hand, shot: str) -> Walk:
    yield hand.sees("待办")
    yield from hand.tap("案件")
    yield from hand.tap("我上报的")
    yield from hand.tap("污水井盖")
    yield from hand.tap("先行围挡")
    yield hand.sees("还缺照片：处置中、处置后。")
    yield from hand.tap("拍照")
    yield hand.sees("还缺照片：处置后。")
    assert not list(faults(hand))
    _picture(shot)
    yield from hand.tap("拍照")
    yield hand.sees("照片已齐")


def _picture(name: str) -> None:
    from kivy.core.window import Window as Screen

    Screen.screenshot(name=name)


@pytest.fixture
def asked(database: Database, tmp_path: Path) -> Path:
    """A worker's tablet under a pack that asks for several photos, with a dangerous case of its own."""
    district, folder = settle(database), tmp_path / "tablet"

    def work(conn: Connection) -> None:
        street = Street(conn, district, tmp_path / "office" / "blobs", datetime.now(UTC))
        asking_for(street, report=["before", "during"], make_safe=["during", "after"])
        number = street.report(category={"system": "urban/component", "code": "0102"}, condition="missing")
        street.act("duty", number, "register", condition="missing")

    database.run(work)
    with serving(database, tmp_path / "office") as live:
        tablet = tablet_of(live, "worker", folder)
        tablet.choose_pin(PIN)
        tablet.sync_now()
        tablet.close()
    return folder


def test_a_report_and_an_act_ask_for_each_of_their_photos_by_name(
    window: Window, asked: Path, tmp_path: Path
) -> None:
    window(reports_with_both_photos, asked, shot=str(tmp_path / "report.png"), at=(104.005, 30.005, 8.0))
    window(makes_it_safe_with_both_photos, asked, size=PORTRAIT, shot=str(tmp_path / "act.png"))
