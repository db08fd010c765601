"""The collections of OGC API – Features Part 1: grids by level, cases in scope, and each layer of facilities.

Each is read through the room that owns it, in the caller's scope; here they only take the standard's shape. A page is
found by the key of the one before (`after`), never by counting off rows.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from server.cases import lists
from server.cases import service as cases
from server.cases.filters import Filters
from server.db import Connection, queries
from server.errors import BadQuery, NotFound
from server.facilities import service as facilities
from server.locale import gettext_for
from server.security import Viewer

SQL = queries(__file__)
LEVELS = {"streets": 1, "communities": 2, "grids": 3}
CASES, FACILITIES = "cases", "facilities-"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
# What a list of cases may be narrowed by, as in /api/v1/cases.
CASE_FILTERS = ("state", "grid", "category", "overdue", "source", "crew", "q", "outside")
MOST = 1000


@dataclass(frozen=True)
class Collection:
    """One collection: id, title in the reader's language, what it holds, and the names that may filter it."""

    id: str
    title: str
    description: str
    filters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A page: `box` west, south, east, north in degrees (CRS84); `days` the first and last local day, inclusive."""

    limit: int = 100
    after: str | None = None
    box: tuple[float, float, float, float] | None = None
    days: tuple[date | None, date | None] = (None, None)
    filters: Mapping[str, str] | None = None


Page = tuple[list[dict[str, Any]], str | None]


def collections(conn: Connection, viewer: Viewer) -> list[Collection]:
    """What the caller may open."""
    say = gettext_for(viewer.lang)
    found = [
        Collection("streets", say("Streets"), say("Streets of the district in their present boundaries.")),
        Collection("communities", say("Communities"), say("Communities in their present boundaries.")),
        Collection("grids", say("Grids"), say("Grids in their present boundaries.")),
        Collection(CASES, say("Cases"), say("Cases in your scope, masked, newest first."), CASE_FILTERS),
    ]
    return found + [
        Collection(
            FACILITIES + row["code"], row["name"], say("A layer of facilities. Opening it is written down.")
        )
        for row in facilities.seen(conn, viewer)
    ]


def collection(conn: Connection, viewer: Viewer, name: str) -> Collection:
    """One collection by its id. Raises NotFound."""
    found = next((one for one in collections(conn, viewer) if one.id == name), None)
    if found is None:
        raise NotFound("There is no collection {name}.", name=name)
    return found


def extent(conn: Connection, viewer: Viewer) -> list[float] | None:
    """West, south, east, north of the caller's district, degrees; None before boundaries were loaded."""
    row = SQL.extent(conn, district=viewer.district_id)
    return [row[side] for side in ("west", "south", "east", "north")] if row else None


def items(
    conn: Connection, viewer: Viewer, of: Collection, asked: Asked, now: datetime, address: str
) -> Page:
    """Features of a collection and the key of the next page, or None at the end."""
    if of.id in LEVELS:
        return _grids(conn, viewer, LEVELS[of.id], asked)
    if of.id == CASES:
        return _cases(conn, viewer, asked, now)
    (layer,) = facilities.open_layers(conn, viewer, [of.id.removeprefix(FACILITIES)])
    found, following = facilities.page(
        conn, layer, viewer, box=asked.box, limit=asked.limit, after=asked.after
    )
    facilities.handed_out(conn, viewer, [layer], {layer["code"]: len(found)}, now, address)
    return [facilities.feature(one) for one in found], following


def item(
    conn: Connection, viewer: Viewer, of: Collection, key: str, now: datetime, address: str
) -> dict[str, Any]:
    """One feature by its id: the code of a grid or facility, the number of a case. Raises NotFound."""
    if of.id in LEVELS:
        found, _ = _grids(conn, viewer, LEVELS[of.id], Asked(limit=1), key)
        if not found:
            raise NotFound("There is no grid {code}.", code=key)
        return found[0]
    if of.id == CASES:
        return _case_feature(cases.get_case(conn, viewer, key, now))
    (layer,) = facilities.open_layers(conn, viewer, [of.id.removeprefix(FACILITIES)])
    one = facilities.one(conn, layer, key)
    facilities.handed_out(conn, viewer, [layer], {layer["code"]: 1}, now, address)
    return facilities.feature(one)


