"""Files that were made to do harm, or only went wrong badly: each ends with a sentence, soon, and nothing else is read."""

import io
import json
import os
import sqlite3
import stat
import struct
import zipfile
from pathlib import Path

import geopandas
import pytest

from gis import gdal
from gis.checks import check
from gis.geojson import UnreadableError
from gis.read import read
from gis.repair import repair
from server.settings import CHECKOUT
from tests.gis.strip import METRE, SIDE, SOUTH, WEST, named, ring, sound, write

SECRET = "乙未密件"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Somebody else's file beside the one that is given."""
    (tmp_path / "elsewhere").mkdir()
    return write(tmp_path / "elsewhere" / "secret.geojson", [
        {**item, "properties": {**item["properties"], "name": SECRET}} for item in sound()
    ])  # fmt: skip


def refused(path: Path) -> str:
    """The sentence; the file must not have shown anything of the secret."""
    try:
        areas = read(path).areas
    except UnreadableError as error:
        assert SECRET not in error.text()
        return error.text()
    assert SECRET not in [area.name for area in areas]
    raise AssertionError(f"{path.name} was read")


def test_files_that_point_at_another_file_are_not_followed(secret: Path, tmp_path: Path) -> None:
    vrt = f"<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    pipeline = json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret} ! write streamed_dataset streamed"})  # fmt: skip
    kml = f"<?xml version='1.0'?><!DOCTYPE kml [<!ENTITY other SYSTEM 'file://{secret}'>]><kml><Document><name>&other;</name></Document></kml>"
    service = "<OGRWFSDataSource><URL>http://127.0.0.1:9/</URL></OGRWFSDataSource>"
    csv = f"level,code,name,parent,WKT\n3,01,/vsisubfile/0_99,{secret},\n"
    for name, text in {
        "a.vrt": vrt, "renamed.geojson": vrt, "padded.gml": " " * 5000 + vrt, "a.gdalg.json": pipeline, "a.kml": kml,
        "a.xml": service, "utf16.gml": vrt,
    }.items():  # fmt: skip
        path = tmp_path / name
        path.write_bytes(text.encode("utf-16" if name.startswith("utf16") else "utf-8"))
        assert refused(path)
    (tmp_path / "a.csv").write_text(csv, encoding="utf-8")
    assert [found.code for found in read(tmp_path / "a.csv", crs="EPSG:4326").findings] == ["no_geometry"]


def test_paths_that_only_gdal_understands_are_no_files(secret: Path) -> None:
    for path in (
        f"/vsicurl/file://{secret}",
        f"/vsizip/{secret}",
        "/vsistdin/",
        f"GPKG:{secret}:x",
        str(secret.parent),
    ):
        with pytest.raises(UnreadableError, match="no file"):
            read(Path(path))


def test_a_database_whose_tables_are_views_of_other_files_shows_nothing_of_them(
    secret: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("create table plain (level integer, code text)")
        database.execute("pragma writable_schema = on")
        database.execute(
            "insert into sqlite_master (type, name, tbl_name, rootpage, sql) values ('table', 'other', 'other', 0, ?)",
            (f"create virtual table other using VirtualOGR('{secret}')",),
        )
    assert refused(path)


def test_a_link_in_an_archive_is_not_followed_and_names_lead_nowhere(secret: Path, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("grids.geojson")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, str(secret))
    assert "holds a link" in refused(tmp_path / "link.zip")
    with zipfile.ZipFile(tmp_path / "up.zip", "w") as archive:
        archive.writestr(
            "../../climbed.geojson", json.dumps({"type": "FeatureCollection", "features": sound()})
        )
    assert len(read(tmp_path / "up.zip").areas) == 7
    assert (
        not list(tmp_path.parent.glob("climbed*"))
        and not (tmp_path.parent.parent / "climbed.geojson").exists()
    )


def test_an_archive_that_unpacks_to_more_than_it_says_or_than_anybody_needs_is_stopped(
    tmp_path: Path,
) -> None:
    with (
        zipfile.ZipFile(tmp_path / "big.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.geojson", "w") as file,
    ):
        for _ in range(600):
            file.write(bytes(1 << 20))
    assert (tmp_path / "big.zip").stat().st_size < 1 << 20
    assert "unpacks to more than" in refused(tmp_path / "big.zip")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", bytes(50 << 20))
    # The list of the archive says that the file is small.
    data = bytearray(packed.getvalue())
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 1000)
    (tmp_path / "liar.zip").write_bytes(bytes(data))
    assert refused(tmp_path / "liar.zip")
    with zipfile.ZipFile(tmp_path / "nested.zip", "w") as archive:
        archive.write(tmp_path / "big.zip", "big.zip")
    assert "exactly one layer" in refused(tmp_path / "nested.zip")


def test_a_file_of_two_gigabytes_ends_with_a_sentence_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.geojson"
    with path.open("wb") as file:
        file.write(b'{"type": "FeatureCollection", "features": [')
        file.truncate(2 << 30)
    assert "larger than" in refused(path)


