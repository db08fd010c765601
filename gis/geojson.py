"""Reads GeoJSON strictly, so that a broken file is named by byte, feature and vertex instead of being guessed at."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from server.errors import XungeError

POLYGONS = {"Polygon", "MultiPolygon"}
NOT_A_NUMBER = (
    "vertex {vertex}: longitude is not a number (after {after})",
    "vertex {vertex}: latitude is not a number (after {after})",
)


class UnreadableError(XungeError):
    """The file as a whole cannot be read; nothing of it may be used."""

    status, code, sentence = 422, "unreadable_file", "The file cannot be read: {reason}"


@dataclass
class Row:
    """One feature before anybody knows what its properties mean; `trouble`: (msgid, params, place) about its shape."""

    properties: dict[str, Any]
    shape: BaseGeometry | None
    trouble: list[tuple[str, dict[str, Any], tuple[float, float] | None]] = field(default_factory=list)


class _BadVertexError(Exception):
    """One vertex that is not two finite numbers."""

    def __init__(self, sentence: str, params: dict[str, Any], place: tuple[float, float] | None) -> None:
        super().__init__(sentence)
        self.found = (sentence, params, place)


def rows(data: bytes) -> tuple[list[Row], str | None]:
    """The features of a GeoJSON document, and the text of its `crs` member if it has one.

    Raises UnreadableError when it is cut off, is no JSON, is not UTF-8, or holds no features.
    """
    document = _parsed(data)
    members = _members(document)
    return [_row(member) for member in members], _declared_crs(document)


def _parsed(data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end >= len(data) and error.reason == "unexpected end of data":
            raise _ends_early(data) from error
        raise UnreadableError(
            "The file is not UTF-8 at byte {byte}; save it as UTF-8.", byte=f"{error.start:,}"
        ) from error
    try:
        return json.loads(text)
    except RecursionError as error:
        raise UnreadableError("The file is nested too deeply.") from error
    except json.JSONDecodeError as error:
        rest = text[error.pos :].strip()
        if not rest or error.msg.startswith("Unterminated string"):
            raise _ends_early(data) from error
        raise UnreadableError(
            "The file is not JSON at line {line}, column {column}: {reason}.",
            line=error.lineno, column=error.colno, reason=error.msg,
        ) from error  # fmt: skip


def _ends_early(data: bytes) -> UnreadableError:
    return UnreadableError(
        "The file ends early, at byte {byte} (line {line}).",
        byte=f"{len(data):,}",
        line=data.count(b"\n") + 1,
    )


def _members(document: Any) -> list[dict[str, Any]]:
    kind = document.get("type") if isinstance(document, dict) else None
    members = (
        [document] if kind == "Feature" else document.get("features") if kind == "FeatureCollection" else None
    )
    if not isinstance(members, list) or not all(isinstance(member, dict) for member in members):
        raise UnreadableError("The file is JSON but no GeoJSON feature collection.")
    if not members:
        raise UnreadableError("The file holds no features.")
    return members


def _declared_crs(document: dict[str, Any]) -> str | None:
    """The `crs` member of the older GeoJSON of 2008, still written by GDAL and QGIS."""
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return str(name) if name else None


def _row(member: dict[str, Any]) -> Row:
    properties = member.get("properties")
    row = Row(properties if isinstance(properties, dict) else {}, None)
    geometry = member.get("geometry")
    if not isinstance(geometry, dict) or not geometry.get("coordinates"):
        return row
    kind, coordinates = geometry.get("type"), geometry["coordinates"]
    if kind not in POLYGONS:
        row.trouble.append(("the shape is a {kind}, not a polygon", {"kind": str(kind)}, None))
        return row
    try:
        parts = [coordinates] if kind == "Polygon" else coordinates
        polygons = [_polygon(part) for part in parts if part]
        row.shape = shapely.MultiPolygon(polygons) if kind == "MultiPolygon" else polygons[0]
    except _BadVertexError as error:
        row.trouble.append(error.found)
    except (TypeError, ValueError, IndexError) as error:
        row.trouble.append(
            ("the coordinates are not those of a polygon ({reason})", {"reason": str(error)}, None)
        )
    return row


def _polygon(rings: list[Any]) -> shapely.Polygon:
    shell, *holes = [_ring(ring) for ring in rings]
    return shapely.Polygon(shell, holes)


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
    before: tuple[float, float] | None = None
    for number, vertex in enumerate(vertices, start=1):
        for axis, sentence in enumerate(NOT_A_NUMBER):
            value = vertex[axis] if isinstance(vertex, (list, tuple)) and len(vertex) > axis else None
            good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if not good:
                after = f"{before[0]} {before[1]}" if before else "–"
                raise _BadVertexError(sentence, {"vertex": number, "after": after}, before)
        before = (float(vertex[0]), float(vertex[1]))
