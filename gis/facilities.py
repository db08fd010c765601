"""Layers of facilities from files: read like boundaries, checked whole, put in place of the layer's last content.

Source of the shapes' rules: a facility is one thing with one code; a line is tied to the grid of its middle.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from gis import fields, geojson
from gis.areas import FAULT, WARNING, Finding, faults
from gis.prepare import SQL, WrongUseError
from gis.read import Features, features, in_wgs84
from server.db import Connection
from server.facilities import service
from server.facilities.service import Put, Thing, Wanted

SPELLINGS = {
    "code": ("code", "编码", "代码", "部件编码", "部件标识码", "objcode", "objectid_code"),
    "name": ("name", "名称", "部件名称", "objname"),
    "datum": fields.SPELLINGS["datum"],
}
SHAPES = {"point": geojson.POINTS, "line": geojson.LINES}
# A layer whose facilities lie further than this from the district's bounds belongs to somebody else, degrees.
FARTHEST_DEG = 1.0


@dataclass
class Layer:
    """What a file holds: things in EPSG:4326, in file order, and what was found."""

    things: list[Thing]
    findings: list[Finding]
    source: tuple[str, str]


@dataclass
class Laid:
    """What a load did; `put` is None when a fault forbade it."""

    layer: str
    findings: list[Finding] = field(default_factory=list)
    put: Put | None = None

    @property
    def refused(self) -> bool:
        """Whether a fault forbade the load."""
        return bool(faults(self.findings))


def read_layer(
    path: Path,
    kind: str,
    code_field: str | None = None,
    name_field: str | None = None,
    crs: str | None = None,
) -> Layer:
    """The things of `path`; `kind` is point or line. Raises UnreadableError like a boundary file."""
    found = features(path, None, SHAPES[kind])
    names = _fields(found, {"code": code_field, "name": name_field})
    things: list[Thing] = []
    findings: list[Finding] = []
    shapes, notes, lost = in_wgs84(found, names["datum"], crs, [row.shape for row in found.rows])
    seen: dict[str, int] = {}
    for number, (row, shape) in enumerate(zip(found.rows, shapes, strict=True), start=1):
        code, name = (fields.text(row.properties.get(names[word] or "")) for word in ("code", "name"))
        told = _Told(number, code, name, shape, findings)
        if not code:
            told.fault("no_code", "Feature {number} ({label}) has no code.")
        elif fields.is_number(row.properties.get(names["code"] or "")):
            told.fault("numeric_code", "Feature {number} ({label}): its code is a number, leading zeros may be lost;"
                       " store codes as text.")  # fmt: skip
        if code and code in seen:
            told.fault(
                "duplicate_code",
                "Feature {number} has the code {label} of feature {first}.",
                first=seen[code],
            )
        seen.setdefault(code, number)
        for sentence, params, _at in row.trouble:
            told.fault("bad_shape", "Feature {number} ({label}): {reason}.", reason=sentence.format(**params))
        if number - 1 in lost.indexes:
            told.fault("not_placed", "Feature {number} ({label}): its coordinates do not exist in {system}.",
                       system=lost.system)  # fmt: skip
        elif shape is None:
            if not row.trouble:
                told.fault("no_geometry", "Feature {number} ({label}) has no geometry.")
        elif reason := _not_degrees(shape):
            told.fault("not_degrees", reason)
        elif (thing := _thing(code, name, row.properties, names, shape)) is None:
            told.fault("several_points", "Feature {number} ({label}) has {count} points; give each a feature.",
                       count=shapely.get_num_geometries(shape))  # fmt: skip
        else:
            things.append(thing)
    return Layer(things, found.notes + notes + findings, (found.source_name, found.sha256))


@dataclass(frozen=True)
class _Told:
    """What is found about one feature, with its number, name and place."""

    number: int
    code: str
    name: str
    shape: BaseGeometry | None
    findings: list[Finding]

    def fault(self, kind: str, sentence: str, **params: Any) -> None:
        at = self.shape.envelope.centroid if self.shape is not None else None
        lon, lat = (round(at.x, 5), round(at.y, 5)) if at is not None else (None, None)
        label = self.code or self.name or "–"
        told = {"number": self.number, "label": label, "lon": lon, "lat": lat, **params}
        self.findings.append(Finding(kind, FAULT, sentence, told, None, self.code, self.name, lon, lat))


def _fields(found: Features, asked: Mapping[str, str | None]) -> dict[str, str | None]:
    present = list(dict.fromkeys(key for row in found.rows for key in row.properties))
    lower = {key.lower(): key for key in reversed(present)}
    names: dict[str, str | None] = {}
    for word, spellings in SPELLINGS.items():
        wanted = asked.get(word)
        if wanted is not None and wanted not in present:
            raise geojson.UnreadableError(
                "The file has no field {field}; it has: {present}.",
                field=wanted,
                present=", ".join(present) or "–",
            )
        names[word] = wanted or next((lower[name] for name in spellings if name in lower), None)
    if names["code"] is None:
        raise geojson.UnreadableError(
            "The file has no field for the {word}; name it with --{word}-field (it has: {present}).",
            word="code", present=", ".join(present) or "–",
        )  # fmt: skip
    return names


def _not_degrees(shape: BaseGeometry) -> str:
    west, south, east, north = shape.bounds
    if max(abs(south), abs(north)) > 90 and max(abs(west), abs(east)) <= 90:
        return "Feature {number} ({label}): latitude and longitude look swapped."
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        return "Feature {number} ({label}): {lon}, {lat} are not degrees; state the coordinate system with --crs."
    return ""


def _thing(
    code: str,
    name: str,
    properties: Mapping[str, Any],
    names: Mapping[str, str | None],
    shape: BaseGeometry,
) -> Thing | None:
    """One facility; a collection of one point is that point, of several none."""
    if isinstance(shape, shapely.MultiPoint):
        if len(shape.geoms) != 1:
            return None
        shape = shape.geoms[0]
    at = shape if isinstance(shape, shapely.Point) else _middle(shape)
    rest = {
        k: _plain(v) for k, v in properties.items() if k not in names.values() and _plain(v) not in (None, "")
    }
    return Thing(code, name, rest, shapely.to_wkb(shapely.force_2d(shape)), at.x, at.y)


def _middle(line: Any) -> shapely.Point:
    """The point at half of a line's length, degrees: near enough for saying in which grid it stands."""
    middle: shapely.Point = line.interpolate(0.5, normalized=True)
    return middle


