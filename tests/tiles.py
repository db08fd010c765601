"""Raster basemaps as MBTiles files, made by tests as the specification says: rows are counted from the south."""

import io
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from PIL import Image

Tile = tuple[int, int, int]
SCHEMA = """
create table metadata (name text, value text);
create table tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);
create unique index tile_index on tiles (zoom_level, tile_column, tile_row);
insert into metadata values ('name', 'made up'), ('format', 'png'), ('attribution', '© 测绘 &
 others');
"""


def write_tiles(path: Path, tiles: Mapping[Tile, bytes]) -> Path:
    """An MBTiles file; tiles are named as on the web (zoom, x from the west, y from the north)."""
    with closing(sqlite3.connect(path)) as sql, sql:
        sql.executescript(SCHEMA)
        sql.executemany(
            "insert into tiles values (?, ?, ?, ?)",
            [(zoom, x, (1 << zoom) - 1 - y, data) for (zoom, x, y), data in tiles.items()],
        )
    return path


def png(colour: tuple[int, int, int], other: tuple[int, int, int] | None = None) -> bytes:
    """A tile of one colour, or with another one in its northern half."""
    picture = Image.new("RGB", (256, 256), colour)
    if other:
        picture.paste(other, (0, 0, 256, 128))
    kept = io.BytesIO()
    picture.save(kept, "PNG")
    return kept.getvalue()
