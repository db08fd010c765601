"""Reads points from a CSV, routes them, and writes the answer beside their id."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gis.geojson import UnreadableError
from gis.route import Floats, Router

LON = ("lon", "lng", "longitude", "经度", "x")
LAT = ("lat", "latitude", "纬度", "y")
ID = ("id", "external_id", "编号", "number", "code")
ACCURACY = ("accuracy_m", "accuracy", "精度")
CHUNK = 200_000


@dataclass
class Tally:
    """What happened to the points, and how long routing alone took."""

    points: int
    inside: int
    border: int
    nearest: int
    outside: int
    without_position: int
    seconds: float

    @property
    def rate(self) -> float:
        """Points a second."""
        return self.points / self.seconds if self.seconds else 0.0


def read_points(path: Path) -> tuple[pd.Series, Floats, Floats, Floats | None]:
    """(id, lon, lat, accuracy_m or None) of a CSV, gzipped or not; what is no number becomes NaN."""
    frame = _frame(path)
    columns = {str(name).strip().lower(): name for name in frame.columns}

    def column(names: tuple[str, ...]) -> str | None:
        return next((columns[name] for name in names if name in columns), None)

    lon, lat, key, accuracy = column(LON), column(LAT), column(ID), column(ACCURACY)
    if lon is None or lat is None:
        raise UnreadableError("{file} has no columns lon and lat; it has: {present}.", file=path.name,
                         present=", ".join(map(str, frame.columns)))  # fmt: skip
    if key is None:
        key = next((name for name in frame.columns if name not in (lon, lat, accuracy)), None)
    ids = frame[key] if key is not None else pd.Series(np.arange(1, len(frame) + 1).astype(str))
    return ids, _numbers(frame[lon]), _numbers(frame[lat]), _numbers(frame[accuracy]) if accuracy else None


def _frame(path: Path) -> pd.DataFrame:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except (ValueError, OSError, EOFError) as error:
            reason = str(error)
            raise UnreadableError(
                "{file} cannot be read as CSV: {reason}", file=path.name, reason=reason
            ) from error
    raise UnreadableError("{file} is neither UTF-8 nor GBK.", file=path.name)


def _numbers(column: pd.Series) -> Floats:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def route_file(router: Router, points: Path, out: Path, step: Callable[[int], None]) -> Tally:
    """Writes a row a point, with the candidates' shares of its accuracy circle; `step` hears how many more are done."""
    ids, lon, lat, accuracy = read_points(points)
    bad = ~(np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) <= 90))
    lon, lat = np.where(bad, np.nan, lon), np.where(bad, np.nan, lat)
    codes = [np.array([*names, ""], dtype=object) for names in _levels(router)]
    tally = Tally(len(ids), 0, 0, 0, 0, int(bad.sum()), 0.0)
    with out.open("w", encoding="utf-8", newline="") as target:
        for start in range(0, max(len(ids), 1), CHUNK):
            part = slice(start, start + CHUNK)
            began = time.perf_counter()
            routed = router.route(lon[part], lat[part], None if accuracy is None else accuracy[part])
            tally.seconds += time.perf_counter() - began
            candidates, shares = (np.full(len(routed.grid), "", dtype=object) for _ in range(2))
            for point, cells in routed.candidates.items():
                candidates[point] = ";".join(router.grids[cell].code for cell in cells)
            for point, parts in routed.shares.items():
                shares[point] = ";".join(f"{part:.2f}" for part in parts)
            frame = pd.DataFrame({"id": ids[part].to_numpy(), "level1": codes[0][routed.grid],
                                  "level2": codes[1][routed.grid], "level3": codes[2][routed.grid],
                                  "status": routed.status, "candidates": candidates, "shares": shares})  # fmt: skip
            frame.to_csv(target, header=start == 0, index=False, lineterminator="\n")
            for name in ("inside", "border", "nearest", "outside"):
                setattr(tally, name, getattr(tally, name) + int((routed.status == name).sum()))
            step(len(frame))
    return tally


def _levels(router: Router) -> tuple[list[str], list[str], list[str]]:
    parents = [grid.parent or "" for grid in router.grids]
    return (
        [router.above.get(parent) or "" for parent in parents],
        parents,
        [grid.code for grid in router.grids],
    )
