"""Crews of a district: the list, who is near a place, and who is proposed for a case."""

from collections.abc import Mapping
from typing import Any

from server.crews.ranking import Proposal, rank
from server.db import Connection, queries
from server.security import Viewer

SQL = queries(__file__)

__all__ = ["Proposal", "crews_page", "near", "propose"]


def propose(conn: Connection, case_row: Mapping[str, Any], limit: int = 8) -> list[Proposal]:
    """Crews for a case (a row of `cases`), best first; those that may not take it come last and say why."""
    lon, lat = case_row["lon_e7"], case_row["lat_e7"]
    nodes = [case_row[name] for name in ("district_id", "street_id", "community_id", "grid_id")]
    rows = SQL.candidates(
        conn,
        district_id=case_row["district_id"],
        nodes=[node for node in nodes if node is not None],
        lon=None if lon is None else lon / 1e7,
        lat=None if lat is None else lat / 1e7,
    )
    return rank(rows, f"{case_row['category_system']}/{case_row['category_code']}")[:limit]


def near(
    conn: Connection, viewer: Viewer, lon: float, lat: float, category: str | None, radius_m: int, limit: int
) -> list[Proposal]:
    """Crews whose depot lies within `radius_m` metres of a point (degrees, EPSG:4326), nearest first.

    With a category ("system/code" or a code) only those that may take it there.
    """
    at = [row["node_id"] for row in SQL.nodes_at(conn, district_id=viewer.district_id, lon=lon, lat=lat)]
    rows = SQL.candidates(conn, district_id=viewer.district_id, nodes=at, lon=lon, lat=lat)
    reached = [row for row in rows if row["distance_m"] is not None and row["distance_m"] <= radius_m]
    found = [p for p in rank(reached, category) if category is None or p.allowed]
    return sorted(found, key=lambda proposal: proposal.distance_m or 0)[:limit]


def crews_page(conn: Connection, viewer: Viewer, limit: int, after: str = "") -> dict[str, Any]:
    """The crews of the viewer's district by code; `next` is the `after` of the next page, or None."""
    rows = list(SQL.crews_page(conn, district_id=viewer.district_id, limit=limit + 1, after=after))
    items = [
        {
            "code": row["code"],
            "name": row["name"],
            "trades": row["trades"],
            "categories": row["categories"],
            "serves": row["serves"],
            "depot": None if row["lon"] is None else {"lon": row["lon"], "lat": row["lat"]},
            "capacity": row["capacity"],
            "open_cases": row["open_cases"],
        }
        for row in rows[:limit]
    ]
    return {"items": items, "next": items[-1]["code"] if len(rows) > limit else None}
