"""Facilities as the window shows them: layers on the map, one in a list, one told; and the pictures under the map."""

from dataclasses import dataclass
from pathlib import Path

from mobile.core.views.basics import Ring
from mobile.core.views.cases import CaseRow
from mobile.core.views.person import Fact


@dataclass(frozen=True)
class LayerView:
    """A layer that this tablet carries. `icon` is a name of `mobile.ui.icons`; `shown`: this person wants to see it."""

    code: str
    name: str
    icon: str
    count: int
    shown: bool


@dataclass(frozen=True)
class FacilityMark:
    """A facility on the map, at its point or its middle; `lines`: its course, where it is a line."""

    layer: str
    code: str
    lon: float
    lat: float
    lines: tuple[Ring, ...] = ()


@dataclass(frozen=True)
class FacilityMap:
    """All layers, and what stands in those that are shown, by layer and code."""

    layers: tuple[LayerView, ...] = ()
    marks: tuple[FacilityMark, ...] = ()


@dataclass(frozen=True)
class FacilityRow:
    """A facility in a list; `distance` in words, "" where nobody asked from anywhere."""

    layer: str
    code: str
    icon: str
    title: str  # "路灯 L-0012"
    place: str  # "南门东侧 · 3-02 网格"
    distance: str
    lon: float
    lat: float


@dataclass(frozen=True)
class FacilityView:
    """One facility told. `facts`: what the register says of it, in the register's own words; `cases`: open ones about
    it or within 50 m. `category` is what a report about it would be ("" where the layer has none).
    """

    row: FacilityRow
    facts: tuple[Fact, ...]
    cases: tuple[CaseRow, ...]
    category: str


@dataclass(frozen=True)
class ComponentView:
    """Which component a report is about: `chosen`, or None; `offered`: the nearest that its category could mean."""

    chosen: FacilityRow | None
    offered: tuple[FacilityRow, ...]


@dataclass(frozen=True)
class PicturesView:
    """A raster basemap on this tablet: tiles in Web Mercator from zoom `least` to `most`, rows from the south.

    `trouble`: a sentence where the file cannot be used; `shown`: this person wants to see it.
    """

    path: Path
    version: str
    attribution: str
    least: int
    most: int
    shown: bool
    trouble: str = ""
