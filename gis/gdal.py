"""Has GDAL read a file in a process of its own: known file formats only, no network, no other file, with limits.

What GDAL may open is a list of formats that hold their features themselves. Those that point elsewhere (virtual
datasets, pipelines, web services, databases) are switched off by name, so that a file cannot make us read another one.
"""

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.apart import FAILED
from gis.areas import NOTE, WARNING, Finding
from gis.child import run
from gis.geojson import (
    LINES,
    MOST_VERTICES,
    NOT_A_NUMBER,
    NOT_THE_KIND,
    POINTS,
    POLYGONS,
    Kinds,
    Row,
    UnreadableError,
    too_many,
)

# Formats whose files hold features themselves; whatever else GDAL knows is not used.
FORMATS = frozenset({
    "AVCE00", "CSV", "DGN", "DXF", "EDIGEO", "ESRI Shapefile", "ESRIJSON", "FlatGeobuf", "GML", "GPKG", "GPX", "GTFS",
    "GeoJSON", "GeoJSONSeq", "GeoRSS", "Idrisi", "JML", "JSONFG", "KML", "LIBKML", "LVBAG", "MapInfo File", "MapML",
    "MiraMonVector", "ODS", "OGR_GMT", "OGR_PDS", "OSM", "OpenFileGDB", "PDS4", "S57", "SQLite",
    "SXF", "Selafin", "TopoJSON", "VDV", "VFK", "WAsP", "XLSX",
})  # fmt: skip
# Map tiles are no source: a shape is cut at their edges and rounded to their pixels.
TILED = frozenset({".mbtiles", ".pmtiles", ".mvt", ".pbf"})
SECONDS = 120
WANTED = {POLYGONS: "areas", POINTS: "points", LINES: "lines"}
# One degree a chord: 4 mm off on an arc of 100 m.
ARC_STEP_DEG = 1
CURVES = ("CURVE", "CIRCULAR", "SURFACE")


@cache
def _environment() -> dict[str, str]:
    import pyogrio  # only where a file is read: it brings pandas along, which the server need not load

    others = [str(name) for name in pyogrio.list_drivers() if name not in FORMATS]
    return {
        "GDAL_SKIP": ",".join(others), "OGR_ARC_STEPSIZE": str(ARC_STEP_DEG), "GML_SKIP_RESOLVE_ELEMS": "ALL",
        "GML_DOWNLOAD_SCHEMA": "NO", "CPL_CURL_ENABLED": "NO", "OGR_SQLITE_LIST_VIRTUAL_OGR": "NO",
        "OGR_XLSX_FIELD_TYPES": "STRING", "OGR_ODS_FIELD_TYPES": "STRING", "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
        # Its reader keeps a database, which would lie beside the file: here in the folder of the child.
        "CPL_DEBUG": "OFF", "OGR_VFK_DB_NAME": "vfk.db",
    }  # fmt: skip


def rows(
    path: Path,
    encoding: str | None = None,
    layer: str | None = None,
    kinds: Kinds = POLYGONS,
) -> tuple[list[Row], str | None, list[Finding]]:
    """The features of one layer, the text of its coordinate system or None, and notes.

    Raises UnreadableError with GDAL's reason, or when reading needs more time or memory than a boundary file may take.
    """
    _refuse_what_points_elsewhere(path)
    with tempfile.TemporaryDirectory(prefix="xunge-gdal-") as name:
        folder = Path(name)
        _run([str(path.resolve()), name, encoding or "", layer or "", WANTED[kinds]], folder)
        document = json.loads((folder / "document.json").read_text(encoding="utf-8"))
        lengths, packed = np.load(folder / "lengths.npy"), (folder / "shapes.bin").read_bytes()
    made, at = [], 0
    for index, length in enumerate(lengths.tolist()):
        values = {
            field: column[index]
            for field, column in zip(document["fields"], document["columns"], strict=True)
        }
        row = Row(values, None)
        if length >= 0:
            _take(row, packed[at : at + length], str(document["kinds"][index] or ""), kinds)
            at += length
        made.append(row)
    return made, document["crs"], []


def _run(arguments: list[str], folder: Path) -> None:
    code = run("gis.apart", arguments, folder, SECONDS, _environment())
    if code is None:
        raise UnreadableError("Reading the file took longer than {seconds} seconds.", seconds=int(SECONDS))
    if code == FAILED:
        sentence, params = json.loads((folder / "error.json").read_text(encoding="utf-8"))
        raise UnreadableError(sentence, **params)
    if code != 0:
        raise UnreadableError("Reading the file needs more time or memory than a boundary file may take.")


def _refuse_what_points_elsewhere(path: Path) -> None:
    if path.is_dir():  # a file geodatabase out of an archive
        return
    if path.suffix.lower() in TILED and not path.name.lower().endswith(".osm.pbf"):
        raise UnreadableError(
            "Map tiles hold shapes that are cut at their edges and rounded; give the file that they were made from."
        )
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if b"<OGRVRTDataSource" in head:
        raise UnreadableError("A virtual dataset points elsewhere and is not read; give the file itself.")
    if path.suffix.lower() == ".tab" and any(
        word in head.lower() for word in (b"create view", b"isseamless")
    ):
        raise UnreadableError(
            "A view or a seamless table of MapInfo points at other tables and is not read; give the tables themselves."
        )
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" and b"<!ENTITY" in head:
        raise UnreadableError("The file defines entities of XML, which may point elsewhere; it is not read.")


def _take(row: Row, packed: bytes, kind: str, kinds: Kinds) -> None:
    """The shape of one feature, with what had to be said about it."""
    if len(packed) > 16 * MOST_VERTICES:
        too_many(row, len(packed) // 16, None)
        return
    shape = shapely.from_wkb(packed)
    if kinds == POLYGONS:
        shape = _as_areas(shape, row)
    if shape is None or shape.is_empty:
        return
    places = shapely.get_coordinates(shape)
    bad = np.flatnonzero(~np.isfinite(places).all(axis=1))
    if shape.geom_type not in kinds:
        row.trouble.append((NOT_THE_KIND[kinds], {"kind": shape.geom_type}, None))
    elif len(bad):
        sentence = NOT_A_NUMBER[0 if not np.isfinite(places[bad[0]][0]) else 1]
        before: Any = tuple(places[bad[0] - 1].tolist()) if bad[0] else None
        after = f"{before[0]} {before[1]}" if before else "–"
        row.trouble.append((sentence, {"vertex": int(bad[0]) + 1, "after": after}, before))
    else:
        row.shape = shape
        if kind.upper().startswith(CURVES) or "CURVE" in kind.upper():
            row.remarks.append(("curved", WARNING, "its outline has arcs; they are read as chords of {degrees}°, near"
                                " {lon} {lat}", {"degrees": ARC_STEP_DEG}))  # fmt: skip


def _as_areas(shape: BaseGeometry, row: Row) -> BaseGeometry:
    """Collections of polygons as one, and closed lines of a drawing as the areas that they go round."""
    parts = shapely.get_parts(shape)
    if (
        shape.geom_type == "GeometryCollection"
        and len(parts)
        and all(p.geom_type == "Polygon" for p in parts)
    ):
        return shapely.MultiPolygon(list(parts))
    rings = [part for part in parts if part.geom_type == "LineString"]
    closed = len(rings) == len(parts) == 1 and rings[0].is_ring and shapely.get_num_coordinates(rings[0]) >= 4
    if closed:
        row.remarks.append(("closed_line", NOTE, "its closed line is taken as the outline of the area", {}))
        return shapely.Polygon(rings[0].coords)
    return shape
