"""A raster over a set of polygons that answers at once for every point that is not near a border.

A bucket through which no border runs lies in one polygon or in none. Borders are drawn into the raster in pieces no
longer than a bucket, each with the whole box about it, so a bucket is never taken for free that is not.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

# Buckets across a polygon of middling size, and the most of one side: 4096² whole numbers are 64 MB.
PER_CELL, SMALLEST_SIDE, LARGEST_SIDE = 24, 256, 4096
LOOK, NOBODY = -2, -1

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Buckets:
    """`of(x, y)` gives a polygon's index, NOBODY, or LOOK where a border is near or polygons overlap.

    Nearer than `margin` (degrees) counts as near.
    """

    def __init__(self, shapes: NDArray[np.object_], margin: float) -> None:
        self.west, self.south, east, north = (float(side) for side in shapely.total_bounds(shapes))
        self.side = int(np.clip(PER_CELL * np.sqrt(len(shapes)), SMALLEST_SIDE, LARGEST_SIDE))
        # One row of buckets beyond each edge stays free: what falls there is outside.
        self.dx = max((east - self.west) / (self.side - 2), 1e-12)
        self.dy = max((north - self.south) / (self.side - 2), 1e-12)
        self.west, self.south = self.west - self.dx, self.south - self.dy
        self.owner = np.full((self.side, self.side), NOBODY, dtype=np.int32)
        self._borders(shapes, margin)
        self._insides(shapes)
        self._flat = self.owner.ravel()

    def of(self, x: Floats, y: Floats) -> NDArray[np.int32]:
        """One entry a point; NaN and what lies off the raster is NOBODY's."""
        column, row = (x - self.west) / self.dx, (y - self.south) / self.dy
        on = (column >= 0) & (row >= 0) & (column < self.side) & (row < self.side)
        if on.all():
            return self._flat[row.astype(np.int32) * self.side + column.astype(np.int32)]
        result = np.full(len(x), NOBODY, dtype=np.int32)
        result[on] = self._flat[row[on].astype(np.int32) * self.side + column[on].astype(np.int32)]
        return result

    def _borders(self, shapes: Any, margin: float) -> None:
        lines = shapely.get_rings(shapely.get_parts(shapes))
        places, line = shapely.get_coordinates(lines, return_index=True)
        start = np.flatnonzero(line[1:] == line[:-1])
        a = (places[start] - [self.west, self.south]) / [self.dx, self.dy]
        b = (places[start + 1] - [self.west, self.south]) / [self.dx, self.dy]
        pieces = np.maximum(np.ceil(np.abs(b - a).max(axis=1)), 1).astype(np.int64)
        which = np.repeat(np.arange(len(a)), pieces)
        step = np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        one = a[which] + (b - a)[which] * (step / pieces[which])[:, None]
        other = a[which] + (b - a)[which] * ((step + 1) / pieces[which])[:, None]
        # Rounding of the pieces is far below a millionth of a bucket.
        room = np.array([margin / self.dx, margin / self.dy]) + 1e-6
        low = np.clip(np.floor(np.minimum(one, other) - room), 0, self.side - 1).astype(np.int32)
        high = np.clip(np.floor(np.maximum(one, other) + room), 0, self.side - 1).astype(np.int32)
        # A piece is no longer than a bucket: it lies in two columns and two rows, three with the room.
        for right in range(3):
            for up in range(3):
                self.owner[
                    np.minimum(low[:, 1] + up, high[:, 1]), np.minimum(low[:, 0] + right, high[:, 0])
                ] = LOOK

    def _insides(self, shapes: Any) -> None:
        """A run of free buckets in a row has one owner: one bucket is asked for all of them."""
        free = self.owner == NOBODY
        begins = free.copy()
        begins[:, 1:] &= ~free[:, :-1]
        row, column = np.nonzero(begins)
        x, y = self.west + (column + 0.5) * self.dx, self.south + (row + 0.5) * self.dy
        owner = np.full(len(row), NOBODY, dtype=np.int32)
        # A tree of the points asked by polygons: so it is the polygon that GEOS prepares, once.
        middles = np.asarray(shapely.points(x, y), dtype=object)
        cell, which = shapely.STRtree(middles).query(shapes, predicate="intersects")
        owner[which] = cell
        # Where polygons overlap several have a claim.
        owner[np.bincount(which, minlength=len(row)) > 1] = LOOK
        run = np.cumsum(begins.ravel()).reshape(begins.shape) - 1
        self.owner[free] = owner[run[free]]
