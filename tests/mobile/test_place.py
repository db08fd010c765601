"""The tablet finds its grid itself; a circle that crosses a border is kept as ambiguity, not hidden."""

import json
import math
import random

from shapely import STRtree
from shapely.geometry import Point, shape
from shapely.ops import unary_union

from mobile.core.place import METRES_PER_DEGREE, Places, metres_between
from mobile.core.report_words import place_note, place_view
from mobile.core.speech import Speech
from server.settings import CHECKOUT
from tests.mobile.paper_office import PACKAGE, square

ENGLISH = Speech("en", "Asia/Shanghai")


def test_a_point_lies_in_the_grid_whose_outline_goes_round_it() -> None:
    places = Places(PACKAGE)
    for lon, code in ((104.005, "G1"), (104.015, "G2"), (104.025, "G3")):
        inside = places.find(lon, 30.005).inside
        assert inside is not None
        assert inside.code == code
    assert places.find(104.05, 30.005).inside is None


def test_a_point_in_a_hole_is_not_inside_and_one_in_a_second_part_is() -> None:
    hole = [[104.004, 30.004], [104.006, 30.004], [104.006, 30.006], [104.004, 30.006], [104.004, 30.004]]
    island = [[104.1, 30.0], [104.11, 30.0], [104.11, 30.01], [104.1, 30.01], [104.1, 30.0]]
    node = square("G1", 4, None, 3, 104.0, 104.01)
    node["shape"] = [[*node["shape"][0], hole], [island]]
    places = Places({"nodes": [node]})
    assert places.find(104.005, 30.005).inside is None
    assert places.find(104.002, 30.005).inside is not None
    assert places.find(104.105, 30.005).inside is not None


def test_overlapping_borders_give_the_lowest_code() -> None:
    places = Places(
        {"nodes": [square("B", 1, None, 3, 104.0, 104.02), square("A", 2, None, 3, 104.01, 104.03)]}
    )
    inside = places.find(104.015, 30.005).inside
    assert inside is not None
    assert inside.code == "A"


def test_an_accuracy_circle_that_crosses_a_border_names_both_grids() -> None:
    places = Places(PACKAGE)
    ten_metres_west = 104.01 - 10 / (METRES_PER_DEGREE * math.cos(math.radians(30.005)))
    assert [node.code for node in places.find(ten_metres_west, 30.005, 9).candidates] == ["G1"]
    found = places.find(ten_metres_west, 30.005, 11)
    assert [node.code for node in found.candidates] == ["G1", "G2"]
    view = place_view(found, places, ten_metres_west, 30.005, 11, ENGLISH)
    assert "G1 网格" in view.words
    assert "G2 网格" in view.words
    assert view.candidates == ("G1", "G2")


def test_a_circle_that_reaches_in_from_outside_all_grids_names_the_grid_that_it_touches() -> None:
    found = Places(PACKAGE).find(103.9999, 30.005, 15)
    assert found.inside is None
    assert [node.code for node in found.candidates] == ["G1"]


def test_the_place_is_told_by_the_nearest_name_within_120_metres() -> None:
    places = Places(PACKAGE)
    assert places.near(104.005, 30.0065) == "杏花路"
    assert places.near(104.005, 30.009) == ""


def test_the_command_notes_the_path_from_district_to_grid() -> None:
    places = Places(PACKAGE)
    note = place_note(places.find(104.005, 30.005, 5), places)
    assert note == {"grid": "G1", "candidates": ["G1"], "nodes": [1, 2, 3, 4], "version": "1"}
    assert place_note(places.find(105.0, 30.005, 5), places)["nodes"] == [1, None, None, None]


def test_distances_are_right_to_half_a_percent() -> None:
    # 0.01 degrees of latitude are 1108.6 m at 30° on WGS84 (meridian arc).
    assert abs(metres_between((104.0, 30.0), (104.0, 30.01)) - 1108.6) < 1108.6 * 0.005


def test_on_the_demo_district_the_ray_cast_agrees_with_the_geometry_library() -> None:
    features = [
        f
        for f in json.loads((CHECKOUT / "grids.geojson").read_text(encoding="utf-8"))["features"]
        if f["properties"]["level"] == 3
    ]
    nodes = []
    for number, feature in enumerate(features):
        geometry = feature["geometry"]
        parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        nodes.append(
            {
                "id": number,
                "code": feature["properties"]["code"],
                "name": "",
                "level": 3,
                "parent": None,
                "part": "scope",
                "shape": parts,
            }
        )
    places, shapes = (
        Places({"nodes": nodes}),
        {f["properties"]["code"]: shape(f["geometry"]) for f in features},
    )
    west, south, east, north = unary_union(list(shapes.values())).bounds
    dice, codes, tree = random.Random(1), list(shapes), STRtree(list(shapes.values()))
    inside = 0
    for _ in range(1500):
        point = (dice.uniform(west, east), dice.uniform(south, north))
        found = places.find(*point).inside
        expected = sorted(codes[number] for number in tree.query(Point(point), predicate="within"))
        assert (found.code if found else None) == (expected[0] if expected else None)
        inside += found is not None
    assert inside > 500, "the points must fall into the district"
