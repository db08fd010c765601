"""Reads a boundary file of any kind into areas in EPSG:4326, and refuses whatever it would have to guess.

GeoJSON is read by our own strict reader, everything else by GDAL in a process of its own, zipped or not.
"""

import hashlib
import stat
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from gis import archive, coordinates, encoding, fields, gdal, geojson
from gis.archive import LARGEST_BYTES
from gis.areas import FAULT, NOTE, Boundaries, Finding
from gis.fields import Fields
from gis.geojson import Kinds, Row, UnreadableError

MOST_VERTICES_OF_A_FILE = 5_000_000
# JSON of other makes, which GDAL reads.
_OTHER_JSON = (b'"esriGeometry', b'"Topology"', b'"conformsTo"')
_OWN_ARCHIVES = {".kmz", ".xlsx", ".ods", ".gtfs"}
# CGCS2000 counts as equal to WGS 84 (centimetres); both are stored as they come.
_EQUAL_TO_WGS84 = {"EPSG:4326", "OGC:CRS84", "EPSG:4490", "CRS84", "WGS84", "WGS-84", "CGCS2000"}

Opened = tuple[list[Row], str | None, list[Finding]]


@dataclass
class Features:
    """A file before anybody knows what its properties mean; `declared`: the coordinate system that it says it has."""

    rows: list[Row]
    declared: str | None
    notes: list[Finding]
    source_name: str
    sha256: str


