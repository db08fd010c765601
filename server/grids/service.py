"""Answers where: whose a point is, what a grid is called, and what a tablet takes along of the map."""

import json
import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from server.db import Connection, array, queries
from server.errors import BadInput, NotFound
from server.grids import basemap
from server.grids.places import Located, Point, Row, choose
from server.protocol.ground import reach_m, scale_about

SQL = queries(__file__)

__all__ = ["Located", "Point", "asked", "grid", "locate", "locate_many", "located_by_code", "nodes", "package", "page",
           "placed"]  # fmt: skip

# Grids this near to a tablet's own travel with it, degrees (about 30 m): a circle on the border finds both sides.
NEIGHBOUR_DEG = 0.0003
PACKAGE_FORMAT = "xunge-grids/1"


def locate(
    conn: Connection, lon: float | None, lat: float | None, accuracy_m: float | None = None,
    district_id: int | None = None,
) -> Located:  # fmt: skip
    """Whose one point is."""
    return locate_many(conn, [Point(lon, lat, accuracy_m, district_id)])[0]


def locate_many(conn: Connection, points: Sequence[Point]) -> list[Located]:
    """Whose each point is, in the same order; one query however many points. Nothing is ever dropped:
    a point without usable coordinates, or far from every grid, is `outside`."""
    return placed(conn, points, SQL.located_rows(conn, **asked(points)))


def asked(points: Sequence[Point]) -> dict[str, str]:
    """The arguments of the SQL function `located_at`, one of each a point."""
    usable = [_usable(point) for point in points]
    scales = [scale_about(point.lat if point and point.lat is not None else 0.0) for point in usable]
    return {
        "lons": array(point.lon if point else None for point in usable),
        "lats": array(point.lat if point else None for point in usable),
        "reaches": array(reach_m(point.accuracy_m) for point in points),
        "easts": array(east for east, _ in scales),
        "norths": array(north for _, north in scales),
        "districts": array(point.district_id for point in points),
    }


