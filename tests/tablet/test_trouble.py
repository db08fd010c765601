"""A damaged memory in the real window: told in sentences, saved at a touch, then the work goes on."""

from pathlib import Path

import pytest

from mobile.core.store import FILE
from tests.mobile.test_damage import pages_of, spoil
from tests.tablet.conftest import PORTRAIT, Window
from tests.tablet.hand import PIN, Hand, Walk
from tests.tablet.test_layout import faults

pytestmark = pytest.mark.xdist_group("window")


def is_told_and_goes_on(hand: Hand) -> Walk:
    yield hand.sees("本机存储已损坏")
    assert hand.sees("没有删除任何内容，也没有重置")()
    assert not list(faults(hand))
    yield from hand.tap("救出能读的内容")
    yield hand.sees("已救出 2 条记录、1 张照片")
    assert hand.sees("所有记录都完好")()
    assert not list(faults(hand))
    yield from hand.tap("继续使用")
    yield hand.sees("输入 6 位密码")
    yield from hand.enters(PIN)
    yield hand.sees("待办")
    yield from hand.tap("待发")
    yield hand.sees("上报 · 污水井盖破损")


def goes_bad_while_in_use(hand: Hand) -> Walk:
    yield hand.sees("待办")
    store = hand.tablet._store
    for page in pages_of(hand.tablet.home / FILE, "outbox"):
        spoil(hand.tablet.home / FILE, page)
    store._sql.execute("pragma shrink_memory")
    hand.later(lambda: hand.house.show("outbox"))
    yield hand.sees("本机存储已损坏")


def test_a_damaged_memory_is_told_saved_and_the_work_goes_on(window: Window, lived_in: Path) -> None:
    spoil(lived_in / FILE, pages_of(lived_in / FILE, "outbox_words")[0])
    window(is_told_and_goes_on, lived_in, size=PORTRAIT)
    window(goes_bad_while_in_use, lived_in)
