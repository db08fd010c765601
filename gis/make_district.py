"""Makes the demo district `grids.geojson` and its light `gis/basemap.geojson`, byte for byte the same each time.

python -m gis.make_district [FOLDER]
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from gis import district_plan as plan
from gis.basemap import draw
from gis.drawing import Feature, geometry_json, smooth
from gis.subdivision import Cut, Subdivision, faces, union


@dataclass
class Grid:
    """One level-3 area while the district is being made: where it is drawn (metres) and what it will be called."""

    street: int
    community: str
    drawn: Polygon
    kind: str = "grid"
    name: str = ""
    households: int = 0


@dataclass
class District:
    """The whole district in metres: grids in order, and the cuts between them."""

    grids: list[Grid]
    cuts: list[Cut]
    lines: list[LineString]


def design(random: Random) -> District:
    """Draws streets by the plan, then cuts them into communities and those into grids."""
    outline = Polygon(smooth(plan.to_metres(plan.OUTLINE), closed=True))
    borders = [LineString(_shaken(smooth(plan.to_metres(line)), random)) for line in plan.STREET_BORDERS]
    river = LineString(_shaken(smooth(plan.to_metres(plan.RIVER)), random, 9))
    lines = [LineString(outline.exterior.coords), river, *borders]
    streets = shapely.get_parts(shapely.polygonize(list(shapely.get_parts(shapely.unary_union(lines)))))
    cutter = Subdivision(random)
    grids: list[Grid] = []
    for number, (name, inside, count, communities) in enumerate(plan.STREETS):
        (street,) = [area for area in streets if area.contains(Point(plan.to_metres([inside])[0]))]
        grids += _grids_of(number, name, street, count, communities, cutter, random)
    return District(grids, cutter.cuts, lines + [cut.border for cut in cutter.cuts])


def _shaken(places: list[plan.Place], random: Random, reach: float = 6) -> list[plan.Place]:
    return [(x + random.uniform(-reach, reach), y + random.uniform(-reach, reach)) for x, y in places]


def _grids_of(
    number: int,
    name: str,
    street: Polygon,
    count: int,
    communities: list[str],
    cutter: Subdivision,
    random: Random,
) -> list[Grid]:
    areas = _reading_order(cutter.parts(street, len(communities)))
    shares = _shares([area.area for area in areas], count)
    grids = []
    for community, area, share in zip(communities, areas, shares, strict=True):
        cells = [Grid(number, community, cell) for cell in _reading_order(cutter.parts(area, share))]
        for index, cell in enumerate(cells, start=1):
            cell.name, cell.households = f"{index:02d} 网格", random.randint(306, 494)
        if community in plan.SPECIAL_GRIDS:
            last = cells[-1]
            last.kind, last.households = "special", random.randint(6, 40)
            last.name = f"{plan.SPECIAL_GRIDS[community]}专属网格"
        grids += cells
    return grids


def _reading_order(areas: list[Polygon]) -> list[Polygon]:
    """North to south in bands, west to east in a band, as a clerk numbers them."""
    top = max(area.centroid.y for area in areas)
    band = max(1.0, (areas[0].area ** 0.5) * 0.8)
    return sorted(areas, key=lambda area: (int((top - area.centroid.y) / band), area.centroid.x))


def _shares(sizes: list[float], count: int) -> list[int]:
    """`count` split by size, at least two each; the rest goes to the largest remainders."""
    exact = [size / sum(sizes) * count for size in sizes]
    shares = [max(2, int(share)) for share in exact]
    order = sorted(range(len(sizes)), key=lambda i: exact[i] - shares[i], reverse=True)
    for index in range(count - sum(shares)):
        shares[order[index % len(order)]] += 1
    return shares


def _shapes(district: District) -> list[MultiPolygon]:
    """The grids in degrees: every face of the joined borders belongs to the grid that it was drawn in."""
    lines = [LineString(plan.to_degrees((x, y) for x, y in line.coords)) for line in district.lines]
    drawn = [
        Polygon(plan.to_degrees(((x, y) for x, y in grid.drawn.exterior.coords), 9))
        for grid in district.grids
    ]
    tree = shapely.STRtree(drawn)
    parts: list[list[Polygon]] = [[] for _ in drawn]
    whole = shapely.unary_union(drawn).buffer(1e-6)
    for face in faces(lines):
        if whole.contains(face.representative_point()):
            parts[int(tree.nearest(face.representative_point()))].append(face)
    return [union(part) for part in parts]


def features(district: District) -> list[Feature]:
    """GeoJSON features, level 0 first; areas above level 3 are exact unions."""
    shapes = _shapes(district)
    levels: list[list[Feature]] = [[], [], [], []]
    for number, (street, _, _, communities) in enumerate(plan.STREETS, start=1):
        street_code = f"{plan.DISTRICT_CODE}{number:03d}"
        for place, community in enumerate(communities, start=1):
            prefix = plan.COMMUNITIES_WITH_AN_OLD_CODE.get(community)
            code = f"{prefix}{place + 20:03d}" if prefix else f"{street_code}{place:03d}"
            cells = [i for i, grid in enumerate(district.grids) if grid.community == community]
            for order, index in enumerate(cells, start=1):
                grid = district.grids[index]
                levels[3].append(
                    _feature(
                        3, f"{code}{order:03d}", grid.name, code, grid.households, [shapes[index]], grid.kind
                    )
                )
            _add_union(levels, 2, code, community, street_code, cells, district, shapes)
        cells = [i for i, grid in enumerate(district.grids) if grid.street == number - 1]
        _add_union(levels, 1, street_code, street, plan.DISTRICT_CODE, cells, district, shapes)
    everything = list(range(len(shapes)))
    _add_union(levels, 0, plan.DISTRICT_CODE, plan.DISTRICT_NAME, None, everything, district, shapes)
    return [feature for level in levels for feature in level]


def _add_union(
    levels: list[list[Feature]], level: int, code: str, name: str, parent: str | None, cells: list[int],
    district: District, shapes: list[MultiPolygon],
) -> None:  # fmt: skip
    households = sum(district.grids[i].households for i in cells)
    levels[level].append(_feature(level, code, name, parent, households, [shapes[i] for i in cells]))


def _feature(
    level: int, code: str, name: str, parent: str | None, households: int, parts: list[MultiPolygon],
    kind: str = "grid",
) -> Feature:  # fmt: skip
    properties: Feature = {
        "level": level,
        "code": code,
        "name": name,
        "parent": parent,
        "households": households,
    }
    if kind != "grid":
        properties["kind"] = kind
    shape = union([polygon for part in parts for polygon in part.geoms])
    single = shape.geoms[0] if len(shape.geoms) == 1 else shape
    return {"type": "Feature", "properties": properties, "geometry": geometry_json(single, 7)}


def write(path: Path, members: list[Feature]) -> None:
    """One feature a line: a difference between two versions can be read."""
    lines = ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in members)
    path.write_text(
        f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8", newline="\n"
    )


def main(folder: Path) -> None:
    """Writes both files under `folder`, the root of a checkout."""
    random = Random(plan.SEED)
    district = design(random)
    write(folder / "grids.geojson", features(district))
    (folder / "gis").mkdir(exist_ok=True)
    write(
        folder / "gis" / "basemap.geojson",
        draw(district.cuts, [grid.drawn for grid in district.grids], random),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent)
