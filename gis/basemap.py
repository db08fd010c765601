"""Draws the demo district's light basemap: river, green, roads, building blocks, labels, from the same seed.

Features have `kind` water | green | road | building | label; roads also `class` primary | secondary | lane.
"""

from random import Random

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from gis import district_plan as plan
from gis.drawing import Feature, geometry_json, smooth
from gis.subdivision import Cut

RIVER_WIDTH_M, CANAL_WIDTH_M = 165.0, 42.0
ROAD_CLEARANCE_M = {"primary": 22.0, "secondary": 15.0, "lane": 8.0}
# Shares of borders between grids that also are a lane: many borders run through blocks and yards.
LANE_SHARE = 0.62
_DECIMALS = 6


def draw(cuts: list[Cut], grids: list[Polygon], random: Random) -> list[Feature]:
    """All features of the basemap, from below to above; `cuts` and `grids` in metres."""
    river = _curve(plan.RIVER).buffer(RIVER_WIDTH_M / 2)
    canal = _curve(plan.CANAL).buffer(CANAL_WIDTH_M / 2)
    lake = _pond(plan.LAKE)
    water = shapely.unary_union([river, canal, lake])
    parks = {name: _pond(places).difference(water) for name, places in plan.PARKS.items()}
    roads = _roads(cuts, water, random)
    features = [_feature(shape, kind="green", name=name) for name, shape in parks.items()]
    features += [
        _feature(river, kind="water", name="兰江"),
        _feature(canal.difference(river), kind="water", name="鼓楼运河"),
        _feature(lake, kind="water", name="兰渚湖"),
    ]
    features += _buildings(grids, [water, *parks.values()], roads, random)
    features += [_feature(line, kind="road", **{"class": rank}, name=name) for rank, name, line in roads]
    return features + _labels(parks)


def _curve(places: list[plan.Place]) -> LineString:
    return LineString(smooth(plan.to_metres(places)))


def _pond(places: list[plan.Place]) -> Polygon:
    return Polygon(smooth(plan.to_metres(places), closed=True))


def _roads(cuts: list[Cut], water: BaseGeometry, random: Random) -> list[tuple[str, str, BaseGeometry]]:
    roads: list[tuple[str, str, BaseGeometry]] = []
    river = _curve(plan.RIVER)
    for side, name in ((1, "江滨路"), (-1, "江滨南路")):
        bank = river.offset_curve(side * (RIVER_WIDTH_M / 2 + 38)).simplify(3)
        roads.append(("secondary", name, bank))
    for rank, name, places in plan.MAIN_ROADS:
        roads.append((rank, name, _curve(places).simplify(1.5)))
    for index, cut in enumerate(cuts):
        if random.random() > LANE_SHARE:
            continue
        for part in shapely.get_parts(cut.straight.difference(water.buffer(20))):
            if part.length > 90:
                roads.append(("lane", plan.LANE_NAMES[index % len(plan.LANE_NAMES)], part))
    return roads


def _buildings(
    grids: list[Polygon], open_land: list[BaseGeometry], roads: list[tuple[str, str, BaseGeometry]],
    random: Random,
) -> list[Feature]:  # fmt: skip
    kept_free = [shape.buffer(12) for shape in open_land]
    kept_free += [line.buffer(ROAD_CLEARANCE_M[rank], cap_style="flat") for rank, _, line in roads]
    tree = shapely.STRtree(kept_free)
    features = []
    for grid in grids:
        near = [kept_free[int(i)] for i in tree.query(grid, predicate="intersects")]
        free = grid.buffer(-9).difference(shapely.unary_union(near))
        blocks = _rows(grid, free, random)
        if blocks:
            features.append(_feature(MultiPolygon(blocks), kind="building"))
    return features


def _rows(grid: Polygon, free: BaseGeometry, random: Random) -> list[Polygon]:
    """Rows of blocks facing south, turned a little with the grid, where the ground is free."""
    turn = random.uniform(-7, 7)
    level = affinity.rotate(grid, -turn, origin=grid.centroid)
    west, south, east, north = level.bounds
    shapely.prepare(free)
    blocks, y = [], south + 6
    while y < north:
        depth, x = random.uniform(11, 16), west + random.uniform(4, 20)
        while x < east:
            length = random.choice((18.0, 28.0, 38.0, 52.0))
            block = affinity.rotate(box(x, y, x + length, y + depth), turn, origin=grid.centroid)
            if random.random() < 0.8 and free.contains(block):
                blocks.append(block)
            x += length + random.uniform(9, 17)
        y += depth + random.uniform(17, 27)
    return blocks


def _labels(parks: dict[str, BaseGeometry]) -> list[Feature]:
    places = {name: tuple(shape.representative_point().coords[0]) for name, shape in parks.items()}
    places |= {name: plan.to_metres([place])[0] for name, place in plan.PLACES}
    river = _curve(plan.RIVER)
    places["兰江"] = tuple(river.interpolate(0.3, normalized=True).coords[0])
    places["兰江 "] = tuple(river.interpolate(0.72, normalized=True).coords[0])
    places["兰渚湖"] = tuple(_pond(plan.LAKE).centroid.coords[0])
    return [_feature(Point(place), kind="label", name=name.strip()) for name, place in places.items()]


def _feature(shape: BaseGeometry, **properties: object) -> Feature:
    degrees = shapely.transform(shape, lambda places: np.array(plan.to_degrees(places.tolist(), _DECIMALS)))
    if isinstance(degrees, MultiLineString) and len(degrees.geoms) == 1:
        degrees = degrees.geoms[0]
    return {"type": "Feature", "properties": properties, "geometry": geometry_json(degrees, _DECIMALS)}
