"""The tenant's own map pictures: an MBTiles file (raster), clipped to a scope, for the tablets that work in it.

Pictures of a map are no secret; they travel as a file of their own and lie unsealed on the tablet.
Format: MBTiles 1.3, rows counted from the south (TMS).
"""

import hashlib
import math
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import structlog

from server.errors import SetupFault
from server.package.keeping import Kept
from server.settings import settings

log = structlog.get_logger()
RASTER = ("png", "jpg", "jpeg", "webp")
MOST_ZOOM = 19
MARGIN_DEG = 0.002  # some 200 m of the neighbours' ground stay in sight


def stamp() -> str:
    """Another one with every other file of map pictures; "" without one. Servers of one installation have copies with
    the same name and time.
    """
    source = settings().mbtiles
    try:
        stat = source.stat() if source else None
    except OSError:
        stat = None
    return f"{source.name} {stat.st_mtime} {stat.st_size}" if source and stat else ""


def clipped(kept: Kept, content: str) -> dict[str, Any] | None:
    """The file with the pictures about a package, as an offer names it; None where there is none to give.

    A file that cannot be used does not keep a tablet from its grids: it is logged, and the doctor names it.
    """
    source, of_now = settings().mbtiles, stamp()
    if source is None or not of_now:
        return None
    bounds = kept.bounds(content)
    try:
        named = hashlib.sha256(repr((of_now, bounds)).encode()).hexdigest()
        name = kept.linked(f"{named}.clip", lambda: _cut(kept.folder, source, bounds))
        kept.put(f"{content}.tiles", name.encode())
    except (OSError, sqlite3.Error, SetupFault) as fault:
        log.warning("map pictures cannot be used", reason=str(fault))
        return None
    return kept.described(name)


def checked(source: Path) -> dict[str, str]:
    """The metadata of an MBTiles file with pictures. Raises SetupFault with a sentence."""
    try:
        with closing(_reading(source)) as conn:
            told = {str(name): str(value) for name, value in conn.execute("select name, value from metadata")}
            conn.execute("select tile_data from tiles limit 1").fetchone()
    except sqlite3.Error as fault:
        raise SetupFault("{file} is no MBTiles file: {reason}", file=source, reason=str(fault)) from fault
    if told.get("format", "").lower() not in RASTER:
        raise SetupFault(
            "{file} holds tiles of the format {format}; tablets draw pictures: {choices}.",
            file=source, format=told.get("format") or "–", choices=", ".join(RASTER),
        )  # fmt: skip
    return told


def tables_of(target: sqlite3.Connection, source: Path, bounds: Sequence[float]) -> int:
    """Writes the tables `metadata` and `tiles` of the pictures about `bounds` into a database; how many there are."""
    told = checked(source)
    west, south, east, north = bounds
    target.execute("create table metadata (name text primary key, value text)")
    target.execute(
        "create table tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob,"
        " primary key (zoom_level, tile_column, tile_row))"
    )
    told["bounds"] = f"{west},{south},{east},{north}"
    target.executemany("insert into metadata values (?, ?)", sorted(told.items()))
    count = 0
    with closing(_reading(source)) as conn:
        for zoom in range(MOST_ZOOM + 1):
            found = conn.execute(
                "select zoom_level, tile_column, tile_row, tile_data from tiles where zoom_level = ?"
                " and tile_column between ? and ? and tile_row between ? and ? order by 2, 3",
                (
                    zoom,
                    *_square(
                        zoom, west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG
                    ),
                ),
            )
            count += target.executemany("insert into tiles values (?, ?, ?, ?)", found).rowcount
    return count


def _cut(folder: Path, source: Path, bounds: Sequence[float]) -> str:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{secrets.token_hex(8)}"
    try:
        with closing(sqlite3.connect(draft)) as target, target:
            tables_of(target, source, bounds)
        with draft.open("rb") as file:
            name = f"{hashlib.file_digest(file, 'sha256').hexdigest()}.mbtiles"
        draft.replace(folder / name)
    finally:
        draft.unlink(missing_ok=True)
    return name


def _reading(source: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)


def _square(zoom: int, west: float, south: float, east: float, north: float) -> tuple[int, int, int, int]:
    """First and last column, first and last row (from the south) of the tiles that a box touches."""
    side = 2**zoom
    columns = [min(max(int((lon + 180) / 360 * side), 0), side - 1) for lon in (west, east)]
    rows = [min(max(int((1 + _mercator(lat) / math.pi) / 2 * side), 0), side - 1) for lat in (south, north)]
    return columns[0], columns[1], rows[0], rows[1]


def _mercator(lat: float) -> float:
    return math.asinh(math.tan(math.radians(min(max(lat, -85.05), 85.05))))
