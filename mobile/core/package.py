"""The offline package, opened: grids and basemap for the map, facilities about a place. Degrees EPSG:4326, metres.

It lies in memory while it is open: on the disk it is sealed like everything else that came from the office.
"""

import json
import math
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mobile.core.place import METRES_PER_DEGREE, metres_between
from server.protocol import package as packages

FACILITY = "layer, code, name, lon, lat, grid, properties, shape"


@dataclass(frozen=True)
class Layer:
    """A layer of facilities that this tablet's person may see; `kind`: point or line."""

    code: str
    name: str
    kind: str
    category_system: str
    category_code: str


@dataclass(frozen=True)
class Facility:
    """Something that stands there; `shape` is the GeoJSON geometry of a line, None for a point; `grid` a code."""

    layer: str
    code: str
    name: str
    lon: float
    lat: float
    grid: str
    properties: dict[str, Any]
    shape: dict[str, Any] | None


class Package:
    """One whole package, or an empty one. Raises NotAPackage for bytes that are none."""

    def __init__(self, body: bytes | None) -> None:
        self.body = body
        self.content = packages.content_of(body) if body else ""
        self._sql = packages.opened(body if body else packages.made_of({}))
        self._turn = threading.Lock()
        about = {name: json.loads(value) for name, value in self._all("select key, value from about")}
        self.key = str(about.get("key", ""))
        self.error_m = float(about.get("error_m", 0))
        self.boundary_versions: list[int] = list(about.get("boundary_versions", ()))
        self.layers = tuple(
            Layer(*row)
            for row in self._all(
                "select code, name, kind, category_system, category_code from layers order by code"
            )
        )

    def ground(self) -> dict[str, Any]:
        """Grids and basemap as `Places` reads them."""
        columns = ("id", "code", "name", "level", "parent", "kind", "part", "lon", "lat", "shape")
        nodes = [
            dict(zip(columns, row, strict=True))
            for row in self._all(f"select {', '.join(columns)} from nodes")
        ]
        for node in nodes:
            node["inside"] = [node.pop("lon"), node.pop("lat")]
            node["shape"] = packages.unpacked_shape(node["shape"]) if node["shape"] else None
        basemap = [json.loads(feature) for (feature,) in self._all("select feature from basemap order by id")]
        return {"boundary_versions": self.boundary_versions, "nodes": nodes, "basemap": basemap}

    def facilities_within(
        self, west: float, south: float, east: float, north: float, layers: Sequence[str]
    ) -> list[Facility]:
        """What stands in a box, of some layers; for a line its middle counts."""
        return [_facility(row) for row in self._in_box(west, south, east, north, layers)]

    def nearest(
        self, lon: float, lat: float, layers: Sequence[str], limit: int = 10, radius_m: float = 500.0
    ) -> list[tuple[Facility, float]]:
        """The nearest facilities of some layers within a radius, with their distance in metres, nearest first."""
        up = radius_m / METRES_PER_DEGREE
        side = up / max(math.cos(math.radians(lat)), 0.01)
        rows = self._in_box(lon - side, lat - up, lon + side, lat + up, layers)
        near = sorted(
            ((metres_between((lon, lat), (row[3], row[4])), row) for row in rows),
            key=lambda one: (one[0], one[1][0], one[1][1]),
        )
        return [(_facility(row), away) for away, row in near[:limit] if away <= radius_m]

    def facility(self, layer: str, code: str) -> Facility | None:
        """One of them by its layer and code."""
        rows = self._all(f"select {FACILITY} from facilities where layer = ? and code = ?", layer, code)
        return _facility(rows[0]) if rows else None

    def count(self, layer: str) -> int:
        """How many of a layer are here."""
        return int(self._all("select count(*) from facilities where layer = ?", layer)[0][0])

    def _in_box(
        self, west: float, south: float, east: float, north: float, layers: Sequence[str]
    ) -> Iterator[tuple[Any, ...]]:
        # By the index (layer, lat): a belt of each layer, of which the box takes its part.
        for layer in layers:
            yield from self._all(
                f"select {FACILITY} from facilities where layer = ? and lat between ? and ? and lon between ? and ?",
                layer, south, north, west, east,
            )  # fmt: skip

    def _all(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """All rows; the window and the sync ask from their own threads."""
        with self._turn:
            try:
                return self._sql.execute(statement, parameters).fetchall()
            except sqlite3.Error as fault:
                raise packages.NotAPackage(str(fault)) from fault


def _facility(row: tuple[Any, ...]) -> Facility:
    layer, code, name, lon, lat, grid, properties, shape = row
    return Facility(
        layer, code, name, lon, lat, grid, json.loads(properties), json.loads(shape) if shape else None
    )
