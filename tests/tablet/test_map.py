"""The map's geometry, without a window: metres, meshes, and names that stay in their grid."""

import math
import random
from itertools import combinations

import pytest

from mobile.core.views import BaseShape, GridShape, MapShapes
from mobile.ui.widgets.map import meshes
from mobile.ui.widgets.map.badges import FIRST, STEPS, first_zooms
from mobile.ui.widgets.map.ground import Ground, ground_of

SQUARE = ((104.0, 30.0), (104.01, 30.0), (104.01, 30.01), (104.0, 30.01), (104.0, 30.0))
HOLE = ((104.004, 30.004), (104.006, 30.004), (104.006, 30.006), (104.004, 30.006), (104.004, 30.004))


def shapes(*grids: GridShape, base: tuple[BaseShape, ...] = (), version: str = "1") -> MapShapes:
    return MapShapes(version, grids, base)


def area(made: list[meshes.Mesh]) -> float:
    total = 0.0
    for corners, faces in made:
        points = list(zip(corners[0::2], corners[1::2], strict=True))
        for a, b, c in zip(faces[0::3], faces[1::3], faces[2::3], strict=True):
            (ax, ay), (bx, by), (cx, cy) = points[a], points[b], points[c]
            total += abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
    return total


def test_a_degree_is_as_many_metres_as_on_the_ground_and_back() -> None:
    plane = Ground(shapes(GridShape("a", "甲", 3, True, (SQUARE,)))).plane
    x0, y0 = plane.metres((104.0, 30.0))
    x1, y1 = plane.metres((104.01, 30.01))
    assert y1 - y0 == pytest.approx(1113, abs=1)
    assert x1 - x0 == pytest.approx(1113 * math.cos(math.radians(30.004)), abs=2)
    assert plane.degrees((x1, y1)) == pytest.approx((104.01, 30.01))


def test_a_filled_grid_is_as_large_as_its_outline_less_its_hole() -> None:
    ground = Ground(shapes(GridShape("a", "甲", 3, True, (SQUARE, HOLE))))
    side_x, side_y = 1113.2 * math.cos(math.radians(ground.plane.lat)), 1113.2
    assert area(ground.fills(own=True)) == pytest.approx(side_x * side_y * 0.96, rel=1e-3)
    assert not ground.mine[0].holds(ground.plane.metres((104.005, 30.005)))
    assert ground.mine[0].holds(ground.plane.metres((104.001, 30.001)))


def test_a_closed_border_is_a_ring_and_a_road_has_two_ends() -> None:
    ((_, ring_faces),) = meshes.ribbons([[(0, 0), (10, 0), (10, 10), (0, 0)]], closed=True)
    ((_, road_faces),) = meshes.ribbons([[(0, 0), (10, 0), (10, 10)]], closed=False)
    assert len(ring_faces) == 3 * 6
    assert len(road_faces) == 2 * 6


def test_no_mesh_has_more_corners_than_its_indices_can_count() -> None:
    made = meshes.marks((number, number, 0) for number in range(20_000))
    assert len(made) == 2
    assert all(len(corners) // 5 <= 65_536 and max(faces) < len(corners) // 5 for corners, faces in made)


def test_first_the_own_grids_are_seen_and_all_when_there_are_none() -> None:
    east = tuple((lon + 0.05, lat) for lon, lat in SQUARE)
    own = Ground(shapes(GridShape("a", "甲", 3, True, (SQUARE,)), GridShape("b", "乙", 3, False, (east,))))
    assert own.box() == own.mine[0].box
    none = Ground(shapes(GridShape("a", "甲", 3, False, (SQUARE,)), GridShape("b", "乙", 3, False, (east,))))
    assert none.box()[2] - none.box()[0] > 5000
    assert Ground(shapes()).box()[0] < 0, "an empty tablet shows an empty map"


def test_the_ground_is_made_once_for_a_version_and_anew_for_the_next() -> None:
    first = ground_of(shapes(GridShape("a", "甲", 3, True, (SQUARE,)), version="once"))
    assert ground_of(shapes(GridShape("a", "甲", 3, True, (SQUARE,)), version="once")) is first
    assert ground_of(shapes(version="twice")) is not first


def test_badges_that_stand_at_a_zoom_keep_their_distance_and_on_the_last_zoom_all_stand() -> None:
    chance = random.Random(3)
    spots = [(chance.uniform(0, 3000), chance.uniform(0, 3000)) for _ in range(800)]
    spots.append(spots[0])
    zooms = first_zooms(spots, room=40.0)
    for zoom in (FIRST, FIRST * 2, FIRST * 8):
        stand = [spot for spot, first in zip(spots, zooms, strict=True) if first <= zoom]
        nearest = min(math.dist(a, b) for a, b in combinations(stand, 2))
        assert nearest * zoom >= 0.75 * 40
    shares = [sum(first <= FIRST * 2**step for first in zooms) for step in range(STEPS + 1)]
    assert shares == sorted(shares)
    assert shares[0] > 10
    assert shares[-1] == len(spots), "even two at one place can be reached"


def test_a_grid_that_is_known_by_name_only_is_left_out() -> None:
    assert not Ground(shapes(GridShape("a", "甲", 3, True, ()))).grids
