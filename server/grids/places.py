"""What a place is to the grid: the point asked about, and whose it is; the rule that decides between candidates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Within 1e-9 degree (0.1 mm) of two grids a point is on their border; the same number stands in queries.sql.
BORDER_DEG = 1e-9
# A circle larger than this says nothing about which grid; nearer candidates are still named.
LARGEST_REACH_M = 2000.0


@dataclass(frozen=True)
class Point:
    """A place to look up, EPSG:4326; without lon and lat it lies outside every grid. `district_id` narrows."""

    lon: float | None
    lat: float | None
    accuracy_m: float | None = None
    district_id: int | None = None


@dataclass(frozen=True)
class Located:
    """Whose a point is. Ids are grid_nodes ids; `candidates` are codes of all grids that it may belong to.

    `status`: inside, border (the lowest code of those that cover it, digit by digit, takes it), nearest (outside
    all, within the accuracy), outside.
    `distance_m` to the chosen grid: 0 inside, None outside. `district_id` is None only when nothing tells it.
    """

    status: str
    district_id: int | None
    street_id: int | None
    community_id: int | None
    grid_id: int | None
    boundary_version: int | None
    candidates: tuple[str, ...] = ()
    distance_m: float | None = None


Row = dict[str, Any]

# The ellipsoid of WGS 84.
_SEMI_MAJOR_M, _ECCENTRICITY2 = 6_378_137.0, 0.00669437999014


def metres_in_a_degree(lat: float) -> tuple[float, float]:
    """Metres in a degree of longitude and of latitude at `lat`; never less than a metre to the east."""
    bend = 1 - _ECCENTRICITY2 * math.sin(math.radians(lat)) ** 2
    east = _SEMI_MAJOR_M * math.cos(math.radians(lat)) / math.sqrt(bend)
    north = _SEMI_MAJOR_M * (1 - _ECCENTRICITY2) / bend**1.5
    return max(math.radians(east), 1.0), math.radians(north)


def choose(rows: Sequence[Row]) -> Located | None:
    """The grid among candidate rows (in code order): covering or border first, else the nearest; None without any."""
    if not rows:
        return None
    touching = [row for row in rows if row["touches"]]
    within = sorted(rows, key=lambda row: row["away_m"])
    covering = [row for row in touching if row["covers"]]
    if len(touching) > 1:
        return _located("border", (covering or touching)[0], touching)
    if covering:
        return _located("inside", covering[0], within)
    outside = [row for row in within if not row["covers"] and row["in_reach"]]
    return _located("nearest", outside[0], within) if outside else None


def _located(status: str, row: Row, possible: Sequence[Row]) -> Located:
    codes = tuple(other["code"] for other in possible)
    return Located(
        status, row["district_id"], row["street_id"], row["community_id"], row["node_id"], row["version_id"],
        codes if len(codes) > 1 else (), float(row["away_m"]),
    )  # fmt: skip
