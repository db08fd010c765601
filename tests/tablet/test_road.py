"""A report's way through the real window: enrolled, captured without an office, waiting, sent, in the list."""

from pathlib import Path

import pytest

from server.db import Database
from server.protocol.ticket import Ticket
from tests.conftest import serving
from tests.link import code_for, rows, settle
from tests.tablet.conftest import Window
from tests.tablet.hand import Hand, Walk

pytestmark = pytest.mark.xdist_group("window")

IN_S1C1G1 = (104.005, 30.005, 8.0)


def enrols(hand: Hand) -> Walk:
    yield from hand.tap("登记")
    yield hand.sees("登记码有效")
    assert hand.sees("worker岗")()
    assert hand.sees("S1C1G1名")()
    yield from hand.tap("是我，下一步设密码")
    yield hand.sees("设置密码")
    yield from hand.enters()
    yield hand.sees("再输一遍")
    yield from hand.enters()
    yield hand.sees("待办")
    yield lambda: hand.page.ids.map.ground is not None
    assert hand.page.ids.map.ground.mine


def reports_rubbish_with_a_photo(hand: Hand) -> Walk:
    """Three taps for the case itself (report, what, send); the photo and the sentence are more."""
    yield from hand.tap("上报")
    yield from hand.tap("暴露垃圾")
    yield from hand.tap("拍照")
    yield lambda: bool(hand.tablet.draft().photos)
    yield from hand.type_into(hand.page.ids.sentence, "三栋西侧垃圾袋堆在绿地边")
    yield from hand.tap("提交上报")
    yield hand.sees("已存在本机：暴露垃圾")
    yield from hand.tap("待发")
    yield hand.sees("等待发送")
    assert hand.sees("上报 · 暴露垃圾")()
    assert len(hand.tablet.outbox().waiting) == 1


def sends_it(hand: Hand) -> Walk:
    yield from hand.tap("我的")
    yield from hand.tap("立即同步")
    yield lambda: not hand.page.syncing and not hand.tablet.outbox().waiting
    yield from hand.tap("待发")
    yield hand.sees("全部送达")
    yield from hand.tap("案件")
    yield hand.sees("我上报的")
    yield from hand.tap("我上报的")
    yield hand.sees("暴露垃圾")
    yield from hand.tap("暴露垃圾")
    yield hand.sees("三栋西侧垃圾袋堆在绿地边")
    assert hand.page.photos[0].has_bytes


def test_a_report_with_a_photo_is_kept_without_an_office_and_arrives_once_when_there_is_one(
    window: Window, database: Database, tmp_path: Path
) -> None:
    settle(database)
    home, office = tmp_path / "tablet", tmp_path / "office"
    with serving(database, office) as live:
        port = live.settings.port
        window(enrols, home, server=live.url, code=code_for(database, "worker"), at=IN_S1C1G1)
    window(reports_rubbish_with_a_photo, home, at=IN_S1C1G1)
    with serving(database, office, port=port) as live:
        window(sends_it, home, at=IN_S1C1G1)
        (case,) = rows(live, "select number, state from cases")
        assert case["number"]
        (photo,) = rows(live, "select sha256, stage from attachments")
        assert photo["stage"] == "before"


def enrols_by_the_copied_code(hand: Hand, line: str) -> Walk:
    """Something else was copied first; then the line that the office's page shows under its QR code."""
    from kivy.core.clipboard import Clipboard

    Clipboard.copy("7KQX")
    yield from hand.tap("读取已复制的登记码")
    yield hand.sees("这不是登记码")
    assert not hand.tablet.enrolled
    Clipboard.copy(line)
    yield from hand.tap("读取已复制的登记码")
    yield hand.sees("登记码有效")
    assert hand.sees("worker岗")()
    assert hand.sees_no("读取已复制的登记码")()


