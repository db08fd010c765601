"""Facilities on a tablet that no office sent: for what only the tablet's side is asked about."""

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mobile.core.tablet import Tablet
from server.protocol import package as packages

LAMPS = ("lamps", "路灯", "point", "urban/component", "0137")
HYDRANTS = ("hydrants", "消火栓", "point", "", "")
PIPES = ("pipes", "供水管", "line", "", "")
Row = tuple[Any, ...]


def thing(
    layer: str, code: str, lon: float, lat: float, grid: str = "S1C1G1", name: str = "", **properties: Any
) -> Row:
    """A row of the package's table of facilities: a point."""
    return layer, code, name, lon, lat, grid, json.dumps(properties, ensure_ascii=False), None


def pipe(code: str, *line: tuple[float, float]) -> Row:
    """A line of the layer of pipes."""
    middle = line[len(line) // 2]
    return "pipes", code, "", *middle, "S1C1G1", "{}", json.dumps({"type": "LineString", "coordinates": line})


def write(path: Path, layers: Sequence[Row], things: Iterable[Row]) -> Path:
    """Layers and facilities in a file, for a window's own process."""
    path.write_text(json.dumps({"layers": layers, "facilities": list(things)}), encoding="utf-8")
    return path


def carry(tablet: Tablet, path: Path) -> None:
    """Puts them into the package that the tablet has, in place of the facilities that were in it."""
    with closing(packages.opened(tablet._known.package.body or packages.made_of({}))) as held:
        rows: dict[str, list[Row]] = {
            table: held.execute(f"select {', '.join(columns)} from {table}").fetchall()
            for table, (_, columns) in packages.TABLES.items()
        }
    rows |= json.loads(path.read_text(encoding="utf-8"))
    tablet._mirror.keep_package(packages.made_of(rows))
