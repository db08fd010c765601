"""What lies under the cases, made once for all maps: outlines in metres, meshes, places for names."""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from mobile.core.views import GridShape, LonLat, MapShapes
from mobile.ui.widgets.map import meshes
from mobile.ui.widgets.map.meshes import Line, Mesh, Point

METRES_PER_DEGREE = 111_320.0  # of latitude on a sphere of 6,371 km: the map is drawn, not measured
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Plane:
    """Degrees (EPSG:4326) to metres about a middle, equirectangular: true to 0.1 % across a district."""

    lon: float
    lat: float

    @property
    def shrink(self) -> float:
        return math.cos(math.radians(self.lat))

    def metres(self, point: LonLat) -> Point:
        return (
            (point[0] - self.lon) * METRES_PER_DEGREE * self.shrink,
            (point[1] - self.lat) * METRES_PER_DEGREE,
        )

    def degrees(self, point: Point) -> LonLat:
        return (
            self.lon + point[0] / METRES_PER_DEGREE / self.shrink,
            self.lat + point[1] / METRES_PER_DEGREE,
        )


@dataclass(frozen=True)
class Layer:
    """One colour of the ground: `kind` of shader, meshes, the token of its ink, half of a line's width in px."""

    kind: str
    meshes: list[Mesh]
    ink: str
    half_width: float = 0.0


@dataclass(frozen=True)
class Named:
    """A grid's outline in metres with the place where its name stands."""

    code: str
    name: str
    mine: bool
    rings: tuple[Line, ...]
    middle: Point
    box: Box

    def holds(self, point: Point) -> bool:
        """Whether a point lies inside (even-odd over all rings)."""
        x, y = point
        inside = False
        for ring in self.rings:
            for (ax, ay), (bx, by) in pairwise(ring):
                if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                    inside = not inside
        return inside


def _middle(ring: Line) -> Point:
    """Centroid of a closed ring; its first point where it has no area."""
    area = east = north = 0.0
    for (ax, ay), (bx, by) in pairwise(ring):
        cross = ax * by - bx * ay
        area += cross
        east += (ax + bx) * cross
        north += (ay + by) * cross
    return (east / area / 3, north / area / 3) if area else ring[0]


def box_of(rings: tuple[Line, ...]) -> Box:
    xs = [x for ring in rings for x, _ in ring]
    ys = [y for ring in rings for _, y in ring]
    return min(xs), min(ys), max(xs), max(ys)


class Ground:
    """Outlines by level and the meshes of everything that does not move."""

    def __init__(self, shapes: MapShapes) -> None:
        own = [grid for grid in shapes.grids if grid.mine] or list(shapes.grids)
        points = [point for grid in own for ring in grid.rings for point in ring] or [(0.0, 0.0)]
        self.plane = Plane(
            sum(lon for lon, _ in points) / len(points), sum(lat for _, lat in points) / len(points)
        )
        self.levels: dict[int, list[Named]] = {}
        for grid in (known for known in shapes.grids if known.rings):  # some are known by name only
            self.levels.setdefault(grid.level, []).append(self._named(grid))
        self.grids = self.levels.get(max(self.levels, default=3), [])
        self.mine = [grid for grid in self.grids if grid.mine]
        self._shapes = shapes

    def _named(self, grid: GridShape) -> Named:
        rings = tuple(tuple(self.plane.metres(point) for point in ring) for ring in grid.rings)
        return Named(grid.code, grid.name, grid.mine, rings, _middle(max(rings, key=len)), box_of(rings))

    def box(self) -> Box:
        """What a worker wants to see first: the own grids, else everything; metres."""
        boxes = [grid.box for grid in self.mine or self.grids] or [(-500.0, -500.0, 500.0, 500.0)]
        return (
            min(b[0] for b in boxes),
            min(b[1] for b in boxes),
            max(b[2] for b in boxes),
            max(b[3] for b in boxes),
        )

    @cached_property
    def land(self) -> list[Layer]:
        """What pictures of a basemap cover, lowest first; made at the first look, kept for the next screen."""
        # without roads the borders of communities are drawn as pale road beds: they alone read as a town
        roads = self.base("road") or self._borders[2]
        return [
            Layer("fill", self.fills(own=False), "map_land"),
            Layer("fill", self.fills(own=True), "accent_soft"),
            *[Layer("fill", self.base(kind), f"map_{kind}") for kind in ("green", "water", "building")],
            Layer("line", roads, "map_road_edge", 4.6),
            Layer("line", roads, "map_road", 3.6),
        ]

    @cached_property
    def outlines(self) -> list[Layer]:
        """Borders on the plain ground."""
        return [
            Layer("line", self._borders[3], "map_grid", 0.7),
            Layer("line", self._borders[2], "map_community", 0.8),
            Layer("line", self._borders[1], "map_street", 1.1),
            Layer("line", self._borders[0], "accent", 1.6),
        ]

    @cached_property
    def outlines_on_pictures(self) -> list[Layer]:
        """Borders over pictures, which may be as dark or as light as they: each in a pale bed, in strong ink."""
        levels = [
            (3, "map_street", 0.7),
            (2, "map_street", 1.0),
            (1, "map_label", 1.3),
            (0, "accent", 1.8),
        ]
        beds = [Layer("line", self._borders[level], "map_halo", wide + 1.4) for level, _, wide in levels]
        return beds + [Layer("line", self._borders[level], ink, wide) for level, ink, wide in levels]

    def base(self, kind: str) -> list[Mesh]:
        """A kind of the basemap: areas, or ribbons for roads."""
        found = [
            tuple(tuple(self.plane.metres(point) for point in ring) for ring in shape.rings)
            for shape in self._shapes.base
            if shape.kind == kind
        ]
        if kind == "road":
            return meshes.ribbons((line for lines in found for line in lines), closed=False)
        return meshes.areas(found)

    def fills(self, own: bool) -> list[Mesh]:
        return meshes.areas(grid.rings for grid in (self.mine if own else self.grids))

    @cached_property
    def _borders(self) -> dict[int, list[Mesh]]:
        """Of levels 1 to 3, and under 0 of the own grids."""
        return {
            level: meshes.ribbons(ring for grid in grids for ring in grid.rings)
            for level, grids in {**{n: self.levels.get(n, []) for n in (1, 2, 3)}, 0: self.mine}.items()
        }


_grounds: dict[str, Ground] = {}


def ground_of(shapes: MapShapes) -> Ground:
    """The ground of these shapes, made once for all screens; an older version's is let go."""
    if shapes.version not in _grounds:
        _grounds.clear()
        _grounds[shapes.version] = Ground(shapes)
    return _grounds[shapes.version]