def placed(conn: Connection, points: Sequence[Point], rows: Iterable[Row]) -> list[Located]:
    """Whose each point is, from what `located_at` said of them all."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["ord"] - 1, []).append(row)
    only: list[int] | None = None
    result: list[Located] = []
    for index, point in enumerate(points):
        located = choose(found.get(index, []), reach_m(point.accuracy_m))
        if located is None:
            if only is None:
                only = [row["id"] for row in SQL.districts(conn)]
            nearest = _district_outside(conn, point, _usable(point), only)
            located = Located("outside", nearest, None, None, None, None)
        result.append(located)
    return result


def locate_on(conn: Connection, lon: float, lat: float, district_id: int, day: date) -> Located:
    """Whose a point was on a day, by the boundaries then in force. Raises NotFound when there were none yet."""
    version = SQL.version_on(conn, district=district_id, day=day)
    if version is None:
        raise NotFound("There were no boundaries on {day} yet.", day=day.isoformat())
    if version["current"]:
        return locate(conn, lon, lat, None, district_id)
    rows = [
        dict(row)
        for row in SQL.former_rows(conn, version=version["id"], district=district_id, lon=lon, lat=lat)
    ]
    outside = Located("outside", district_id, None, None, None, version["id"])
    return choose(rows, 0.0) or outside


def _usable(point: Point) -> Point | None:
    if point.lon is None or point.lat is None:
        return None
    good = (
        math.isfinite(point.lon)
        and math.isfinite(point.lat)
        and abs(point.lon) <= 180
        and abs(point.lat) <= 90
    )
    return point if good else None


def _district_outside(
    conn: Connection, point: Point, usable: Point | None, districts: list[int]
) -> int | None:
    if point.district_id is not None:
        return point.district_id
    if len(districts) == 1:
        return districts[0]
    if usable is None:
        return None
    nearest = SQL.nearest_district(conn, lon=usable.lon, lat=usable.lat)
    return nearest["district_id"] if nearest else None


def located_by_code(conn: Connection, district_id: int | None, code: str) -> Located | None:
    """A place named by the code of a grid, community, street or district, without a point; None if it is unknown
    or, without a district, means several."""
    rows = list(SQL.node_of_code(conn, code=code, district=district_id))
    if len(rows) != 1:
        return None
    row = rows[0]
    chain = [row["node_id"], row["parent_id"], row["grandparent_id"]]
    street, community, grid = {
        3: (chain[2], chain[1], chain[0]),
        2: (chain[1], chain[0], None),
        1: (chain[0], None, None),
    }.get(row["level"], (None, None, None))
    return Located("inside", row["district_id"], street, community, grid, row["version_id"])


def nodes(conn: Connection, ids: Sequence[int], version: int | None = None) -> dict[int, dict[str, Any]]:
    """Code, name and level of nodes by id: in their current boundaries, or as they were in a version."""
    rows = (
        SQL.names_of(conn, nodes=list(ids))
        if version is None
        else SQL.names_in(conn, version=version, nodes=list(ids))
    )
    return {row["node_id"]: dict(row) for row in rows}


def page(
    conn: Connection, *, level: int | None, parent: str | None, limit: int, after: str | None,
    district_id: int | None,
) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
    """Grids in code order and the cursor of the next page or None. `district_id` narrows to what a viewer may see."""
    at_district, at_code = _cursor(after)
    rows = list(SQL.page(conn, level=level, parent=parent, limit=limit + 1, viewer_district=district_id,
                         after_district=at_district, after_code=at_code))  # fmt: skip
    more = len(rows) > limit
    rows = rows[:limit]
    return [_as_json(row) for row in rows], f"{rows[-1]['district_id']}.{rows[-1]['code']}" if more else None


def _cursor(after: str | None) -> tuple[int | None, str | None]:
    if not after:
        return None, None
    district, dot, code = after.partition(".")
    if not dot or not district.isascii() or not district.isdigit() or len(district) > 18:
        raise BadInput("This is no cursor of a page of grids: {after}", after=after)
    return int(district), code


def grid(conn: Connection, code: str, district_id: int | None) -> dict[str, Any]:
    """One grid with a point inside it and the number of its children. Raises NotFound."""
    row = SQL.one(conn, code=code, viewer_district=district_id)
    if row is None:
        raise NotFound("There is no grid {code}.", code=code)
    return {**_as_json(row), "children": row["children"]}


def _as_json(row: Row) -> dict[str, Any]:
    return {
        "code": row["code"], "name": row["name"], "level": row["level"], "parent": row["parent"], "kind": row["kind"],
        "households": row["households"], "district": row["district"], "boundary_version": row["version_id"],
        "point": [round(row["lon"], 7), round(row["lat"], 7)],
    }  # fmt: skip


def package(conn: Connection, node_ids: Sequence[int]) -> dict[str, Any]:
    """What a tablet needs to find its grid without a network: the subtrees of `node_ids` with shapes (7 decimals,
    EPSG:4326), the nodes above them by name, the level-3 neighbours, and the basemap about them.

    {format, boundary_versions, bounds [w, s, e, n], nodes: [{id, code, name, level, parent, kind, part, inside,
    shape}], basemap: [GeoJSON feature]}; part = scope | above | neighbour; parent is a node id; shape is a
    MultiPolygon's coordinates, null for `above`. Raises NotFound for unknown nodes.
    """
    rows = list(SQL.package_nodes(conn, nodes=list(node_ids), around=NEIGHBOUR_DEG))
    if not rows:
        raise NotFound("There are no boundaries for this scope.")
    members = [
        {
            "id": row["node_id"], "code": row["code"], "name": row["name"], "level": row["level"],
            "parent": row["parent_id"], "kind": row["kind"], "part": row["part"],
            "inside": [round(row["lon"], 7), round(row["lat"], 7)],
            "shape": json.loads(row["shape"])["coordinates"] if row["shape"] else None,
        }
        for row in rows
    ]  # fmt: skip
    bounds = _bounds(members)
    return {
        "format": PACKAGE_FORMAT,
        "boundary_versions": sorted({row["version_id"] for row in rows}),
        "bounds": bounds,
        "nodes": members,
        "basemap": basemap.within(bounds),
    }


def _bounds(members: list[dict[str, Any]]) -> list[float]:
    places = [place for member in members if member["shape"] for part in member["shape"] for place in part[0]]
    lons, lats = [place[0] for place in places], [place[1] for place in places]
    return [min(lons), min(lats), max(lons), max(lats)]
