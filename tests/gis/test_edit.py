"""A grid is split along a line and grids are merged, and the tree stays a whole one."""

from pathlib import Path

import pytest
import shapely

from gis.areas import Area
from gis.checks import check
from gis.compare import compare
from gis.edit import Half, merge, sides, split
from gis.read import read
from gis.topology import seam
from server.errors import BadInput
from tests.gis.strip import SIDE, SOUTH, WEST, sound, write

MIDDLE = WEST + SIDE / 2
# From the south past the border to the north: west is to its left.
NORTHWARDS = shapely.LineString([(MIDDLE, SOUTH - 0.001), (MIDDLE, SOUTH + SIDE + 0.001)])
HALVES = (Half("0111", "西", 150), Half("0113", "东", 250))


@pytest.fixture
def tree(tmp_path: Path) -> list[Area]:
    return read(write(tmp_path / "grids.geojson", sound())).areas


def named(areas: list[Area], code: str) -> Area:
    return next(area for area in areas if area.code == code)


def width(area: Area) -> tuple[float, float]:
    assert area.shape is not None
    west, _, east, _ = area.shape.bounds
    return west, east


def test_the_first_half_lies_to_the_left_of_the_line_and_the_tree_has_no_fault(tree: list[Area]) -> None:
    after = split(tree, "0111", NORTHWARDS, HALVES)
    west, east = named(after, "0111"), named(after, "0113")
    assert width(west) == pytest.approx((WEST, MIDDLE)) and width(east) == pytest.approx(
        (MIDDLE, WEST + SIDE)
    )
    assert (west.name, west.households, east.households, east.parent) == ("西", 150, 250, "011")
    sewn, _ = seam(after)
    assert [finding for finding in check(sewn) if finding.severity == "fault"] == []
    assert compare(tree, sewn).as_json()["split"] == {"0111": ["0111", "0113"]}


def test_drawn_the_other_way_the_halves_change_sides(tree: list[Area]) -> None:
    after = split(tree, "0111", shapely.reverse(NORTHWARDS), HALVES)
    assert width(named(after, "0111")) == pytest.approx((MIDDLE, WEST + SIDE))


def test_a_bent_line_divides_by_the_side_on_which_each_piece_lies() -> None:
    bent = shapely.LineString([(-1, 0.5), (0.3, 0.5), (0.5, 0.9), (0.7, 0.5), (2, 0.5)])
    left, right = sides(shapely.box(0, 0, 1, 1), bent)
    assert left.area + right.area == pytest.approx(1) and right.area == pytest.approx(0.58)
    assert left.intersection(right).area == 0


def test_a_line_that_leaves_and_comes_back_gives_each_piece_to_its_side() -> None:
    zigzag = shapely.LineString([(0.2, -1), (0.2, 2), (0.8, 2), (0.8, -1)])
    left, right = sides(shapely.box(0, 0, 1, 1), zigzag)
    assert (left.area, right.area) == (pytest.approx(0.4), pytest.approx(0.6))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([(MIDDLE, SOUTH + 0.001), (MIDDLE, SOUTH + 0.002)], "does not divide 0111"),
        ([(WEST - 1, SOUTH), (WEST - 1, SOUTH + 1)], "does not divide 0111"),
        ([(WEST + 1e-7, SOUTH - 1), (WEST + 1e-7, SOUTH + 1)], "does not divide 0111"),
        (
            [(MIDDLE, SOUTH - 1), (MIDDLE, SOUTH + 1), (MIDDLE + 1, SOUTH), (MIDDLE - 1, SOUTH)],
            "crosses itself",
        ),
    ],
)
def test_a_line_that_does_not_divide_the_grid_is_refused(
    tree: list[Area], line: list[tuple[float, float]], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        split(tree, "0111", shapely.LineString(line), HALVES)


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (("0111", "0111"), "Both halves have the code"),
        (("0111", "0112"), "0112 already"),
        (("0111", " "), "need a code"),
    ],
)
def test_the_codes_of_the_halves_are_two_and_free(
    tree: list[Area], codes: tuple[str, str], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        split(tree, "0111", NORTHWARDS, [Half(code, "") for code in codes])


def test_merging_keeps_one_code_adds_the_households_and_leaves_no_border(tree: list[Area]) -> None:
    after = merge(tree, ["0111", "0112"], "0112", "大网格")
    whole = named(after, "0112")
    assert (whole.name, whole.households, width(whole)) == (
        "大网格",
        800,
        pytest.approx((WEST, WEST + 2 * SIDE)),
    )
    assert whole.shape is not None and whole.shape.geom_type == "Polygon"
    assert "0111" not in {area.code for area in after}
    assert compare(tree, after).as_json()["merged"] == {"0112": ["0111", "0112"]}


def test_splitting_and_merging_again_gives_the_first_shape_back(tree: list[Area]) -> None:
    back = merge(split(tree, "0111", NORTHWARDS, HALVES), ["0111", "0113"], "0111", "01 网格")
    assert named(back, "0111").households == 400
    assert compare(tree, back).handovers == []


@pytest.mark.parametrize(
    ("codes", "keep", "said"),
    [
        (["0111"], "0111", "at least two"),
        (["0111", "0112"], "0121", "keeps the code of one of them"),
        (["0112", "0121"], "0112", "several communities"),
        (["0111", "9"], "0111", "no grid 9"),
        (["0111", "011"], "0111", "no grid 011"),
    ],
)
def test_what_cannot_be_merged_is_refused(tree: list[Area], codes: list[str], keep: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        merge(tree, codes, keep)


def test_grids_that_do_not_touch_are_not_merged(tree: list[Area]) -> None:
    three = split(tree, "0111", NORTHWARDS, HALVES)
    with pytest.raises(BadInput, match="0112 does not border"):
        merge(three, ["0111", "0112"], "0111")
