"""A raster basemap in MBTiles form: what the file says of itself, and one tile after the other.

Source: the MBTiles specification 1.3. Tiles are addressed as on the web (x from the west, y from the north) and turned
into the file's own rows, which count from the south.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

RASTER = ("png", "jpg", "jpeg", "webp", "")  # "": a file that does not say is tried
DEEPEST = 24


class Unusable(Exception):
    """This file is no raster basemap; `str()` is a msgid."""


def _(msgid: str) -> str:
    return msgid


@dataclass(frozen=True)
class Basemap:
    """What the file says of itself; `least` and `most` are zooms that it has tiles of."""

    attribution: str
    least: int
    most: int

    @classmethod
    def read(cls, path: Path) -> "Basemap":
        """Raises Unusable."""
        try:
            with closing(_opened(path)) as sql:
                said = dict(sql.execute("select name, value from metadata"))
                if str(said.get("format") or "").lower() not in RASTER:
                    raise Unusable(_("The basemap is no picture (vector tiles are not drawn)."))
                least, most = sql.execute("select min(zoom_level), max(zoom_level) from tiles").fetchone()
        except sqlite3.Error:
            raise Unusable(_("The basemap's file cannot be read.")) from None
        if not (isinstance(least, int) and isinstance(most, int) and 0 <= least <= most <= DEEPEST):
            raise Unusable(_("The basemap has no tiles."))
        return cls(" ".join(str(said.get("attribution") or "").split())[:200], least, most)


class TileReader:
    """Reads tiles in the one thread that made it; a file that is replaced meanwhile is read to its end as it was."""

    def __init__(self, path: Path) -> None:
        self._sql = _opened(path)

    def tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """The tile's bytes as they lie in the file, None where there is none. Raises sqlite3.Error."""
        found = self._sql.execute(
            "select tile_data from tiles where zoom_level = ? and tile_column = ? and tile_row = ?",
            (zoom, x, (1 << zoom) - 1 - y),
        ).fetchone()
        return bytes(found[0]) if found and found[0] else None

    def close(self) -> None:
        self._sql.close()


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
