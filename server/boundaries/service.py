"""What the office sees of its boundaries: versions, drafts and what each would touch, a community's grids; exports."""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import shapely

from gis.edit import sides
from gis.prepare import stored_areas
from gis.write import write
from server.audit import service as audit
from server.boundaries.drafts import SQL, read_line
from server.db import Connection
from server.errors import BadInput, NotFound
from server.security import Viewer

RECENT = timedelta(days=30)
# A grid of so many households is one that a worker can know; outside it is said, never forbidden.
FEW, MANY = 300, 500
# What is sent with an export, by its word in the address.
EXPORTS = {"gpkg": ".gpkg", "geojson": ".geojson", "shp": ".zip"}


def versions(
    conn: Connection, viewer: Viewer, limit: int, before: int | None = None
) -> tuple[list[dict[str, Any]], int | None]:
    """The district's versions, newest first, and the key of the next page."""
    rows = [
        dict(row) for row in SQL.versions(conn, district=viewer.district_id, before=before, limit=limit + 1)
    ]
    return rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None


def touched(
    conn: Connection, viewer: Viewer, found: Mapping[str, Any], now: datetime
) -> list[dict[str, Any]]:
    """Ground that changes hands between grids, with the open cases on it and the people and crews of both sides."""
    features = [f for f in found["ground"]["features"] if f["properties"]["level"] == 3]
    grounds = [json.dumps(f["geometry"]) for f in features]
    cases = {row["ord"] - 1: row for row in SQL.touched_cases(conn, grounds=grounds, **viewer.scope_params())}
    codes = sorted({f["properties"][side] for f in features for side in ("was", "now")} - {None})
    staff = {
        row["code"]: row
        for row in SQL.touched_people(conn, district=viewer.district_id, codes=codes, now=now)
    }
    result = []
    for index, one in enumerate(features):
        told = one["properties"]
        on_it = cases.get(index)
        result.append({
            **told,
            "cases": on_it["cases"] if on_it else 0,
            "numbers": list(on_it["numbers"]) if on_it else [],
            "people": staff[told["was"]]["people"] if told["was"] in staff else 0,
            "crews": staff[told["was"]]["crews"] if told["was"] in staff else 0,
        })  # fmt: skip
    return result


def workload(
    conn: Connection, viewer: Viewer, found: Mapping[str, Any], now: datetime
) -> list[dict[str, Any]]:
    """The grids that change with their households and cases; `few_or_many` where households lie outside 300–500."""
    grids = found["report"]["households"]
    shapes = [grid["shape"] for grid in grids]
    since = now - RECENT
    rows = {
        row["ord"] - 1: row for row in SQL.workload(conn, shapes=shapes, since=since, **viewer.scope_params())
    }
    return [
        {
            **{key: grid[key] for key in ("side", "code", "name", "households")},
            "open": rows[index]["open"] if index in rows else 0,
            "recent": rows[index]["recent"] if index in rows else 0,
            "few_or_many": grid["kind"] == "grid"
            and grid["households"] is not None
            and not FEW <= grid["households"] <= MANY,
        }
        for index, grid in enumerate(grids)
    ]


def siblings(conn: Connection, viewer: Viewer, code: str) -> list[dict[str, Any]]:
    """The grids of the community that grid `code` is of, with shapes (GeoJSON, EPSG:4326). Raises NotFound."""
    rows = [dict(row) for row in SQL.siblings(conn, district=viewer.district_id, code=code)]
    if not rows:
        raise NotFound("There is no grid {code}.", code=code)
    return [{**row, "shape": json.loads(row["shape"])} for row in rows]


def fresh(grids: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A code and a name that go on from those of a community's grids, where these are counted; else nothing."""
    last = max(grids, key=lambda grid: (len(grid["code"]), grid["code"]))
    counted = re.fullmatch(r"(.*?)([0-9]+)", last["code"])
    if counted is None:
        return {"code": "", "name": ""}
    number = str(int(counted[2]) + 1).zfill(len(counted[2]))
    named = re.fullmatch(r"(\D*)([0-9]+)(\D*)", last["name"])
    name = f"{named[1]}{str(int(named[2]) + 1).zfill(len(named[2]))}{named[3]}" if named else ""
    return {"code": f"{counted[1]}{number}", "name": name}


def parts(conn: Connection, viewer: Viewer, code: str, line: str, now: datetime) -> list[dict[str, Any]]:
    """What a line would make of a grid, left part first: share of the ground, households by that share, cases."""
    row = next(one for one in siblings(conn, viewer, code) if one["code"] == code)
    whole = shapely.geometry.shape(row["shape"])
    pieces = sides(whole, read_line(line))
    shapes = [shapely.to_geojson(piece) for piece in pieces]
    found = {
        r["ord"] - 1: r
        for r in SQL.workload(conn, shapes=shapes, since=now - RECENT, **viewer.scope_params())
    }
    return [
        {
            "share": round(piece.area / whole.area, 4),
            "households": None
            if row["households"] is None
            else round(row["households"] * piece.area / whole.area),
            "open": found[index]["open"] if index in found else 0,
            "recent": found[index]["recent"] if index in found else 0,
            "shape": json.loads(shapes[index]),
        }
        for index, piece in enumerate(pieces)
    ]


def export(
    conn: Connection, viewer: Viewer, kind: str, version: int | None, address: str, now: datetime
) -> tuple[str, bytes]:
    """A version of the district as a file: its name and bytes. `kind` is one of EXPORTS; without a version, the one
    in force. That it left is a row of the security log."""
    if kind not in EXPORTS:
        raise BadInput(
            "There is no format {kind}; choose one of: {known}.", kind=kind, known=", ".join(EXPORTS)
        )
    district = SQL.district(conn, district=viewer.district_id)
    wanted = version or district["current_version"]
    if wanted is None or SQL.version(conn, district=viewer.district_id, version=wanted) is None:
        raise NotFound("There are no such boundaries.")
    name = f"grids-{district['code']}-v{wanted}"
    with tempfile.TemporaryDirectory(prefix="xunge-export-") as folder:
        path = Path(folder) / f"{name}{EXPORTS[kind]}"
        write(stored_areas(conn, wanted), path)
        content = path.read_bytes()
    detail = {"version": wanted, "format": kind, "bytes": len(content)}
    audit.log(conn, "boundaries_exported", viewer, address, detail, now)
    return path.name, content
