"""Two versions of boundaries side by side: each change is named once, with the ground that changes hands."""

import json
from pathlib import Path

import pytest
import shapely

from gis.areas import Area
from gis.compare import Comparison, compare
from gis.read import read
from tests.gis.strip import SIDE, WEST, Feature, feature, named, ring, sound, write

# A square of the strip, m².
SQUARE = 958_00 / 100 * 1_109


def areas(tmp_path: Path, features: list[Feature]) -> list[Area]:
    return read(write(tmp_path / "grids.geojson", features)).areas


def compared(tmp_path: Path, after: list[Feature], before: list[Feature] | None = None) -> Comparison:
    return compare(areas(tmp_path, before or sound()), areas(tmp_path, after))


def kinds(found: Comparison) -> list[tuple[str, str]]:
    return [(change.kind, change.code) for change in found.changes]


def without(*codes: str) -> list[Feature]:
    return [item for item in sound() if item["properties"]["code"] not in codes]


def test_the_same_boundaries_show_nothing(tmp_path: Path) -> None:
    found = compared(tmp_path, sound())
    assert found.nothing and found.handovers == []


def test_a_first_version_adds_everything(tmp_path: Path) -> None:
    found = compare([], areas(tmp_path, sound()))
    assert found.codes("added") == ["01", "011", "0111", "0112", "012", "0121", "0122"]
    assert {one.was for one in found.handovers} == {None}
    assert compare([], []).nothing


def test_a_new_name_or_parent_or_number_of_households_moves_no_ground(tmp_path: Path) -> None:
    features = sound()
    named(features, "0111")["properties"]["name"] = "改名"
    named(features, "0112")["properties"]["parent"] = "012"
    named(features, "0121")["properties"]["households"] = 350
    found = compared(tmp_path, features)
    assert kinds(found) == [("renamed", "0111"), ("regrouped", "0112"), ("recounted", "0121")]
    assert [(change.was, change.now) for change in found.changes[:2]] == [
        (("01 网格",), ("改名",)), (("011",), ("012",)),
    ]  # fmt: skip
    assert found.handovers == []


def test_a_border_that_moved_says_how_much_passed_from_whom_to_whom(tmp_path: Path) -> None:
    features = sound()
    for code, corners in (("0111", (1, 2)), ("0112", (0, 3, 4))):
        for corner in corners:
            ring(features, code)[corner][0] = round(WEST + 1.1 * SIDE, 7)
    found = compared(tmp_path, features)
    assert kinds(found) == [("moved", "0111"), ("moved", "0112")]
    gaining, losing = found.changes
    assert gaining.gained_m2 == pytest.approx(SQUARE / 10, rel=0.01) and gaining.lost_m2 == 0
    assert losing.lost_m2 == pytest.approx(gaining.gained_m2)
    (passed,) = found.handovers
    assert (passed.level, passed.was, passed.now) == (3, "0112", "0111")
    assert passed.area_m2 == pytest.approx(gaining.gained_m2)
    assert passed.ground.bounds == pytest.approx((WEST + SIDE, 30.6, WEST + 1.1 * SIDE, 30.61), abs=1e-9)


def test_a_difference_of_rounding_is_no_change(tmp_path: Path) -> None:
    features = sound()
    ring(features, "0111")[1][0] += 1e-7
    assert compared(tmp_path, features).nothing


def test_an_area_cut_in_two_is_split(tmp_path: Path) -> None:
    halves = [feature(3, "0123", "03", "012", 3, 3.5), feature(3, "0124", "04", "012", 3.5, 4)]  # type: ignore[arg-type]
    found = compared(tmp_path, [*without("0122"), *halves])
    assert kinds(found) == [("removed", "0122"), ("split", "0122"), ("added", "0123"), ("added", "0124")]
    (split,) = found.of("split")
    assert split.now == ("0123", "0124")
    assert split.before_m2 == pytest.approx(split.after_m2) == pytest.approx(SQUARE, rel=0.01)


def test_an_area_that_keeps_its_code_and_loses_a_half_to_a_new_one_is_split_too(tmp_path: Path) -> None:
    halves = [
        feature(3, "0122", "02 网格", "012", 3, 3.5, households=400),
        feature(3, "0124", "04", "012", 3.5, 4),
    ]  # type: ignore[arg-type]
    found = compared(tmp_path, [*without("0122"), *halves])
    assert kinds(found) == [("moved", "0122"), ("split", "0122"), ("added", "0124")]
    assert found.of("split")[0].now == ("0122", "0124")


def test_two_areas_that_became_one_are_merged_whether_the_one_is_new_or_not(tmp_path: Path) -> None:
    for code in ("0125", "0121"):
        found = compared(
            tmp_path, [*without("0121", "0122"), feature(3, code, "并", "012", 2, 4, households=400)]
        )
        (merged,) = found.of("merged")
        assert (merged.code, merged.was, found.of("split")) == (code, ("0121", "0122"), [])
        assert merged.after_m2 == pytest.approx(2 * SQUARE, rel=0.01)


def test_a_new_code_on_the_same_ground_is_recoded(tmp_path: Path) -> None:
    features = sound()
    named(features, "0122")["properties"]["code"] = "0129"
    found = compared(tmp_path, features)
    assert kinds(found) == [("removed", "0122"), ("added", "0129"), ("recoded", "0129")]
    assert found.as_json()["recoded"] == {"0122": "0129"}


def test_a_removed_area_names_who_got_its_ground_and_is_no_split(tmp_path: Path) -> None:
    features = [*without("0121", "0112", "0122"), feature(3, "0112", "02 网格", "011", 1, 2.5, households=400),  # type: ignore[arg-type]
                feature(3, "0122", "02 网格", "012", 2.5, 4, households=400)]  # type: ignore[arg-type]  # fmt: skip
    found = compared(tmp_path, features)
    assert kinds(found) == [("moved", "0112"), ("removed", "0121"), ("moved", "0122")]
    assert found.of("removed")[0].now == ("0112", "0122")
    assert [(one.was, one.now) for one in found.handovers] == [("0121", "0112"), ("0121", "0122")]


def test_ground_that_nobody_has_any_more_and_ground_that_nobody_had(tmp_path: Path) -> None:
    found = compared(tmp_path, without("0122"))
    assert [(one.was, one.now) for one in found.handovers] == [("0122", None)]
    back = compare(areas(tmp_path, without("0122")), areas(tmp_path, sound()))
    assert [(one.was, one.now) for one in back.handovers] == [(None, "0122")]


def test_it_is_plain_json_and_the_ground_is_geojson_for_a_map(tmp_path: Path) -> None:
    halves = [feature(3, "0123", "03", "012", 3, 3.5), feature(3, "0124", "04", "012", 3.5, 4)]  # type: ignore[arg-type]
    found = compared(tmp_path, [*without("0122"), *halves])
    document = json.loads(json.dumps(found.as_json()))
    assert (document["added"], document["removed"], document["split"]) == (
        ["0123", "0124"], ["0122"], {"0122": ["0123", "0124"]},
    )  # fmt: skip
    first = json.loads(json.dumps(found.as_geojson()))["features"][0]
    assert first["properties"]["was"] == "0122" and shapely.geometry.shape(first["geometry"]).is_valid
