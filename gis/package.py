"""Writes the tablet's offline package of one scope: what the server would push, as one gzipped JSON file."""

import gzip
import json
from pathlib import Path

from gis.prepare import SQL
from server.db import Connection
from server.errors import NotFound
from server.grids import service


def write_package(conn: Connection, code: str, district: str | None, out: Path) -> dict[str, int]:
    """Packs the subtree of the grid `code` into `out`; returns nodes, neighbours, basemap features and bytes."""
    node = SQL.node_of(conn, code=code, district=district)
    if node is None:
        raise NotFound("There is no grid {code}.", code=code)
    made = service.package(conn, [node])
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    # No time and no name inside: the same boundaries give the same bytes.
    out.write_bytes(gzip.compress(text.encode(), 6, mtime=0))
    parts = [member["part"] for member in made["nodes"]]
    return {
        "nodes": parts.count("scope"),
        "neighbours": parts.count("neighbour"),
        "basemap": len(made["basemap"]),
        "bytes": out.stat().st_size,
    }
