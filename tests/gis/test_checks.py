"""Every fault of a boundary file is named with its feature and its place, and nothing else is."""

import json
from pathlib import Path
from typing import Any

import pytest

from gis.areas import Finding
from gis.checks import check
from gis.geojson import UnreadableError
from gis.read import read
from gis.repair import repair
from tests.gis.strip import METRE, SIDE, SOUTH, WEST, Feature, feature, named, ring, sound, write


def findings(tmp_path: Path, features: list[Feature], **members: Any) -> list[Finding]:
    boundaries = read(write(tmp_path / "grids.geojson", features, **members))
    return boundaries.findings + check(boundaries.areas)


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, [finding.text() for finding in found]
    return found[0]


def move_east_side(features: list[Feature], code: str, metres: float) -> None:
    vertices = ring(features, code)
    for vertex in (vertices[1], vertices[2]):
        vertex[0] = round(vertex[0] + metres * METRE, 7)


def test_a_sound_file_has_no_findings(tmp_path: Path) -> None:
    assert findings(tmp_path, sound()) == []


def test_a_ring_that_crosses_itself_is_refused_at_the_crossing(tmp_path: Path) -> None:
    features = sound()
    vertices = ring(features, "0121")
    vertices[1], vertices[2] = vertices[2], vertices[1]
    found = only(findings(tmp_path, features))
    assert (found.code, found.severity, found.level, found.feature) == ("invalid_shape", "fault", 3, "0121")
    assert (found.lon, found.lat) == pytest.approx((WEST + 2.5 * SIDE, SOUTH + SIDE / 2))
    assert "crosses itself at 104.025 30.605" in found.text()


def test_a_thin_overlap_is_a_warning_and_a_wide_one_a_fault(tmp_path: Path) -> None:
    for metres, severity in ((2, "warning"), (50, "fault")):
        features = sound()
        move_east_side(features, "0121", metres)
        found = only(findings(tmp_path, features))
        assert (found.code, found.severity, found.feature) == ("overlap", severity, "0121")
        assert found.params["other"] == "0122"
        assert found.lon == pytest.approx(WEST + 3 * SIDE, abs=0.001)


def test_a_gap_is_a_warning_that_names_the_parent_its_size_and_its_place(tmp_path: Path) -> None:
    features = sound()
    move_east_side(features, "0121", -10)
    found = only(findings(tmp_path, features))
    assert (found.code, found.severity, found.level, found.feature) == ("gap", "warning", 2, "012")
    assert float(found.params["size"].replace(",", "")) == pytest.approx(10 * 1109, rel=0.02)
    assert found.lon == pytest.approx(WEST + 3 * SIDE, abs=0.001)


def test_a_difference_of_rounding_is_no_finding(tmp_path: Path) -> None:
    features = sound()
    move_east_side(features, "0121", 0.02)
    assert findings(tmp_path, features) == []


def test_a_child_outside_its_parent_is_refused(tmp_path: Path) -> None:
    features = sound()
    for vertex in ring(features, "0122"):
        vertex[1] += 0.05
    outside = [found for found in findings(tmp_path, features) if found.code == "outside_parent"]
    found = only(outside)
    assert (found.severity, found.feature, found.params["parent"]) == ("fault", "0122", "012")


def test_a_child_that_reaches_out_of_its_parent_is_a_warning_while_it_is_thin(tmp_path: Path) -> None:
    for metres, severity in ((2, "warning"), (50, "fault")):
        features = sound()
        move_east_side(features, "0122", metres)
        found = only(findings(tmp_path, features))
        assert (found.code, found.severity, found.feature) == ("outside_parent", severity, "0122")


def test_missing_and_empty_geometry_are_named_each(tmp_path: Path) -> None:
    features = sound()
    named(features, "0121")["geometry"] = None
    named(features, "0122")["geometry"] = {"type": "Polygon", "coordinates": []}
    found = findings(tmp_path, features)
    assert [(finding.code, finding.feature) for finding in found] == [
        ("no_geometry", "0121"),
        ("no_geometry", "0122"),
    ]


def test_a_vertex_that_is_not_a_number_is_named_with_its_place_in_the_ring(tmp_path: Path) -> None:
    features = sound()
    ring(features, "0121")[3][1] = float("nan")
    found = only(findings(tmp_path, features))
    assert (found.code, found.severity, found.feature) == ("bad_vertex", "fault", "0121")
    assert "vertex 4: latitude is not a number (after 104.03 30.61)" in found.text()


def test_a_ring_that_is_not_closed_is_refused(tmp_path: Path) -> None:
    features = sound()
    ring(features, "0121").pop()
    assert "not closed" in only(findings(tmp_path, features)).text()


def test_a_shape_that_is_no_polygon_is_refused(tmp_path: Path) -> None:
    features = sound()
    named(features, "0121")["geometry"] = {"type": "Point", "coordinates": [104, 30]}
    assert "is a Point, not a polygon" in only(findings(tmp_path, features)).text()


def test_a_code_that_occurs_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    features = sound()
    named(features, "0122")["properties"]["code"] = "0121"
    found = only(findings(tmp_path, features))
    assert (found.code, found.feature) == ("duplicate_code", "0121")
    assert "104.02500 30.60500, 104.03500 30.60500" in found.text()


