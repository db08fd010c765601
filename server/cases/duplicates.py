"""What may be the same matter: suggested by category, nearness and time as the pack says, merged only by a person."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from server.audit.masking import mask_text
from server.cases import view
from server.cases.service import get_row, relatives
from server.db import Connection, queries
from server.locale import gettext_for
from server.packs import current, pack_of_version
from server.protocol import words
from server.security import Viewer

sql = queries(__file__)
NO_CASE = uuid.UUID(int=0)


def nearby(conn: Connection, viewer: Viewer, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Cases that may be the same matter as a case (its row): same category, near in place and time, in scope and not
    gone another way, nearest first. None for a case without a point."""
    if row["lon_e7"] is None:
        return []
    pack = pack_of_version(conn, row["pack_version"])
    found = sql.nearby(
        conn,
        **viewer.scope_params(),
        lon=row["lon_e7"] / 1e7,
        lat=row["lat_e7"] / 1e7,
        metres=pack.duplicate_metres,
        hours=pack.duplicate_hours,
        id=row["id"],
        category_system=row["category_system"],
        category_code=row["category_code"],
        reported_at=row["reported_at"],
    )
    return _named(found, viewer)


def beside(
    conn: Connection,
    viewer: Viewer,
    category: str,
    point: tuple[float, float] | None,
    area: str,
    now: datetime,
) -> list[dict[str, Any]]:
    """The same for a report that is still being written: a category ("system/code") at a point (lon, lat, EPSG:4326)
    or, without one, anywhere in a small area (a grid's code)."""
    pack = current(conn, viewer.district_id)[1]
    system, _, code = category.rpartition("/")
    matter = viewer.scope_params() | {
        "category_system": system,
        "category_code": code,
        "reported_at": now,
        "hours": pack.duplicate_hours,
    }
    if point is None:
        found = sql.alike_in_grid(conn, **matter, area=area, home=viewer.district_id)
    else:
        lon, lat = point
        found = sql.nearby(conn, **matter, lon=lon, lat=lat, metres=pack.duplicate_metres, id=NO_CASE)
    return _named(found, viewer)


def _named(rows: Iterable[Mapping[str, Any]], viewer: Viewer) -> list[dict[str, Any]]:
    translate = gettext_for(viewer.lang)
    return [
        {
            **row,
            "title": mask_text(row["title"]),
            "metres": None if row["metres"] is None else round(row["metres"]),
            "state_word": translate(words.STATE_WORDS[row["state"]]),
            "reported_at": view.iso(row["reported_at"]),
        }
        for row in rows
    ]


def of_case(conn: Connection, viewer: Viewer, number: str, now: datetime) -> dict[str, Any]:
    """What may be the same matter as a case in scope (`suggested`), what was merged into it (`merged`), and the case
    that it was merged into (`survivor`, or None); each as far as the viewer may see it."""
    row = get_row(conn, viewer, number)
    kin = relatives(conn, viewer, row, now)
    suggested = [
        {**one, "closed_at": view.iso(one["closed_at"])}
        for one in nearby(conn, viewer, row)
        if one["number"] not in {case["number"] for case in kin["survivor"]}
    ]
    return {
        "suggested": suggested,
        "merged": kin["merged"],
        "survivor": next(iter(kin["survivor"]), None),
    }