def _plain(value: Any) -> Any:
    """What JSON can keep: text, whole numbers, numbers, truth; NaN is nothing."""
    if isinstance(value, float) and value != value:
        return None
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def lay(conn: Connection, district: str | None, layer: Layer, wanted: Wanted, now: datetime) -> Laid:
    """Puts a layer in the caller's transaction, or nothing at all. Raises WrongUseError when no district is meant."""
    laid = Laid(wanted.code, list(layer.findings))
    stored = {row["code"]: row for row in SQL.districts(conn)}
    code = district or (next(iter(stored)) if len(stored) == 1 else None)
    if code is None or code not in stored:
        raise WrongUseError("Name the district with --district; there are: {districts}.",
                            districts=", ".join(stored) or "–")  # fmt: skip
    laid.findings += _far_away(conn, stored[code], layer.things)
    if laid.refused:
        return laid
    laid.put = service.put(conn, stored[code]["id"], wanted, layer.things, layer.source, now)
    if laid.put.outside:
        laid.findings.append(
            Finding("outside", WARNING, "{count} facilities stand in no grid of this district: {codes}",
                    {"count": len(laid.put.outside), "codes": ", ".join(laid.put.outside[:5])})
        )  # fmt: skip
    return laid


def _far_away(conn: Connection, stored: Mapping[str, Any], things: list[Thing]) -> list[Finding]:
    bounds = SQL.bounds(conn, version=stored["current_version"])
    if bounds is None or bounds["west"] is None or not things:
        return []
    own = shapely.box(bounds["west"], bounds["south"], bounds["east"], bounds["north"])
    lon, lat = sum(t.lon for t in things) / len(things), sum(t.lat for t in things) / len(things)
    if own.distance(shapely.Point(lon, lat)) <= FARTHEST_DEG:
        return []
    sentence = (
        "The facilities lie about {lon} {lat}, but this district is at {own_lon} {own_lat};"
        " check the coordinate system and the order of longitude and latitude"
    )
    middle = own.centroid
    params = {
        "lon": round(lon, 5),
        "lat": round(lat, 5),
        "own_lon": round(middle.x, 5),
        "own_lat": round(middle.y, 5),
    }
    return [Finding("far_away", FAULT, sentence, params, lon=params["lon"], lat=params["lat"])]
