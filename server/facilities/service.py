"""Facilities by layer: who may see which, the nearest, a page, and a file's content put in place of the last one.

Who may see a layer is decided in one place (`seen`); that somebody opened it is a row of the access log, with what went
out, once an hour and once more when the hour is over.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from server.audit import access
from server.audit import service as audit
from server.db import Connection, queries
from server.errors import BadInput, NotAllowed, NotFound
from server.grids import service as grids
from server.grids.service import Point
from server.packs import current
from server.protocol.wire import time_text
from server.security import Viewer

SQL = queries(__file__)
ROLES = ("centre", "street", "community", "worker", "crew", "resident-service", "auditor", "admin")
# Who keeps layers sees every one of them in the list; what is in them only as a reader.
KEEPER = "admin"
LAYER = "layer"
LAYER_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
FARTHEST_M = 20_000
TOGETHER = 5_000
# An opening is noted for its hour alone; what happened stands in the access log.
OPENINGS_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Thing:
    """One facility of a file. `shape` is WKB in EPSG:4326; lon, lat: the point, or the middle of the line."""

    code: str
    name: str
    properties: Mapping[str, Any]
    shape: bytes
    lon: float
    lat: float


@dataclass(frozen=True)
class Wanted:
    """What a layer is to be. `category` is "system/code" of what stands in it, or empty; `readers` are roles; None
    leaves what is stored, or takes all roles that go out: everybody but residents' service."""

    code: str
    name: str = ""
    kind: str = "point"
    category: str = ""
    readers: Sequence[str] | None = None
    on_tablets: bool | None = None


@dataclass
class Put:
    """What a load did, by code. `outside`: in no grid, kept all the same."""

    layer: str
    facilities: int
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


def seen(conn: Connection, viewer: Viewer) -> list[dict[str, Any]]:
    """The layers of the viewer's district that the viewer may see."""
    return [dict(row) for row in SQL.layers_of(conn, district=viewer.district_id, role=viewer.role)]


