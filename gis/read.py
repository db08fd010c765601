"""Reads a boundary file of any kind into areas in EPSG:4326, and refuses whatever it would have to guess.

GeoJSON is read by our own strict reader, everything else by GDAL through pyogrio, zipped or not.
"""

import hashlib
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from gis import coordinates, encoding, fields, geojson
from gis.areas import FAULT, NOTE, Area, Boundaries, Finding
from gis.fields import Fields
from gis.geojson import Row, UnreadableError

LARGEST_BYTES = 512 * 1024 * 1024
MOST_ENTRIES = 1000
_MAIN_SUFFIXES = {
    ".geojson",
    ".json",
    ".shp",
    ".gpkg",
    ".kml",
    ".gml",
    ".tab",
    ".mif",
    ".fgb",
    ".dxf",
    ".kmz",
}
# CGCS2000 counts as equal to WGS 84 (centimetres); both are stored as they come.
_EQUAL_TO_WGS84 = {"EPSG:4326", "OGC:CRS84", "EPSG:4490", "CRS84", "WGS84", "WGS-84", "CGCS2000"}

Opened = tuple[list[Row], str | None, list[Finding]]


def read(path: Path, wanted: Fields | None = None, crs: str | None = None) -> Boundaries:
    """All areas of `path`. `crs` names the system of a file that does not say it: EPSG:…, GCJ-02 or BD-09.

    Raises UnreadableError (a sentence) when the file as a whole is of no use; what is wrong with single features
    stands in `findings`.
    """
    if not path.is_file():
        raise UnreadableError("There is no file {file}.", file=str(path))
    if path.stat().st_size > LARGEST_BYTES:
        raise UnreadableError("The file is larger than {limit} bytes.", limit=f"{LARGEST_BYTES:,}")
    data = path.read_bytes()
    if not data:
        raise UnreadableError("The file is empty.")
    rows, declared, notes = _opened(path, data)
    names = fields.chosen(rows, wanted or Fields())
    areas, findings = fields.areas(rows, names)
    areas, more = _in_wgs84(areas, _system(rows, names, crs or declared, crs is not None))
    return Boundaries(areas, notes + findings + more, path.name, hashlib.sha256(data).hexdigest())


def _opened(path: Path, data: bytes) -> Opened:
    if data[:4] == b"PK\x03\x04" and path.suffix.lower() not in {".kmz", ".xlsx", ".ods"}:
        return _from_zip(path)
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        rows, crs = geojson.rows(data)
        return rows, crs or "OGC:CRS84", []
    return _from_gdal(path)


