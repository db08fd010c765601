"""Places as the window draws them: a position, the grids' outlines, a point in words."""

from dataclasses import dataclass
from typing import Literal

from mobile.core.views.basics import Ring


@dataclass(frozen=True)
class Position:
    """Where the tablet is or where a finger put the pin; fields are those of the wire (sync.md)."""

    lon: float
    lat: float
    accuracy_m: float
    provider: str = "gps"
    fix_age_s: float = 0.0
    is_mock: bool = False
    placed_by_hand: bool = False


@dataclass(frozen=True)
class GridShape:
    """One node of the grid tree as outlines; `level` 0 district … 3 grid; `mine`: in the worker's scope at level 3."""

    code: str
    name: str
    level: int
    mine: bool
    rings: tuple[Ring, ...]  # exteriors and holes of all parts, closed (first = last)


@dataclass(frozen=True)
class BaseShape:
    """A piece of the light basemap: an area (water, green, building) or a line (road)."""

    kind: Literal["water", "green", "building", "road"]
    rings: tuple[Ring, ...]
    name: str = ""


@dataclass(frozen=True)
class MapShapes:
    """What the map draws under the cases; `version` changes when any of it does (the window builds it once)."""

    version: str
    grids: tuple[GridShape, ...]
    base: tuple[BaseShape, ...] = ()


@dataclass(frozen=True)
class PlaceView:
    """What is known of a point, for the report: place in words, its accuracy, and whose it is."""

    words: str  # "杏花路 18 号附近 · 3-02 网格", or both grids when the circle crosses a border
    precision: str  # "准到 14 米，可拖动"
    grid_code: str  # "" outside every grid
    candidates: tuple[str, ...]
    mine: bool
