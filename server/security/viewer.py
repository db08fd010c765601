"""The viewer: who somebody is, for which office, and which cases that office may see."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from server.db import Connection, queries
from server.protocol.hats import Actor

SQL = queries(__file__)
# Among the hands of a row of the change log: open to claims by any crew of the district.
CLAIMABLE = -1
LEVELS = ("district", "street", "community")


@dataclass(frozen=True)
class Viewer:
    """Somebody who came in. `how`: session, token or device.

    Of `district`, `street`, `community` (grid_nodes ids) and `grids` at most one is set: the office scope.
    A crew has none and sees what it handles. `districts` (code -> name) are all in which the person has an office;
    the viewer is in one of them at a time.
    """

    person_id: int
    login: str
    name: str
    lang: str
    role: str
    duties: frozenset[str]
    organisation_id: int
    organisation_name: str
    organisation_kind: str
    organisation_code: str
    district_id: int
    district: int | None = None
    street: int | None = None
    community: int | None = None
    grids: list[int] = field(default_factory=list)
    district_code: str = ""
    districts: dict[str, str] = field(default_factory=dict)
    csrf: str | None = None
    how: str = "session"
    token_id: int | None = None

    def scope_params(self) -> dict[str, Any]:
        """The arguments of the SQL function `visible_cases`, by the names that queries give them."""
        return {
            "district": self.district,
            "street": self.street,
            "community": self.community,
            "grids": self.grids or None,
            "organisation": self.organisation_id,
            "person": self.person_id,
        }

    @property
    def hands(self) -> list[int]:
        """The hands by which a row of the change log concerns this viewer; for a crew also what is open to claims."""
        return [self.organisation_id, *([CLAIMABLE] if self.organisation_kind == "crew" else ())]

    @property
    def nodes(self) -> frozenset[int]:
        """The roots of the grid subtrees that this viewer's office acts in."""
        single = (self.district, self.street, self.community)
        return frozenset({node for node in single if node is not None} | set(self.grids))

    def actor(self) -> Actor:
        """Who this is to the transition table."""
        return Actor(
            self.person_id,
            self.role,
            self.duties,
            self.organisation_id,
            self.nodes,
            district=self.district_id,
        )


@dataclass(frozen=True)
class Wish:
    """In which district somebody with several wants to be: by its code, by the case's number or by a grid's code."""

    district: str | None = None
    number: str | None = None
    grid: str | None = None

    def params(self) -> dict[str, str | None]:
        """As the queries call them."""
        return {"district_wish": self.district, "number_wish": self.number, "grid_wish": self.grid}


def load_viewer(
    conn: Connection,
    person_id: int,
    now: datetime,
    *,
    also_former: bool = False,
    wish: Wish = Wish(),
    **way_in: Any,
) -> Viewer | None:
    """Who `person_id` is at `now`; None for somebody who left or never had an office, unless `also_former`.

    `way_in` sets `csrf`, `how` and `token_id`.
    """
    return viewer_from(SQL.viewer(conn, person=person_id, now=now, **wish.params()), also_former, **way_in)


def viewer_from(row: dict[str, Any] | None, also_former: bool = False, **way_in: Any) -> Viewer | None:
    """The viewer out of what the SQL function `viewer_of` gives."""
    if row is None or not (row["alive"] or also_former):
        return None
    return Viewer(
        person_id=row["person_id"],
        login=row["login"],
        name=row["name"],
        lang=row["lang"],
        role=row["role"],
        duties=frozenset(row["duties"]),
        organisation_id=row["organisation_id"],
        organisation_name=row["organisation_name"],
        organisation_kind=row["organisation_kind"],
        organisation_code=row["organisation_code"],
        district_id=row["district_id"],
        district_code=row["district_code"],
        districts=row["districts"] or {},
        **_scope(row),
        **way_in,
    )


def _scope(row: dict[str, Any]) -> dict[str, Any]:
    """The one office scope: by the level of the membership's root, a worker's grids, none for crews."""
    if row["role"] == "crew":
        return {}
    if row["role"] == "worker":
        return {"grids": list(row["worker_grids"])}
    if row["root_level"] < len(LEVELS):
        return {LEVELS[row["root_level"]]: row["root_id"]}
    return {"grids": [row["root_id"]]}