def features(path: Path, layer: str | None = None, kinds: Kinds = geojson.POLYGONS) -> Features:
    """The features of `path` with shapes of `kinds`. Raises UnreadableError when the file as a whole is of no use."""
    if not path.is_file():
        raise UnreadableError("There is no file {file}.", file=str(path))
    _refuse_link(path)
    _refuse_size(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    rows, declared, notes = _opened(path, layer, kinds)
    count = sum(int(shapely.get_num_coordinates(row.shape)) for row in rows if row.shape is not None)
    if count > MOST_VERTICES_OF_A_FILE:
        raise UnreadableError("The file has {count} vertices, at most {most} are taken; simplify it first.",
                              count=f"{count:,}", most=f"{MOST_VERTICES_OF_A_FILE:,}")  # fmt: skip
    return Features(rows, declared, notes, path.name, digest)


def read(
    path: Path, wanted: Fields | None = None, crs: str | None = None, layer: str | None = None
) -> Boundaries:
    """All areas of `path`. `crs` names the system of a file that does not say it: EPSG:…, GCJ-02 or BD-09; `layer`
    the one to read where a file has several.

    Raises UnreadableError (a sentence) when the file as a whole is of no use; what is wrong with single features
    stands in `findings`.
    """
    found = features(path, layer)
    names = fields.chosen(found.rows, wanted or Fields())
    areas, findings = fields.areas(found.rows, names)
    shapes, notes, lost = in_wgs84(found, names["datum"], crs, [area.shape for area in areas])
    for index in lost.indexes:
        area = areas[index]
        findings.append(Finding("not_placed", FAULT, "its coordinates do not exist in {system}",
                                {"system": lost.system}, area.level, area.code, area.name))  # fmt: skip
    areas = [replace(area, shape=shape) for area, shape in zip(areas, shapes, strict=True)]
    return Boundaries(areas, found.notes + findings + notes, found.source_name, found.sha256)


def _refuse_link(path: Path) -> None:
    """A file out of somebody's archive may be a link to any other one of this machine."""
    target = path.resolve()
    if path.is_symlink() and target.parent != path.parent.resolve():
        raise UnreadableError("{file} is a link that leads out of its folder, to {target}; give that file itself.",
                              file=path.name, target=str(target))  # fmt: skip


def _refuse_size(path: Path) -> None:
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise UnreadableError("The file is larger than {limit} bytes.", limit=f"{LARGEST_BYTES:,}")
    if size == 0:
        raise UnreadableError("The file is empty.")


def _opened(path: Path, layer: str | None, kinds: Kinds) -> Opened:
    with path.open("rb") as file:
        head = file.read(4096)
    suffix = path.suffix.lower()
    if head[:4] == b"PK\x03\x04":
        if suffix not in _OWN_ARCHIVES:
            return _from_zip(path, layer, kinds)
        archive.refuse_bomb(path)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x1e")
    if start[:1] in (b"{", b"[") and not any(mark in head for mark in _OTHER_JSON):
        return _from_geojson(path, kinds)
    return _from_gdal(path, layer, kinds)


def _from_geojson(path: Path, kinds: Kinds) -> Opened:
    written = encoding.of_text(path)
    try:
        rows, crs = geojson.rows(path, written, kinds)
    except UnicodeDecodeError as error:
        raise UnreadableError("The file ends early, at byte {byte} (line {line}).", byte=f"{path.stat().st_size:,}",
                              line=path.read_bytes().count(b"\n") + 1) from error  # fmt: skip
    return rows, crs or "OGC:CRS84", [] if written == "utf-8-sig" else [_read_as("GBK", None)]


def _read_as(found: str, claimed: str | None) -> Finding:
    if claimed:
        sentence = (
            "The file says that its names are in {claimed}, but they are in {encoding} and are read so."
        )
        return Finding("encoding", NOTE, sentence, {"encoding": found, "claimed": claimed})
    return Finding("encoding", NOTE, "The names are read as {encoding}.", {"encoding": found})


def _from_zip(path: Path, layer: str | None, kinds: Kinds) -> Opened:
    with tempfile.TemporaryDirectory(prefix="xunge-zip-") as folder:
        inner = archive.unpacked(path, Path(folder))
        if inner.is_dir():
            return _from_gdal(inner, layer, kinds)
        _refuse_size(inner)
        return _opened(inner, layer, kinds)


def _from_gdal(path: Path, layer: str | None, kinds: Kinds) -> Opened:
    notes: list[Finding] = []
    code_page = None
    _refuse_odd_neighbours(path)
    if path.suffix.lower() == ".shp":
        _refuse_cut_shapefile(path)
        table = path.with_suffix(".dbf")
        found = encoding.of_table(table) if table.exists() else None
        if found:
            code_page = found[0]
            notes.append(_read_as(*found))
    elif path.suffix.lower() == ".csv" and encoding.of_text(path) != "utf-8-sig":
        code_page = "GBK"
        notes.append(_read_as(code_page, None))
    rows, crs, more = gdal.rows(path, code_page, layer, kinds=kinds)
    return rows, crs, notes + more


def _refuse_odd_neighbours(path: Path) -> None:
    """The files of the same name beside it belong to it and are read along: a link would lead to another file, a pipe
    would never end."""
    for beside in path.parent.iterdir():
        same = beside.stem.lower() == path.stem.lower() and beside.name != path.name
        if same and not stat.S_ISREG(beside.lstat().st_mode) and not beside.is_dir():
            raise UnreadableError("{file} beside it is a link or a pipe, no plain file; it is not read.",
                                  file=beside.name)  # fmt: skip


def _refuse_cut_shapefile(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(28)[24:28]
    length = struct.unpack(">i", head)[0] * 2 if len(head) == 4 else 100
    if length > path.stat().st_size:
        raise UnreadableError("The file ends early, at byte {byte} of {length}.",
                         byte=f"{path.stat().st_size:,}", length=f"{length:,}")  # fmt: skip


@dataclass(frozen=True)
class Lost:
    """Which shapes have coordinates that their system does not have."""

    system: str
    indexes: list[int]


Shapes = list[BaseGeometry | None]


def in_wgs84(
    found: Features, datum: str | None, crs: str | None, shapes: Shapes
) -> tuple[Shapes, list[Finding], Lost]:
    """The shapes in EPSG:4326, notes of what was converted, and what has no place there (then None).

    `datum` is the property that may name a shifted system; `crs` what the person says. A system that nobody says is
    refused.
    """
    system = _system(found.rows, datum, crs or found.declared, crs is not None)
    step, name = _step(system)
    notes: list[Finding] = []
    if crs and found.declared and not _same_system(crs, found.declared):
        said = {"declared": found.declared.splitlines()[0][:60], "stated": crs}
        notes.append(
            Finding("stated_crs", NOTE, "The file says {declared}; it was read as {stated}, as stated.", said)
        )
    if step is None:
        return shapes, notes, Lost(name, [])
    moved: Shapes = shapely.transform(
        np.array(shapes, dtype=object), lambda places: np.column_stack(step(*places.T))
    ).tolist()
    lost = [
        index
        for index, shape in enumerate(moved)
        if shape is not None and not np.isfinite(shapely.get_coordinates(shape)).all()
    ]
    for index in lost:
        moved[index] = None
    sentence = "The coordinates were converted from {system} to EPSG:4326."
    return moved, [*notes, Finding("converted", NOTE, sentence, {"system": name})], Lost(name, lost)


def _system(rows: list[Row], datum_field: str | None, stated: str | None, by_person: bool) -> str:
    """The one coordinate system of the file. A shifted datum named on the features outweighs the container's own."""
    said = {str(row.properties.get(datum_field) or "") for row in rows} if datum_field else {""}
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


def _same_system(one: str, other: str) -> bool:
    shifted = coordinates.named(one), coordinates.named(other)
    if any(shifted):
        return shifted[0] == shifted[1]
    try:
        return bool(
            pyproj.CRS.from_user_input(one).equals(pyproj.CRS.from_user_input(other), ignore_axis_order=True)
        )
    except pyproj.exceptions.CRSError:
        return False


def _step(system: str) -> tuple[Callable[[Any, Any], Any] | None, str]:
    """What turns coordinates of `system` into EPSG:4326 (None where nothing must be done), and its name."""
    shifted = coordinates.named(system)
    if shifted:
        return coordinates.TO_WGS84[shifted], shifted
    if system.upper() in _EQUAL_TO_WGS84:
        return None, system
    try:
        source = pyproj.CRS.from_user_input(system)
    except pyproj.exceptions.CRSError as error:
        raise UnreadableError("The coordinate system {system} is not known.", system=system) from error
    authority = source.to_authority()
    if authority in {("EPSG", "4326"), ("OGC", "CRS84"), ("EPSG", "4490")}:
        return None, system
    if source.is_engineering or source.is_vertical:
        raise UnreadableError(
            "The coordinate system {system} cannot be placed on the earth.", system=source.name
        )
    step = pyproj.Transformer.from_crs(source, "EPSG:4326", always_xy=True).transform
    return step, ":".join(authority) if authority else source.name
