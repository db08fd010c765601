"""A small sound boundary file to spoil in tests: one street, two communities of two grids, near 104 E 30.6 N."""

import copy
import json
from pathlib import Path
from typing import Any

Feature = dict[str, Any]

WEST, SOUTH, SIDE = 104.0, 30.6, 0.01
# About a metre of longitude there.
METRE = 1 / 95_800


def square(west: float, east: float) -> dict[str, Any]:
    """A rectangle one side high."""
    south, north = SOUTH, SOUTH + SIDE
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [[[round(x, 7), round(y, 7)] for x, y in ring]]}


def feature(
    level: int, code: str, name: str, parent: str | None, first: int, last: int, **more: Any
) -> Feature:
    properties = {"level": level, "code": code, "name": name, "parent": parent, **more}
    geometry = square(WEST + first * SIDE, WEST + last * SIDE)
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def sound() -> list[Feature]:
    """Level 1 `01`, level 2 `011` and `012`, level 3 `0111` … `0122`, west to east."""
    return copy.deepcopy([
        feature(1, "01", "望津街道", None, 0, 4),
        feature(2, "011", "书院巷社区", "01", 0, 2),
        feature(2, "012", "文庙社区", "01", 2, 4),
        feature(3, "0111", "01 网格", "011", 0, 1, households=400),
        feature(3, "0112", "02 网格", "011", 1, 2, households=400),
        feature(3, "0121", "01 网格", "012", 2, 3, households=400),
        feature(3, "0122", "02 网格", "012", 3, 4, households=400),
    ])  # fmt: skip


def named(features: list[Feature], code: str) -> Feature:
    return next(item for item in features if item["properties"]["code"] == code)


def ring(features: list[Feature], code: str) -> list[list[float]]:
    """The outer ring of a feature, to be moved in place: south-west, south-east, north-east, north-west, closed."""
    vertices: list[list[float]] = named(features, code)["geometry"]["coordinates"][0]
    return vertices


def write(path: Path, features: list[Feature], **members: Any) -> Path:
    document = {"type": "FeatureCollection", **members, "features": features}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path
