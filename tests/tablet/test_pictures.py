"""The basemap's pictures in the real window: where they lie, what stands in for a missing one, what a damaged one does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mobile.ui.widgets.map.ground import Plane
from tests.tablet.conftest import Window
from tests.tablet.hand import Hand, Walk
from tests.tiles import png, write_tiles

pytestmark = pytest.mark.xdist_group("window")

AT = (104.005, 30.005, 8.0)
RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (30, 160, 60)
# Around 104.005 E, 30.005 N: the tile of zoom 14, and of its four children only the north-western one.
ZOOM, X, Y = 14, 12925, 6759


@pytest.fixture
def pictured(lived_in: Path) -> Path:
    """Zoom 14 is red in the north and blue in the south; of zoom 15 there is one green tile and one of rubbish."""
    write_tiles(
        lived_in / "basemap.mbtiles",
        {
            (ZOOM, X, Y): png(BLUE, RED),
            (ZOOM + 1, 2 * X, 2 * Y): png(GREEN),
            (ZOOM + 1, 2 * X + 1, 2 * Y): b"\x89PNG\r\n\x1a\nrubbish",
        },
    )
    return lived_in


def in_the_tile(across: float, down: float) -> tuple[float, float]:
    """A place by its share of the tile, from the north-western corner; degrees."""
    from mobile.ui.widgets.map.pictures import _degrees_of

    return _degrees_of(X + across, Y + down, ZOOM)


def colour_at(hand: Hand, place: tuple[float, float], folder: Path) -> tuple[int, ...]:
    from kivy.core.window import Window as Glass

    view = hand.page.ids.map
    x, y = view.to_window(*view.at(place))
    made = Path(Glass.screenshot(str(folder / "seen.png")))
    with Image.open(made) as seen:
        found = seen.convert("RGB").getpixel((round(x), round(Glass.height - y)))
    made.unlink()
    assert isinstance(found, tuple)
    return found


def like(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 12 for a, b in zip(one, other, strict=True))


def sees_colours(hand: Hand, folder: str) -> Walk:
    """Each tile lies where it belongs; the larger one stands in where there is none, or a damaged one."""
    yield from hand.tap("地图")
    view, page = hand.page.ids.map, hand.page
    yield lambda: view.ground is not None

    def shows(across: float, down: float, colour: tuple[int, ...]) -> Callable[[], bool]:
        return lambda: like(colour_at(hand, in_the_tile(across, down), Path(folder)), colour)

    middle = in_the_tile(0.5, 0.5)
    view.look_at(*middle, 0.12)  # zoom 14, pixel for pixel
    yield shows(0.31, 0.28, RED)
    yield shows(0.31, 0.78, BLUE)
    view.look_at(*middle, 0.25)
    yield shows(0.31, 0.28, GREEN)
    yield shows(0.81, 0.28, RED)
    yield shows(0.31, 0.78, BLUE)
    assert page.attribution == "© 测绘 & others"
    yield lambda: view.broken == 1
    yield hand.sees("底图有 1 块影像损坏，已略过")
    drawn = view._scene._pictures
    assert {tile[0] for tile in drawn._seen} == {15}
    view.look_at(*middle, 4.0)  # closer than the file goes: its deepest tiles, enlarged
    yield None
    assert {tile[0] for tile in drawn._seen} == {15}
    view.look_at(*in_the_tile(0.31, 0.28), 4.0)
    yield shows(0.31, 0.28, GREEN)
    from mobile.ui.theme import theme

    theme.mode = "night"
    yield shows(0.31, 0.28, tuple(part // 2 for part in GREEN))
    theme.mode = "day"
    page.show_layers()
    yield hand.sees("底图影像")
    line = next(line for line in hand.visible() if getattr(line, "words", "") == "底图影像")
    switch: Any = next(child for child in line.children if type(child).__name__ == "Toggle")
    yield from hand.tap_at(*switch.to_window(*switch.center))
    hand.house.lower()
    yield None
    assert view._scene._pictures is None
    assert not like(colour_at(hand, in_the_tile(0.31, 0.28), Path(folder)), GREEN)
    assert page.attribution == ""


def is_not_bothered(hand: Hand) -> Walk:
    """A file that is no basemap: the map is as it was, and says why in one line."""
    yield from hand.tap("地图")
    yield hand.sees("底图文件读不出来。")
    assert hand.page.ids.map._scene._pictures is None


def test_pictures_lie_under_the_borders_and_what_is_missing_has_a_stand_in(
    window: Window, pictured: Path, tmp_path: Path
) -> None:
    window(sees_colours, pictured, at=AT, folder=str(tmp_path))


def test_a_file_that_is_no_basemap_leaves_the_map_as_it_was(window: Window, lived_in: Path) -> None:
    (lived_in / "basemap.mbtiles").write_text("no database")
    window(is_not_bothered, lived_in, at=AT)


def test_a_place_among_the_tiles_is_the_one_of_web_mercator() -> None:
    from mobile.ui.widgets.map.pictures import _degrees_of, _tile_at

    x, y = _tile_at(104.005, 30.005, ZOOM)
    assert (int(x), int(y)) == (X, Y)
    assert _degrees_of(x, y, ZOOM) == pytest.approx((104.005, 30.005))
    assert _tile_at(0, 85.0511, 1) == pytest.approx((1.0, 0.0), abs=1e-4)
    assert Plane(104.0, 30.0).degrees(Plane(104.0, 30.0).metres((104.005, 30.005))) == pytest.approx(
        (104.005, 30.005)
    )
