"""Server, bulk routing and tablet answer alike, on borders too; the whole million is `python -m bench.agree`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bench.agree import Asked, differences, sample
from gis.load import load
from gis.prepare import Wanted, stored_areas
from gis.read import read
from mobile.core.whose import Grids
from server.db import Connection
from server.settings import CHECKOUT
from tests.gis.strip import METRE, SIDE, SOUTH, WEST, feature, named, sound, write

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def stored(conn: Connection, path: Path) -> int:
    loaded = load(conn, read(path), Wanted(district="D"), NOW)
    assert loaded.version is not None
    return loaded.version


def test_thousands_of_points_most_of_them_on_borders_are_answered_alike(
    conn: Connection, tmp_path: Path
) -> None:
    district = json.loads((CHECKOUT / "grids.geojson").read_text(encoding="utf-8"))
    street = district["features"][1]["properties"]["code"]
    wanted = {street}
    for item in district["features"]:
        if item["properties"]["parent"] in wanted:
            wanted.add(item["properties"]["code"])
    part = [item for item in district["features"] if item["properties"]["code"] in wanted]
    version = stored(conn, write(tmp_path / "street.geojson", part))
    asked = sample(stored_areas(conn, version), 6000)
    assert list(differences(conn, version, asked)) == []


def test_holes_islands_and_parts_far_from_each_other_are_answered_alike(
    conn: Connection, tmp_path: Path
) -> None:
    """0121 has a hole that is a second part of 0122; 0122 has a third one, an island beyond everything."""
    features = sound()
    x, y = WEST + 2.5 * SIDE, SOUTH + SIDE / 2
    hole = [
        [round(x + a * SIDE / 5, 7), round(y + b * SIDE / 5, 7)]
        for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    ]
    island = [[place[0] + 3 * SIDE, place[1]] for place in hole]
    named(features, "0121")["geometry"]["coordinates"].append(hole[::-1])
    square = named(features, "0122")["geometry"]["coordinates"]
    parts = {"type": "MultiPolygon", "coordinates": [square, [hole], [island]]}
    named(features, "0122")["geometry"] = parts
    for code in ("01", "012"):
        outline = named(features, code)["geometry"]["coordinates"]
        named(features, code)["geometry"] = {"type": "MultiPolygon", "coordinates": [outline, [island]]}
    version = stored(conn, write(tmp_path / "grids.geojson", features))
    asked = sample(stored_areas(conn, version), 3000)
    assert list(differences(conn, version, asked)) == []
    middle = Grids(
        [(area.code, rings(area.shape)) for area in stored_areas(conn, version) if area.level == 3]
    )
    assert middle.of(x, y).taken == middle.of(x + 3 * SIDE, y).taken == 3


def rings(shape: object) -> list[list[tuple[float, float]]]:
    return [
        [(p[0], p[1]) for p in ring.coords]
        for part in shape.geoms
        for ring in (part.exterior, *part.interiors)
    ]  # type: ignore[attr-defined]


def test_a_circle_on_a_border_lies_in_both_by_halves_and_reaches_two_kilometres_at_most(
    conn: Connection, tmp_path: Path
) -> None:
    version = stored(conn, write(tmp_path / "grids.geojson", sound()))
    lon = np.array([WEST + SIDE, WEST + SIDE + 10 * METRE, WEST - 5000 * METRE, WEST - 1500 * METRE])
    asked = Asked(lon, np.full(4, SOUTH + SIDE / 2), np.array([50.0, 50.0, 1e6, 1e6]))
    assert list(differences(conn, version, asked)) == []
    grids = Grids([(area.code, rings(area.shape)) for area in stored_areas(conn, version) if area.level == 3])
    on, beside, far, near = (
        grids.of(x, SOUTH + SIDE / 2, r) for x, r in zip(lon, asked.accuracy, strict=True)
    )
    assert (on.status, on.candidates, on.shares) == ("border", (0, 1), (0.5, 0.5))
    assert (beside.status, beside.candidates) == ("inside", (1, 0))
    assert beside.shares == pytest.approx((0.63, 0.37), abs=0.01)
    assert (far.status, near.status, near.taken) == ("outside", "nearest", 0)


def test_poles_and_the_180th_meridian_are_answered_and_lie_outside(conn: Connection, tmp_path: Path) -> None:
    version = stored(conn, write(tmp_path / "grids.geojson", sound()))
    lon, lat = np.array([180.0, -180.0, 0.0, 104.0, 179.9999]), np.array([0.0, 0.0, 90.0, -90.0, 89.9999])
    assert list(differences(conn, version, Asked(lon, lat, np.full(5, 1e9)))) == []


def test_overlapping_grids_are_answered_alike(conn: Connection, tmp_path: Path) -> None:
    """A load leaves none, but older versions and other sources may hold them."""
    features = [*sound(), feature(3, "0123", "重叠", "012", 3, 4)]
    areas = read(write(tmp_path / "grids.geojson", sound())).areas
    version = stored(
        conn,
        write(
            tmp_path / "grids.geojson", [item for item in features if item["properties"]["code"] != "0123"]
        ),
    )
    with conn.cursor() as cursor:
        cursor.execute(
            "update grids set geom = st_multi(st_buffer(geom, 0.0005, 'join=mitre')) where level = 3 and code = '0121'"
        )
    assert list(differences(conn, version, sample(areas, 3000))) == []
