"""Crews of a district: the list, who is near a place, who is proposed for a case, and who else answers for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from server.crews.permission import Register, names_of
from server.crews.ranking import Matter, Proposal, rank
from server.crews.register import standing
from server.db import Connection, queries
from server.packs import current, pack_of_version
from server.protocol.pack import Category, Condition, Pack
from server.security import Viewer

SQL = queries(__file__)
MOST_ANSWERABLE = 100

__all__ = ["Answerable", "Proposal", "answerable", "crews_page", "near", "propose"]


def matter_of(pack: Pack, category: Category, condition: Condition | None) -> Matter:
    """What the pack says of a category's condition: to whom it goes, and what they must have proved."""
    rule = pack.route(category, condition)
    names_somebody = rule.trades or rule.kinds
    return Matter(
        category.key, category.requires(condition), rule if names_somebody else None, names_of(pack)
    )


def propose(
    conn: Connection, case_row: Mapping[str, Any], limit: int = 8, now: datetime | None = None
) -> list[Proposal]:
    """Crews for a case (a row of `cases`), best first; those that may not take it come last and say why."""
    pack, category, condition = _known(conn, case_row)
    lon, lat = case_row["lon_e7"], case_row["lat_e7"]
    matter = matter_of(pack, category, condition)
    rows = SQL.candidates(
        conn,
        district_id=case_row["district_id"],
        nodes=_nodes(case_row),
        kinds=list(matter.rule.kinds) if matter.rule else [],
        lon=None if lon is None else lon / 1e7,
        lat=None if lat is None else lat / 1e7,
        now=now or datetime.now(UTC),
    )
    return rank(rows, matter)[:limit]


def _known(conn: Connection, case_row: Mapping[str, Any]) -> tuple[Pack, Category, Condition | None]:
    """Pack, category and condition of a case."""
    pack = pack_of_version(conn, case_row["pack_version"])
    category = pack.category(case_row["category_system"], case_row["category_code"]) or pack.other
    return pack, category, category.condition(case_row["condition"])


def _nodes(case_row: Mapping[str, Any]) -> list[int]:
    nodes = (case_row[name] for name in ("district_id", "street_id", "community_id", "grid_id"))
    return [node for node in nodes if node is not None]


def near(
    conn: Connection,
    viewer: Viewer,
    lon: float,
    lat: float,
    category: str | None,
    radius_m: int,
    limit: int,
    now: datetime | None = None,
) -> list[Proposal]:
    """Crews whose depot lies within `radius_m` metres of a point (degrees, EPSG:4326), nearest first.

    With a category ("system/code" or a code) only those that may take it there.
    """
    at = [row["node_id"] for row in SQL.nodes_at(conn, district_id=viewer.district_id, lon=lon, lat=lat)]
    rows = SQL.candidates(
        conn,
        district_id=viewer.district_id,
        nodes=at,
        kinds=[],
        lon=lon,
        lat=lat,
        now=now or datetime.now(UTC),
    )
    reached = [row for row in rows if row["distance_m"] is not None and row["distance_m"] <= radius_m]
    matter = _matter_named(conn, viewer, category) if category is not None else None
    found = [p for p in rank(reached, matter) if matter is None or p.allowed]
    return sorted(found, key=lambda proposal: proposal.distance_m or 0)[:limit]


def _matter_named(conn: Connection, viewer: Viewer, category: str) -> Matter:
    """A category of the district's pack; one that the pack does not know has its permits only."""
    pack = current(conn, viewer.district_id)[1]
    known = next((one for one in pack.categories if one.key == category), None) or pack.by_text(category)
    return matter_of(pack, known, known.condition("")) if known else Matter(category)


@dataclass(frozen=True)
class Answerable:
    """An organisation that may be called, asked or forwarded to; `named` when the case's condition names it."""

    code: str
    name: str
    kind: str
    named: bool


def answerable(conn: Connection, case_row: Mapping[str, Any], outside: bool = False) -> list[Answerable]:
    """Who serves the case's place: those that its condition says manage or own it first, the nearest before others.

    `outside`: parties of that kind only, to whom a case is forwarded; otherwise departments, offices and crews.
    """
    _pack, _category, condition = _known(conn, case_row)
    duties = condition.responsible if condition else {}
    names = list(dict.fromkeys(_named(duties, ("own", "manage") if outside else ("manage", "own"))))
    rows = SQL.answerable(
        conn,
        district_id=case_row["district_id"],
        nodes=_nodes(case_row),
        trades=names,
        kinds=[name for name in names if name != "outside"],
        outside=outside,
        limit=MOST_ANSWERABLE,
    )
    return [Answerable(row["code"], row["name"], row["kind"], row["named"]) for row in rows]


def _named(duties: Mapping[str, tuple[str, ...]], wanted: Iterable[str]) -> Iterable[str]:
    return (name for duty in wanted for name in duties.get(duty, ()))


def crews_page(
    conn: Connection, viewer: Viewer, limit: int, after: str = "", now: datetime | None = None
) -> dict[str, Any]:
    """The crews of the viewer's district by code, with their register of today; `next` is the `after` of the next
    page, or None."""
    rows = list(
        SQL.crews_page(
            conn, district_id=viewer.district_id, limit=limit + 1, after=after, now=now or datetime.now(UTC)
        )
    )
    items = [_crew(row) for row in rows[:limit]]
    return {"items": items, "next": items[-1]["code"] if len(rows) > limit else None}


def _crew(row: Mapping[str, Any]) -> dict[str, Any]:
    register, today = Register.of(row), date.fromisoformat(row["day"])
    suspended = {"reason": register.suspended, "last_day": register.suspended_to}
    proved = [
        {"kind": kind, "last_day": day, "standing": standing(date.fromisoformat(day) if day else None, today)}
        for kind, day in register.qualifications.items()
    ]
    return {
        "code": row["code"],
        "name": row["name"],
        "trades": row["trades"],
        "categories": list(register.permits),
        "qualifications": proved,
        "suspended": suspended if register.suspended else None,
        "serves": row["serves"],
        "depot": None if row["lon"] is None else {"lon": row["lon"], "lat": row["lat"]},
        "capacity": row["capacity"],
        "open_cases": row["open_cases"],
    }
