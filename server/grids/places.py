"""What a place is to the grid: the point asked about, and whose it is, by the rule of `server/protocol/ground.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from server.protocol.ground import Candidate, decide


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
    `shares`: how much of the accuracy circle lies in each candidate, 0 to 1, in their order; empty without a circle.
    """

    status: str
    district_id: int | None
    street_id: int | None
    community_id: int | None
    grid_id: int | None
    boundary_version: int | None
    candidates: tuple[str, ...] = ()
    distance_m: float | None = None
    shares: tuple[float, ...] = ()


Row = dict[str, Any]


def choose(rows: Sequence[Row], reach: float) -> Located | None:
    """The grid among candidate rows (in code order) of a point that reaches so far (metres); None for outside."""
    found = [Candidate(row["code"], row["covers"], row["touches"], row["away_m"]) for row in rows]
    status, taken, possible = decide(found, reach)
    if taken is None:
        return None
    # Two districts may have a grid of the same code: rows are told apart by their place.
    row_of = {id(one): row for one, row in zip(found, rows, strict=True)}
    row, doubtful = row_of[id(taken)], len(possible) > 1
    shares = [row_of[id(one)]["share"] for one in possible]
    return Located(
        status, row["district_id"], row["street_id"], row["community_id"], row["node_id"], row["version_id"],
        tuple(one.code for one in possible) if doubtful else (), float(taken.away_m),
        tuple(round(share, 2) for share in shares) if doubtful and None not in shares else (),
    )  # fmt: skip
