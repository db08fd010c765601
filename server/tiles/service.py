"""Makes vector tiles: the borders of a district, the cases that a viewer may see, and what stands in opened layers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from server.cases.filters import Filters
from server.cases.lists import question
from server.db import Connection, queries
from server.protocol.workflow import OPEN
from server.security import Viewer
from server.tiles.squares import Square

SQL = queries(__file__)

# The zoom from which a level's borders are in the tiles, and from which its names are.
BORDERS_FROM = {1: 0, 2: 10, 3: 11}
NAMES_FROM = {1: 0, 2: 11, 3: 14}
# From here on every case stands alone; before, cases are counted in cells, 8 by 8 in a tile: at FINEST as in the sums.
SINGLE_FROM, FINEST = 15, 14
MOST_SINGLE = 5000
SIDES, NO_BOX = ("west", "south", "east", "north"), (None, None, None, None)
# Tiles nearer than this hold so little that making them costs no more than reading them; the map asks none.
DEEPEST_KEPT = 16
# Facilities are drawn from here on: farther away they would be a carpet.
FACILITIES_FROM, MOST_FACILITIES = 14, 5000


def boundary_version(conn: Connection, district_id: int) -> int | None:
    """The version of the district's present boundaries: as long as it stays, so do the tiles."""
    version = SQL.boundary_version(conn, district=district_id)
    return int(version) if version is not None else None


def grids_tile(conn: Connection, version: int | None, square: Square) -> bytes:
    """Layers streets, communities, grids (code, name, level, kind; the node's id as feature id) and labels (points)."""
    if version is None:
        return b""
    kept = kept_tile(conn, version, square)
    if kept is not None:
        return kept
    levels = [level for level, zoom in BORDERS_FROM.items() if square.z >= zoom]
    labelled = [level for level, zoom in NAMES_FROM.items() if square.z >= zoom]
    data = bytes(SQL.grids_tile(conn, version=version, levels=levels, labelled=labelled, **square.params))
    if square.z <= DEEPEST_KEPT:
        SQL.keep_tile(conn, version=version, z=square.z, x=square.x, y=square.y, data=data)
    return data


def kept_tile(conn: Connection, version: int | None, square: Square) -> bytes | None:
    """A tile of borders that was made before, or None: it must then be made, which writes."""
    data = SQL.kept_tile(conn, version=version, z=square.z, x=square.x, y=square.y) if version else None
    return None if data is None else bytes(data)


def cases_tile(
    conn: Connection, viewer: Viewer, square: Square, params: Mapping[str, str], now: datetime
) -> bytes:
    """Layers `clusters` (count, overdue, soon, ontime, closed; west, south, east, north of its cell in 1e-7 degrees, a
    `bbox` of the list) and `cases` (number, title, state, status, due, severity) of what the viewer may see and the
    question in `params` asks for."""
    filters = Filters.from_query(params)
    asked = question(conn, viewer, filters, now)
    if asked is None:
        return b""
    asked |= {**square.params, "open": list(OPEN)}
    asked |= {f"box_{side}": asked_for for side, asked_for in zip(SIDES, filters.bbox or NO_BOX, strict=True)}
    if square.z >= SINGLE_FROM:
        return bytes(SQL.cases_single(conn, **asked, most=MOST_SINGLE))
    if filters.bbox:
        west, south, east, north = filters.bbox
        asked["west"], asked["south"] = max(asked["west"], west), max(asked["south"], south)
        asked["east"], asked["north"] = min(asked["east"], east), min(asked["north"], north)
        if asked["west"] > asked["east"] or asked["south"] > asked["north"]:
            return b""
    shift = FINEST - square.z
    return bytes(
        SQL.cases_clustered(conn, **asked, facet=_facet(asked), home=viewer.district_id, shift=shift)
    )


def sum_closed(conn: Connection, most: int) -> int:
    """Adds at most `most` moves of closed cases to the sums that tiles are counted from; how many there were."""
    return int(SQL.sum_closed(conn, most=most))


def _facet(asked: Mapping[str, Any]) -> str | None:
    """Which sums of closed cases answer the question of `asked_cases`; None where only the cases themselves can.

    They are summed by one of category, source and crew at a time, and not by day, word, board or within a box."""
    if any(asked[name] is not None for name in ("board", "held", "start", "until", "q", "box_west")):
        return None
    words = [
        f"{letter}:{value}"
        for letter, value in (
            ("c", asked["category_code"] and f"{asked['category_system']}/{asked['category_code']}"),
            ("s", asked["source"]),
            ("h", asked["handler"]),
        )
        if value
    ]
    return {0: "", 1: "".join(words)}.get(len(words))


def facilities_tile(
    conn: Connection, layers: Sequence[Mapping[str, Any]], square: Square
) -> tuple[bytes, dict[str, int]]:
    """Layer `facilities` (code, name, layer) of opened layers, and how many of each are in it; empty above zoom 14."""
    if square.z < FACILITIES_FROM:
        return b"", {}
    ids = [layer["id"] for layer in layers]
    row = SQL.facilities_tile(conn, layers=ids, most=MOST_FACILITIES, **square.params)
    return bytes(row["tile"]), row["sent"]
