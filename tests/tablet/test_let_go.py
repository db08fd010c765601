"""A screen that was left is let go: the tablet runs for a whole shift and has little memory."""

import gc
from pathlib import Path

import pytest

from tests.tablet.conftest import Window
from tests.tablet.hand import Hand, Walk

pytestmark = pytest.mark.xdist_group("window")

# What was just left may still be held by something that ends by itself: a touch that fades, a call of the next frame.
TIMES, FADING = 4, 2


def come_and_go(hand: Hand) -> Walk:
    from mobile.ui.page import Page

    house, todo = hand.house, hand.tablet.today(hand.house.now(), None).todos[0].case_id

    def kept() -> list[str]:
        gc.collect()
        # Not by isinstance: a weak proxy of a widget that is gone answers no question about its class.
        kinds = (type(one) for one in gc.get_objects())
        return [kind.__name__ for kind in kinds if issubclass(kind, Page)]

    for name, what in (
        *((name, {}) for name in ("today", "map", "cases", "messages", "outbox", "me", "report", "category")),
        ("case", {"case_id": todo}),
        ("inspect", {"case_id": todo}),
    ):
        for _ in range(TIMES):
            house.show(name, **what)
            yield None
        kind = type(house.page).__name__
        house.show("pin", mode="change")
        yield None
        found = kept().count(kind)
        assert found <= FADING, f"{found} of {TIMES} screens {name} are still there"


def test_a_screen_that_was_left_is_let_go(window: Window, lived_in: Path) -> None:
    window(come_and_go, lived_in)
