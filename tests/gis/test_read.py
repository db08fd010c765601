"""Boundary files come as anything that GDAL reads, in any system and encoding that can be told."""

import json
import zipfile
from pathlib import Path

import geopandas
import numpy as np
import pytest

from gis import coordinates
from gis.areas import Boundaries
from gis.checks import check
from gis.fields import Fields
from gis.geojson import UnreadableError
from gis.read import read
from tests.gis.strip import sound, write


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return write(tmp_path / "grids.geojson", sound())


@pytest.fixture
def frame(plain: Path) -> geopandas.GeoDataFrame:
    return geopandas.read_file(plain)


def same_as(plain: Path, other: Boundaries, within_deg: float = 0.0) -> bool:
    expected = {area.code: area for area in read(plain).areas}
    return len(other.areas) == len(expected) and all(
        (area.level, area.name, area.parent)
        == (expected[area.code].level, expected[area.code].name, expected[area.code].parent)
        and area.shape.hausdorff_distance(expected[area.code].shape) <= within_deg
        for area in other.areas
    )


def zipped(folder: Path, name: str, members: list[Path]) -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for member in members:
            archive.write(member, member.name)
    return folder / name


def test_a_byte_order_mark_is_accepted(plain: Path, tmp_path: Path) -> None:
    marked = tmp_path / "bom.geojson"
    marked.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    assert same_as(plain, read(marked))


