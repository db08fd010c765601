"""Turns the shifted Chinese systems GCJ-02 and BD-09 into WGS 84 (EPSG:4326) and back.

GCJ-02 shifts WGS 84 by 300–700 m inside a box round China, BD-09 shifts GCJ-02 further. The formulas are the
publicly known ones; the way back has no formula and is found by iteration, to better than 1e-9 degree.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Degrees = NDArray[np.float64]
Pair = tuple[Degrees, Degrees]

GCJ02, BD09 = "GCJ-02", "BD-09"

_SEMI_MAJOR_M = 6_378_245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
# Ten rounds gain about two digits each; five would already do.
_ROUNDS = 10


def _shift(lon: Degrees, lat: Degrees) -> Pair:
    """How far GCJ-02 moves a WGS 84 place, degrees."""
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + wave
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + wave
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    bend = 1.0 - _ECCENTRICITY2 * np.sin(phi) ** 2
    root = np.sqrt(bend)
    d_lat = north * 180.0 / (_SEMI_MAJOR_M * (1.0 - _ECCENTRICITY2) / (bend * root) * np.pi)
    d_lon = east * 180.0 / (_SEMI_MAJOR_M / root * np.cos(phi) * np.pi)
    inside = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    return np.where(inside, d_lon, 0.0), np.where(inside, d_lat, 0.0)


def wgs84_to_gcj02(lon: Degrees, lat: Degrees) -> Pair:
    """WGS 84 → GCJ-02, degrees; outside China nothing moves."""
    d_lon, d_lat = _shift(lon, lat)
    return lon + d_lon, lat + d_lat


def gcj02_to_bd09(lon: Degrees, lat: Degrees) -> Pair:
    """GCJ-02 → BD-09, degrees."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _inverse(forward: Callable[[Degrees, Degrees], Pair], lon: Degrees, lat: Degrees) -> Pair:
    back_lon, back_lat = lon, lat
    for _ in range(_ROUNDS):
        there_lon, there_lat = forward(back_lon, back_lat)
        back_lon, back_lat = back_lon + (lon - there_lon), back_lat + (lat - there_lat)
    return back_lon, back_lat


def gcj02_to_wgs84(lon: Degrees, lat: Degrees) -> Pair:
    """GCJ-02 → WGS 84, degrees."""
    return _inverse(wgs84_to_gcj02, lon, lat)


def bd09_to_gcj02(lon: Degrees, lat: Degrees) -> Pair:
    """BD-09 → GCJ-02, degrees."""
    return _inverse(gcj02_to_bd09, lon, lat)


def bd09_to_wgs84(lon: Degrees, lat: Degrees) -> Pair:
    """BD-09 → WGS 84, degrees."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def wgs84_to_bd09(lon: Degrees, lat: Degrees) -> Pair:
    """WGS 84 → BD-09, degrees."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def named(text: str) -> str | None:
    """`GCJ-02` or `BD-09` when the text names one of them, however it is written, else None."""
    plain = "".join(letter for letter in text.upper() if letter.isalnum())
    return {"GCJ02": GCJ02, "GCJ": GCJ02, "BD09": BD09, "BD09LL": BD09}.get(plain)


TO_WGS84: dict[str, Callable[[Degrees, Degrees], Pair]] = {GCJ02: gcj02_to_wgs84, BD09: bd09_to_wgs84}
FROM_WGS84: dict[str, Callable[[Degrees, Degrees], Pair]] = {GCJ02: wgs84_to_gcj02, BD09: wgs84_to_bd09}
