"""The map in the real window: filters, a case told below at a touch on its mark, and the way into it."""

from pathlib import Path

import pytest

from tests.tablet.conftest import Window
from tests.tablet.hand import Hand, Walk

pytestmark = pytest.mark.xdist_group("window")


def finds_a_case_by_its_mark(hand: Hand) -> Walk:
    yield from hand.tap("地图")
    view = hand.page.ids.map
    yield lambda: view.ground is not None and bool(view.marks)
    todo = view.marks[0]
    yield from hand.tap("办理中")
    yield lambda: len(view.marks) > 1
    (shown,) = [mark for mark in view.marks if mark.case_id == todo.case_id]
    before = view.zoom
    hand.page.nearer()
    assert view.zoom > before
    hand.page.farther()
    hand.page.look_at_mine()
    yield None
    yield from hand.tap_at(*view.to_window(*view.at((shown.lon, shown.lat))))
    yield lambda: hand.page.told
    told = hand.page.ids.told.children[0]
    assert told.case_id == hand.page.picked
    yield from hand.tap_at(*told.to_window(*told.center))
    yield hand.sees("经过")
    assert hand.tablet.case(told.case_id)


def test_a_mark_on_the_map_is_told_below_and_leads_into_its_case(window: Window, lived_in: Path) -> None:
    window(finds_a_case_by_its_mark, lived_in, at=(104.005, 30.005, 8.0))