def test_a_code_used_at_two_levels_is_refused(tmp_path: Path) -> None:
    features = sound()
    named(features, "0122")["properties"]["code"] = "01"
    found = findings(tmp_path, features)
    assert any(finding.code == "duplicate_code" and "levels 1, 3" in finding.text() for finding in found)


def test_a_parent_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    features = sound()
    named(features, "0121")["properties"]["parent"] = "019"
    found = only(findings(tmp_path, features))
    assert (found.code, found.feature, found.params["parent"]) == ("missing_parent", "0121", "019")


def test_a_level_that_is_left_out_is_refused_once(tmp_path: Path) -> None:
    features = [item for item in sound() if item["properties"]["level"] != 2]
    faults = [found for found in findings(tmp_path, features) if found.severity == "fault"]
    assert (
        "4 level 3 areas name level 2 parents (011, 012), but the file has no level 2" in only(faults).text()
    )


def test_codes_that_are_numbers_are_refused_for_their_lost_zeros(tmp_path: Path) -> None:
    features = sound()
    named(features, "0121")["properties"]["code"] = 121
    found = [finding for finding in findings(tmp_path, features) if finding.code == "numeric_code"]
    assert (only(found).feature, only(found).severity) == ("121", "fault")


def test_latitude_before_longitude_is_recognised(tmp_path: Path) -> None:
    """104 is no latitude; -87 is one, but nobody is governed in the Antarctic."""
    for move in (0.0, -16.0):
        features = sound()
        for item in features:
            for vertex in item["geometry"]["coordinates"][0]:
                vertex[0], vertex[1] = vertex[1], vertex[0] + move
        found = findings(tmp_path, features)
        assert {finding.code for finding in found} == {"swapped"} and len(found) == 7


def test_metres_without_a_coordinate_system_are_refused_not_guessed(tmp_path: Path) -> None:
    features = sound()
    for item in features:
        for vertex in item["geometry"]["coordinates"][0]:
            vertex[0], vertex[1] = vertex[0] * 1e4, vertex[1] * 1e5
    found = findings(tmp_path, features)
    assert {finding.code for finding in found} == {"not_degrees"} and len(found) == 7


def test_too_few_or_too_many_households_are_a_warning_but_not_in_a_special_grid(tmp_path: Path) -> None:
    features = sound()
    named(features, "0111")["properties"]["households"] = 620
    named(features, "0112")["properties"].update(households=3, kind="special")
    found = only(findings(tmp_path, features))
    assert (found.code, found.severity, found.feature) == ("households", "warning", "0111")


def test_an_area_without_a_name_is_a_warning(tmp_path: Path) -> None:
    features = sound()
    named(features, "0111")["properties"]["name"] = None
    assert only(findings(tmp_path, features)).code == "no_name"


def test_streets_must_lie_in_the_district_that_the_file_brings(tmp_path: Path) -> None:
    features = [feature(0, "D", "区", None, 0, 3), *sound()]
    found = only(findings(tmp_path, features))
    assert (found.code, found.severity, found.feature) == ("outside_parent", "fault", "01")
    assert findings(tmp_path, [feature(0, "D", "区", None, 0, 4), *sound()]) == []


def test_several_faults_are_all_named(tmp_path: Path) -> None:
    features = sound()
    named(features, "0111")["geometry"] = None
    named(features, "0112")["properties"]["parent"] = "019"
    vertices = ring(features, "0121")
    vertices[1], vertices[2] = vertices[2], vertices[1]
    faults = {
        (found.code, found.feature) for found in findings(tmp_path, features) if found.severity == "fault"
    }
    assert faults == {("no_geometry", "0111"), ("missing_parent", "0112"), ("invalid_shape", "0121")}


def test_a_file_that_ends_early_says_at_which_byte(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.geojson", sound())
    text = path.read_bytes()[:700]
    path.write_bytes(text)
    with pytest.raises(UnreadableError, match=r"ends early, at byte 700 \(line 1\)"):
        read(path)


def test_a_file_of_another_kind_is_refused_with_a_sentence(tmp_path: Path) -> None:
    cases = {
        "empty.geojson": b"", "list.json": b"[1, 2]", "none.geojson": b'{"type": "FeatureCollection", "features": []}',
        "text.geojson": b'{"type": nonsense}', "noise.bin": bytes(range(256)), "bad.zip": b"PK\x03\x04 and no more",
        "latin.geojson": '{"type": "FeatureCollection", "name": "é"}'.encode("latin-1"),
    }  # fmt: skip
    for name, content in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UnreadableError):
            read(path)


def test_repair_never_mends_what_would_lose_ground(tmp_path: Path) -> None:
    features = sound()
    vertices = ring(features, "0121")
    vertices[1], vertices[2] = vertices[2], vertices[1]
    move_east_side(features, "0111", 50)
    mended, notes = repair(read(write(tmp_path / "grids.geojson", features)).areas)
    assert notes == []
    assert {found.code for found in check(mended) if found.severity == "fault"} == {
        "invalid_shape",
        "overlap",
    }


def test_a_finding_is_plain_json_for_machines(tmp_path: Path) -> None:
    features = sound()
    named(features, "0121")["geometry"] = None
    document = json.loads(json.dumps(only(findings(tmp_path, features)).as_json()))
    assert document == {
        "code": "no_geometry", "severity": "fault", "level": 3, "feature": "0121", "name": "01 网格",
        "lon": None, "lat": None, "sentence": "Level 3 0121 01 网格: no geometry",
    }  # fmt: skip
