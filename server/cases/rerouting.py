"""Open cases follow new boundaries: which of them lie in another grid now, and the commands that move them.

Slice by slice through the open cases of a district. A case whose place is still the same grid's gets no event, and
keeps the version that routed it; a closed case is never touched.
"""

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from server.cases.apply import apply
from server.cases.bysystem import by_system
from server.db import Connection, queries
from server.grids import service as grids
from server.grids.service import Located, Point
from server.protocol.commands import Command, Position

SQL = queries(__file__, "rerouting.sql")


def waiting(conn: Connection) -> Iterator[tuple[int, int]]:
    """Districts whose open cases shall follow the boundaries in force, with the version."""
    for row in SQL.waiting(conn):
        yield row["district_id"], row["version"]


def reroute_slice(
    conn: Connection, district: int, version: int, after: uuid.UUID, count: int, now: datetime
) -> list[uuid.UUID]:
    """Routes the next `count` open cases after one; returns the ids that were looked at, in order.

    When fewer are left than `count`, the version is marked as followed.
    """
    rows = list(SQL.open_cases(conn, district=district, after=after, limit=count))
    points = [_point(row, district) for row in rows]
    places = grids.locate_many(conn, points)
    commands = [
        _command(conn, row, place, version)
        for row, point, place in zip(rows, points, places, strict=True)
        if point.lon is not None and _elsewhere(row, place)
    ]
    if commands:
        apply(conn, commands, now)
    if len(rows) < count:
        SQL.done(conn, district=district, version=version, now=now)
    return [row["id"] for row in rows]


def _point(row: Mapping[str, Any], district: int) -> Point:
    if row["lon"] is not None:
        return Point(row["lon"], row["lat"], row["accuracy_m"], district)
    return Point(row["grid_lon"], row["grid_lat"], None, district)


def _elsewhere(row: Mapping[str, Any], place: Located) -> bool:
    """Whether the case would belong to another grid, or stand on a border where it did not."""
    was = (row["street_id"], row["community_id"], row["grid_id"])
    return (place.street_id, place.community_id, place.grid_id) != was


def _command(conn: Connection, row: Mapping[str, Any], place: Located, version: int) -> Command:
    payload = {"boundary_version": str(version)}
    if row["lon"] is not None:
        position = Position(
            row["lon"], row["lat"], row["accuracy_m"], "routed", crs=row["crs_source"] or "EPSG:4326"
        )
        return by_system("reroute", row["id"], payload, version, position=position)
    node = place.grid_id or place.community_id or place.street_id or place.district_id
    names = grids.nodes(conn, [node]) if node is not None else {}
    payload["grid_code"] = names[node]["code"] if node in names else ""
    return by_system("reroute", row["id"], payload, version)
