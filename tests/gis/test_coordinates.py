"""The shifted Chinese systems: known pairs, and there and back without loss."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis import coordinates

METRE_DEG = 1e-5


def test_a_known_place_is_shifted_as_published() -> None:
    """Tiananmen: 116.39747 E 39.90882 N in WGS 84 is 116.40371 E 39.91022 N in GCJ-02."""
    lon, lat = coordinates.wgs84_to_gcj02(np.array([116.39747]), np.array([39.90882]))
    assert (lon[0], lat[0]) == pytest.approx((116.403714, 39.910223), abs=METRE_DEG)
    lon, lat = coordinates.gcj02_to_bd09(np.array([116.403714]), np.array([39.910223]))
    assert (lon[0], lat[0]) == pytest.approx((116.410091, 39.916557), abs=METRE_DEG)


def test_outside_china_nothing_is_shifted() -> None:
    lon, lat = coordinates.gcj02_to_wgs84(np.array([-87.6]), np.array([41.9]))
    assert (lon[0], lat[0]) == (-87.6, 41.9)


@given(st.floats(75, 135), st.floats(18, 53))
def test_there_and_back_is_the_same_place(lon: float, lat: float) -> None:
    here = np.array([lon]), np.array([lat])
    for there, back in (
        (coordinates.wgs84_to_gcj02, coordinates.gcj02_to_wgs84),
        (coordinates.gcj02_to_bd09, coordinates.bd09_to_gcj02),
    ):
        result = back(*there(*here))
        assert result[0][0] == pytest.approx(lon, abs=1e-9)
        assert result[1][0] == pytest.approx(lat, abs=1e-9)


def published(lon: float, lat: float) -> tuple[float, float]:
    """WGS 84 → GCJ-02 as it was first published, one place at a time, written down apart from ours."""

    def swing(value: float, *steps: tuple[float, float]) -> float:
        return sum(size * math.sin(value * turn * math.pi) for size, turn in steps) * 2 / 3

    x, y = lon - 105, lat - 35
    common = swing(x, (20, 6), (20, 2))
    north = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * abs(x) ** 0.5 + common
    north += swing(y, (20, 1), (40, 1 / 3)) + swing(y, (160, 1 / 12), (320, 1 / 30))
    east = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * abs(x) ** 0.5 + common
    east += swing(x, (20, 1), (40, 1 / 3)) + swing(x, (150, 1 / 12), (300, 1 / 30))
    magic = 1 - 0.00669342162296594323 * math.sin(math.radians(lat)) ** 2
    meridian = 6378245 * (1 - 0.00669342162296594323) / magic**1.5
    return (lon + math.degrees(east / (6378245 / magic**0.5 * math.cos(math.radians(lat)))),
            lat + math.degrees(north / meridian))  # fmt: skip


def published_back(lon: float, lat: float) -> tuple[float, float]:
    """The inverse as it is published: the error is taken off again and again."""
    there = lon, lat
    for _ in range(30):
        x, y = published(*there)
        there = there[0] + lon - x, there[1] + lat - y
    return there


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    scale = math.cos(math.radians(one[1]))
    return math.hypot((one[0] - other[0]) * scale, one[1] - other[1]) * 111_320


@given(st.floats(75, 135), st.floats(18, 53))
def test_ours_agrees_with_the_published_way_there_and_back_to_a_tenth_of_a_metre(
    lon: float, lat: float
) -> None:
    there = coordinates.wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    assert metres((float(there[0][0]), float(there[1][0])), published(lon, lat)) < 0.001
    back = coordinates.gcj02_to_wgs84(np.array([lon]), np.array([lat]))
    assert metres((float(back[0][0]), float(back[1][0])), published_back(lon, lat)) < 0.001
    assert 10 < metres((lon, lat), published(lon, lat)) < 1500


@given(st.floats(75, 135), st.floats(18, 53))
def test_bd09_comes_back_through_both_shifts_to_a_millimetre(lon: float, lat: float) -> None:
    back = coordinates.bd09_to_wgs84(*coordinates.wgs84_to_bd09(np.array([lon]), np.array([lat])))
    assert metres((float(back[0][0]), float(back[1][0])), (lon, lat)) < 0.001


def test_a_system_is_recognised_however_it_is_written() -> None:
    for text in ("GCJ-02", "gcj02", "GCJ 02"):
        assert coordinates.named(text) == "GCJ-02"
    assert coordinates.named("bd09ll") == "BD-09"
    assert coordinates.named("EPSG:4326") is None
