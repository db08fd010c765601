"""Organisations of a district: the centre that always exists, street offices, communities and crews."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from server.db import Connection, queries

SQL = queries(__file__)
CENTRE_CODE = "centre"
# The first day of a permit that an organisation was set up with.
SINCE_EVER = date(2000, 1, 1)


@dataclass(frozen=True)
class Organisation:
    """What is known of an organisation when it is set up. `depot` = (lon, lat), EPSG:4326.

    `permits`: the categories that a crew may be given, `qualifications` = (kind, document, last day or None); both
    open its register, which is kept by its own forms from then on.
    """

    kind: str
    code: str
    name: str
    grid_id: int
    trades: list[str] = field(default_factory=list)
    permits: list[str] = field(default_factory=list)
    depot: tuple[float, float] | None = None
    capacity: int | None = None
    qualifications: list[tuple[str, str, date | None]] = field(default_factory=list)


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
        lon=lon,
        lat=lat,
        capacity=organisation.capacity,
    )
    crew = int(row["id"])
    if organisation.permits:
        SQL.open_permits(conn, crew=crew, categories=organisation.permits, since=SINCE_EVER)
    for kind, document, last_day in organisation.qualifications:
        SQL.open_qualification(conn, crew=crew, kind=kind, document=document, last_day=last_day)
    return crew


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