def kept(conn: Connection, viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    """Every layer for whom keeps them, else those that the viewer may see; `tablets` = how many carry it."""
    role = None if viewer.role == KEEPER else viewer.role
    carried = {
        row["id"]: row["tablets"] for row in SQL.tablets_of(conn, district=viewer.district_id, now=now)
    }
    rows = SQL.layers_of(conn, district=viewer.district_id, role=role)
    return [{**row, "tablets": carried.get(row["id"], 0)} for row in rows]


def layer_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """A layer as the API says it."""
    return {
        "code": row["code"], "name": row["name"], "kind": row["kind"], "category": _category(row),
        "facilities": row["facilities"], "outside": row["outside"], "on_tablets": row["on_tablets"],
        "readers": list(row["readers"]), "loads": row["loads"], "loaded_at": row["loaded_at"].isoformat(),
    }  # fmt: skip


def _category(row: Mapping[str, Any]) -> dict[str, str] | None:
    return {"system": row["category_system"], "code": row["category_code"]} if row["category_code"] else None


def open_layers(conn: Connection, viewer: Viewer, codes: Sequence[str]) -> list[dict[str, Any]]:
    """The layers of these codes (all that may be seen, without any); `handed_out` says what was read of them.

    Raises NotFound for a code that is not there or not for the viewer: the two look the same.
    """
    found = seen(conn, viewer)
    missing = set(codes) - {row["code"] for row in found}
    if missing:
        raise NotFound("There is no layer {code}.", code=", ".join(sorted(missing)))
    return [row for row in found if not codes or row["code"] in codes]


def handed_out(
    conn: Connection, viewer: Viewer, layers: Sequence[Mapping[str, Any]], sent: Mapping[str, int], now: datetime,
    address: str = "",
) -> None:  # fmt: skip
    """Writes down that these layers were opened and how many facilities of each (by code) go out by this answer.

    The first opening in an hour is a row of the log at once; what goes out after it is summed and told by
    `tell_openings` when the hour is over.
    """
    codes = {row["id"]: row["code"] for row in layers}
    rows = SQL.opened(
        conn, layers=list(codes), sent=[sent.get(code, 0) for code in codes.values()], person=viewer.person_id,
        organisation=viewer.organisation_id, now=now,
    )  # fmt: skip
    if first := sorted(codes[row["layer_id"]] for row in rows if row["first"]):
        rows_out = sum(sent.get(code, 0) for code in first)
        access.read_personal(
            conn, viewer, LAYER, "", now, filter={"layers": first}, rows=rows_out, address=address
        )


def tell_openings(conn: Connection, now: datetime, most: int) -> int:
    """Writes down what went out after the openings of hours that are over, a row a layer, person and hour; how many."""
    rows = list(SQL.untold(conn, now=now, limit=most))
    for row in sorted(rows, key=lambda row: (row["hour"], row["person_id"], row["code"])):
        reader = access.Reader(row["person_id"], row["organisation_id"], row["district_id"])
        asked = {"layers": [row["code"]], "hour": time_text(row["hour"])}
        access.read_personal(conn, reader, LAYER, "", now, filter=asked, rows=row["rows"])
    return len(rows)


def forget_openings(conn: Connection, now: datetime) -> int:
    """Forgets in which hours of more than a day ago somebody opened a layer; how many. The access log keeps them, and
    what it does not know yet is kept here."""
    return int(SQL.forget_openings(conn, before=now - OPENINGS_KEPT))


def page(
    conn: Connection, layer: Mapping[str, Any], viewer: Viewer, *, grid: str | None = None,
    box: Sequence[float] | None = None, limit: int = 200, after: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:  # fmt: skip
    """Facilities of an opened layer in order of their codes, and the key of the next page or None.

    `grid`: the code of a level-3 grid; `box`: west, south, east, north in degrees (EPSG:4326).
    """
    node = grids.located_by_code(conn, viewer.district_id, grid) if grid else None
    if grid and (node is None or node.grid_id is None):
        raise NotFound("There is no grid {code}.", code=grid)
    west, south, east, north = box or (None, None, None, None)
    rows = list(
        SQL.page(
            conn, layer=layer["id"], grid=node and node.grid_id, after=after, limit=limit + 1,
            west=west, south=south, east=east, north=north,
        )
    )  # fmt: skip
    items = [facility_json(row, layer) for row in rows[:limit]]
    return items, rows[limit - 1]["code"] if len(rows) > limit else None


def one(conn: Connection, layer: Mapping[str, Any], code: str) -> dict[str, Any]:
    """One facility of an opened layer. Raises NotFound."""
    row = SQL.one(conn, layer=layer["id"], code=code)
    if row is None:
        raise NotFound("There is no facility {code}.", code=code)
    return facility_json(row, layer)


def near(
    conn: Connection, layers: Sequence[Mapping[str, Any]], lon: float, lat: float, radius_m: float, limit: int
) -> list[dict[str, Any]]:
    """The facilities of opened layers within `radius_m` metres of a point (degrees, EPSG:4326), nearest first."""
    by_id = {layer["id"]: layer for layer in layers}
    rows = SQL.near(conn, layers=list(by_id), lon=lon, lat=lat, radius=radius_m, limit=limit)
    return [
        facility_json(row, by_id[row["layer_id"]]) | {"distance_m": round(row["distance_m"], 1)}
        for row in rows
    ]


def facility_json(row: Mapping[str, Any], layer: Mapping[str, Any]) -> dict[str, Any]:
    """A facility as the API says it; `shape` is a GeoJSON geometry, EPSG:4326."""
    grid = {"code": row["grid_code"], "name": row["grid_name"]} if row["grid_code"] else None
    return {
        "layer": layer["code"], "code": row["code"], "name": row["name"], "category": _category(layer),
        "properties": row["properties"], "shape": json.loads(row["shape"]), "grid": grid, "status": row["status"],
    }  # fmt: skip


def feature(item: dict[str, Any]) -> dict[str, Any]:
    """A facility as a GeoJSON feature."""
    properties = {k: v for k, v in item.items() if k not in ("shape", "properties")}
    return {
        "type": "Feature",
        "id": item["code"],
        "geometry": item["shape"],
        "properties": {**item["properties"], **properties, "grid": item["grid"] and item["grid"]["code"]},
    }


def change_layer(
    conn: Connection,
    viewer: Viewer,
    code: str,
    readers: Sequence[str],
    on_tablets: bool,
    now: datetime,
    address: str,
) -> None:
    """Says who may see a layer and whether tablets carry it; an administrator's act, written down."""
    if viewer.role != KEEPER:
        raise NotAllowed
    layer = SQL.layer(conn, district=viewer.district_id, code=code, role=None)
    if layer is None:
        raise NotFound("There is no layer {code}.", code=code)
    _known_roles(readers)
    SQL.set_layer(conn, layer=layer["id"], readers=sorted(readers), on_tablets=on_tablets)
    _tell_tablets(conn, viewer.district_id, code)
    detail = {
        "layer": code,
        "readers": sorted(readers),
        "before": sorted(layer["readers"]),
        "on_tablets": on_tablets,
    }
    audit.log(conn, "layer_changed", viewer, address, detail, now)


def _known_roles(readers: Sequence[str]) -> None:
    if unknown := sorted(set(readers) - set(ROLES)):
        raise BadInput(
            "There is no role {role}; roles: {choices}.", role=", ".join(unknown), choices=", ".join(ROLES)
        )


def put(
    conn: Connection,
    district: int,
    wanted: Wanted,
    things: Iterable[Thing],
    source: tuple[str, str],
    now: datetime,
) -> Put:
    """Puts a file's content in place of the layer's last one: all or nothing, in the caller's transaction.

    `source` is the file's name and SHA-256. What the file no longer has stays stored, but stands nowhere any more.
    """
    things = list(things)
    before = SQL.layer(conn, district=district, code=wanted.code, role=None)
    readers = (
        wanted.readers if wanted.readers is not None else (before and before["readers"]) or _usual_readers()
    )
    _known_roles(readers)
    if not LAYER_CODE.fullmatch(wanted.code):
        raise BadInput("A layer's code is small letters, digits and hyphens, not {code}.", code=wanted.code)
    if before and before["kind"] != wanted.kind:
        raise BadInput("Layer {code} holds {kind}s already.", code=wanted.code, kind=before["kind"])
    system, category = _category_of(conn, district, wanted, before)
    tablets = (
        wanted.on_tablets if wanted.on_tablets is not None else (before["on_tablets"] if before else True)
    )
    layer = SQL.put_layer(
        conn, district=district, code=wanted.code, name=wanted.name or (before["name"] if before else wanted.code),
        kind=wanted.kind, system=system, category=category, readers=sorted(readers), on_tablets=tablets,
        source_name=source[0], sha256=source[1], now=now,
    )  # fmt: skip
    SQL.set_layer(conn, layer=layer, readers=sorted(readers), on_tablets=tablets)
    done = Put(wanted.code, len(things))
    for start in range(0, len(things), TOGETHER):
        _put_some(conn, district, layer, things[start : start + TOGETHER], done, now)
    retired = SQL.retire_missing(conn, layer=layer, codes=[thing.code for thing in things], now=now)
    done.removed = sorted(row["code"] for row in retired)
    _tell_tablets(conn, district, wanted.code)
    return done


def _tell_tablets(conn: Connection, district: int, code: str) -> None:
    SQL.log_layer(conn, district=district, code=code)
    conn.changed.add(district)


def _usual_readers() -> list[str]:
    return ["admin", "centre", "community", "crew", "street", "worker"]


def _category_of(
    conn: Connection, district: int, wanted: Wanted, before: Mapping[str, Any] | None
) -> tuple[str, str]:
    if not wanted.category:
        return (before["category_system"], before["category_code"]) if before else ("", "")
    system, slash, code = wanted.category.rpartition("/")
    if not slash or current(conn, district)[1].category(system, code) is None:
        raise BadInput("The pack of this district has no category {category}.", category=wanted.category)
    return system, code


def _put_some(
    conn: Connection, district: int, layer: int, things: Sequence[Thing], done: Put, now: datetime
) -> None:
    places = grids.locate_many(conn, [Point(thing.lon, thing.lat, None, district) for thing in things])
    done.outside += [thing.code for thing, at in zip(things, places, strict=True) if at.grid_id is None]
    rows = SQL.put_facilities(
        conn, layer=layer, now=now, codes=[thing.code for thing in things], names=[thing.name for thing in things],
        properties=[json.dumps(dict(thing.properties), ensure_ascii=False) for thing in things],
        shapes=[thing.shape for thing in things], lons=[thing.lon for thing in things],
        lats=[thing.lat for thing in things], grids=[at.grid_id for at in places],
        statuses=[at.status for at in places],
    )  # fmt: skip
    for row in rows:
        (done.added if row["added"] else done.changed).append(row["code"])


def tie_again(conn: Connection, district: int, now: datetime) -> int:
    """Ties the facilities of a district to its present boundaries; how many there are. A new version calls it."""
    after, count = 0, 0
    while rows := list(SQL.tied_again(conn, district=district, after=after, limit=TOGETHER)):
        places = grids.locate_many(conn, [Point(row["lon"], row["lat"], None, district) for row in rows])
        SQL.tie(
            conn, ids=[row["id"] for row in rows], grids=[at.grid_id for at in places],
            statuses=[at.status for at in places], now=now,
        )  # fmt: skip
        after, count = rows[-1]["id"], count + len(rows)
    return count
