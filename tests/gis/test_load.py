"""Boundaries in the database: a version at a time, all or nothing, and a node stays the same by its code."""

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely

from gis.checks import check
from gis.load import Loaded, load
from gis.prepare import Wanted, WrongUseError
from gis.read import read
from gis.topology import seam
from server.db import Connection
from server.grids import service
from tests.gis.strip import METRE, SIDE, SOUTH, WEST, Feature, feature, named, ring, sound, write

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MIDDLE = SOUTH + SIDE / 2
LANZHU = Wanted(district="L", name="兰渚区")

Load = Callable[..., Loaded]


@pytest.fixture
def put(conn: Connection, tmp_path: Path) -> Load:
    """Loads features as a file in the test's transaction."""

    def loading(features: list[Feature], wanted: Wanted = LANZHU, name: str = "grids.geojson") -> Loaded:
        return load(conn, read(write(tmp_path / name, features)), wanted, NOW)

    return loading


def rows(conn: Connection, query: str, *values: Any) -> list[dict[str, Any]]:
    with conn.cursor() as cursor:
        cursor.execute(query, values)
        return [dict(row) for row in cursor.fetchall()]


def nodes(conn: Connection) -> dict[str, int]:
    return {row["code"]: row["id"] for row in rows(conn, "select id, code from grid_nodes")}


def without(features: list[Feature], *codes: str) -> list[Feature]:
    return [item for item in features if item["properties"]["code"] not in codes]


def test_a_first_load_makes_the_district_with_its_tree_and_points_are_found(
    conn: Connection, put: Load
) -> None:
    loaded = put(sound())
    assert (loaded.refused, loaded.unchanged, loaded.counts) == (False, False, {0: 1, 1: 1, 2: 2, 3: 4})
    assert loaded.comparison.codes("added") == ["01", "011", "0111", "0112", "012", "0121", "0122", "L"]
    (district,) = rows(conn, "select * from districts")
    assert (district["code"], district["name"], district["timezone"]) == ("L", "兰渚区", "Asia/Shanghai")
    assert (district["id"], district["current_version"]) == (nodes(conn)["L"], loaded.version)
    found = service.locate(conn, WEST + 0.5 * SIDE, MIDDLE)
    ids = nodes(conn)
    assert (found.grid_id, found.community_id, found.street_id, found.district_id) == (
        ids["0111"], ids["011"], ids["01"], ids["L"],
    )  # fmt: skip


def test_a_file_with_its_own_level_0_needs_no_district_option(conn: Connection, put: Load) -> None:
    loaded = put([feature(0, "510199", "兰渚区", None, 0, 4), *sound()], Wanted())
    assert loaded.district == "510199" and loaded.counts[0] == 1
    assert rows(conn, "select name from districts") == [{"name": "兰渚区"}]


def test_without_level_0_and_option_the_only_district_is_meant_and_none_or_two_are_refused(
    conn: Connection, put: Load
) -> None:
    with pytest.raises(WrongUseError):
        put(sound(), Wanted())
    put(sound())
    assert put(without(sound(), "0122"), Wanted()).district == "L"
    put(sound(), Wanted(district="M"))
    with pytest.raises(WrongUseError):
        put(sound(), Wanted())
    with pytest.raises(WrongUseError):
        put([feature(0, "N", "区", None, 0, 4), *sound()], Wanted(district="L"))


def test_two_districts_with_the_same_codes_live_beside_each_other(conn: Connection, put: Load) -> None:
    put(sound())
    far = copy.deepcopy(sound())
    for item in far:
        for vertex in item["geometry"]["coordinates"][0]:
            vertex[0] = round(vertex[0] - 190, 7)
    loaded = put(far, Wanted(district="chicago", name="Chicago", timezone="America/Chicago"))
    assert not loaded.refused
    here, there = (
        service.locate(conn, WEST + 0.5 * SIDE, MIDDLE),
        service.locate(conn, WEST - 190 + 0.5 * SIDE, MIDDLE),
    )
    assert here.district_id != there.district_id and here.grid_id != there.grid_id
    zones = rows(conn, "select code, timezone from districts order by code")
    assert [row["timezone"] for row in zones] == ["Asia/Shanghai", "America/Chicago"]


