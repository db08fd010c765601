"""One fault is put into a good tree: the checker names that fault at that feature, with its place, and nothing else."""

import copy
import json
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shapely.geometry import mapping, shape

from bench.cells import tree
from gis.areas import Area, Finding
from gis.checks import check
from gis.plane import Plane
from gis.read import read
from gis.repair import repair
from gis.topology import seam
from server.locale import gettext_for
from tests.gis.strip import Feature, named, write

Expected = set[tuple[str, str]]
ZH = gettext_for("zh-CN")


def _plain(area: Area) -> Feature:
    """Codes of digits with a leading zero, as they are in the field."""
    digits = {None: None} | {area.code: "0" + area.code[1:] for area in BASE}
    properties = {"level": area.level, "code": f"0{area.level}{digits[area.code]}", "name": area.name,
                  "parent": area.parent and f"0{area.level - 1}{digits[area.parent]}"}  # fmt: skip
    if area.level == 3:
        properties["households"] = 400
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": json.loads(json.dumps(mapping(area.shape))),
    }


BASE = tree(30)
GOOD = [_plain(area) for area in BASE]
PLANE = Plane.round_about(BASE)
LEAVES = [item["properties"]["code"] for item in GOOD if item["properties"]["level"] == 3]
SHAPES = {item["properties"]["code"]: shape(item["geometry"]) for item in GOOD}


def found_in(features: list[Feature]) -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        boundaries = read(write(Path(folder) / "grids.geojson", features))
    return boundaries.findings + check(boundaries.areas)


def neighbour(code: str, number: int) -> tuple[str, Any]:
    """One of the cells that share a border with a cell, and that border in metres."""
    own = PLANE.metres([SHAPES[code]])[0]
    near = [
        (other, border)
        for other in LEAVES
        if other != code and (border := own.intersection(PLANE.metres([SHAPES[other]])[0])).length > 100
    ]
    return near[number % len(near)]


def put(features: list[Feature], code: str, metres: Any) -> None:
    named(features, code)["geometry"] = json.loads(json.dumps(mapping(PLANE.back(metres))))


def parent_of(features: list[Feature], code: str) -> str:
    return str(named(features, code)["properties"]["parent"])


def ring(features: list[Feature], code: str) -> list[list[float]]:
    coordinates: list[list[float]] = named(features, code)["geometry"]["coordinates"][0]
    return coordinates


