"""The demo district: made by its script to the byte, and sound by our own checks."""

import json
from pathlib import Path

import shapely
from shapely.geometry import shape

from gis.checks import check
from gis.make_district import main
from gis.read import read
from server.settings import CHECKOUT

GRIDS, BASEMAP = CHECKOUT / "grids.geojson", CHECKOUT / "gis" / "basemap.geojson"


def test_the_script_makes_the_committed_files_byte_for_byte(tmp_path: Path) -> None:
    main(tmp_path)
    assert (tmp_path / "grids.geojson").read_bytes() == GRIDS.read_bytes()
    assert (tmp_path / "gis" / "basemap.geojson").read_bytes() == BASEMAP.read_bytes()


def test_the_district_has_eight_streets_42_communities_and_277_grids_without_any_finding() -> None:
    boundaries = read(GRIDS)
    levels = [area.level for area in boundaries.areas]
    assert [levels.count(level) for level in range(4)] == [1, 8, 42, 277]
    assert boundaries.findings + check(boundaries.areas) == []


def test_neighbours_share_every_vertex_so_that_no_level_has_a_gap_or_an_overlap() -> None:
    areas = read(GRIDS).areas
    for level in (1, 2, 3):
        assert shapely.coverage_is_valid([area.shape for area in areas if area.level == level])
    whole = next(area.shape for area in areas if area.level == 0)
    for level in (1, 2, 3):
        union = shapely.coverage_union_all([area.shape for area in areas if area.level == level])
        assert shapely.equals(union, whole)


def test_some_codes_do_not_begin_with_their_parents_code() -> None:
    areas = read(GRIDS).areas
    assert sum(area.level == 2 and not area.code.startswith(area.parent or "") for area in areas) == 2


def test_grids_are_named_and_sized_like_real_ones_and_their_borders_do_not_all_follow_roads() -> None:
    areas = read(GRIDS).areas
    grids = [area for area in areas if area.level == 3]
    assert all(300 <= (area.households or 0) <= 500 for area in grids if area.kind == "grid")
    assert sorted(area.name for area in grids if area.kind == "special") == [
        "书院巷小学专属网格", "兰渚站专属网格", "区人民医院专属网格", "文庙市场专属网格",
    ]  # fmt: skip
    roads = [shape(item["geometry"]) for item in features() if item["properties"]["kind"] == "road"]
    near_road = shapely.unary_union(roads).buffer(0.0003)
    borders = shapely.unary_union([area.shape.boundary for area in grids])
    share = borders.intersection(near_road).length / borders.length
    assert 0.4 < share < 0.9


def features() -> list[dict]:
    return json.loads(BASEMAP.read_text(encoding="utf-8"))["features"]


def test_the_basemap_is_light_and_shows_water_green_roads_buildings_and_labels() -> None:
    assert BASEMAP.stat().st_size < 1_500_000
    kinds = {item["properties"]["kind"] for item in features()}
    assert kinds == {"water", "green", "road", "building", "label"}
    roads = {item["properties"]["name"] for item in features() if item["properties"]["kind"] == "road"}
    assert {"兰渚大道", "环城北路", "江滨路"} <= roads
    assert all(shape(item["geometry"]).is_valid for item in features())


def test_the_river_bends_through_the_district_and_belongs_to_grids_too() -> None:
    areas = read(GRIDS).areas
    whole = next(area.shape for area in areas if area.level == 0)
    river = next(shape(item["geometry"]) for item in features() if item["properties"].get("name") == "兰江")
    crossed = [area for area in areas if area.level == 3 and area.shape.intersects(river)]
    assert len(crossed) > 20 and river.intersection(whole).area > 0
    assert (
        river.intersection(whole).difference(shapely.unary_union([area.shape for area in crossed])).area
        < 1e-12
    )
