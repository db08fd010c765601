"""The lock screen in the real window: whose tablet it is, a pad for gloves, a wait for wrong PINs, the way back in."""

from pathlib import Path

import pytest

from tests.tablet.conftest import Window
from tests.tablet.hand import PIN, Hand, Walk

pytestmark = pytest.mark.xdist_group("window")

IN_S1C1G1 = (104.005, 30.005, 8.0)


def comes_back_to_the_report_it_was_writing(hand: Hand) -> Walk:
    yield from hand.enters()
    yield hand.sees("待办")
    yield from hand.tap("上报")
    yield from hand.tap("暴露垃圾")
    yield from hand.type_into(hand.page.ids.sentence, "写到一半被叫走")
    hand.house.touched -= 10_000  # nobody has touched it for hours
    yield hand.sees("输入 6 位密码")
    assert hand.tablet.locked
    assert hand.sees("worker岗")()
    assert hand.sees("待发内容已加密")()
    assert hand.sees_no("写到一半被叫走")()
    hand.house.back()
    assert hand.tablet.locked
    assert hand.sees("输入 6 位密码")(), "there is no way around the PIN"
    yield from hand.enters(PIN[::-1])
    yield hand.sees("密码不对，还可试 2 次")
    yield from hand.enters()
    yield hand.sees("上报 · 暴露垃圾")
    assert hand.page.ids.sentence.text == "写到一半被叫走"


def is_made_to_wait(hand: Hand) -> Walk:
    yield hand.sees("输入 6 位密码")
    for _ in range(3):
        yield lambda: hand.page.takes and not hand.page.typed
        yield from hand.enters(PIN[::-1])
    yield hand.sees("秒后再试")
    assert all(key.disabled for key in hand.page.ids.pad.children)
    yield from hand.tap("忘了密码？请社区管理员发新的登记码")
    yield hand.sees("待发内容都在")
    yield from hand.tap("返回")
    yield hand.sees("输入 6 位密码")
    assert hand.tablet.locked


def changes_the_pin(hand: Hand) -> Walk:
    yield from hand.tap("我的")
    yield from hand.tap("改密码")
    yield from hand.enters()
    yield hand.sees("设一个 6 位密码")
    yield from hand.enters("147147")
    yield hand.sees("再输一遍")
    yield from hand.enters("147148")
    yield hand.sees("两次输入不一样")
    for _ in range(2):
        yield lambda: not hand.page.typed
        yield from hand.enters("147147")
    yield hand.sees("密码已设好")
    yield from hand.tap("锁屏退出")
    yield hand.sees("输入 6 位密码")
    yield from hand.enters("147147")
    yield hand.sees("本机知道您什么")


def test_a_tablet_left_alone_locks_itself_and_comes_back_to_what_was_being_written(
    window: Window, lived_in: Path
) -> None:
    window(comes_back_to_the_report_it_was_writing, lived_in, at=IN_S1C1G1, locked=True)
    window(changes_the_pin, lived_in, at=IN_S1C1G1)


def test_wrong_pins_grey_the_keys_and_who_forgot_it_is_shown_the_way(window: Window, lived_in: Path) -> None:
    window(is_made_to_wait, lived_in, locked=True)
