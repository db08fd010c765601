"""The office's word about held acts in the real window: what took effect, what did not and why, and the next step."""

from pathlib import Path

import pytest

from server.db import Database
from tests.conftest import serving
from tests.link import here, picture, settle, tablet_of
from tests.mobile.test_held import office_decides
from tests.tablet.conftest import PORTRAIT, Window
from tests.tablet.hand import PIN, Hand, Walk
from tests.tablet.test_layout import faults

pytestmark = pytest.mark.xdist_group("window")
REFUSED = "试验区指挥中心未采纳您的操作：与上午那件是同一处，已并案办理"


def reads_the_offices_word(hand: Hand) -> Walk:
    yield hand.sees("待办")
    yield from hand.tap("待发")
    yield hand.sees(REFUSED)
    assert hand.sees("试验区指挥中心裁定：您的操作已按原样生效。")()
    assert hand.sees("指挥中心裁定：已生效")()
    assert not list(faults(hand))


def reads_it_among_the_messages(hand: Hand, shot: str) -> Walk:
    yield hand.sees("待办")
    yield from hand.tap("消息")
    yield hand.sees("“上报”：" + REFUSED)
    assert hand.sees("“上报”：试验区指挥中心裁定：您的操作已按原样生效。")()
    assert not list(faults(hand))
    from kivy.core.window import Window as Screen

    Screen.screenshot(name=shot)
    yield from hand.tap("“上报”：" + REFUSED)
    yield hand.sees("指挥中心裁定：已生效")


@pytest.fixture
def decided(database: Database, tmp_path: Path) -> Path:
    """A tablet whose person's account was closed with two reports unsent; the office has decided about both."""
    district, folder = settle(database), tmp_path / "tablet"
    with serving(database, tmp_path / "office") as live:
        tablet = tablet_of(live, "worker", folder)
        tablet.choose_pin(PIN)
        first = tablet.report("urban/event/0110", "any", here(), "三栋西侧垃圾袋堆在绿地边", [], False)
        photo = tablet.take_in(picture(), "before")
        second = tablet.report(
            "urban/component/0102", "broken", here(), "井盖裂开缺一角", [photo.photo_id], False
        )
        database.run(
            lambda conn: conn.cursor().execute("update people set active = false where login = 'worker'")
        )
        tablet.sync_now()
        office_decides(live, district, first, "apply")
        office_decides(live, district, second, "refuse", "与上午那件是同一处，已并案办理")
        tablet.sync_now()
        tablet.close()
    return folder


def test_what_the_office_decided_stands_in_the_outbox_of_the_window(window: Window, decided: Path) -> None:
    window(reads_the_offices_word, decided, size=PORTRAIT)


def test_a_message_about_a_report_that_was_refused_opens_it_in_the_outbox(
    window: Window, decided: Path, tmp_path: Path
) -> None:
    window(reads_it_among_the_messages, decided, size=PORTRAIT, shot=str(tmp_path / "messages.png"))
