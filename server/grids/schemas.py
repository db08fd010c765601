"""What the API says about grids and places."""

from pydantic import BaseModel, Field


class GridOut(BaseModel):
    """A node of the tree in its current boundaries; `point` is [lon, lat] inside it, EPSG:4326."""

    code: str
    name: str
    level: int
    parent: str | None
    kind: str
    households: int | None
    district: str
    boundary_version: int
    point: list[float] = Field(min_length=2, max_length=2)


class GridWithChildren(GridOut):
    """One grid, with how many stand directly below it."""

    children: int


class GridPage(BaseModel):
    """Grids in code order; `next` goes into `after` of the following request."""

    items: list[GridOut]
    next: str | None


class Named(BaseModel):
    """A node by its code and name."""

    code: str
    name: str


class LocatedOut(BaseModel):
    """Whose a place is. `candidates`: codes of all grids it may belong to, when more than one; `shares`: how much of
    the accuracy circle lies in each of them, 0 to 1."""

    status: str
    grid: Named | None
    community: Named | None
    street: Named | None
    district: Named | None
    boundary_version: int | None
    candidates: list[str]
    shares: list[float]
    distance_m: float | None
