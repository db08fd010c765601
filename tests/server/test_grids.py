"""Whose a place is, asked of the server; the tree of grids over the API."""

import json
from contextlib import closing
from datetime import UTC, datetime

import pytest

from gis.load import load, renew_statistics
from gis.prepare import Wanted
from gis.read import read
from server.db import Connection, connect
from server.errors import BadInput, NotFound
from server.grids import service
from server.grids.service import Point
from server.settings import CHECKOUT
from tests.server.small_district import SmallDistrict, make_small_district

# The small district is a strip of squares of 0.01° along 30.0–30.01 N from 104.0 E.
INSIDE = (104.005, 30.005)
ON_BORDER = (104.01, 30.005)
SOUTH_BY_33_M = (104.005, 29.9997)


@pytest.fixture
def district(conn: Connection) -> SmallDistrict:
    return make_small_district(conn)


def test_a_point_inside_a_grid_gets_the_grid_with_its_community_street_and_district(
    conn: Connection, district: SmallDistrict
) -> None:
    found = service.locate(conn, *INSIDE)
    nodes = district.nodes
    assert (found.status, found.grid_id, found.community_id) == ("inside", nodes["S1C1G1"], nodes["S1C1"])
    assert (found.street_id, found.district_id) == (nodes["S1"], district.id)
    assert found.candidates == () and found.distance_m == 0
    assert found.boundary_version is not None


def test_a_point_on_a_border_goes_to_the_lowest_code(conn: Connection, district: SmallDistrict) -> None:
    found = service.locate(conn, *ON_BORDER)
    assert (found.status, found.grid_id) == ("border", district.nodes["S1C1G1"])
    assert found.candidates == ("S1C1G1", "S1C1G2")


def test_a_point_within_a_tenth_of_a_millimetre_of_two_grids_is_on_their_border_and_goes_to_the_one_that_covers_it(
    conn: Connection, district: SmallDistrict
) -> None:
    found = service.locate(conn, 104.01 + 5e-10, 30.005)
    assert (found.status, found.grid_id) == ("border", district.nodes["S1C1G2"])
    assert found.candidates == ("S1C1G1", "S1C1G2")


def test_outside_all_grids_the_nearest_within_the_accuracy_takes_the_point(
    conn: Connection, district: SmallDistrict
) -> None:
    found = service.locate(conn, *SOUTH_BY_33_M, accuracy_m=40)
    assert (found.status, found.grid_id) == ("nearest", district.nodes["S1C1G1"])
    assert found.distance_m == pytest.approx(33.4, abs=0.5)


def test_outside_all_grids_and_beyond_the_accuracy_a_point_stays_outside_with_its_district(
    conn: Connection, district: SmallDistrict
) -> None:
    for accuracy in (None, 0, 20):
        found = service.locate(conn, *SOUTH_BY_33_M, accuracy_m=accuracy)
        assert (found.status, found.grid_id, found.street_id) == ("outside", None, None)
        assert (found.district_id, found.boundary_version, found.distance_m) == (district.id, None, None)


def test_an_accuracy_circle_that_crosses_a_border_names_both_grids_and_keeps_the_one_it_lies_in(
    conn: Connection, district: SmallDistrict
) -> None:
    found = service.locate(conn, 104.0101, 30.005, accuracy_m=15)
    assert (found.status, found.grid_id) == ("inside", district.nodes["S1C1G2"])
    assert found.candidates == ("S1C1G2", "S1C1G1")


def test_a_report_without_a_usable_position_is_outside_and_not_an_error(
    conn: Connection, district: SmallDistrict
) -> None:
    useless = [Point(None, None), Point(float("nan"), 30.0), Point(500.0, 30.0), Point(104.005, None)]
    assert [found.status for found in service.locate_many(conn, useless)] == ["outside"] * 4


def test_many_points_are_answered_in_their_own_order_by_one_query(
    conn: Connection, district: SmallDistrict
) -> None:
    points = [Point(104.005 + 0.01 * (n % 12), 30.005) for n in range(500)]
    points[7] = Point(None, None)
    found = service.locate_many(conn, points)
    codes = {node: code for code, node in district.nodes.items()}
    assert [codes[place.grid_id] if place.grid_id else None for place in found[:9]] == [
        "S1C1G1", "S1C1G2", "S1C1G3", "S1C2G1", "S1C2G2", "S1C2G3", "S2C1G1", None, "S2C1G3",
    ]  # fmt: skip
    assert len(found) == 500


def test_a_point_is_only_looked_for_in_the_district_that_was_asked_for(
    conn: Connection, district: SmallDistrict
) -> None:
    other = make_small_district(conn, "E")
    assert service.locate(conn, *INSIDE, district_id=other.id).grid_id == other.nodes["S1C1G1"]
    assert service.locate(conn, *INSIDE, district_id=district.id).grid_id == district.nodes["S1C1G1"]


