"""Routing in bulk without a database: every point gets an answer, the same one each time, and the server's."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.geojson import UnreadableError
from gis.points import Tally, route_file
from gis.read import read
from gis.route import Router
from server.db import Connection
from server.grids import service
from server.grids.service import Point
from server.settings import CHECKOUT
from tests.gis.strip import METRE, SIDE, SOUTH, WEST, ring, sound, write
from tests.server.small_district import make_small_district

MIDDLE = SOUTH + SIDE / 2


def router(tmp_path: Path) -> Router:
    return Router(read(write(tmp_path / "grids.geojson", sound())).areas)


def answers(made: Router, points: list[tuple[float, float, float]]) -> list[tuple[str, str, list[str]]]:
    lon, lat, accuracy = np.array(points, dtype=float).T
    routed = made.route(lon, lat, accuracy)
    return [
        (
            made.grids[cell].code if cell >= 0 else "",
            str(routed.status[index]),
            [made.grids[other].code for other in routed.candidates.get(index, [])],
        )
        for index, cell in enumerate(routed.grid.tolist())
    ]


def test_each_point_gets_its_grid_the_border_the_lowest_code_and_the_outside_says_so(tmp_path: Path) -> None:
    nan = float("nan")
    points = [
        (WEST + 0.5 * SIDE, MIDDLE, nan), (WEST + SIDE, MIDDLE, nan), (WEST + SIDE + 5e-10, MIDDLE, nan),
        (WEST - 30 * METRE, MIDDLE, nan), (nan, nan, nan), (WEST, MIDDLE, nan),
    ]  # fmt: skip
    assert answers(router(tmp_path), points) == [
        ("0111", "inside", []), ("0111", "border", ["0111", "0112"]), ("0112", "border", ["0111", "0112"]),
        ("", "outside", []), ("", "outside", []), ("0111", "inside", []),
    ]  # fmt: skip


def test_a_point_just_outside_the_outer_border_is_outside(tmp_path: Path) -> None:
    assert answers(router(tmp_path), [(WEST - 5e-10, MIDDLE, float("nan"))]) == [("", "outside", [])]


def test_outside_the_nearest_within_the_accuracy_and_a_circle_over_a_border_names_both(
    tmp_path: Path,
) -> None:
    points = [
        (WEST - 30 * METRE, MIDDLE, 40.0),
        (WEST - 30 * METRE, MIDDLE, 20.0),
        (WEST + SIDE + 10 * METRE, MIDDLE, 15.0),
    ]
    assert answers(router(tmp_path), points) == [
        ("0111", "nearest", []), ("", "outside", []), ("0112", "inside", ["0112", "0111"]),
    ]  # fmt: skip


def test_where_two_grids_overlap_a_point_always_gets_the_lower_code(tmp_path: Path) -> None:
    features = sound()
    for vertex in ring(features, "0121")[1:3]:
        vertex[0] += 2 * METRE
    made = Router(read(write(tmp_path / "grids.geojson", features)).areas)
    found = answers(made, [(WEST + 3 * SIDE + n * METRE, MIDDLE, float("nan")) for n in (-1, 1, 3)])
    assert found == [("0121", "inside", []), ("0121", "border", ["0121", "0122"]), ("0122", "inside", [])]


def test_random_points_agree_with_a_plain_search_through_all_polygons(tmp_path: Path) -> None:
    areas = read(CHECKOUT / "grids.geojson").areas
    made = Router(areas)
    random = np.random.default_rng(7)
    lon, lat = random.uniform(103.97, 104.07, 300), random.uniform(30.575, 30.635, 300)
    routed = made.route(lon, lat)
    for index in range(len(lon)):
        inside = [
            cell
            for cell, grid in enumerate(made.grids)
            if shapely.intersects_xy(grid.shape, lon[index], lat[index])
        ]
        assert routed.grid[index] == (inside[0] if inside else -1)


def test_bulk_routing_and_the_server_give_the_same_answers(conn: Connection, tmp_path: Path) -> None:
    """The strip and the small district have the same shape of squares; here it is read back out of the database."""
    district = make_small_district(conn)
    with conn.cursor() as cursor:
        cursor.execute(
            "select code, st_asbinary(geom) as shape from grids where current and level = 3 order by code"
        )
        from gis.areas import Area

        made = Router(
            [
                Area(3, r["code"], "", r["code"][:4], shapely.from_wkb(bytes(r["shape"])))
                for r in cursor.fetchall()
            ]
        )
    random = np.random.default_rng(3)
    lon, lat = random.uniform(103.99, 104.13, 400), random.uniform(29.998, 30.012, 400)
    lon[:40], lat[:40] = np.round(lon[:40], 2), np.round(lat[:40], 2)
    accuracy = random.choice([0.0, 15.0, 120.0], 400)
    routed = made.route(lon, lat, accuracy)
    located = service.locate_many(
        conn,
        [
            Point(x, y, r, district.id)
            for x, y, r in zip(lon.tolist(), lat.tolist(), accuracy.tolist(), strict=True)
        ],
    )
    for index, place in enumerate(located):
        code = made.grids[routed.grid[index]].code if routed.grid[index] >= 0 else None
        assert place.status == routed.status[index]
        assert place.grid_id == (district.nodes[code] if code else None)


def route_csv(tmp_path: Path, text: str, name: str = "points.csv") -> tuple[list[dict[str, str]], Tally]:
    path = tmp_path / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    done: list[int] = []
    tally = route_file(router(tmp_path), path, tmp_path / "out.csv", done.append)
    assert sum(done) == tally.points
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)), tally


def test_a_csv_is_answered_row_by_row_with_codes_as_text(tmp_path: Path) -> None:
    text = f"\ufeffexternal_id,lon,lat\n007,{WEST + 0.005},{MIDDLE}\nb,,\nc,{WEST + SIDE},{MIDDLE}\nd,east,north\ne,900,4\n"
    for name in ("points.csv", "points.csv.gz"):
        rows, tally = route_csv(tmp_path, text, name)
        assert rows == [
            {
                "id": "007",
                "level1": "01",
                "level2": "011",
                "level3": "0111",
                "status": "inside",
                "candidates": "",
                "shares": "",
            },
            {
                "id": "b",
                "level1": "",
                "level2": "",
                "level3": "",
                "status": "outside",
                "candidates": "",
                "shares": "",
            },
            {
                "id": "c",
                "level1": "01",
                "level2": "011",
                "level3": "0111",
                "status": "border",
                "candidates": "0111;0112",
                "shares": "",
            },
            {
                "id": "d",
                "level1": "",
                "level2": "",
                "level3": "",
                "status": "outside",
                "candidates": "",
                "shares": "",
            },
            {
                "id": "e",
                "level1": "",
                "level2": "",
                "level3": "",
                "status": "outside",
                "candidates": "",
                "shares": "",
            },
        ]
        assert (tally.points, tally.inside, tally.border, tally.outside, tally.without_position) == (
            5,
            1,
            1,
            3,
            3,
        )


def test_columns_may_have_other_names_and_an_accuracy(tmp_path: Path) -> None:
    rows, _ = route_csv(tmp_path, f"编号,经度,纬度,accuracy_m\n1,{WEST - 30 * METRE},{MIDDLE},50\n")
    assert rows[0]["status"] == "nearest" and rows[0]["level3"] == "0111"


def test_an_empty_csv_gives_an_empty_answer_and_one_without_coordinates_is_refused(tmp_path: Path) -> None:
    rows, tally = route_csv(tmp_path, "id,lon,lat\n")
    assert rows == [] and tally.points == 0
    with pytest.raises(UnreadableError, match="no columns lon and lat; it has: id, x_coord"):
        route_csv(tmp_path, "id,x_coord\n1,2\n")
