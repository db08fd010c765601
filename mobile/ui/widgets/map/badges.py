"""Facilities on the map: a badge with its layer's icon each, thinned where there is no room for all of them.

Thinning is worked out once: every badge knows the zoom from which on it has room, and the graphics card leaves it out
before that. A pan or a zoom costs nothing more than without facilities.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kivy.core.text import Label as CoreLabel
from kivy.metrics import dp

from mobile.core.place import on_segment
from mobile.core.views import FacilityMap, FacilityMark
from mobile.ui.theme import ICON
from mobile.ui.widgets.map import meshes
from mobile.ui.widgets.map.ground import Plane
from mobile.ui.widgets.map.meshes import Line, Point

RADIUS = 13  # dp
ROOM = 36  # dp: from badge to badge
FIRST = 0.125  # pixels a metre: from farther away the ground alone is seen
STEPS = 6  # doublings of the zoom; on the last one every badge stands
ICON_PX = 64
HALF_LINE = 1.0
ROW = 1 << 24  # cells of a column are numbered through
AROUND = [across * ROW + up for across in (-1, 0, 1) for up in (-1, 0, 1)]


@dataclass(frozen=True)
class Badge:
    """A facility in metres on the ground's plane; `first` is the zoom in pixels a metre from which it stands."""

    mark: FacilityMark
    at: Point
    lines: tuple[Line, ...]
    first: float


def first_zooms(spots: Sequence[Point], room: float) -> list[float]:
    """From which zoom on each point stands `room` pixels from the others; those in front come first.

    A point that stands takes the cells around it: the nearest other is at least three quarters of the room away.
    """
    zooms = [math.inf] * len(spots)
    standing: list[Point] = []
    waiting = list(range(len(spots)))
    for step in range(STEPS):
        zoom = FIRST * 2**step
        cell = 0.75 * room / zoom
        taken: set[int] = set()
        for x, y in standing:
            number = int(x // cell) * ROW + int(y // cell)
            taken.update([number + beside for beside in AROUND])
        left = []
        for index in waiting:
            x, y = spots[index]
            number = int(x // cell) * ROW + int(y // cell)
            if number in taken:
                left.append(index)
            else:
                zooms[index] = zoom
                standing.append((x, y))
                taken.update([number + beside for beside in AROUND])
        waiting = left
    return [zoom if zoom < math.inf else FIRST * 2**STEPS for zoom in zooms]


class Badges:
    """What stands on one map. `layers` gives what is drawn: kind of shader, meshes, ink, icon."""

    def __init__(self, shown: FacilityMap, plane: Plane) -> None:
        self._icons = {layer.code: layer.icon for layer in shown.layers}
        marks = sorted(shown.marks, key=lambda mark: not mark.lines)  # a line has one badge, points have many
        spots = [plane.metres((mark.lon, mark.lat)) for mark in marks]
        self._badges = [
            Badge(mark, at, tuple([tuple(map(plane.metres, line)) for line in mark.lines]), first)
            for mark, at, first in zip(marks, spots, first_zooms(spots, dp(ROOM)), strict=True)
        ]

    def lines(self) -> list[meshes.Mesh]:
        return meshes.ribbons((line for badge in self._badges for line in badge.lines), closed=False)

    def by_icon(self) -> Iterator[tuple[str, list[meshes.Mesh]]]:
        """The squares of each layer, with the name of its icon."""
        for layer, icon in self._icons.items():
            own = [(*badge.at, badge.first) for badge in self._badges if badge.mark.layer == layer]
            if own:
                yield icon, meshes.marks(own)

    def nearest(self, at: Point, zoom: float) -> tuple[float, FacilityMark | None]:
        """How far in pixels the nearest one that stands at this zoom is from a point in metres, and which."""
        best, found = math.inf, None
        for badge in self._badges:
            metres = math.dist(badge.at, at) if badge.first <= zoom else math.inf
            for line in badge.lines:
                from_here = [(x - at[0], y - at[1]) for x, y in line]
                metres = min(metres, *(math.hypot(*on_segment(a, b)) for a, b in pairwise(from_here)))
            if metres < best:
                best, found = metres, badge.mark
        return best * zoom, found


_textures: dict[str, Any] = {}


def icon_texture(icon: str) -> Any:
    """The icon as a texture that covers what it draws, made once."""
    if icon not in _textures:
        label = CoreLabel(text=ICON[icon], font_name="Icons", font_size=ICON_PX)
        label.refresh()
        _textures[icon] = label.texture
    return _textures[icon]
