"""Turns outlines in metres into triangles for the graphics card: filled areas, ribbons for lines, marks."""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence

from kivy.graphics.tesselator import TYPE_POLYGONS, WINDING_ODD, Tesselator

Point = tuple[float, float]
Line = Sequence[Point]
Mesh = tuple[array, array]  # corners (float) and faces (16-bit indices)

MOST_CORNERS = 60_000  # indices are 16-bit
SHARPEST = 2.5  # how far a mitre may stick out, in half widths


class _Batches:
    """Collects shapes and starts a new mesh before the 16-bit indices run out."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.meshes: list[Mesh] = []

    def room_for(self, corners: int) -> tuple[array, array, int]:
        """The mesh to write into, and the index of the next corner."""
        if not self.meshes or len(self.meshes[-1][0]) // self.width + corners > MOST_CORNERS:
            self.meshes.append((array("f"), array("H")))
        vertices, faces = self.meshes[-1]
        return vertices, faces, len(vertices) // self.width


def areas(shapes: Iterable[Sequence[Line]]) -> list[Mesh]:
    """Each shape is its closed rings, holes among them; corners are x y."""
    batches = _Batches(2)
    for rings in shapes:
        tess = Tesselator()
        for ring in rings:
            tess.add_contour([number for point in ring[:-1] for number in point])
        tess.tesselate(WINDING_ODD, TYPE_POLYGONS)
        for fan, _ in tess.meshes:
            count = len(fan) // 4
            vertices, faces, first = batches.room_for(count)
            for start in range(0, len(fan), 4):
                vertices.extend(fan[start : start + 2])
            for third in range(1, count - 1):
                faces.extend((first, first + third, first + third + 1))
    return batches.meshes


def _mitre(before: Point, point: Point, after: Point) -> Point:
    """The offset of a line's edge at `point`, in half widths."""
    coming = math.atan2(point[1] - before[1], point[0] - before[0])
    going = math.atan2(after[1] - point[1], after[0] - point[0])
    half = (going - coming + math.pi) % math.tau / 2 - math.pi / 2
    reach = min(1 / max(math.cos(half), 0.4), SHARPEST)
    return -math.sin(coming + half) * reach, math.cos(coming + half) * reach


def _offsets(points: Line, closed: bool) -> Iterator[Point]:
    last = len(points) - 1
    for number, point in enumerate(points):
        before = points[number - 1] if closed or number else None
        after = points[(number + 1) % len(points)] if closed or number < last else None
        if before is None and after is not None:
            before = (2 * point[0] - after[0], 2 * point[1] - after[1])
        if after is None and before is not None:
            after = (2 * point[0] - before[0], 2 * point[1] - before[1])
        yield _mitre(before or point, point, after or point)


def ribbons(lines: Iterable[Line], closed: bool = True) -> list[Mesh]:
    """Lines as mitred ribbons; corners are x y, offset x y, and which side (for the soft edge).

    `closed` lines come with their first point repeated at the end.
    """
    batches = _Batches(5)
    for line in lines:
        points = line[:-1] if closed else line
        if len(points) < 2:
            continue
        vertices, faces, first = batches.room_for(2 * len(points))
        for (x, y), (across, up) in zip(points, _offsets(points, closed), strict=True):
            vertices.extend((x, y, across, up, 1, x, y, -across, -up, -1))
        for number in range(len(points) if closed else len(points) - 1):
            here, there = first + 2 * number, first + 2 * ((number + 1) % len(points))
            faces.extend((here, here + 1, there, here + 1, there + 1, there))
    return batches.meshes


def marks(spots: Iterable[tuple[float, float, float]]) -> list[Mesh]:
    """Squares for marks; corners are x y, offset x y, and a number: the kind of shape, or a badge's first zoom."""
    batches = _Batches(5)
    for x, y, number in spots:
        vertices, faces, first = batches.room_for(4)
        for across, up in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            vertices.extend((x, y, across, up, number))
        faces.extend((first, first + 1, first + 2, first, first + 2, first + 3))
    return batches.meshes
