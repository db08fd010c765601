"""Unpacks a boundary file out of a zip: the one layer and its side files, under plain names, no more than it says."""

import stat
import zipfile
import zlib
from pathlib import Path

from gis.geojson import UnreadableError

LARGEST_BYTES = 512 * 1024 * 1024
MOST_ENTRIES = 1000
_MAIN_SUFFIXES = {
    ".geojson", ".json", ".geojsonl", ".geojsons", ".topojson", ".shp", ".gpkg", ".sqlite", ".kml", ".kmz", ".gml",
    ".tab", ".mif", ".fgb", ".dxf", ".dgn", ".csv", ".xlsx", ".ods", ".gpx", ".jml", ".e00", ".osm", ".sxf", ".vfk",
    ".gmt",
}  # fmt: skip
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


def unpacked(path: Path, folder: Path) -> Path:
    """The one layer of an archive in `folder`, a file or a file geodatabase. Raises UnreadableError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _unpacked(archive, folder)
    except _BROKEN as error:
        raise UnreadableError("The archive cannot be unpacked: {reason}.", reason=str(error)) from error


def refuse_bomb(path: Path) -> None:
    """For an archive that GDAL unpacks by itself. Raises UnreadableError."""
    try:
        with zipfile.ZipFile(path) as archive:
            _entries(archive)
    except _BROKEN as error:
        raise UnreadableError("The archive cannot be unpacked: {reason}.", reason=str(error)) from error


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = [item for item in archive.infolist() if not item.is_dir() and "__MACOSX" not in item.filename]
    if len(entries) > MOST_ENTRIES or sum(item.file_size for item in entries) > LARGEST_BYTES:
        raise UnreadableError("The archive unpacks to more than {limit} bytes.", limit=f"{LARGEST_BYTES:,}")
    return entries


def _unpacked(archive: zipfile.ZipFile, folder: Path) -> Path:
    entries = _entries(archive)
    names = [Path(item.filename) for item in entries]
    if len({name.parent for name in names if name.parent.suffix == ".gdb"}) == 1:
        return _database(archive, entries, folder / "layer.gdb")
    main = [name for name in names if name.suffix.lower() in _MAIN_SUFFIXES]
    if len(main) != 1:
        raise UnreadableError(
            "The archive must hold exactly one layer; it holds: {files}.",
            files=", ".join(map(str, main)) or "–",
        )
    for item, name in zip(entries, names, strict=True):
        if name.with_suffix("") == main[0].with_suffix(""):
            _unpack(archive, item, folder / f"layer{name.suffix.lower()}")
    return folder / f"layer{main[0].suffix.lower()}"


def _database(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], folder: Path) -> Path:
    """A file geodatabase is a folder of tables; they keep their names, which name each other."""
    folder.mkdir()
    for item in entries:
        if Path(item.filename).parent.suffix == ".gdb":
            _unpack(archive, item, folder / Path(item.filename).name)
    return folder


def _unpack(archive: zipfile.ZipFile, item: zipfile.ZipInfo, target: Path) -> None:
    """As a plain file whatever the entry calls itself, and no longer than the archive's list says it is."""
    if stat.S_ISLNK(item.external_attr >> 16):
        raise UnreadableError("The archive holds a link to another file, {file}; it is not followed.",
                              file=item.filename)  # fmt: skip
    left = item.file_size
    with archive.open(item) as packed, target.open("wb") as plain:
        while piece := packed.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise UnreadableError(
                    "The archive unpacks to more than {limit} bytes.", limit=f"{item.file_size:,}"
                )
            plain.write(piece)