def test_a_ring_of_five_million_vertices_ends_with_a_sentence_that_names_its_feature(tmp_path: Path) -> None:
    text = ",".join(["[104.5,30.25],[104.75,30.5]"] * 2_500_000)
    features = sound()
    named(features, "0121")["geometry"]["coordinates"] = "RING"
    document = json.dumps({"type": "FeatureCollection", "features": features}).replace(
        '"RING"', f"[[{text}]]"
    )
    (tmp_path / "long.geojson").write_text(document, encoding="utf-8")
    assert '"code": "0121"' in refused(tmp_path / "long.geojson")


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_a_ring_that_is_too_long_to_be_checked_is_named_with_its_feature(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gis.geojson.MOST_VERTICES", 50)
    monkeypatch.setattr("gis.gdal.MOST_VERTICES", 50)
    features = sound()
    west, east = WEST + 2 * SIDE, WEST + 3 * SIDE
    ring(features, "0121")[1:1] = [[west + (east - west) * n / 60, SOUTH] for n in range(1, 60)]
    path = write(tmp_path / "long.geojson", features)
    if suffix != ".geojson":
        geopandas.read_file(path).to_file(tmp_path / f"long{suffix}")
    found = [one for one in read(tmp_path / f"long{suffix}").findings if one.severity == "fault"]
    assert [(one.code, one.feature) for one in found] == [("bad_vertex", "0121")]
    assert "at most 50 are taken" in found[0].text()


def test_a_value_longer_than_any_feature_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "value.geojson"
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "')
        for _ in range(40):
            file.write("a" * (1 << 20))
        file.write('"}}]}')
    assert "longer than" in refused(path)
    (tmp_path / "deep.geojson").write_text(
        '{"type": "FeatureCollection", "features": [' + "[" * 100_000, encoding="utf-8"
    )
    assert refused(tmp_path / "deep.geojson")


def test_gdal_is_ended_when_it_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gdal, "SECONDS", 0.001)
    geopandas.read_file(write(tmp_path / "a.geojson", sound())).to_file(tmp_path / "a.gpkg", driver="GPKG")
    with pytest.raises(UnreadableError, match="took longer than 0 seconds"):
        gdal.rows(tmp_path / "a.gpkg")


def test_a_thousand_entities_that_grow_are_not_expanded(tmp_path: Path) -> None:
    lines = "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(12))
    (tmp_path / "laugh.kml").write_text(
        f"<?xml version='1.0'?><!DOCTYPE kml [<!ENTITY a0 'ha'>{lines}]><kml><Document><name>&a12;</name></Document></kml>",
        encoding="utf-8",
    )
    assert "entities" in refused(tmp_path / "laugh.kml")


def test_every_start_of_a_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """Cut anywhere, a file is read whole or not at all."""
    data = write(tmp_path / "whole.geojson", sound()).read_bytes()
    path = tmp_path / "cut.geojson"
    for length in range(1, len(data) - 1, 41):
        path.write_bytes(data[:length])
        with pytest.raises(UnreadableError, match=r"ends early|no GeoJSON|GDAL cannot read"):
            read(path)


def test_a_large_file_is_read_the_same_whatever_piece_its_features_begin_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = CHECKOUT / "grids.geojson"
    whole = [(area.code, area.name, area.shape.wkb) for area in read(path).areas]
    for piece in (1, 7, 1000):
        monkeypatch.setattr("gis.json_stream.PIECE", piece)
        small = write(tmp_path / "small.geojson", sound()) if piece < 100 else path
        areas = read(small).areas
        assert (
            len(areas) == 7
            if piece < 100
            else [(area.code, area.name, area.shape.wkb) for area in areas] == whole
        )


def test_broken_json_is_named_by_line_and_column_wherever_it_stands(tmp_path: Path) -> None:
    lines = json.dumps({"type": "FeatureCollection", "features": sound()}, indent=1).splitlines()
    lines[40] = lines[40] + " ?"
    path = tmp_path / "broken.geojson"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(UnreadableError, match=r"not JSON at line 4[12], column \d+"):
        read(path)


def test_names_in_gbk_are_read_from_geojson_and_from_tables_that_claim_another_encoding(
    tmp_path: Path,
) -> None:
    text = write(tmp_path / "a.geojson", sound()).read_text(encoding="utf-8")
    (tmp_path / "gbk.geojson").write_bytes(text.encode("gbk"))
    boundaries = read(tmp_path / "gbk.geojson")
    assert [area.name for area in boundaries.areas][:2] == ["望津街道", "书院巷社区"]
    assert [note.text() for note in boundaries.findings] == ["The names are read as GBK."]
    geopandas.read_file(tmp_path / "a.geojson").to_file(tmp_path / "a.shp", encoding="GBK")
    for page in ("UTF-8", "ISO-8859-1"):
        (tmp_path / "a.cpg").write_text(page, encoding="ascii")
        boundaries = read(tmp_path / "a.shp")
        assert boundaries.areas[0].name == "望津街道"
        assert f"says that its names are in {page}, but they are in GBK" in boundaries.findings[0].text()


