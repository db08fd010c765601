"""The features of the packaged basemap that lie about a scope, for tablets without a network."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from server.settings import CHECKOUT

BASEMAP = CHECKOUT / "gis" / "basemap.geojson"

Feature = dict[str, Any]
Box = tuple[float, float, float, float]


@lru_cache(maxsize=1)
def _features() -> list[tuple[Box, Feature]]:
    """Every feature with its box; none when the installation has no basemap."""
    if not BASEMAP.is_file():
        return []
    members = json.loads(BASEMAP.read_text(encoding="utf-8"))["features"]
    return [(_box(list(_places(member["geometry"]["coordinates"]))), member) for member in members]


def _places(coordinates: Any) -> Iterator[Sequence[float]]:
    if isinstance(coordinates[0], (int, float)):
        yield coordinates
    else:
        for part in coordinates:
            yield from _places(part)


def _box(places: list[Sequence[float]]) -> Box:
    lons, lats = [place[0] for place in places], [place[1] for place in places]
    return min(lons), min(lats), max(lons), max(lats)


@lru_cache(maxsize=1)
def stamp() -> str:
    """Another one with every other basemap, the same on every server that has it; "" without one."""
    return hashlib.sha256(BASEMAP.read_bytes()).hexdigest() if BASEMAP.is_file() else ""


def within(bounds: Sequence[float]) -> list[Feature]:
    """GeoJSON features (EPSG:4326) whose box touches `bounds` (west, south, east, north), from below to above."""
    west, south, east, north = bounds
    return [
        feature
        for (left, low, right, high), feature in _features()
        if left <= east and right >= west and low <= north and high >= south
    ]