def test_a_tablet_comes_in_by_the_line_of_the_offices_qr_code_in_one_tap(
    window: Window, database: Database, tmp_path: Path
) -> None:
    settle(database)
    with serving(database, tmp_path / "office") as live:
        line = Ticket(live.url, code_for(database, "worker")).line
        window(enrols_by_the_copied_code, tmp_path / "tablet", server="http://127.0.0.1:9", line=line)
        (device,) = rows(live, "select state from devices")
        assert device["state"] == "active"


def pastes_the_line(hand: Hand) -> Walk:
    """The whole line in either field fills both; what is no line stays where it was typed."""
    ids = hand.page.ids
    for field in (ids.code, ids.server):
        yield from hand.type_into(field, "xunge-enrol https://office.example 7KQX-2M9D-VH4T")
        assert (ids.server.text, ids.code.text) == ("https://office.example", "7KQX-2M9D-VH4T")
        yield from hand.type_into(ids.code, "7KQX 2M9D")
        assert (ids.server.text, ids.code.text) == ("https://office.example", "7KQX 2M9D")
    hand.later(lambda: hand.page._scanned(None))
    yield hand.sees("这不是登记码")
    hand.page.looks = True
    yield hand.sees("扫登记码")
    hand.later(lambda: hand.page._scanned(None))
    yield hand.sees("没读到登记码")


def test_the_line_pasted_into_either_field_fills_both(window: Window, tmp_path: Path) -> None:
    window(pastes_the_line, tmp_path / "tablet")


def is_refused(hand: Hand) -> Walk:
    yield from hand.tap("登记")
    yield lambda: bool(hand.page.wrong)
    assert not hand.tablet.enrolled
    assert not hand.page.confirming


def test_a_code_that_is_not_good_is_answered_by_a_sentence_and_nothing_opens(
    window: Window, database: Database, tmp_path: Path
) -> None:
    settle(database)
    with serving(database, tmp_path / "office") as live:
        window(is_refused, tmp_path / "tablet", server=live.url, code="AAAA-BBBB-CCCC")


def types_and_is_closed(hand: Hand) -> Walk:
    yield from hand.tap("上报")
    yield from hand.tap("暴露垃圾")
    yield from hand.type_into(hand.page.ids.sentence, "写到一半")


def finds_the_draft(hand: Hand) -> Walk:
    yield from hand.tap("上报")
    yield hand.sees("上报 · 暴露垃圾")
    assert hand.page.ids.sentence.text == "写到一半"


def takes_it_back(hand: Hand) -> Walk:
    yield from hand.tap("上报")
    yield from hand.tap("暴露垃圾")
    yield from hand.tap("提交上报")
    yield from hand.tap("撤销")
    yield hand.sees("已撤销")
    assert not hand.tablet.outbox().waiting


def drags_the_pin(hand: Hand) -> Walk:
    """Without a receiver the map is tapped; then the pin is dragged to the right."""
    yield from hand.tap("上报")
    yield hand.sees("没有定位")
    view = hand.page.ids.map
    yield from hand.tap_at(*view.to_window(*view.center))
    first = hand.tablet.draft().position
    assert first is not None
    assert first.placed_by_hand
    x, y = view.at((first.lon, first.lat))
    yield from hand.drag(x, y, x + 60, y)
    second = hand.tablet.draft().position
    assert second is not None
    assert second.lon > first.lon
    assert view.at((second.lon, second.lat)) == pytest.approx((x + 60, y), abs=2)


def test_a_draft_survives_a_closed_tablet_an_act_can_be_taken_back_and_a_place_be_put_by_hand(
    window: Window, database: Database, tmp_path: Path
) -> None:
    settle(database)
    home = tmp_path / "tablet"
    with serving(database, tmp_path / "office") as live:
        window(enrols, home, server=live.url, code=code_for(database, "worker"), at=IN_S1C1G1)
    window(drags_the_pin, home)
    window(types_and_is_closed, home, at=IN_S1C1G1)
    window(finds_the_draft, home, at=IN_S1C1G1)
    window(takes_it_back, home, at=IN_S1C1G1)
