"""Makes the demo district's facilities from its own basemap: lamps along the roads, hydrants at some of its blocks.

python -m gis.make_facilities   # writes gis/lamps.geojson and gis/hydrants.geojson, the same each time
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import shape

from server.settings import CHECKOUT

FOLDER = CHECKOUT / "gis"
SEED = 20261129
# Metres between two lamps of a road, and how far beside its middle they stand.
APART_M = {"primary": 90.0, "secondary": 110.0}
BESIDE_M = 9.0
METRE_DEG = 1 / 111_320
EVERY_NTH_BUILDING = 60


def main() -> None:
    """Writes both files."""
    draw = random.Random(SEED)
    features = json.loads((FOLDER / "basemap.geojson").read_text(encoding="utf-8"))["features"]
    grids = json.loads((CHECKOUT / "grids.geojson").read_text(encoding="utf-8"))["features"]
    district = shapely.union_all([shape(g["geometry"]) for g in grids if g["properties"]["level"] == 1])
    lamps = [place for place in _beside_roads(features) if district.covers(shapely.Point(place))]
    _write("lamps", "路灯", [(lon, lat, {"watt": draw.choice((60, 90, 120))}) for lon, lat in lamps])
    blocks = [shape(f["geometry"]) for f in features if f["properties"].get("kind") == "building"]
    parts = [part for block in blocks for part in shapely.get_parts(block)][::EVERY_NTH_BUILDING]
    corners = [part.exterior.coords[0] for part in parts]
    inside = [(lon, lat) for lon, lat, *_ in corners if district.covers(shapely.Point(lon, lat))]
    _write("hydrants", "消火栓", [(lon, lat, {"bar": draw.choice((2, 3, 4))}) for lon, lat in inside])


def _beside_roads(features: list[dict[str, Any]]) -> Iterator[tuple[float, float]]:
    for feature in features:
        step = APART_M.get(feature["properties"].get("class", ""))
        road: Any = shape(feature["geometry"])
        if step is None or road.geom_type != "LineString":
            continue
        side = road.parallel_offset(BESIDE_M * METRE_DEG, "left")
        at = step / 2 * METRE_DEG
        while at < side.length:
            point = side.interpolate(at)
            yield point.x, point.y
            at += step * METRE_DEG


def _write(code: str, name: str, places: list[tuple[float, float, dict[str, Any]]]) -> None:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
            "properties": {"code": f"{code[0].upper()}{number:05d}", "name": f"{name}{number}", **more},
        }
        for number, (lon, lat, more) in enumerate(places, start=1)
    ]
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    Path(FOLDER / f"{code}.geojson").write_text(
        f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8"
    )


if __name__ == "__main__":
    main()
