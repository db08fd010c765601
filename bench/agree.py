"""Asks server, bulk routing and tablet whose the same points are, and lists every point on which they differ.

`python -m bench.agree --points 1000000 [--grids FILE]` loads the file into a scratch database and compares all three;
exit 1 if a single answer differs. The points are random ones and, most of them, the worst there are: corners, places on
edges, and places about the width of a border beside them.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import shapely
import typer
from numpy.typing import NDArray

from gis.areas import Area
from gis.load import load, renew_statistics
from gis.prepare import Wanted, stored_areas
from gis.read import read
from gis.route import Router
from mobile.core.whose import Grids
from server.db import Connection
from server.grids import service
from server.grids.service import Point

CHUNK = 2000
# Shares are of a circle in 128 corners here and of a true one there, each rounded to a hundredth.
SHARE_APART = 0.011

Floats = NDArray[np.float64]
Answer = tuple[str, str | None, list[str]]


@dataclass
class Asked:
    """Points in degrees, and their accuracy in metres, NaN for none."""

    lon: Floats
    lat: Floats
    accuracy: Floats

    def __len__(self) -> int:
        return len(self.lon)


def sample(areas: list[Area], count: int, seed: int = 20261129) -> Asked:
    """Half on or beside borders, half anywhere in the box and a little beyond it; one in eight with an accuracy."""
    draw = np.random.default_rng(seed)
    shapes = [area.shape for area in areas if area.level == 3]
    places, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shapes)), return_index=True)
    starts = np.flatnonzero(ring[1:] == ring[:-1])
    west, south, east, north = shapely.total_bounds(shapes)
    dx, dy = (east - west) / 50, (north - south) / 50
    anywhere = count - count // 2
    free = np.column_stack(
        [draw.uniform(west - dx, east + dx, anywhere), draw.uniform(south - dy, north + dy, anywhere)]
    )
    edge = draw.choice(starts, count // 2)
    along = draw.choice([0.0, 1.0, np.nan], count // 2, p=[0.15, 0.05, 0.8])
    along = np.where(np.isnan(along), draw.uniform(0, 1, count // 2), along)[:, None]
    on = places[edge] + (places[edge + 1] - places[edge]) * along
    beside = draw.choice([0.0, 1e-15, 3e-10, 3e-9, 1e-7], count // 2)[:, None]
    on = np.where(beside == 0, on, on + draw.normal(0, 1, on.shape) * beside)
    mixed = draw.permutation(np.concatenate([free, on]))
    accuracy = np.where(draw.random(count) < 0.125, draw.choice([3.0, 8.0, 25.0, 120.0], count), np.nan)
    return Asked(mixed[:, 0], mixed[:, 1], accuracy)


def differences(conn: Connection, version: int, asked: Asked) -> Iterator[str]:
    """A line for every point that is not answered alike by all three."""
    areas = stored_areas(conn, version)
    router = Router(areas)
    routed = router.route(asked.lon, asked.lat, asked.accuracy)
    codes = [area.code for area in router.grids]
    status = routed.status
    leaves = [area for area in areas if area.level == 3]
    tablet = Grids([(area.code, _rings(area.shape)) for area in leaves])
    code_of = _codes(conn, version)
    for start in range(0, len(asked), CHUNK):
        part = range(start, min(start + CHUNK, len(asked)))
        points = [Point(float(asked.lon[i]), float(asked.lat[i]), _known(asked.accuracy[i])) for i in part]
        for i, point, located in zip(part, points, service.locate_many(conn, points), strict=True):
            assert point.lon is not None and point.lat is not None
            whose = tablet.of(point.lon, point.lat, point.accuracy_m)
            server: Answer = (located.status, code_of.get(located.grid_id or 0), list(located.candidates))
            bulk: Answer = (str(status[i]), codes[routed.grid[i]] if routed.grid[i] >= 0 else None,
                            [codes[cell] for cell in routed.candidates.get(i, [])])  # fmt: skip
            hand: Answer = (whose.status, leaves[whose.taken].code if whose.taken is not None else None,
                            [leaves[index].code for index in whose.candidates])  # fmt: skip
            shares = (list(located.shares), routed.shares.get(i, []), list(whose.shares))
            if not server == bulk == hand or not _close(*shares):
                where = f"{point.lon!r} {point.lat!r} {point.accuracy_m}"
                yield f"{where}: server {server} bulk {bulk} tablet {hand} shares {shares}"


def _rings(shape: Any) -> list[list[tuple[float, float]]]:
    """All rings of all parts, as the tablet's look-up takes them; packages carry them simplified, which is not compared
    here (tests/gis/test_for_tablets.py)."""
    return [
        list(ring.coords) for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)
    ]


def _codes(conn: Connection, version: int) -> dict[int, str]:
    with conn.cursor() as cursor:
        cursor.execute("select node_id, code from grids where version_id = %s and level = 3", (version,))
        return {row["node_id"]: row["code"] for row in cursor.fetchall()}


def _known(accuracy: float) -> float | None:
    return None if np.isnan(accuracy) else float(accuracy)


def _close(*shares: list[float]) -> bool:
    first = shares[0]
    return all(len(other) == len(first) for other in shares) and all(
        abs(a - b) <= SHARE_APART for other in shares for a, b in zip(first, other, strict=True)
    )


def main(
    points: Annotated[int, typer.Option(help="How many points.")] = 1_000_000,
    grids: Annotated[Path | None, typer.Option(help="Boundary file; the demo district without one.")] = None,
) -> None:
    """Compares the three and prints how long it took."""
    from bench.stage import GRIDS, stage

    with stage(quick=True) as made:
        database = made.empty
        with database.transaction() as conn:
            loaded = load(
                conn, read(grids or GRIDS), Wanted(district=None if grids is None else "X"), datetime.now(UTC)
            )
        assert loaded.version is not None, [found.text() for found in loaded.findings]
        renew_statistics(database.dsn)
        with database.read() as conn:
            asked = sample(stored_areas(conn, loaded.version), points)
            start, found = time.perf_counter(), 0
            for line in differences(conn, loaded.version, asked):
                found += 1
                if found <= 20:
                    typer.echo(line)
    typer.echo(f"{points:,} points, {found} answered differently, {time.perf_counter() - start:.0f} s")
    raise typer.Exit(1 if found else 0)


if __name__ == "__main__":
    typer.run(main)
