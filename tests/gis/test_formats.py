"""Every format of GDAL's that can be written here and hold areas with codes is read; the others say why they do not do."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from shutil import make_archive
from typing import Any

import geopandas
import pandas
import pyogrio
import pytest

from gis.checks import check
from gis.commands.frame import must_exist
from gis.gdal import FORMATS
from gis.geojson import UnreadableError
from gis.prepare import WrongUseError
from gis.read import read
from tests.gis.strip import sound, write

SUFFIX = {
    "CSV": "csv", "ESRI Shapefile": "shp", "FlatGeobuf": "fgb", "GML": "gml", "GPKG": "gpkg", "GeoJSON": "geojson",
    "GeoJSONSeq": "geojsonl", "JML": "jml", "JSONFG": "json", "KML": "kml", "LIBKML": "kml", "MapInfo File": "tab",
    "OGR_GMT": "gmt", "PDS4": "xml", "SQLite": "sqlite",
}  # fmt: skip
# Written by GDAL, too, but without areas, without codes, with codes that are numbers afterwards, or with names in a
# Western page (MiraMonVector); a file geodatabase is a folder and is tried by itself.
OTHERS = {
    "DGN",
    "DXF",
    "GPX",
    "GeoRSS",
    "MapML",
    "MiraMonVector",
    "ODS",
    "OpenFileGDB",
    "S57",
    "Selafin",
    "VDV",
    "WAsP",
    "XLSX",
}


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> geopandas.GeoDataFrame:
    """Every area with a number of households: not every format can leave one out."""
    features = sound()
    for number, one in enumerate(features, 301):
        one["properties"]["households"] = number
    return geopandas.read_file(write(tmp_path_factory.mktemp("plain") / "grids.geojson", features))


def writable() -> Iterator[str]:
    for name, modes in pyogrio.list_drivers().items():
        if "w" in modes and name in FORMATS and name not in OTHERS:
            yield str(name)


def test_of_the_formats_that_are_read_each_that_can_be_written_is_tried_below() -> None:
    assert set(writable()) == set(SUFFIX)


@pytest.mark.parametrize("driver", sorted(SUFFIX))
def test_a_tree_comes_back_whole_from_the_format(
    driver: str, frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    path = tmp_path / f"grids.{SUFFIX[driver]}"
    more: dict[str, Any] = {"GEOMETRY": "AS_WKT"} if driver == "CSV" else {}
    with warnings.catch_warnings():  # of the writer, about what is no matter of ours
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(frame, path, driver=driver, **more)
    found = read(path, crs="EPSG:4326" if driver == "CSV" else None)
    told = {area.code: (area.level, area.name, area.parent or None, area.households) for area in found.areas}
    wanted = {
        p["code"]: (p["level"], p["name"], p["parent"], number)
        for number, p in enumerate((one["properties"] for one in sound()), 301)
    }
    assert told == wanted
    assert [finding for finding in check(found.areas) if finding.severity != "note"] == []


def test_a_file_geodatabase_is_read_as_a_zip_and_as_a_folder_it_says_so(
    frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    pyogrio.write_dataframe(frame, tmp_path / "in" / "grids.gdb", driver="OpenFileGDB")
    packed = make_archive(str(tmp_path / "packed"), "zip", tmp_path / "in")
    assert len(read(Path(packed)).areas) == 7
    with pytest.raises(WrongUseError, match="is a folder"):
        must_exist(tmp_path / "in" / "grids.gdb")


def dxf(frame: geopandas.GeoDataFrame, folder: Path) -> Path:
    pyogrio.write_dataframe(frame[["geometry"]], folder / "grids.dxf", driver="DXF")
    return folder / "grids.dxf"


def xlsx(frame: geopandas.GeoDataFrame, folder: Path) -> Path:
    table = pandas.DataFrame(frame.drop(columns="geometry"))
    pyogrio.write_dataframe(table, folder / "grids.xlsx", driver="XLSX")
    return folder / "grids.xlsx"


def gpx(frame: geopandas.GeoDataFrame, folder: Path) -> Path:
    lines = geopandas.GeoDataFrame({"name": ["a"]}, geometry=[frame.geometry.iloc[0].boundary], crs=4326)
    pyogrio.write_dataframe(lines.explode(), folder / "walk.gpx", driver="GPX")
    return folder / "walk.gpx"


def tiles(frame: geopandas.GeoDataFrame, folder: Path) -> Path:
    pyogrio.write_dataframe(frame, folder / "grids.pmtiles", driver="PMTiles")
    return folder / "grids.pmtiles"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (dxf, "no field for the level"),
        (xlsx, "No layer of the file holds shapes"),
        (gpx, "exactly one layer that fits"),
        (tiles, "Map tiles hold shapes that are cut"),
    ],
)
def test_what_cannot_hold_a_tree_says_why(
    make: Any, sentence: str, frame: geopandas.GeoDataFrame, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableError) as refused:
        read(make(frame, tmp_path), crs="EPSG:4326")
    assert sentence in refused.value.text()
