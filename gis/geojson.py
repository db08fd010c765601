"""Reads GeoJSON strictly and feature by feature, so that a broken file is named by byte, feature and vertex, and a
large one takes little more memory than its shapes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.json_stream import JsonStream
from server.errors import XungeError

POLYGONS = frozenset({"Polygon", "MultiPolygon"})
POINTS = frozenset({"Point", "MultiPoint"})
LINES = frozenset({"LineString", "MultiLineString"})
# What a shape of another kind is told it is not.
NOT_THE_KIND = {
    POLYGONS: "the shape is a {kind}, not a polygon",
    POINTS: "the shape is a {kind}, not a point",
    LINES: "the shape is a {kind}, not a line",
}
# A street's outline has hundreds; a coastline to the metre has tens of thousands. What a ring costs at its worst grows
# with the square of its vertices: this many are some minutes, five times as many would be an hour.
MOST_VERTICES = 200_000
NOT_A_NUMBER = (
    "vertex {vertex}: longitude is not a number (after {after})",
    "vertex {vertex}: latitude is not a number (after {after})",
)

Place = tuple[float, float]
Kinds = frozenset[str]


class UnreadableError(XungeError):
    """The file as a whole cannot be read; nothing of it may be used."""

    status, code, sentence = 422, "unreadable_file", "The file cannot be read: {reason}"


@dataclass
class Row:
    """One feature before anybody knows what its properties mean.

    `trouble`: (msgid, params, place) of what makes its shape unusable; `remarks`: (code, severity, msgid, params) of
    what is said about a usable one.
    """

    properties: dict[str, Any]
    shape: BaseGeometry | None
    trouble: list[tuple[str, dict[str, Any], Place | None]] = field(default_factory=list)
    remarks: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)


class _BadVertexError(Exception):
    """One vertex that is not two finite numbers."""

    def __init__(self, sentence: str, params: dict[str, Any], place: Place | None) -> None:
        super().__init__(sentence)
        self.found = (sentence, params, place)


def rows(path: Path, encoding: str, kinds: Kinds = POLYGONS) -> tuple[list[Row], str | None]:
    """The features of a GeoJSON document (or of one feature a line), and the text of its `crs` member if it has one.

    `kinds` are the shapes that are wanted; a feature with another one is kept with that trouble.

    Raises UnreadableError when it is cut off, is no JSON, or holds no features.
    """
    with path.open(encoding=encoding, newline="") as file:
        stream = JsonStream(file, path.stat().st_size, UnreadableError)
        found: list[Row] = []
        members: dict[str, Any] = {}
        for member in _members(stream, members):
            if not isinstance(member, dict):
                raise UnreadableError("The file is JSON but no GeoJSON feature collection.")
            found.append(_row(member, kinds))
    if not found:
        raise UnreadableError("The file holds no features.")
    return found, _declared_crs(members)


def _members(stream: JsonStream, members: dict[str, Any]) -> Iterator[Any]:
    """Every feature; the document's other members gather in `members`."""
    collected = False
    while True:
        if stream.peek() != "{":
            raise UnreadableError("The file is JSON but no GeoJSON feature collection.")
        own: dict[str, Any] = {}
        for key in stream.each_key():
            if key == "features" and stream.peek() == "[":
                collected = True
                yield from stream.items()
            else:
                own[key] = stream.value()
        if own.get("type") == "Feature":
            yield own
        elif own.get("type") != "FeatureCollection" or not collected:
            raise UnreadableError("The file is JSON but no GeoJSON feature collection.")
        members.update(own)
        if not stream.peek():
            return
        if collected:
            stream.broken("Extra data")


def _declared_crs(document: dict[str, Any]) -> str | None:
    """The `crs` member of the older GeoJSON of 2008, still written by GDAL and QGIS."""
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return str(name) if name else None


