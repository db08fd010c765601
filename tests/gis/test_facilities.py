"""Layers of facilities from files: any format, every fault named by feature and place, all or nothing."""

import json
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely

from gis.areas import Finding, faults
from gis.coordinates import wgs84_to_gcj02
from gis.facilities import Layer, lay, read_layer
from gis.geojson import UnreadableError
from gis.prepare import WrongUseError
from server.db import Connection
from server.facilities import service
from server.facilities.service import Wanted
from server.security import load_viewer
from tests.server.small_district import NOW, SmallDistrict, make_small_district

HERE = (104.005, 30.005)
LAMPS = Wanted("lamps", "路灯", category="urban/component/0137")


def feature(code: Any, place: Any = HERE, kind: str = "Point", **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": place},
        "properties": {"code": code, **properties},
    }


def written(folder: Path, *features: dict[str, Any], **members: Any) -> Path:
    path = folder / "lamps.geojson"
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": list(features), **members}), encoding="utf-8"
    )
    return path


def sentences(found: list[Finding]) -> list[str]:
    return [finding.text() for finding in faults(found)]


def test_points_and_lines_are_read_with_their_codes_names_and_what_else_stands_there(tmp_path: Path) -> None:
    layer = read_layer(written(tmp_path, feature("007", name="七号灯", watt=60, note=None)), "point")
    (thing,) = layer.things
    assert (thing.code, thing.name, thing.properties, thing.lon) == ("007", "七号灯", {"watt": 60}, 104.005)
    path = written(tmp_path, feature("P", [HERE, (104.007, 30.005)], "LineString"))
    assert read_layer(path, "line").things[0].lon == pytest.approx(104.006)


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "fgb", "csv"])
def test_the_formats_of_boundaries_are_the_formats_of_facilities(tmp_path: Path, suffix: str) -> None:
    frame = geopandas.GeoDataFrame(
        {"code": ["001", "002"]}, geometry=[shapely.Point(HERE), shapely.Point(104.006, 30.005)], crs=4326
    )
    path = tmp_path / f"lamps.{suffix}"
    if suffix == "csv":
        path.write_text(
            "code,WKT\n001,POINT (104.005 30.005)\n002,POINT (104.006 30.005)\n", encoding="utf-8"
        )
    else:
        frame.to_file(path, engine="pyogrio")
    layer = read_layer(path, "point", crs="EPSG:4326" if suffix == "csv" else None)
    found = {thing.code: thing.lon for thing in layer.things}
    assert found == pytest.approx({"001": 104.005, "002": 104.006}), sentences(layer.findings)


def test_coordinates_of_another_system_are_converted_and_said(tmp_path: Path) -> None:
    lon, lat = (float(np.asarray(v)[0]) for v in wgs84_to_gcj02(np.array([HERE[0]]), np.array([HERE[1]])))
    layer = read_layer(written(tmp_path, feature("1", (lon, lat))), "point", crs="GCJ-02")
    assert (layer.things[0].lon, layer.things[0].lat) == pytest.approx(HERE, abs=1e-8)
    assert "converted" in {finding.code for finding in layer.findings}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (feature(None), "Feature 2 (–) has no code."),
        (feature(7), "Feature 2 (7): its code is a number"),
        (feature("1"), "Feature 2 has the code 1 of feature 1."),
        (feature("2", None), "Feature 2 (2) has no geometry."),
        (feature("2", (104.0, float("nan"))), "Feature 2 (2): vertex 1: latitude is not a number"),
        (
            feature("2", [HERE, (104.1, 30.0)], "LineString"),
            "Feature 2 (2): the shape is a LineString, not a point.",
        ),
        (
            feature("2", [HERE, (104.1, 30.0)], "MultiPoint"),
            "Feature 2 (2) has 2 points; give each a feature.",
        ),
        (feature("2", (30.005, 104.005)), "Feature 2 (2): latitude and longitude look swapped."),
        (feature("2", (411234.5, 3320000.1)), "Feature 2 (2): 411234.5, 3320000.1 are not degrees"),
    ],
)
def test_each_fault_is_named_with_its_feature_and_nothing_is_put(
    conn: Connection, tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    make_small_district(conn)
    layer = read_layer(written(tmp_path, feature("1"), wrong), "point")
    (sentence,) = sentences(layer.findings)
    assert sentence.startswith(said)
    laid = lay(conn, None, layer, LAMPS, NOW)
    assert laid.refused and laid.put is None
    with conn.cursor() as cursor:
        cursor.execute("select count(*) as n from layers")
        assert cursor.fetchone()["n"] == 0


def test_a_file_without_codes_and_one_that_ends_early_are_refused_whole(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": HERE}, "properties": {"灯号": "1"}},
    )
    with pytest.raises(UnreadableError, match=r"--code-field.*灯号"):
        read_layer(path, "point")
    assert read_layer(path, "point", code_field="灯号").things[0].code == "1"
    path.write_text(path.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    with pytest.raises(UnreadableError, match="ends early"):
        read_layer(path, "point")


@pytest.fixture
def district(conn: Connection) -> SmallDistrict:
    return make_small_district(conn)


def read(tmp_path: Path, *features: dict[str, Any]) -> Layer:
    return read_layer(written(tmp_path, *features), "point")


def test_a_sound_file_is_put_and_what_stands_in_no_grid_is_warned_about(
    conn: Connection, district: SmallDistrict, tmp_path: Path
) -> None:
    laid = lay(conn, None, read(tmp_path, feature("1"), feature("2", (104.005, 30.2))), LAMPS, NOW)
    assert laid.put is not None and (laid.put.added, laid.put.outside) == (["1", "2"], ["2"])
    assert [finding.code for finding in laid.findings] == ["outside"]
    viewer = load_viewer(conn, district.people["worker"], NOW)
    assert viewer is not None
    assert [row["facilities"] for row in service.seen(conn, viewer)] == [2]


def test_a_layer_of_another_town_is_refused(
    conn: Connection, district: SmallDistrict, tmp_path: Path
) -> None:
    laid = lay(conn, None, read(tmp_path, feature("1", (121.47, 31.23))), LAMPS, NOW)
    assert sentences(laid.findings)[0].startswith(
        "The facilities lie about 121.47 31.23, but this district is at 104.06"
    )


def test_with_several_districts_the_layers_own_one_must_be_named(
    conn: Connection, district: SmallDistrict, tmp_path: Path
) -> None:
    make_small_district(conn, "E", staffed=False)
    layer = read(tmp_path, feature("1"))
    with pytest.raises(WrongUseError, match=r"--district.*D, E"):
        lay(conn, None, layer, LAMPS, NOW)
    assert lay(conn, "D", layer, LAMPS, NOW).put is not None
