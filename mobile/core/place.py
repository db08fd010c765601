"""Where am I: from a point to its grid and to words, without any network. Degrees EPSG:4326, metres on the ground.

The grid is found by `mobile/core/whose.py`. Within a few hundred metres a degree is flat enough: lengths are taken on a
plane that touches the earth at the point.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mobile.core.whose import Grids

METRES_PER_DEGREE = 111_320.0
NEAR_NAME_M = 120.0

Point = Sequence[float]
Line = Sequence[Point]


def metres_between(a: Point, b: Point) -> float:
    """Distance of two points that lie near each other (an error under 0.5 % within 10 km)."""
    return math.hypot(*_plane(a, b))


def _plane(origin: Point, point: Point) -> tuple[float, float]:
    """`point` in metres east and north of `origin`."""
    return (
        (point[0] - origin[0]) * METRES_PER_DEGREE * math.cos(math.radians(origin[1])),
        (point[1] - origin[1]) * METRES_PER_DEGREE,
    )


def metres_to_line(point: Point, line: Line) -> float:
    """The shortest way from a point to a line of two or more points."""
    flat = [_plane(point, p) for p in line]
    return min(_to_segment(a, b) for a, b in pairwise(flat)) if len(flat) > 1 else math.inf


def nearest_on(point: Point, lines: Sequence[Line]) -> tuple[float, float]:
    """The point of some lines that is nearest to a point; degrees."""
    found = (
        (math.hypot(*at), at)
        for line in lines
        for a, b in pairwise([_plane(point, p) for p in line])
        if (at := on_segment(a, b))
    )
    east, north = min(found)[1]
    shrink = math.cos(math.radians(point[1]))
    return point[0] + east / METRES_PER_DEGREE / shrink, point[1] + north / METRES_PER_DEGREE


def _to_segment(a: tuple[float, float], b: tuple[float, float]) -> float:
    return math.hypot(*on_segment(a, b))


def on_segment(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """The point of a segment that is nearest to the origin."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    along = 0.0 if length == 0 else max(0.0, min(1.0, -(a[0] * dx + a[1] * dy) / length))
    return a[0] + along * dx, a[1] + along * dy


@dataclass(frozen=True)
class Node:
    """One node of the grid tree as the offline package gives it."""

    id: int
    code: str
    name: str
    level: int
    parent_id: int | None
    mine: bool
    rings: tuple[tuple[tuple[float, float], ...], ...]
    box: tuple[float, float, float, float]

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Node":
        """From the offline package; the nodes above the scope come without a shape."""
        rings = tuple(
            tuple((p[0], p[1]) for p in ring) for polygon in raw.get("shape") or () for ring in polygon
        )
        level, mine = int(raw["level"]), raw.get("part") == "scope"
        return cls(
            int(raw["id"]),
            raw["code"],
            raw["name"],
            level,
            raw.get("parent"),
            mine and level == 3,
            rings,
            _box(rings),
        )


@dataclass(frozen=True)
class Found:
    """`inside`: the grid in which the point lies; `candidates`: all grids that the accuracy circle touches, lowest code
    first, with the `shares` of the circle in them (0 to 1) where there are several. `status` as the server says it."""

    inside: Node | None
    candidates: tuple[Node, ...]
    status: str = "outside"
    shares: tuple[float, ...] = ()


@dataclass(frozen=True)
class _Named:
    name: str
    line: Line
    box: tuple[float, float, float, float]


class Places:
    """The offline package of grids and names, ready to be asked."""

    def __init__(self, package: dict[str, Any]) -> None:
        self.version = "-".join(str(version) for version in package.get("boundary_versions") or ())
        self.nodes = tuple(Node.read(raw) for raw in package.get("nodes") or ())
        self.by_id = {node.id: node for node in self.nodes}
        self.basemap: list[dict[str, Any]] = list(package.get("basemap") or ())
        self._leaves = sorted((node for node in self.nodes if node.level == 3), key=lambda node: node.code)
        self._grids = Grids([(node.code, node.rings) for node in self._leaves])
        self._names = list(_named(self.basemap))

    def find(self, lon: float, lat: float, accuracy_m: float = 0.0) -> Found:
        """The grid of a point; on a border the lowest code. Candidates include it, lowest code first."""
        whose = self._grids.of(lon, lat, accuracy_m)
        if whose.taken is None:
            return Found(None, ())
        shares = whose.shares or (1.0,) * len(whose.candidates)
        possible = sorted(
            zip(whose.candidates, shares, strict=True), key=lambda pair: self._leaves[pair[0]].code
        )
        nodes = tuple(self._leaves[index] for index, _ in possible) or (self._leaves[whose.taken],)
        inside = None if whose.status == "nearest" else self._leaves[whose.taken]
        return Found(
            inside, nodes, whose.status, tuple(share for _, share in possible) if whose.shares else ()
        )

    def nowhere(self) -> Found:
        """What is known without a position: the own grid if there is only one."""
        return Found(self.mine[0] if len(self.mine) == 1 else None, ())

    def path(self, node: Node | None) -> list[Node]:
        """From the district down to the node."""
        steps: list[Node] = []
        while node is not None and node not in steps:
            steps.insert(0, node)
            node = self.by_id.get(node.parent_id) if node.parent_id is not None else None
        return steps

    def near(self, lon: float, lat: float) -> str:
        """The name of the nearest road, water or park within 120 m, "" for none."""
        point = (lon, lat)
        close = [
            (metres_to_line(point, named.line), named.name)
            for named in self._names
            if _in_box(named.box, point, NEAR_NAME_M)
        ]
        distance, name = min(close, default=(math.inf, ""))
        return name if distance <= NEAR_NAME_M else ""

    @property
    def mine(self) -> list[Node]:
        """The worker's own grids, lowest code first."""
        return [node for node in self._leaves if node.mine]


def _in_box(box: tuple[float, float, float, float], point: Point, reach_m: float) -> bool:
    up = reach_m / METRES_PER_DEGREE
    side = up / max(math.cos(math.radians(point[1])), 0.01)
    return box[0] - side <= point[0] <= box[2] + side and box[1] - up <= point[1] <= box[3] + up


def _box(lines: Iterable[Line]) -> tuple[float, float, float, float]:
    points = [point for line in lines for point in line]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return (min(xs), min(ys), max(xs), max(ys)) if points else (math.inf, math.inf, -math.inf, -math.inf)


def lines_of(geometry: dict[str, Any]) -> list[tuple[tuple[float, float], ...]]:
    """All rings or lines of a GeoJSON geometry, whatever its kind; points have none."""
    nesting = {"LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2}.get(geometry["type"])
    if nesting is None:
        return []
    found = [geometry["coordinates"]]
    for _ in range(nesting):
        found = [inner for outer in found for inner in outer]
    return [tuple((p[0], p[1]) for p in line) for line in found]


def _named(features: list[dict[str, Any]]) -> Iterable[_Named]:
    for feature in features:
        name = str((feature.get("properties") or {}).get("name") or "")
        for line in lines_of(feature["geometry"]) if name else ():
            yield _Named(name, line, _box([line]))
