"""The shifted Chinese systems: known pairs, and there and back without loss."""

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


def test_a_system_is_recognised_however_it_is_written() -> None:
    for text in ("GCJ-02", "gcj02", "GCJ 02"):
        assert coordinates.named(text) == "GCJ-02"
    assert coordinates.named("bd09ll") == "BD-09"
    assert coordinates.named("EPSG:4326") is None