def test_geopackage_flatgeobuf_kml_and_zipped_geojson_give_the_same_areas(
    plain: Path, frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    frame.to_file(tmp_path / "a.gpkg", driver="GPKG")
    frame.to_file(tmp_path / "a.fgb", driver="FlatGeobuf")
    for path in (tmp_path / "a.gpkg", tmp_path / "a.fgb", zipped(tmp_path, "a.zip", [plain])):
        assert same_as(plain, read(path)), path.name


@pytest.mark.parametrize(("driver", "name"), [
    ("MapInfo File", "a.tab"), ("MapInfo File", "a.mif"), ("SQLite", "a.sqlite"), ("GeoJSONSeq", "a.geojsonl"),
    ("LIBKML", "a.kmz"), ("OGR_GMT", "a.gmt"), ("JSONFG", "b.json"), ("MapML", "a.mapml"),
])  # fmt: skip
def test_formats_of_other_programs_give_the_same_areas(
    plain: Path, frame: geopandas.GeoDataFrame, tmp_path: Path, driver: str, name: str
) -> None:
    frame.to_file(tmp_path / name, driver=driver)
    assert same_as(plain, read(tmp_path / name), 1e-8)


def test_a_zipped_file_geodatabase_is_read(
    plain: Path, frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    frame.to_file(tmp_path / "a.gdb", driver="OpenFileGDB", layer="grids")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for member in sorted((tmp_path / "a.gdb").iterdir()):
            archive.write(member, f"delivery/a.gdb/{member.name}")
    assert same_as(plain, read(tmp_path / "a.zip"), 1e-8)


def test_a_zipped_shapefile_in_another_system_is_converted_and_the_system_is_reported(
    plain: Path, frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    frame.to_crs(32648).to_file(tmp_path / "a.shp", encoding="UTF-8")
    boundaries = read(zipped(tmp_path, "a.zip", sorted(tmp_path.glob("a.*"))))
    assert same_as(plain, boundaries, 1e-8)
    assert [note.params.get("system") for note in boundaries.findings] == ["EPSG:32648"]
    assert check(boundaries.areas) == []


def test_chinese_names_in_gbk_are_read_without_a_cpg_file(
    plain: Path, frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    frame.to_file(tmp_path / "a.shp", encoding="GBK")
    (tmp_path / "a.cpg").unlink()
    table = bytearray((tmp_path / "a.dbf").read_bytes())
    table[29] = 0
    (tmp_path / "a.dbf").write_bytes(bytes(table))
    boundaries = read(tmp_path / "a.shp")
    assert same_as(plain, boundaries)
    assert [note.text() for note in boundaries.findings] == ["The names are read as GBK."]


def test_an_encoding_that_fits_nothing_is_refused(frame: geopandas.GeoDataFrame, tmp_path: Path) -> None:
    frame["name"] = "Zürich-Höngg são"
    frame.to_file(tmp_path / "a.shp", encoding="ISO-8859-1")
    (tmp_path / "a.cpg").unlink()
    table = bytearray((tmp_path / "a.dbf").read_bytes())
    table[29] = 0
    (tmp_path / "a.dbf").write_bytes(bytes(table))
    with pytest.raises(UnreadableError, match="encoding"):
        read(tmp_path / "a.shp")


def test_a_shapefile_without_a_system_is_refused_until_somebody_states_it(
    plain: Path, frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    frame.to_crs(32648).to_file(tmp_path / "a.shp", encoding="UTF-8")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(UnreadableError, match="--crs"):
        read(tmp_path / "a.shp")
    assert same_as(plain, read(tmp_path / "a.shp", crs="EPSG:32648"), 1e-8)
    with pytest.raises(UnreadableError, match="not known"):
        read(tmp_path / "a.shp", crs="EPSG:999999")


def test_a_shapefile_that_was_cut_off_is_refused(frame: geopandas.GeoDataFrame, tmp_path: Path) -> None:
    frame.to_file(tmp_path / "a.shp", encoding="UTF-8")
    data = (tmp_path / "a.shp").read_bytes()
    (tmp_path / "a.shp").write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableError, match="ends early"):
        read(tmp_path / "a.shp")


def test_shifted_chinese_coordinates_are_converted_when_they_are_declared(
    plain: Path, tmp_path: Path
) -> None:
    for datum, forward in (
        ("GCJ-02", coordinates.wgs84_to_gcj02),
        ("BD-09", lambda lon, lat: coordinates.gcj02_to_bd09(*coordinates.wgs84_to_gcj02(lon, lat))),
    ):
        features = sound()
        for item in features:
            item["properties"]["datum"] = datum
            ring = np.array(item["geometry"]["coordinates"][0])
            item["geometry"]["coordinates"] = [np.column_stack(forward(ring[:, 0], ring[:, 1])).tolist()]
        declared = read(write(tmp_path / "shifted.geojson", features))
        assert same_as(plain, declared, 1e-8)
        assert declared.findings[0].params == {"system": datum}
        for item in features:
            del item["properties"]["datum"]
        stated = read(write(tmp_path / "silent.geojson", features), crs=datum)
        assert same_as(plain, stated, 1e-8)


def test_the_old_crs_member_of_geojson_is_obeyed(
    plain: Path, frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    document = json.loads(frame.to_crs(3857).to_json())
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    assert same_as(plain, read(write(tmp_path / "m.geojson", document["features"], crs=crs)), 1e-8)
    same = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert read(write(tmp_path / "d.geojson", sound(), crs=same)).findings == []


def test_fields_may_have_chinese_names_or_be_named_on_the_command_line(plain: Path, tmp_path: Path) -> None:
    chinese, odd = sound(), sound()
    words = {"level": "级别", "code": "网格编码", "name": "名称", "parent": "上级编码", "households": "户数"}
    for item in chinese:
        item["properties"] = {words[key]: value for key, value in item["properties"].items()}
    for item in odd:
        item["properties"] = {f"f_{key}": value for key, value in item["properties"].items()}
    assert same_as(plain, read(write(tmp_path / "chinese.geojson", chinese)))
    odd_file = write(tmp_path / "odd.geojson", odd)
    assert same_as(plain, read(odd_file, Fields("f_code", "f_name", "f_parent", "f_level")))
    with pytest.raises(UnreadableError, match="--level-field"):
        read(odd_file)
    with pytest.raises(UnreadableError, match="f_cod"):
        read(odd_file, Fields("f_cod", "f_name", "f_parent", "f_level"))


def test_an_archive_must_hold_one_layer(plain: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.geojson", sound())
    with pytest.raises(UnreadableError, match=r"grids\.geojson, other\.geojson"):
        read(zipped(tmp_path, "two.zip", [plain, other]))


def test_a_dataset_that_points_elsewhere_is_not_followed(plain: Path, tmp_path: Path) -> None:
    text = f"<OGRVRTDataSource><OGRVRTLayer name='grids'><SrcDataSource>{plain}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    (tmp_path / "a.vrt").write_text(text)
    with pytest.raises(UnreadableError, match="virtual"):
        read(tmp_path / "a.vrt")
