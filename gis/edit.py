"""Edits of the grid tree by hand: one grid split along a drawn line, several merged into one. Pure; nothing is stored.

An edit gives the whole tree as a file would, so that it is checked, seamed and compared like any other load.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import split as cut

from gis.areas import Area
from gis.plane import Plane
from server.errors import BadInput

GRID = 3
# A part smaller than this is a slip of the hand, not a grid, m².
SMALLEST_M2 = 100.0
# Borders shorter than this do not make neighbours, metres.
SHORTEST_BORDER_M = 1.0


@dataclass(frozen=True)
class Half:
    """One part of a split grid: what it is called, and its households if they are known."""

    code: str
    name: str
    households: int | None = None


def split(areas: Sequence[Area], code: str, line: BaseGeometry, halves: Sequence[Half]) -> list[Area]:
    """The tree with grid `code` cut along `line` (degrees, EPSG:4326) into two; the first half lies to its left.

    One half may keep the code. Raises BadInput when the line does not divide the grid, or a code is taken.
    """
    grid, shape = _grid(areas, code)
    left, right = sides(shape, line)
    plane = Plane.round_about([grid])
    for half, side in zip(halves, (left, right), strict=True):
        if shapely.area(plane.metres([side])[0]) < SMALLEST_M2:
            raise BadInput(
                "The line does not divide {code}: draw it from border to border, and past them.", code=code
            )
        if not half.code.strip():
            raise BadInput("Both halves need a code.")
    if halves[0].code == halves[1].code:
        raise BadInput("Both halves have the code {code}.", code=halves[0].code)
    taken = {area.code for area in areas} - {code}
    if clash := next((half.code for half in halves if half.code in taken), None):
        raise BadInput("There is a grid {code} already.", code=clash)
    made = [
        replace(grid, code=half.code, name=half.name or half.code, shape=side, households=half.households)
        for half, side in zip(halves, (left, right), strict=True)
    ]
    return [area for area in areas if area.code != code] + made


def sides(shape: BaseGeometry, line: BaseGeometry) -> tuple[BaseGeometry, BaseGeometry]:
    """What of `shape` lies to the left and to the right of `line`, looking along it; either may be empty."""
    if not isinstance(line, shapely.LineString) or line.length == 0:
        raise BadInput("Draw one line of at least two points.")
    if not line.is_simple:
        raise BadInput("The line crosses itself; draw it anew.")
    pieces = [piece for part in shapely.get_parts(shape) for piece in cut(part, line).geoms]
    left = [piece for piece in pieces if _is_left(line, piece.representative_point())]
    right = [piece for piece in pieces if piece not in left]
    return shapely.union_all(left), shapely.union_all(right)


def _is_left(line: shapely.LineString, point: shapely.Point) -> bool:
    at = line.project(point)
    step = line.length * 1e-6
    ahead, behind = line.interpolate(min(at + step, line.length)), line.interpolate(max(at - step, 0.0))
    return bool((ahead.x - behind.x) * (point.y - behind.y) - (ahead.y - behind.y) * (point.x - behind.x) > 0)


def merge(areas: Sequence[Area], codes: Sequence[str], keep: str, name: str = "") -> list[Area]:
    """The tree with the grids `codes` as one that is called `keep` (one of them), households added up.

    Raises BadInput when they are not of one community or do not hang together.
    """
    if len(set(codes)) < 2:
        raise BadInput("Choose at least two grids.")
    if keep not in codes:
        raise BadInput("The merged grid keeps the code of one of them, not {code}.", code=keep)
    found = [_grid(areas, code) for code in dict.fromkeys(codes)]
    grids = [grid for grid, _ in found]
    if len({grid.parent for grid in grids}) > 1:
        raise BadInput("Grids of several communities cannot be merged: {codes}.", codes=", ".join(codes))
    _hang_together(grids)
    kept = next(grid for grid in grids if grid.code == keep)
    known = [grid.households for grid in grids if grid.households is not None]
    whole = replace(
        kept,
        name=name or kept.name,
        shape=shapely.union_all([shape for _, shape in found]),
        households=sum(known) if len(known) == len(grids) else None,
    )
    return [area for area in areas if area.code not in codes] + [whole]


def _grid(areas: Sequence[Area], code: str) -> tuple[Area, BaseGeometry]:
    grid = next((area for area in areas if area.code == code), None)
    if grid is None or grid.level != GRID or grid.shape is None:
        raise BadInput("There is no grid {code} to edit.", code=code)
    return grid, grid.shape


def _hang_together(grids: Sequence[Area]) -> None:
    plane = Plane.round_about(grids)
    shapes = plane.metres([grid.shape for grid in grids])
    reached, waiting = {0}, [0]
    while waiting:
        one = waiting.pop()
        for other in range(len(grids)):
            if other not in reached and shapes[one].intersection(shapes[other]).length >= SHORTEST_BORDER_M:
                reached.add(other)
                waiting.append(other)
    if apart := [grid.code for index, grid in enumerate(grids) if index not in reached]:
        raise BadInput("{code} does not border on the others.", code=", ".join(apart))
