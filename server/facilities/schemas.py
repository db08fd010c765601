"""What the API says about layers and facilities."""

from typing import Any

from pydantic import BaseModel


class LayerOut(BaseModel):
    """A layer that the caller may see; `readers` are roles, `outside` counts what stands in no grid."""

    code: str
    name: str
    kind: str
    category: dict[str, str] | None
    facilities: int
    outside: int
    on_tablets: bool
    readers: list[str]
    loads: int
    loaded_at: str


class LayerList(BaseModel):
    """The layers of the caller's district."""

    items: list[LayerOut]
    next: None = None


class FacilityOut(BaseModel):
    """One thing on the map; `shape` is a GeoJSON geometry, EPSG:4326; `distance_m` when a place was asked about."""

    layer: str
    code: str
    name: str
    category: dict[str, str] | None
    properties: dict[str, Any]
    shape: dict[str, Any]
    grid: dict[str, str] | None
    status: str
    distance_m: float | None = None


class FacilityPage(BaseModel):
    """Facilities in code order, or nearest first; `next` goes into `after`."""

    items: list[FacilityOut]
    next: str | None
