"""The collection of real boundary files that are wrong in every usual way, where it lies beside the checkout."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gis.areas import Finding
from gis.checks import check
from gis.geojson import UnreadableError
from gis.points import route_file
from gis.read import read
from gis.route import Router
from tests.gis.conftest import boundary_data

DATA = boundary_data()
MESSY, CHICAGO = DATA / "messy", DATA / "chicago"

Expected = set[tuple[str, str, str]]
EVERY = ["01", "011", "012", "0111", "0112", "0113", "0114", "0121", "0122", "0123", "0124"]
# file → what must be found: (kind, severity, feature)
FOUND: dict[str, Expected] = {
    "base_valid.geojson": set(),
    "shp_gbk_no_cpg.zip": {("encoding", "note", "")},
    "shp_epsg3435.zip": {("converted", "note", "")},
    "projected_no_crs.geojson": {("not_degrees", "fault", code) for code in EVERY},
    "lat_lon_swapped.geojson": {("swapped", "fault", code) for code in EVERY},
    "gcj02_declared.geojson": {("converted", "note", "")},
    "gcj02_truth_wgs84.geojson": set(),
    "overlap_2m.geojson": {("overlap", "warning", "0121")},
    "overlap_50m.geojson": {("overlap", "fault", "0121")},
    "gap_10m.geojson": {("gap", "warning", "012")},
    "bow_tie.geojson": {("invalid_shape", "fault", "0121")},
    "child_outside_parent.geojson": {("outside_parent", "fault", "0124"), ("gap", "warning", "012")},
    "multipolygon_hole.geojson": set(),
    "empty_geometry.geojson": {("no_geometry", "fault", "0121"), ("no_geometry", "fault", "0122")},
    "nan_coordinate.geojson": {("bad_vertex", "fault", "0121")},
    "ring_20000.zip": {("gap", "warning", "012")},
    "duplicate_code.geojson": {("duplicate_code", "fault", "0121")},
    "missing_parent.geojson": {("missing_parent", "fault", "0121")},
    "orphan_level.geojson": {("orphan_level", "fault", "0111"), ("no_children", "warning", "01")},
    "numeric_codes.geojson": {("numeric_code", "fault", code.lstrip("0")) for code in EVERY},
    "utf8_bom.geojson": set(),
    "beats.kml": set(),
    "beats.gpkg": set(),
}
# file → (kind, lon, lat) that its description names
PLACES = {
    "overlap_2m.geojson": ("overlap", -87.63827, 41.88053),
    "overlap_50m.geojson": ("overlap", -87.63799, 41.88085),
    "gap_10m.geojson": ("gap", -87.63834, 41.88053),
    "bow_tie.geojson": ("invalid_shape", -87.64107, 41.88058),
    "child_outside_parent.geojson": ("outside_parent", -87.5433, 41.867),
    "nan_coordinate.geojson": ("bad_vertex", -87.6396656, 41.8857215),
}
SIZES = {"overlap_2m.geojson": 2315, "overlap_50m.geojson": 60398, "gap_10m.geojson": 11553}


def findings(name: str) -> list[Finding]:
    boundaries = read(MESSY / name)
    return boundaries.findings + check(boundaries.areas)


@pytest.mark.parametrize("name", FOUND)
def test_every_fault_is_named_with_its_feature_and_nothing_else_is_found(name: str) -> None:
    assert {(found.code, found.severity, found.feature) for found in findings(name)} == FOUND[name]


@pytest.mark.parametrize("name", PLACES)
def test_a_fault_is_named_at_its_place_and_in_its_size(name: str) -> None:
    kind, lon, lat = PLACES[name]
    (found,) = [finding for finding in findings(name) if finding.code == kind]
    assert (found.lon, found.lat) == pytest.approx((lon, lat), abs=0.002)
    if name in SIZES:
        assert float(found.params["size"].replace(",", "")) == pytest.approx(SIZES[name], rel=0.005)


@pytest.mark.parametrize("name", [name for name in FOUND if not any(s == "fault" for _, s, _ in FOUND[name])])
def test_an_accepted_file_gives_the_same_eleven_areas_with_their_names(name: str) -> None:
    areas = read(MESSY / name).areas
    assert [area.code for area in areas] == EVERY
    assert areas[0].name == "第一警区"
    if not name.startswith("gcj02"):
        assert areas[0].shape.bounds == pytest.approx((-87.6455, 41.86, -87.6025, 41.8889), abs=1e-4)


def test_a_truncated_file_says_where_it_ends() -> None:
    with pytest.raises(UnreadableError, match=r"ends early, at byte 17,761 \(line 7\)"):
        read(MESSY / "truncated.geojson")


def test_declared_gcj02_becomes_the_known_truth_to_a_metre() -> None:
    moved, truth = (
        read(MESSY / "gcj02_declared.geojson").areas,
        read(MESSY / "gcj02_truth_wgs84.geojson").areas,
    )
    for one, other in zip(moved, truth, strict=True):
        assert one.shape.hausdorff_distance(other.shape) < 1e-5


def test_a_point_in_the_hole_belongs_to_the_grid_that_fills_it() -> None:
    router = Router(read(MESSY / "multipolygon_hole.geojson").areas)
    routed = router.route(np.array([-87.64171]), np.array([41.88060]))
    assert router.grids[routed.grid[0]].code == "0122"


def test_74401_requests_go_where_the_answer_key_says_wherever_it_is_certain(tmp_path: Path) -> None:
    folder = CHICAGO
    areas = read(folder / "grids.geojson").areas
    assert not [found for found in check(areas) if found.severity == "fault"]
    tally = route_file(Router(areas), folder / "incidents.csv.gz", tmp_path / "out.csv", lambda done: None)
    ours = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    key = pd.read_csv(folder / "expected.csv", dtype=str, keep_default_na=False)
    certain = key["on_border"] == "false"
    assert (tally.points, tally.outside, tally.border, tally.without_position) == (74401, 190, 47, 24)
    assert (ours["id"] == key["external_id"]).all()
    assert (ours["level3"] == key["level3"])[certain].all()
    assert ((ours["status"] == "border") == ~certain).all()
    for _, row in pd.concat([ours[~certain], key[~certain]], axis=1).iterrows():
        assert len(row["candidates"].split(";")) > 1
