"""Tells seamless polygons by their edges: in a seamless set every edge is run along once each way, or is an outer one.

A few sorted numbers instead of geometry: for a whole district this is the difference between a moment and seconds.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray


def loose(shapes: Any) -> NDArray[np.bool_]:
    """Which (multi)polygons have an edge that no other one runs along the other way, or that occurs twice.

    Those at the outer border are among them. Two that overlap are, or one of them is, unless whole sheets of seamless
    polygons lie over each other, whose borders are then loose.
    """
    parts, owner = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    _, vertex = np.unique(places.view(np.complex128).ravel(), return_inverse=True)
    start = np.flatnonzero(ring[1:] == ring[:-1])
    one, other = vertex[start].astype(np.int64), vertex[start + 1].astype(np.int64)
    keep = one != other
    start, one, other = start[keep], one[keep], other[keep]
    count = len(places)
    edges = one * count + other
    order = np.sort(edges)
    back = other * count + one
    at = np.searchsorted(order, back)
    matched = (at < len(order)) & (order[np.minimum(at, len(order) - 1)] == back)
    single = np.searchsorted(order, edges, side="right") - np.searchsorted(order, edges) == 1
    result = np.zeros(len(shapes), dtype=bool)
    result[owner[part[ring[start[~(matched & single)]]]]] = True
    return result


def seamless(shapes: Any, slit: float = 0.0) -> bool:
    """Whether the polygons are a valid coverage: no overlaps, neighbours share every vertex of their border, and no two
    borders run beside each other within `slit` without being one (in the unit of the shapes; 0: that is not asked)."""
    doubtful = loose(shapes)
    if not doubtful.any():
        return True
    # Whatever a loose edge might cut into lies beside it.
    near = np.unique(shapely.STRtree(shapes).query(shapes[doubtful], predicate="intersects")[1])
    return bool(shapely.coverage_is_valid(shapes[near], gap_width=slit))