def too_many(row: Row, count: int, place: Place | None) -> None:
    """Marks a feature whose outline is too long to be checked in a time that anybody would wait."""
    sentence = "its outline has {count} vertices, at most {most} are taken; simplify it first"
    row.trouble.append((sentence, {"count": f"{count:,}", "most": f"{MOST_VERTICES:,}"}, place))


def _row(member: dict[str, Any], kinds: Kinds) -> Row:
    properties = member.get("properties")
    row = Row(properties if isinstance(properties, dict) else {}, None)
    geometry = member.get("geometry")
    if not isinstance(geometry, dict):
        return row
    if geometry.get("type") == "GeometryCollection":
        geometry = _collected(geometry)
    if not geometry.get("coordinates"):
        return row
    kind, coordinates = geometry.get("type"), geometry["coordinates"]
    if kind not in kinds:
        row.trouble.append((NOT_THE_KIND[kinds], {"kind": str(kind)}, None))
        return row
    try:
        if kinds != POLYGONS:
            row.shape = _thing(kind, coordinates)
            return row
        parts = [coordinates] if kind == "Polygon" else coordinates
        count = sum(len(ring) for part in parts for ring in part)
        if count > MOST_VERTICES:
            too_many(row, count, tuple(parts[0][0][0][:2]))
            return row
        polygons = [_polygon(part) for part in parts if part]
        row.shape = shapely.MultiPolygon(polygons) if kind == "MultiPolygon" else polygons[0]
    except _BadVertexError as error:
        row.trouble.append(error.found)
    except (TypeError, ValueError, IndexError) as error:
        row.trouble.append(
            ("the coordinates are not those of its shape ({reason})", {"reason": str(error)}, None)
        )
    return row


def _collected(geometry: dict[str, Any]) -> dict[str, Any]:
    """A collection that holds nothing but polygons, as one MultiPolygon."""
    parts = geometry.get("geometries")
    if isinstance(parts, list) and parts and all(
        isinstance(part, dict) and part.get("type") == "Polygon" for part in parts
    ):  # fmt: skip
        return {"type": "MultiPolygon", "coordinates": [part.get("coordinates") for part in parts]}
    return {"type": "GeometryCollection", "coordinates": [None]}


def _polygon(rings: list[Any]) -> shapely.Polygon:
    shell, *holes = [_ring(ring) for ring in rings]
    return shapely.Polygon(shell, holes)


def _thing(kind: str, coordinates: list[Any]) -> BaseGeometry:
    """A point or a line, with every vertex looked at."""
    lines = {"Point": [[coordinates]], "MultiLineString": coordinates}.get(kind, [coordinates])
    for vertices in lines:
        _name_bad_vertex(vertices)
    return shapely.geometry.shape({"type": kind, "coordinates": coordinates})


def _ring(vertices: list[Any]) -> Any:
    try:
        ring = np.array([vertex[:2] for vertex in vertices], dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        ring = np.empty((0, 0))
    if ring.ndim != 2 or ring.shape[1:] != (2,) or not np.isfinite(ring).all():
        _name_bad_vertex(vertices)
    if len(ring) < 4:
        place = tuple(ring[0]) if len(ring) else None
        raise _BadVertexError(
            "a ring has {count} vertices; it needs at least four", {"count": len(ring)}, place
        )
    if (ring[0] != ring[-1]).any():
        raise _BadVertexError("the ring is not closed: its last vertex is not its first", {}, tuple(ring[-1]))
    return ring


def _name_bad_vertex(vertices: list[Any]) -> None:
    before: Place | None = None
    for number, vertex in enumerate(vertices, start=1):
        for axis, sentence in enumerate(NOT_A_NUMBER):
            value = vertex[axis] if isinstance(vertex, (list, tuple)) and len(vertex) > axis else None
            good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if not good:
                after = f"{before[0]} {before[1]}" if before else "–"
                raise _BadVertexError(sentence, {"vertex": number, "after": after}, before)
        before = (float(vertex[0]), float(vertex[1]))
