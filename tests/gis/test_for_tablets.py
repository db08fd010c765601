"""Simplified borders for tablets: neighbours keep sharing them, and no answer differs further than the bound off them."""

from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.areas import Area, Boundaries
from gis.load import load
from gis.prepare import Wanted
from gis.topology import TABLET_BOUND_M, for_tablets, seam
from mobile.core.whose import Grids
from server.db import Connection
from server.grids import service
from tests.gis.strip import SIDE, SOUTH, WEST
from tests.server.small_district import NOW

METRE_E, METRE_N = 1 / 95_800, 1 / 110_900
AMPLITUDES = st.floats(0, 4)
GRIDS = 4


def wavy(draw: Any, amplitude: float, count: int) -> list[Area]:
    """A street of grids side by side whose common borders wander to and fro by up to `amplitude` metres."""
    heights = np.linspace(SOUTH, SOUTH + SIDE, count + 2)
    borders = []
    for number in range(GRIDS + 1):
        off = draw.uniform(-amplitude, amplitude, len(heights)) * METRE_E
        off[[0, -1]] = 0
        borders.append(
            [(round(WEST + number * SIDE + x, 7), round(y, 7)) for x, y in zip(off, heights, strict=True)]
        )
    areas = [
        area(3, f"011{number}", "011", shapely.Polygon([*west, *east[::-1]]))
        for number, (west, east) in enumerate(pairwise(borders), 1)
    ]
    whole = shapely.unary_union([one.shape for one in areas])
    return [area(1, "01", None, whole), area(2, "011", "01", whole), *areas]


def area(level: int, code: str, parent: str | None, shape: Any) -> Area:
    return Area(level, code, f"{code} 网格", parent, shapely.MultiPolygon(list(shapely.get_parts(shape))))


def rings(shape: Any) -> list[list[tuple[float, float]]]:
    return [list(r.coords) for part in shapely.get_parts(shape) for r in (part.exterior, *part.interiors)]


def in_metres(shape: Any) -> Any:
    return shapely.transform(shape, lambda places: (places - [WEST, SOUTH]) / [METRE_E, METRE_N])


@settings(max_examples=40, deadline=None)
@given(amplitude=AMPLITUDES, count=st.integers(1, 60), seed=st.integers(0, 2**32))
def test_off_the_border_by_more_than_the_bound_the_tablet_answers_as_the_exact_borders_do(
    amplitude: float, count: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    areas, _ = seam(wavy(draw, amplitude, count))
    simple, bound = for_tablets(areas)
    assert 0 <= bound <= TABLET_BOUND_M
    leaves = [index for index, one in enumerate(areas) if one.level == 3]
    kept = [simple[i] if simple[i] is not None else areas[i].shape for i in leaves]
    assert shapely.coverage_is_valid(np.array(kept, dtype=object)), "neighbours share their borders"
    exact = Grids([(areas[i].code, rings(areas[i].shape)) for i in leaves])
    tablet = Grids([(areas[i].code, rings(shape)) for i, shape in zip(leaves, kept, strict=True)])
    flat = [in_metres(areas[i].shape) for i in leaves]
    for number in range(1, GRIDS):
        for _ in range(20):
            lon = WEST + number * SIDE + draw.uniform(-6, 6) * METRE_E
            lat = draw.uniform(SOUTH + SIDE / 100, SOUTH + SIDE * 0.99)
            spot = in_metres(shapely.Point(lon, lat))
            nearest = min(shape.boundary.distance(spot) for shape in flat)
            here, there = exact.of(lon, lat), tablet.of(lon, lat)
            if nearest > bound + 0.02:  # two centimetres: seven decimals, and this test's own plane
                assert (there.taken, there.status) == (here.taken, here.status), (lon, lat, nearest, bound)
            else:
                assert there.taken is not None and flat[there.taken].distance(spot) <= bound + 0.02


def test_a_border_that_wanders_by_centimetres_loses_most_of_its_corners_and_a_straight_one_none() -> None:
    areas, _ = seam(wavy(np.random.default_rng(1), 0.1, 60))
    simple, bound = for_tablets(areas)
    corners = [shapely.get_num_coordinates(shape) for shape in simple if shape is not None]
    assert 0 < bound < 0.25 and sum(corners) < shapely.get_num_coordinates([a.shape for a in areas]).sum() / 4
    straight, _ = seam(wavy(np.random.default_rng(1), 0.0, 1))
    assert for_tablets(straight[:1]) == ([None], 0.0), "without grids there is nothing to carry"


def test_a_load_stores_the_simplified_borders_with_the_bound_that_was_measured(conn: Connection) -> None:
    areas = wavy(np.random.default_rng(2), 0.3, 40)
    loaded = load(conn, Boundaries(areas, [], "wavy.geojson", "0" * 64), Wanted(district="W"), NOW)
    assert loaded.version is not None
    with conn.cursor() as cursor:
        cursor.execute(
            "select v.simple_error_m, sum(st_npoints(g.geom)) as exact, sum(st_npoints(coalesce(g.simple, g.geom))) as simple"
            " from grids g join boundary_versions v on v.id = g.version_id where v.id = %s group by 1",
            (loaded.version,),
        )
        row = cursor.fetchone()
        cursor.execute("select node_id from grids where version_id = %s and level = 0", (loaded.version,))
        root = cursor.fetchone()["node_id"]
    assert 0 < row["simple_error_m"] <= TABLET_BOUND_M and row["simple"] < row["exact"] / 2
    shapes = [node["shape"] for node in service.package(conn, [root])["nodes"]]
    assert sum(len(ring) for shape in shapes for part in shape for ring in part) == row["simple"], (
        "they go out"
    )
