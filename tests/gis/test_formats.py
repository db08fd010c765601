"""Every format of GDAL's that can be written here and hold areas with codes is read; the others say why they do not do."""

import json
import warnings
import zipfile
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
from server.settings import CHECKOUT
from tests.gis.strip import Feature, sound, write

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

# Only read by GDAL, and written by hand below: what can hold a tree, and what cannot.
BY_HAND = {"ESRIJSON", "TopoJSON", "OSM", "VFK", "LVBAG", "GTFS"}
# Only read by GDAL, binary or in many parts: nobody here has made one. `docs/gis.md` names them.
UNTRIED = {"AVCE00", "EDIGEO", "Idrisi", "OGR_PDS", "SXF"}


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


def test_every_format_that_gdal_may_use_is_tried_or_the_documents_say_that_it_is_not() -> None:
    assert set(SUFFIX) | OTHERS | BY_HAND | UNTRIED == FORMATS
    told = (CHECKOUT / "docs" / "gis.md").read_text(encoding="utf-8")
    assert [name for name in sorted(UNTRIED) if f"`{name}`" not in told] == []


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


def esri_json(features: list[Feature], folder: Path) -> Path:
    kinds = {
        "level": "Integer",
        "code": "String",
        "name": "String",
        "parent": "String",
        "households": "Integer",
    }
    document = {
        "geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": 4326},
        "fields": [{"name": name, "type": f"esriFieldType{kind}"} for name, kind in kinds.items()],
        "features": [
            {"attributes": one["properties"], "geometry": {"rings": one["geometry"]["coordinates"]}} for one in features
        ],
    }  # fmt: skip
    (folder / "esri.json").write_text(json.dumps(document), encoding="utf-8")
    return folder / "esri.json"


def topojson(features: list[Feature], folder: Path) -> Path:
    geometries = [
        {"type": "Polygon", "arcs": [[number]], "properties": one["properties"]}
        for number, one in enumerate(features)
    ]
    document = {
        "type": "Topology", "objects": {"grids": {"type": "GeometryCollection", "geometries": geometries}},
        "arcs": [one["geometry"]["coordinates"][0] for one in features],
    }  # fmt: skip
    (folder / "a.topojson").write_text(json.dumps(document), encoding="utf-8")
    return folder / "a.topojson"


def osm(features: list[Feature], folder: Path) -> Path:
    """A closed way an area, with its properties as tags."""
    nodes, ways = [], []
    for number, one in enumerate(features, 1):
        places = one["geometry"]["coordinates"][0][:-1]
        ids = [number * 10 + n for n in range(len(places))]
        nodes += [
            f'<node id="{i}" version="1" lon="{x}" lat="{y}"/>' for i, (x, y) in zip(ids, places, strict=True)
        ]
        tags = {k: v for k, v in one["properties"].items() if v is not None} | {"boundary": "administrative"}
        ways.append(
            f'<way id="{number}" version="1">'
            + "".join(f'<nd ref="{i}"/>' for i in [*ids, ids[0]])
            + "".join(f'<tag k="{name}" v="{value}"/>' for name, value in tags.items())
            + "</way>"
        )
    (folder / "a.osm").write_text(
        f'<?xml version="1.0"?><osm version="0.6">{"".join(nodes + ways)}</osm>', "utf-8"
    )
    return folder / "a.osm"


@pytest.mark.parametrize("make", [esri_json, topojson, osm])
def test_a_tree_in_a_format_that_gdal_only_reads_comes_whole(make: Any, tmp_path: Path) -> None:
    path = make([*sound()], tmp_path)
    found = read(path, crs="EPSG:4326" if make is topojson else None).areas
    assert {a.code: (a.level, a.name, a.parent or None, a.households) for a in found} == {
        p["code"]: (p["level"], p["name"], p["parent"], p.get("households"))
        for p in (one["properties"] for one in sound())
    }
    assert check(found) == []


def cadastre(folder: Path) -> Path:
    """The Czech one (VFK): parcels as records, of which GDAL keeps a database."""
    lines = ['&HVERZE;"5.0"', '&HCODEPAGE;"EE8MSWIN1250"', "&BPAR;ID N30;LEVEL N2;CODE T20;PARENT T20",
             '&DPAR;1;1;"01";""', "&K", ""]  # fmt: skip
    (folder / "a.vfk").write_text("\r\n".join(lines), encoding="cp1250")
    return folder / "a.vfk"


def dwelling(folder: Path) -> Path:
    """The Dutch register (LVBAG): a place with its number and outline, by fixed names."""
    base, objects = "http://www.kadaster.nl/schemas", "www.kadaster.nl/schemas/lvbag/imbag/objecten/v20200601"
    spaces = {
        "e": f"{base}/lvbag/extract-deelbestand-lvc/v20200601", "o": objects, "gml": "http://www.opengis.net/gml/3.2",
        "sl": f"{base}/standlevering-generiek/1.0",
    }  # fmt: skip
    ring = "100000 400000 100100 400000 100100 400100 100000 400100 100000 400000"
    shape = f"<gml:exterior><gml:LinearRing><gml:posList>{ring}</gml:posList></gml:LinearRing></gml:exterior>"
    (folder / "9999WPL01012020-000001.xml").write_text(
        "<?xml version='1.0'?><sl-bag-extract:bagStand "
        + " ".join(f"xmlns:{'sl-bag-extract' if k == 'e' else 'Objecten' if k == 'o' else k}='{v}'" for k, v in spaces.items())
        + "><sl:standBestand><sl:inhoud><sl:objectTypen><sl:objectType>WPL</sl:objectType></sl:objectTypen></sl:inhoud>"
        "<sl:stand><sl-bag-extract:bagObject><Objecten:Woonplaats><Objecten:identificatie>0111</Objecten:identificatie>"
        "<Objecten:geometrie><gml:Polygon srsName='urn:ogc:def:crs:EPSG::28992' srsDimension='2'>"
        f"{shape}</gml:Polygon></Objecten:geometrie></Objecten:Woonplaats></sl-bag-extract:bagObject></sl:stand>"
        "</sl:standBestand></sl-bag-extract:bagStand>",
        encoding="utf-8",
    )  # fmt: skip
    return folder / "9999WPL01012020-000001.xml"


def timetable(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "gtfs.zip", "w") as archive:
        archive.writestr("stops.txt", "stop_id,stop_name,stop_lat,stop_lon\n1,a,30.6,104.0\n")
        for name in ("agency", "routes", "trips", "stop_times"):
            archive.writestr(f"{name}.txt", f"{name}_id\n1\n")
    return folder / "gtfs.zip"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [(dwelling, "no field for the level"), (timetable, "exactly one layer"), (cadastre, "")],
)
def test_a_format_of_fixed_names_says_what_it_lacks_and_nothing_is_left_beside_the_file(
    make: Any, sentence: str, tmp_path: Path
) -> None:
    path = make(tmp_path)
    if sentence:
        with pytest.raises(UnreadableError, match=sentence):
            read(path)
    else:
        assert [(a.level, a.code, a.shape) for a in read(path, crs="EPSG:5514").areas] == [(1, "01", None)]
    assert list(tmp_path.iterdir()) == [path]


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
