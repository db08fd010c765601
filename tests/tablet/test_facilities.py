"""Facilities in the real window: on the map, told by a touch, switched off, listed by distance, reported in a few taps."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mobile.core.views import GridShape, LonLat, MapShapes, Ring
from tests.carried import HYDRANTS, LAMPS, PIPES, carry, pipe, thing, write
from tests.tablet.conftest import PORTRAIT, Window
from tests.tablet.hand import Hand, Walk

pytestmark = pytest.mark.xdist_group("window")

AT = (104.005, 30.005, 8.0)
LAMP = "urban/component/0137"


@pytest.fixture
def package(tmp_path: Path) -> str:
    """A lamp six metres from the worker, another one across the road, a hydrant and a pipe."""
    things = [
        thing("lamps", "L-0012", 104.00506, 30.00502, name="南门东侧", 杆高="8 m"),
        thing("lamps", "L-0013", 104.0054, 30.0053),
        thing("hydrants", "H-1", 104.0062, 30.0044),
        pipe("P-1", (104.002, 30.002), (104.004, 30.003), (104.008, 30.003)),
    ]
    return str(write(tmp_path / "given.sqlite", [LAMPS, HYDRANTS, PIPES], things))


def tap_place(hand: Hand, lon: float, lat: float) -> Walk:
    view = hand.page.ids.map
    yield from hand.tap_at(*view.to_window(*view.at((lon, lat))))


def opens_the_map(hand: Hand, package: str) -> Walk:
    carry(hand.tablet, Path(package))
    yield from hand.tap("地图")
    view = hand.page.ids.map
    yield lambda: view.ground is not None and view.facilities is not None
    view.look_at(104.0054, 30.0046, 2.0)
    yield None


def reports_a_lamp_from_the_map(hand: Hand, package: str) -> Walk:
    """Touch the badge, press report, send: nothing typed, and all three things are in the command."""
    yield from opens_the_map(hand, package)
    yield from tap_place(hand, 104.0054, 30.0053)
    yield hand.sees("路灯 L-0013")
    assert hand.page.ids.map.focus == (104.0054, 30.0053)
    assert hand.sees("此处没有在办案件")() or hand.sees("此处在办案件")()
    yield from hand.tap("上报它的问题")
    yield hand.sees("针对部件")
    yield from hand.tap("提交上报")
    yield hand.sees("已存在本机")
    entry = hand.tablet._outbox.all()[-1]
    assert entry.payload["category"] == {"system": "urban/component", "code": "0137"}
    assert entry.payload["form"] == {"component": "L-0013"}
    assert (entry.command["position"]["lon"], entry.command["position"]["lat"]) == (104.0054, 30.0053)
    assert entry.command["position"]["provider"] == "facility"


def switches_and_lists(hand: Hand, package: str) -> Walk:
    """A layer is switched off, its badge is gone for the finger too; the nearest are listed and found on the map."""
    yield from opens_the_map(hand, package)
    hand.page.show_layers()
    yield hand.sees("消火栓")
    hydrants = next(line for line in hand.visible() if getattr(line, "words", "") == "消火栓")
    switch = next(child for child in hydrants.children if type(child).__name__ == "Toggle")
    yield from hand.tap_at(*switch.to_window(*switch.center))
    assert [layer.shown for layer in hand.tablet.facility_map().layers] == [False, True, True]
    yield from hand.tap("返回")
    yield from tap_place(hand, 104.0062, 30.0044)
    assert hand.sees_no("消火栓 H-1")()
    hand.page.show_layers()
    yield None
    near = next(line for line in hand.visible() if getattr(line, "words", "") == "路灯")
    ghost = next(child for child in near.children if type(child).__name__ == "Ghost")
    yield from hand.tap_at(*ghost.to_window(*ghost.center))
    yield hand.sees("从您所在的位置算起")
    assert [row.code for row in hand.house._veil.sheet.rows] == ["L-0012", "L-0013"]
    yield from hand.tap("路灯 L-0013")
    yield hand.sees("上报它的问题")
    assert hand.page.ids.map.focus == (104.0054, 30.0053)


def touches_a_line(hand: Hand, package: str) -> Walk:
    """A pipe is found anywhere along it."""
    yield from opens_the_map(hand, package)
    hand.page.ids.map.look_at(104.006, 30.003, 2.0)
    yield None
    yield from tap_place(hand, 104.0068, 30.003)
    yield hand.sees("供水管 P-1")


def chooses_the_offered_one(hand: Hand, package: str) -> Walk:
    """The form of a lamp offers the nearest lamp; one touch takes it, another lets it go."""
    carry(hand.tablet, Path(package))
    yield from hand.tap("上报")
    hand.page.choose("urban/component/0102")
    yield None
    assert hand.sees_no("就是它")(), "a cover has no layer here"
    hand.page.choose(LAMP)
    yield hand.sees("路灯 L-0012 · 6 米")
    assert hand.tablet.draft().component == ""
    yield from hand.tap("其他")
    yield hand.sees("是哪一个？")
    yield from hand.tap("路灯 L-0013")
    yield hand.sees("针对部件")
    draft = hand.tablet.draft()
    assert draft.component == "L-0013"
    assert draft.position is not None and draft.position.lon == 104.0054
    line = hand.page.ids.component.children[0]
    line.drops()
    yield hand.sees("就是它")
    assert hand.tablet.draft().component == ""
    yield from hand.tap("就是它")
    yield hand.sees("针对部件")
    assert hand.tablet.draft().component == "L-0013", "the pin lies there now, so it is the nearest"
    hand.page.choose("urban/component/0102")
    assert hand.tablet.draft().component == ""


def test_a_facility_is_reported_from_the_map_without_typing(
    window: Window, lived_in: Path, package: str
) -> None:
    window(reports_a_lamp_from_the_map, lived_in, at=AT, package=package)
    window(chooses_the_offered_one, lived_in, size=PORTRAIT, at=AT, package=package)


def test_layers_are_switched_and_the_nearest_are_listed(window: Window, lived_in: Path, package: str) -> None:
    window(touches_a_line, lived_in, at=AT, package=package)
    window(switches_and_lists, lived_in, at=AT, package=package)


# Many of them ------------------------------------------------------------------------------------------------


def squares(side: int) -> Iterator[GridShape]:
    for number in range(side * side):
        west, south = 104 + (number % side) * 0.004, 30 + (number // side) * 0.004
        ring: Ring = tuple(
            (west + x * 0.004, south + y * 0.004) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
        )
        yield GridShape(f"G{number}", f"{number} 网格", 3, number == 0, (ring,))


def pans_over_a_district(hand: Hand) -> Walk:
    """300 grids, 2,000 cases: a step of a pan does as much with 6,000 facilities as without."""
    from mobile.core.views import FacilityMap, FacilityMark, LayerView
    from mobile.ui.widgets.map import Mark

    chance = random.Random(7)

    def place() -> LonLat:
        return 104 + chance.random() * 0.068, 30 + chance.random() * 0.068

    yield from hand.tap("地图")
    view = hand.page.ids.map
    yield lambda: view.ground is not None
    view.shapes = MapShapes("district", tuple(squares(17)))
    view.marks = [Mark(f"c{n}", *place(), "ontime") for n in range(2_000)]
    layers = tuple(LayerView(code, code, icon, 1500, True) for code, icon in
                   (("a", "lamp"), ("b", "hydrant"), ("c", "bin"), ("d", "cctv")))  # fmt: skip
    many = FacilityMap(
        layers, tuple(FacilityMark(chance.choice("abcd"), f"F{n}", *place()) for n in range(6_000))
    )
    most: dict[bool, int] = {}
    for loaded in (False, True):
        view.facilities = many if loaded else FacilityMap()
        view.look_at(104.034, 30.034, 1.0)
        yield None
        most[loaded] = 0
        for step in range(40):
            view.centre = [view.centre[0] + (4 if step % 2 else -4), view.centre[1] + 1]
            most[loaded] = max(most[loaded], calls_of(view._scene.place))
    assert 0 < most[True] <= most[False] + 100, most


def calls_of(work: Callable[[], object]) -> int:
    """How many functions `work` calls: what it does, counted, whatever else the machine does meanwhile."""
    calls = Counter[str]()
    before = sys.getprofile()
    sys.setprofile(lambda _frame, event, _arg: calls.update([event]))
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls["call"] + calls["c_call"]


def test_a_pan_costs_no_more_with_thousands_of_facilities(window: Window, lived_in: Path) -> None:
    window(pans_over_a_district, lived_in, at=AT)