def test_between_two_districts_a_point_outside_belongs_to_the_nearer_one(
    conn: Connection, district: SmallDistrict
) -> None:
    far = make_small_district(conn, "F")
    with conn.cursor() as cursor:
        cursor.execute(
            "update grids set geom = st_translate(geom, 10, 0), inside = st_translate(inside, 10, 0)"
            " where node_id in (select id from grid_nodes where district_id = %s)",
            (far.id,),
        )
    assert service.locate(conn, 104.005, 29.0).district_id == district.id
    assert service.locate(conn, 114.005, 29.0).district_id == far.id


def test_old_boundaries_are_not_asked(conn: Connection, district: SmallDistrict) -> None:
    with conn.cursor() as cursor:
        cursor.execute("update grids set current = false")
    assert service.locate(conn, *INSIDE).status == "outside"


def test_a_look_up_is_one_search_in_the_spatial_index(dsn: str) -> None:
    """In a real district, with the statistics that a load leaves behind."""
    with closing(connect(dsn)) as conn:
        load(conn, read(CHECKOUT / "grids.geojson"), Wanted(), datetime(2026, 11, 22, tzinfo=UTC))
        conn.commit()
    renew_statistics(dsn)
    with closing(connect(dsn)) as conn, conn.cursor() as cursor:
        params = {
            "lons": [104.02],
            "lats": [30.61],
            "reaches": [0.0],
            "easts": [1e5],
            "norths": [1e5],
            "districts": [None],
        }
        # What `whose` keeps the plan of; a function shows none of its own.
        look_up = service.SQL.located_rows.sql.replace("whose(", "located_at(")
        cursor.execute("explain (analyze, format json) " + look_up, params)
        plan = json.dumps(cursor.fetchone()["QUERY PLAN"])
    assert plan.count('"grids_current_geom_idx"') == 1
    assert "Seq Scan" not in plan


def test_a_place_may_be_named_by_the_code_of_any_level(conn: Connection, district: SmallDistrict) -> None:
    nodes = district.nodes
    grid = service.located_by_code(conn, district.id, "S2C1G3")
    street = service.located_by_code(conn, None, "S2")
    assert grid is not None and (grid.street_id, grid.community_id, grid.grid_id) == (
        nodes["S2"], nodes["S2C1"], nodes["S2C1G3"],
    )  # fmt: skip
    assert street is not None and (street.street_id, street.community_id, street.grid_id) == (
        nodes["S2"],
        None,
        None,
    )
    assert service.located_by_code(conn, district.id, "nowhere") is None


def test_the_tree_is_paged_in_code_order(conn: Connection, district: SmallDistrict) -> None:
    seen: list[str] = []
    after = None
    while True:
        items, after = service.page(conn, level=3, parent=None, limit=5, after=after, district_id=district.id)
        seen += [item["code"] for item in items]
        if after is None:
            break
    assert seen == sorted(code for code in district.nodes if len(code) == 6)
    below, _ = service.page(conn, level=None, parent="S1C2", limit=10, after=None, district_id=district.id)
    assert [item["code"] for item in below] == ["S1C2G1", "S1C2G2", "S1C2G3"]
    with pytest.raises(BadInput):
        service.page(conn, level=None, parent=None, limit=5, after="nonsense", district_id=None)


def test_a_grid_is_shown_with_a_point_inside_it_and_its_children(
    conn: Connection, district: SmallDistrict
) -> None:
    street = service.grid(conn, "S1", district.id)
    assert (street["children"], street["parent"], street["level"]) == (2, "D", 1)
    lon, lat = street["point"]
    assert service.locate(conn, lon, lat).street_id == district.nodes["S1"]
    with pytest.raises(NotFound):
        service.grid(conn, "S9", district.id)


def test_a_tablets_package_holds_its_scope_with_shapes_its_ancestors_by_name_and_its_neighbours(
    conn: Connection, district: SmallDistrict
) -> None:
    made = service.package(conn, [district.nodes["S1C1"]])
    parts = {node["code"]: node["part"] for node in made["nodes"]}
    assert parts == {
        "D": "above", "S1": "above", "S1C1": "scope", "S1C1G1": "scope", "S1C1G2": "scope", "S1C1G3": "scope",
        "S1C2G1": "neighbour",
    }  # fmt: skip
    assert made["bounds"] == [104.0, 30.0, 104.04, 30.01]
    shapes = {node["code"]: node["shape"] for node in made["nodes"]}
    assert shapes["D"] is None and len(shapes["S1C1G1"][0][0]) == 5
    json.dumps(made)
    with pytest.raises(NotFound):
        service.package(conn, [10**9])
