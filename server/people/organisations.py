"""Organisations of a district: the centre that always exists, street offices, communities and crews."""

from dataclasses import dataclass, field
from typing import Any

from server.db import Connection, queries

SQL = queries(__file__)
CENTRE_CODE = "centre"


@dataclass(frozen=True)
class Organisation:
    """What is known of an organisation when it is set up. `depot` = (lon, lat), EPSG:4326."""

    kind: str
    code: str
    name: str
    grid_id: int
    trades: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    depot: tuple[float, float] | None = None
    capacity: int | None = None


def put_organisation(conn: Connection, district_id: int, organisation: Organisation) -> int:
    """Makes the organisation, or brings the one with its code up to date; returns its id."""
    lon, lat = organisation.depot or (None, None)
    row: dict[str, Any] = SQL.add_organisation(
        conn,
        district_id=district_id,
        kind=organisation.kind,
        code=organisation.code,
        name=organisation.name,
        grid_id=organisation.grid_id,
        trades=organisation.trades,
        categories=organisation.categories,
        lon=lon,
        lat=lat,
        capacity=organisation.capacity,
    )
    return int(row["id"])


def ensure_centre(conn: Connection, district_id: int) -> int:
    """The id of the district's centre, which holds what nobody else does.

    Where there is none it is made, and run by the people of the first district's centre until it has its own.
    """
    found = SQL.centre_of(conn, district_id=district_id)
    if found:
        return int(found["id"])
    name = SQL.district_name(conn, district_id=district_id)
    chinese = any("一" <= letter <= "鿿" for letter in name)
    title = f"{name}网格化管理中心" if chinese else f"{name} command centre"
    centre = put_organisation(conn, district_id, Organisation("centre", CENTRE_CODE, title, district_id))
    SQL.lend_centre(conn, organisation_id=centre, district_id=district_id)
    return centre
