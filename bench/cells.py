"""A made-up coverage of any number of cells whose borders are all shared and crooked, with the levels above it."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.areas import Area

WEST, SOUTH = 103.9, 30.4
# Places between two corners of a cell, as streets bend.
BENDS = 6
CELL_DEG = 0.004


def cells(count: int, seed: int = 7) -> NDArray[np.object_]:
    """At least `count` polygons (EPSG:4326), row by row, about 28 vertices each; neighbours share every vertex."""
    side = int(np.ceil(np.sqrt(count)))
    draw = np.random.default_rng(seed)
    # Corners of all cells, and the bends of every border drawn once, from left to right and from south to north.
    corner = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0), indexing="ij"), axis=-1)
    corner += draw.uniform(-0.2, 0.2, corner.shape)
    share = np.arange(1, BENDS + 1)[:, None] / (BENDS + 1)

    def bent(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
        straight = start[..., None, :] * (1 - share) + end[..., None, :] * share
        return straight + draw.uniform(-0.03, 0.03, straight.shape)

    across, along = bent(corner[:-1, :], corner[1:, :]), bent(corner[:, :-1], corner[:, 1:])
    i, j = (index.ravel() for index in np.meshgrid(np.arange(side), np.arange(side), indexing="ij"))
    ring = np.concatenate([
        corner[i, j][:, None], across[i, j], corner[i + 1, j][:, None], along[i + 1, j],
        corner[i + 1, j + 1][:, None], across[i, j + 1][:, ::-1], corner[i, j + 1][:, None], along[i, j][:, ::-1],
        corner[i, j][:, None],
    ], axis=1)  # fmt: skip
    places = np.round(ring * CELL_DEG + [WEST, SOUTH], 7)
    return np.asarray(shapely.polygons(places), dtype=object)[:count]


def tree(count: int) -> list[Area]:
    """`count` level-3 areas in communities of about 12 and streets of about 8 communities."""
    shapes = cells(count)
    side = int(np.ceil(np.sqrt(count)))
    # Blocks of 4 × 3 cells are communities, of 4 × 2 communities streets.
    across, up = np.divmod(np.arange(len(shapes)), side)
    community = (across // 4) * (side // 3 + 1) + up // 3
    street = (across // 16) * (side // 6 + 1) + up // 6
    areas = []
    for number in np.unique(street).tolist():
        code = f"S{number:05d}"
        areas.append(Area(1, code, f"{code}街道", None, shapely.coverage_union_all(shapes[street == number])))
    for number in np.unique(community).tolist():
        members = np.flatnonzero(community == number)
        code, parent = f"C{number:06d}", f"S{street[members[0]]:05d}"
        areas.append(Area(2, code, f"{code}社区", parent, shapely.coverage_union_all(shapes[members])))
    for index, shape in enumerate(shapes):
        areas.append(Area(3, f"G{index:07d}", f"{index}网格", f"C{community[index]:06d}", shape, 400))
    return areas
