"""What the window's map draws: the grid tree's outlines and the light basemap, out of the offline package."""

from typing import Any, Literal

from mobile.core.place import Node, Places, lines_of
from mobile.core.views import BaseShape, GridShape, MapShapes

KINDS: dict[str, Literal["water", "green", "building", "road"]] = {
    "water": "water",
    "green": "green",
    "building": "building",
    "road": "road",
}


def map_shapes(places: Places) -> MapShapes:
    """All outlines, big ones first; a new package version gives a new map version."""
    grids = tuple(_grid(node) for node in sorted(places.nodes, key=lambda node: (node.level, node.code)))
    base = tuple(shape for feature in places.basemap if (shape := _base(feature)))
    return MapShapes(f"{places.version}/{len(grids)}/{len(base)}", grids, base)


def _grid(node: Node) -> GridShape:
    return GridShape(node.code, node.name, node.level, node.mine, node.rings)


def _base(feature: dict[str, Any]) -> BaseShape | None:
    properties = feature.get("properties") or {}
    kind, rings = KINDS.get(properties.get("kind", "")), tuple(lines_of(feature["geometry"]))
    return BaseShape(kind, rings, properties.get("name") or "") if kind and rings else None