def _grids(conn: Connection, viewer: Viewer, level: int, asked: Asked, code: str | None = None) -> Page:
    west, south, east, north = asked.box or (None, None, None, None)
    rows = list(
        SQL.grids_page(
            conn, district=viewer.district_id, level=level, code=code, west=west, south=south, east=east, north=north,
            after=asked.after, limit=asked.limit + 1,
        )
    )  # fmt: skip
    features = [_grid_feature(row) for row in rows[: asked.limit]]
    return features, rows[asked.limit - 1]["code"] if len(rows) > asked.limit else None


def _grid_feature(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": row["code"],
        "geometry": json.loads(row["shape"]),
        "properties": {
            "code": row["code"], "name": row["name"], "level": row["level"], "parent": row["parent"],
            "kind": row["kind"], "households": row["households"], "boundary_version": row["version_id"],
        },
    }  # fmt: skip


def _cases(conn: Connection, viewer: Viewer, asked: Asked, now: datetime) -> Page:
    words = dict(asked.filters or {})
    if asked.box:
        words["bbox"] = ",".join(str(side) for side in asked.box)
    for name, day in zip(("from", "to"), asked.days, strict=True):
        if day is not None:
            words[name] = day.isoformat()
    page = lists.list_cases(
        conn, viewer, Filters.from_query(words), min(asked.limit, lists.MOST), asked.after, now
    )
    return [_case_feature(case) for case in page.items], page.next


# Flat and plain, as a table of attributes shows it; the whole case is one link away.
_CASE_COLUMNS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "number": lambda case: case["number"],
    "state": lambda case: case["state"],
    "state_word": lambda case: case["state_word"],
    "category": lambda case: f"{case['category']['system']}/{case['category']['code']}",
    "category_name": lambda case: case["category"]["name"],
    "title": lambda case: case["title"],
    "severity": lambda case: case["severity"],
    "grid": lambda case: case["grid"]["code"],
    "grid_path": lambda case: case["grid"]["path"],
    "accuracy_m": lambda case: case["location"]["accuracy_m"],
    "source": lambda case: case["source"],
    "reported_at": lambda case: case["reported_at"],
    "due_at": lambda case: case["due_at"],
    "overdue": lambda case: case["overdue"],
    "closed_at": lambda case: case["closed_at"],
    "close_kind": lambda case: case["close_kind"],
    "holder": lambda case: case["holder"] and case["holder"]["name"],
    "handler": lambda case: case["handler"] and case["handler"]["name"],
    "self_handled": lambda case: case["self_handled"],
}


def _case_feature(case: Mapping[str, Any]) -> dict[str, Any]:
    lon, lat = case["location"]["lon"], case["location"]["lat"]
    return {
        "type": "Feature",
        "id": case["number"],
        "geometry": None if lon is None else {"type": "Point", "coordinates": [lon, lat]},
        "properties": {name: read(case) for name, read in _CASE_COLUMNS.items()},
    }


def read_box(text: str | None) -> tuple[float, float, float, float] | None:
    """The standard's `bbox`: west, south, east, north (or six numbers with heights, which are left alone), CRS84."""
    if not text:
        return None
    try:
        sides = [float(part) for part in text.split(",")]
    except ValueError:
        sides = []
    if len(sides) == 6:
        sides = [*sides[:2], *sides[3:5]]
    good = len(sides) == 4 and all(
        abs(side) <= limit for side, limit in zip(sides, (180, 90, 180, 90), strict=True)
    )
    if not good or sides[1] > sides[3]:
        raise BadQuery("bbox must be west,south,east,north in degrees, not {text}.", text=text)
    if sides[0] > sides[2]:
        raise BadQuery("A box across the 180th meridian is not served; ask for each side of it.")
    return sides[0], sides[1], sides[2], sides[3]


def read_days(text: str | None) -> tuple[date | None, date | None]:
    """The standard's `datetime`, an instant or an interval with ".." for open ends, as inclusive days."""
    if not text:
        return None, None
    first, slash, last = text.partition("/")
    return _day(first), _day(last if slash else first)


def _day(text: str) -> date | None:
    if text in ("", ".."):
        return None
    try:
        return datetime.fromisoformat(text).date() if "T" in text else date.fromisoformat(text)
    except ValueError:
        raise BadQuery(
            "datetime must be a day, a moment or an interval of them, not {text}.", text=text
        ) from None


def stamp(now: datetime) -> str:
    """When an answer was made, as the standard writes it."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def refuse_unknown(names: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Raises BadQuery for a parameter that means nothing here: leaving it alone would answer another question."""
    for name in names:
        if name not in known:
            raise BadQuery(name=name)