def _from_zip(path: Path) -> Opened:
    """Unpacks into a folder of its own under plain names; only the one layer and its side files."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            entries = [
                item for item in archive.infolist() if not item.is_dir() and "__MACOSX" not in item.filename
            ]
            if len(entries) > MOST_ENTRIES or sum(item.file_size for item in entries) > LARGEST_BYTES:
                raise UnreadableError(
                    "The archive unpacks to more than {limit} bytes.", limit=f"{LARGEST_BYTES:,}"
                )
            main = [item for item in entries if Path(item.filename).suffix.lower() in _MAIN_SUFFIXES]
            if len(main) != 1:
                raise UnreadableError(
                    "The archive must hold exactly one layer; it holds: {files}.",
                    files=", ".join(item.filename for item in main) or "–",
                )
            stem = str(Path(main[0].filename).with_suffix(""))
            for item in entries:
                if str(Path(item.filename).with_suffix("")) == stem:
                    _unpack(archive, item, Path(folder) / f"layer{Path(item.filename).suffix.lower()}")
            inner = Path(folder) / f"layer{Path(main[0].filename).suffix.lower()}"
            return _opened(inner, inner.read_bytes())
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise UnreadableError("The archive cannot be unpacked: {reason}.", reason=str(error)) from error


def _unpack(archive: zipfile.ZipFile, item: zipfile.ZipInfo, target: Path) -> None:
    with archive.open(item) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)


def _from_gdal(path: Path) -> Opened:
    if b"<OGRVRTDataSource" in path.read_bytes()[:4096]:
        raise UnreadableError("A virtual dataset points elsewhere and is not read; give the file itself.")
    notes: list[Finding] = []
    code_page = None
    if path.suffix.lower() == ".shp":
        _refuse_cut_shapefile(path)
        table = path.with_suffix(".dbf")
        code_page = encoding.of_table(table) if table.exists() else None
        if code_page:
            notes.append(
                Finding("encoding", NOTE, "The names are read as {encoding}.", {"encoding": code_page})
            )
    try:
        layers = [
            str(name) for name, kind in pyogrio.list_layers(path) if kind is None or "Point" not in str(kind)
        ]
        if len(layers) != 1:
            raise UnreadableError(
                "The file must hold exactly one layer of areas; it holds: {layers}.",
                layers=", ".join(layers) or "–",
            )
        meta, _, shapes, columns = pyogrio.raw.read(path, layer=layers[0], encoding=code_page, force_2d=True)
    except pyogrio.errors.DataSourceError as error:
        raise UnreadableError(
            "GDAL cannot read the file: {reason}.", reason=str(error).strip(". ")
        ) from error
    if shapes is None or len(shapes) == 0:
        raise UnreadableError("The file holds no features.")
    return _rows(meta, shapes, columns), meta["crs"], notes


def _refuse_cut_shapefile(path: Path) -> None:
    head = path.read_bytes()[24:28]
    length = struct.unpack(">i", head)[0] * 2 if len(head) == 4 else 100
    if length > path.stat().st_size:
        raise UnreadableError("The file ends early, at byte {byte} of {length}.",
                         byte=f"{path.stat().st_size:,}", length=f"{length:,}")  # fmt: skip


def _rows(meta: dict[str, Any], shapes: Any, columns: list[Any]) -> list[Row]:
    names = [str(name) for name in meta["fields"]]
    rows = []
    for index, packed in enumerate(shapes):
        properties = {name: _plain(column[index]) for name, column in zip(names, columns, strict=True)}
        row = Row(properties, None)
        shape = shapely.from_wkb(packed) if packed is not None else None
        if shape is not None and not shape.is_empty:
            _take_shape(row, shape)
        rows.append(row)
    return rows


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _take_shape(row: Row, shape: BaseGeometry) -> None:
    if shape.geom_type == "GeometryCollection":
        parts = shapely.get_parts(shape)
        polygons = [part for part in parts if part.geom_type == "Polygon"]
        if polygons and len(polygons) == len(parts):
            shape = shapely.MultiPolygon(polygons)
    places = shapely.get_coordinates(shape)
    bad = np.flatnonzero(~np.isfinite(places).all(axis=1))
    if shape.geom_type not in geojson.POLYGONS:
        row.trouble.append(("the shape is a {kind}, not a polygon", {"kind": shape.geom_type}, None))
    elif len(bad):
        sentence = geojson.NOT_A_NUMBER[0 if not np.isfinite(places[bad[0]][0]) else 1]
        before = tuple(places[bad[0] - 1].tolist()) if bad[0] else None
        after = f"{before[0]} {before[1]}" if before else "–"
        row.trouble.append((sentence, {"vertex": int(bad[0]) + 1, "after": after}, before))
    else:
        row.shape = shape


def _system(rows: list[Row], names: dict[str, str | None], stated: str | None, by_person: bool) -> str:
    """The one coordinate system of the file. A shifted datum named on the features outweighs the container's own."""
    said = {str(row.properties.get(names["datum"]) or "") for row in rows} if names["datum"] else {""}
    if len(said) > 1:
        systems = ", ".join(sorted(said))
        raise UnreadableError("The features name different coordinate systems: {systems}.", systems=systems)
    (datum,) = said
    if datum and not by_person:
        return datum
    if stated is None:
        raise UnreadableError(
            "The file does not say its coordinate system; state it with --crs, for example EPSG:4326."
        )
    return stated


def _in_wgs84(areas: list[Area], system: str) -> tuple[list[Area], list[Finding]]:
    shifted = coordinates.named(system)
    if shifted:
        return _moved(areas, coordinates.TO_WGS84[shifted], shifted)
    if system.upper() in _EQUAL_TO_WGS84:
        return areas, []
    try:
        source = pyproj.CRS.from_user_input(system)
    except pyproj.exceptions.CRSError as error:
        raise UnreadableError("The coordinate system {system} is not known.", system=system) from error
    if source.to_authority() in {("EPSG", "4326"), ("OGC", "CRS84"), ("EPSG", "4490")}:
        return areas, []
    if source.is_engineering or source.is_vertical:
        raise UnreadableError(
            "The coordinate system {system} cannot be placed on the earth.", system=source.name
        )
    step = pyproj.Transformer.from_crs(source, "EPSG:4326", always_xy=True)
    authority = source.to_authority()
    return _moved(areas, step.transform, ":".join(authority) if authority else source.name)


def _moved(
    areas: list[Area], step: Callable[[Any, Any], Any], system: str
) -> tuple[list[Area], list[Finding]]:
    shapes = [area.shape for area in areas]
    moved = shapely.transform(np.array(shapes, dtype=object), lambda places: np.column_stack(step(*places.T)))
    result, lost = [], []
    for area, shape in zip(areas, moved.tolist(), strict=True):
        good = shape is None or bool(np.isfinite(shapely.get_coordinates(shape)).all())
        if not good:
            lost.append(Finding("not_placed", FAULT, "its coordinates do not exist in {system}", {"system": system},
                                area.level, area.code, area.name))  # fmt: skip
        result.append(Area(area.level, area.code, area.name, area.parent, shape if good else None,
                           area.households, area.kind))  # fmt: skip
    note = Finding(
        "converted", NOTE, "The coordinates were converted from {system} to EPSG:4326.", {"system": system}
    )
    return result, [note, *lost]