def overlap(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    other, border = neighbour(code, number)
    own, theirs = PLANE.metres([SHAPES[code], SHAPES[other]])
    put(features, code, own.union(border.buffer(metres).intersection(theirs)))
    wanted = {("overlap", min(code, other))}
    # What reaches into another community also leaves its own; its parent there overlaps nobody.
    if parent_of(features, code) != parent_of(features, other):
        wanted.add(("outside_parent", code))
    return wanted


def gap(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    own = PLANE.metres([SHAPES[code]])[0]
    put(features, code, own.difference(neighbour(code, number)[1].buffer(metres)))
    return {("gap", parent_of(features, code))}


def bow_tie(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    vertices = ring(features, code)
    first = 1 + number % (len(vertices) - 12)
    vertices[first], vertices[first + 8] = vertices[first + 8], vertices[first]
    return {("invalid_shape", code)}


def not_a_number(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    ring(features, code)[1 + number % 20][number % 2] = float("nan")
    return {("bad_vertex", code)}


def nothing(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    named(features, code)["geometry"] = (None, {"type": "Polygon", "coordinates": []})[number % 2]
    return {("no_geometry", code)}


def open_ring(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    ring(features, code).pop()
    return {("bad_vertex", code)}


def point(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    named(features, code)["geometry"] = {"type": "Point", "coordinates": [103.95, 30.45]}
    return {("bad_vertex", code)}


def twice(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    other = LEAVES[(LEAVES.index(code) + 1 + number) % len(LEAVES)]
    if other == code:
        other = LEAVES[LEAVES.index(code) - 1]
    named(features, code)["properties"]["code"] = other
    return {("duplicate_code", other)}


def no_such_parent(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    named(features, code)["properties"]["parent"] = "0299"
    return {("missing_parent", code)}


def lost_zero(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    named(features, code)["properties"]["code"] = int(code)
    return {("numeric_code", str(int(code)))}


def swapped(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    for vertex in ring(features, code):
        vertex.reverse()
    return {("swapped", code)}


def far_away(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    for vertex in ring(features, code):
        vertex[0] += 1.5
    return {("outside_parent", code), ("gap", parent_of(features, code))}


def round_the_world(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    ring(features, code)[3][0] -= 200
    return {("antimeridian", code)}


def metres_for_degrees(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    for vertex in ring(features, code):
        vertex[0], vertex[1] = vertex[0] * 1e3, vertex[1] * 1e5
    return {("not_degrees", code)}


def spike(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    """Out from a bend of the border and back to a place a centimetre further along."""
    vertices = ring(features, code)
    at = (3, 10, 17, 24)[number % 4]
    (x, y), (nx, ny) = vertices[at], vertices[at + 1]
    length = math.hypot(nx - x, ny - y)
    turn = PLANE.back(shapely.Point(0, 0)), PLANE.back(shapely.Point(0, 20 + 3 * metres))
    up = turn[1].y - turn[0].y
    back = [x + (nx - x) * 1e-7 / length, y + (ny - y) * 1e-7 / length]
    # To the left of the edge lies the cell, which runs to the east first: a spike to the right leaves it.
    tip = [x + (ny - y) / length * up, y - (nx - x) / length * up]
    vertices[at + 1 : at + 1] = [tip, back]
    return {("spike", code)}


def nameless(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    named(features, code)["properties"]["name"] = ("", None)[number % 2]
    return {("no_name", code)}


def crowded(features: list[Feature], code: str, number: int, metres: float) -> Expected:
    named(features, code)["properties"]["households"] = 700 + number
    return {("households", code)}


Fault = Callable[[list[Feature], str, int, float], Expected]
FAULTS: list[Fault] = [
    overlap, gap, bow_tie, not_a_number, nothing, open_ring, point, twice, no_such_parent, lost_zero, swapped, far_away,
    round_the_world, metres_for_degrees, spike, nameless, crowded,
]  # fmt: skip


def test_the_tree_that_faults_are_put_into_has_none() -> None:
    assert found_in(GOOD) == []


@pytest.mark.parametrize("fault", FAULTS)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(code=st.sampled_from(LEAVES), number=st.integers(0, 30), metres=st.floats(0.5, 40))
def test_the_fault_is_named_at_its_feature_and_nothing_else(
    fault: Fault, code: str, number: int, metres: float
) -> None:
    features = copy.deepcopy(GOOD)
    wanted = fault(features, code, number, metres)
    found = found_in(features)
    assert {(one.code, one.feature) for one in found} == wanted, [one.text() for one in found]
    for one in found:
        assert ZH(one.sentence) != one.sentence
        if one.code in ("overlap", "gap"):
            assert (
                one.severity == ("fault" if one.code == "overlap" and metres > 8 else "warning")
                or 4 < metres <= 8
            )
            west, south, east, north = SHAPES[code].bounds
            assert one.lon is not None and one.lat is not None
            assert west - 1e-3 <= one.lon <= east + 1e-3 and south - 1e-3 <= one.lat <= north + 1e-3
            assert one.ground is not None and one.ground.area > 0


@example(codes=["0300000016"], number=7, metres=1.6)  # once left a slit beside the strip that it gave away
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(codes=st.lists(st.sampled_from(LEAVES), min_size=1, max_size=4, unique=True), number=st.integers(0, 30),
       metres=st.floats(0.2, 2.0))  # fmt: skip
def test_what_was_drawn_carelessly_is_seamless_after_repair(
    codes: list[str], number: int, metres: float
) -> None:
    features = copy.deepcopy(GOOD)
    for index, code in enumerate(codes):
        (overlap, gap)[(number + index) % 2](features, code, number, metres)
    with tempfile.TemporaryDirectory() as folder:
        areas = read(write(Path(folder) / "grids.geojson", features)).areas
    mended, _ = repair(areas)
    mended, notes = seam(mended, close_gaps=True)
    assert check(mended) == []
    assert notes and all(note.severity == "note" for note in notes)
    for level in (1, 2, 3):
        shapes = np.array([area.shape for area in mended if area.level == level], dtype=object)
        assert shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes)
        places = shapely.get_coordinates(shapes)
        assert (places == np.round(places, 7)).all()
    total = [sum(area.shape.area for area in some if area.level == 3) for some in (BASE, mended)]
    assert total[1] == pytest.approx(total[0], rel=1e-6)
