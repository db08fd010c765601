"""Writes the tablet's offline package of one scope into one SQLite file, with the pack, and map pictures as MBTiles."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from gis.prepare import SQL
from server.db import Connection
from server.errors import NotFound
from server.package import service, tiles
from server.packs import body_of, current
from server.protocol import package as packages


def write_package(
    conn: Connection, code: str, district: str | None, role: str, out: Path, mbtiles: Path | None = None
) -> dict[str, Any]:
    """Packs the subtree of the grid `code` into `out`, with the layers that `role` may see, the pictures of `mbtiles`.

    The file also opens as MBTiles where it has pictures. Returns nodes, neighbours, basemap features, facilities,
    tiles, bytes, and the content that a tablet would name. Raises NotFound, SetupFault.
    """
    node = SQL.node_of(conn, code=code, district=district)
    if node is None:
        raise NotFound("There is no grid {code}.", code=code)
    scope = service.Scope(SQL.district_of(conn, node=node), (node,), role)
    version, _ = current(conn, scope.district)
    made = service.made(conn, scope, service.key_of(conn, scope), (version, body_of(conn, version)))
    draft = out.with_name(f".{out.name}.part")
    draft.write_bytes(made)
    try:
        with closing(sqlite3.connect(draft)) as file:
            bounds = packages.bounds_of(file)
            pictures = tiles.tables_of(file, mbtiles, bounds) if mbtiles else 0
            file.commit()
            parts = dict(file.execute("select part, count(*) from nodes group by part").fetchall())
            counts = {
                name: file.execute(f"select count(*) from {name}").fetchone()[0]
                for name in ("basemap", "facilities")
            }
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return {
        "nodes": parts.get("scope", 0),
        "neighbours": parts.get("neighbour", 0),
        **counts,
        "tiles": pictures,
        "bytes": out.stat().st_size,
        "content": packages.content_of(made),
    }