def test_curves_and_closed_lines_of_a_drawing_become_areas_and_say_so(tmp_path: Path) -> None:
    west, south, east, north = WEST, SOUTH, WEST + SIDE, SOUTH + SIDE
    arc = f"CURVEPOLYGON(COMPOUNDCURVE(({west} {south},{east} {south},{east} {north}),CIRCULARSTRING({east} {north},{west + SIDE / 2} {north + 0.001},{west} {north}),({west} {north},{west} {south})))"
    line = f"LINESTRING({east} {south},{east + SIDE} {south},{east + SIDE} {north},{east} {north},{east} {south})"
    (tmp_path / "a.csv").write_text(
        f'level,code,name,parent,WKT\n3,0111,弧,011,"{arc}"\n3,0112,线,011,"{line}"\n', encoding="utf-8"
    )
    boundaries = read(tmp_path / "a.csv", crs="EPSG:4326")
    assert [(found.code, found.feature) for found in boundaries.findings] == [
        ("curved", "0111"),
        ("closed_line", "0112"),
    ]
    assert [area.shape.geom_type for area in boundaries.areas] == ["Polygon", "Polygon"]
    assert boundaries.areas[0].shape.bounds[3] == pytest.approx(north + 0.001, abs=1e-6)


def test_a_layer_is_named_where_a_file_has_several_and_a_system_that_was_overruled_is_told(
    tmp_path: Path,
) -> None:
    frame = geopandas.read_file(write(tmp_path / "a.geojson", sound()))
    path = tmp_path / "a.gpkg"
    frame.to_file(path, layer="grids", driver="GPKG")
    frame.to_file(path, layer="old", driver="GPKG", mode="a")
    with pytest.raises(UnreadableError, match="--layer names it; it holds: grids, old"):
        read(path)
    assert len(read(path, layer="old").areas) == 7
    with pytest.raises(UnreadableError, match="no layer new"):
        read(path, layer="new")
    told = read(path, layer="grids", crs="GCJ-02").findings
    assert [found.code for found in told] == ["stated_crs", "converted"]


def test_a_spike_is_a_warning_at_its_tip(tmp_path: Path) -> None:
    features = sound()
    ring(features, "0112")[2:2] = [[WEST + 2 * SIDE, SOUTH + SIDE / 2], [WEST + 2 * SIDE + 30 * METRE, SOUTH + SIDE / 2],
                                   [WEST + 2 * SIDE, SOUTH + SIDE / 2 + 1e-7]]  # fmt: skip
    (found,) = check(read(write(tmp_path / "a.geojson", features)).areas)
    assert (found.code, found.feature, found.params["length"]) == ("spike", "0112", "30.0")
    assert (found.lon, found.lat) == pytest.approx((WEST + 2 * SIDE + 30 * METRE, SOUTH + SIDE / 2), abs=1e-5)


def test_an_outline_of_hundreds_of_spikes_is_told_by_the_longest_and_mended_at_once(tmp_path: Path) -> None:
    features, edge = sound(), WEST + 2 * SIDE
    for n in range(1, 201):
        at = SOUTH + SIDE * n / 201
        ring(features, "0112")[3 * n - 1 : 3 * n - 1] = [
            [edge, at],
            [edge + (10 + n) * METRE, at],
            [edge, at + 1e-7],
        ]
    areas = read(write(tmp_path / "a.geojson", features)).areas
    found = [one for one in check(areas) if one.code == "spike"]
    assert [float(one.params["length"]) for one in found[:2]] == pytest.approx([210, 209], rel=0.002)
    assert [one.text() for one in found[20:]] == [
        f"Level 3 0112 02 网格: its outline has 180 more spikes, of 190.2 m at most, near {found[20].lon} {found[20].lat}"
    ]
    mended, notes = repair(areas)
    assert [note.code for note in notes] == ["repaired_spike"] * 21
    assert "180 more spikes were cut off" in notes[-1].text()
    assert [one for one in check(mended) if one.code == "spike"] == []


def test_a_ring_of_nothing_but_spikes_is_left_alone(tmp_path: Path) -> None:
    features = sound()
    needle = [[104.02, 30.605], [104.0205, 30.605], [104.0205, 30.6050002], [104.02, 30.605]]
    named(features, "0122")["geometry"]["coordinates"] = [needle]
    areas = read(write(tmp_path / "a.geojson", features)).areas
    assert [found.code for found in check(areas) if found.feature == "0122" and found.code == "spike"]
    mended, _ = repair(areas)
    assert mended[-1].shape.equals(areas[-1].shape)


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "tmp"
    own.mkdir()
    monkeypatch.setattr("tempfile.tempdir", os.fspath(own))
    geopandas.read_file(write(tmp_path / "a.geojson", sound())).to_file(tmp_path / "a.gpkg", driver="GPKG")
    read(tmp_path / "a.gpkg")
    (tmp_path / "broken.gpkg").write_bytes((tmp_path / "a.gpkg").read_bytes()[:5000])
    assert refused(tmp_path / "broken.gpkg")
    assert list(own.iterdir()) == []