def test_a_fault_loads_nothing_and_leaves_the_stored_boundaries_as_they_were(
    conn: Connection, put: Load
) -> None:
    put(sound())
    before = rows(conn, "select * from boundary_versions"), nodes(conn)
    spoilt = sound()
    named(spoilt, "0121")["properties"]["parent"] = "019"
    loaded = put(spoilt)
    assert loaded.refused and loaded.version is None
    assert [found.feature for found in loaded.findings if found.severity == "fault"] == ["0121"]
    assert (rows(conn, "select * from boundary_versions"), nodes(conn)) == before


def test_the_same_file_again_changes_nothing_and_makes_no_version(conn: Connection, put: Load) -> None:
    put(sound())
    again = put(sound())
    assert again.unchanged and again.version is None
    assert len(rows(conn, "select id from boundary_versions")) == 1


def test_a_new_version_keeps_the_nodes_by_code_and_tells_what_changed(conn: Connection, put: Load) -> None:
    first = put(sound())
    ids = nodes(conn)
    features = without(sound(), "0122")
    features.append(feature(3, "0123", "新网格", "012", 3, 4))
    named(features, "0112")["properties"]["name"] = "改名网格"
    for code, vertices in (("0111", (1, 2)), ("0112", (0, 3, 4))):
        for vertex in vertices:
            ring(features, code)[vertex][0] += 0.001
    second = put(features)
    assert second.comparison.codes("added") == ["0123"] and second.comparison.codes("removed") == ["0122"]
    assert second.comparison.as_json()["changed"] == {"0111": ["borders"], "0112": ["borders", "name"]}
    assert {code: node for code, node in nodes(conn).items() if code in ids} == ids
    shapes = rows(conn, "select version_id, count(*) from grids where current group by 1")
    assert shapes == [{"version_id": second.version, "count": 8}]
    assert len(rows(conn, "select 1 from grids where version_id = %s", first.version)) == 8
    assert service.locate(conn, WEST + 1.05 * SIDE, MIDDLE).grid_id == ids["0111"]


def test_a_grid_cut_in_two_is_reported_as_split(conn: Connection, put: Load) -> None:
    put(sound())
    features = without(sound(), "0122")
    features += [feature(3, "0123", "03", "012", 3, 3.5), feature(3, "0124", "04", "012", 3.5, 4)]  # type: ignore[arg-type]
    assert put(features).comparison.as_json()["split"] == {"0122": ["0123", "0124"]}


def test_a_load_enters_the_change_log_so_that_tablets_hear_of_it(conn: Connection, put: Load) -> None:
    loaded = put(sound())
    logged = rows(conn, "select kind, id, district_id from change_log")
    assert logged == [{"kind": "grid", "id": str(loaded.version), "district_id": nodes(conn)["L"]}]
    assert conn.changed == {nodes(conn)["L"]}


def test_the_report_is_kept_with_the_version(conn: Connection, put: Load) -> None:
    features = sound()
    for vertex in ring(features, "0121")[1:3]:
        vertex[0] = round(vertex[0] - 0.0001, 7)
    put(features, Wanted(district="L", valid_from=date(2026, 1, 1)))
    (version,) = rows(conn, "select * from boundary_versions")
    assert [found["code"] for found in version["report"]["findings"]] == ["gap"]
    assert (version["valid_from"], version["source_name"], len(version["source_sha256"])) == (
        date(2026, 1, 1), "grids.geojson", 64,
    )  # fmt: skip


def test_levels_that_a_file_leaves_out_are_taken_from_the_stored_boundaries(
    conn: Connection, put: Load
) -> None:
    put(sound())
    features = [item for item in sound() if item["properties"]["level"] in (1, 3)]
    named(features, "0111")["properties"]["name"] = "改名"
    loaded = put(features)
    assert not loaded.refused and loaded.counts[2] == 2
    assert loaded.comparison.as_json()["changed"] == {"0111": ["name"]}


def test_a_thin_overlap_goes_to_the_lower_code_and_is_reported(conn: Connection, put: Load) -> None:
    features = sound()
    for vertex in ring(features, "0121")[1:3]:
        vertex[0] = round(vertex[0] + 0.00002, 7)
    loaded = put(features)
    (moved, whole) = loaded.findings
    assert (moved.code, moved.feature, moved.params["gained"], moved.params["lost"]) == (
        "seamed",
        "0122",
        "0",
        "2,126",
    )
    assert whole.code == "snapped" and "0.05 m" in whole.text()
    found = service.locate(conn, WEST + 3 * SIDE + 0.00001, MIDDLE)
    assert (found.status, found.grid_id) == ("inside", nodes(conn)["0121"])


def test_repair_closes_a_strip_of_nobody_s_ground_and_nothing_wider(conn: Connection, put: Load) -> None:
    for metres, kept in ((3, False), (10, True)):
        features = sound()
        for vertex in ring(features, "0121")[1:3]:
            vertex[0] = round(vertex[0] - metres * METRE, 7)
        loaded = put(features, Wanted(district="L", mend=True))
        assert [found.code for found in loaded.findings] == (["gap"] if kept else ["seamed", "snapped"])
        inside = service.locate(conn, WEST + 3 * SIDE - METRE, MIDDLE)
        assert inside.status == ("outside" if kept else "inside")


def test_after_a_load_neighbours_share_every_vertex_and_parents_are_their_parts(
    conn: Connection, put: Load
) -> None:
    features = sound()
    for code, shift in (("0111", 0.02), ("0121", -0.02), ("0122", 0.01)):
        for vertex in ring(features, code)[1:3]:
            vertex[0] = vertex[0] + shift * METRE
    put(features)
    for level in (1, 2, 3):
        stored = rows(
            conn, "select st_asbinary(geom) as shape from grids where current and level = %s", level
        )
        assert shapely.coverage_is_valid([shapely.from_wkb(bytes(row["shape"])) for row in stored])
    assert (
        rows(
            conn,
            """
        select p.code from grids p where p.level in (0, 1, 2)
        and not st_equals(p.geom, (select st_union(c.geom) from grids c where c.parent_id = p.node_id))""",
        )
        == []
    )


def test_a_corner_on_a_neighbours_slanted_border_is_a_corner_of_both_whichever_way_it_is_rounded(
    tmp_path: Path,
) -> None:
    """It moves by millimetres; towards its own side that would leave a slit of nobody's ground."""
    for step in range(1, 20):
        features = sound()
        top = [WEST + SIDE + 0.0003333, SOUTH + SIDE]
        ring(features, "0111")[2], ring(features, "0112")[3] = top, top
        west, (east, north) = WEST + SIDE, top
        ring(features, "0112")[4:4] = [
            [west + (east - west) * step / 20.3, SOUTH + (north - SOUTH) * step / 20.3]
        ]
        made, _ = seam(read(write(tmp_path / "a.geojson", features)).areas)
        assert [area.code for area in made if area.shape.geom_type != "Polygon" or area.shape.interiors] == []
        leaves = [area.shape for area in made if area.level == 3]
        assert shapely.coverage_is_valid(leaves, gap_width=5e-7)
        assert [found.code for found in check(made)] == []


def test_codes_that_lost_their_zeros_never_stand_beside_the_stored_ones(put: Load) -> None:
    put(sound())
    features = sound()
    for item in features:
        item["properties"]["code"] = item["properties"]["code"].lstrip("0")
        item["properties"]["parent"] = (item["properties"]["parent"] or "").lstrip("0") or None
    loaded = put(features)
    assert loaded.refused
    assert {found.code for found in loaded.findings if found.severity == "fault"} == {"lost_zeros"}
    assert "stored 0121" in next(found.text() for found in loaded.findings if found.feature == "121")


def test_boundaries_of_another_place_cannot_replace_a_district(put: Load) -> None:
    put(sound())
    far = sound()
    for item in far:
        for vertex in item["geometry"]["coordinates"][0]:
            vertex[0] -= 30
    assert [found.code for found in put(far).findings] == ["far_away"]


def test_a_code_cannot_change_its_level_and_a_date_cannot_lie_in_the_future(put: Load) -> None:
    put(sound())
    features = without(sound(), "011", "012", "0111", "0112", "0121", "0122")
    features += [feature(2, "0111", "社区", "01", 0, 4), feature(3, "new", "网格", "0111", 0, 4)]
    assert [found.code for found in put(features).findings] == ["other_level"]
    future = put(without(sound(), "0122"), Wanted(district="L", valid_from=date(2027, 1, 1)))
    assert "in_future" in [found.code for found in future.findings] and future.refused
    nowhere = put(without(sound(), "0121"), Wanted(district="L", timezone="Asia/Nowhere"))
    assert "no_timezone" in [found.code for found in nowhere.findings]
