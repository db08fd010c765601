"""Finds what is wrong with a set of areas; pure, without files or database.

Lengths are metres on a plane round the file's middle. A fault forbids loading; a warning
is shown and loaded. Thin overlaps and gaps come from drawing by hand: they are warnings while a person could
step over them, faults beyond.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.areas import FAULT, WARNING, Area, Finding, about
from gis.plane import Plane

# Below this width and size a difference is rounding, not drawing.
NOISE_WIDTH_M, NOISE_AREA_M2 = 0.05, 1.0
# Up to this width two neighbours were drawn carelessly; beyond it somebody means something else.
SLIT_WIDTH_M = 5.0
FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS = 300, 500
# Nobody is governed in grids nearer to a pole; a file there has its axes swapped.
SOUTHERNMOST, NORTHERNMOST = -60.0, 72.0
Shapes = dict[int, Any]  # id(area) → its shape in metres
_AT = re.compile(r"^(.*?)\s*\[(\S+) (\S+?)\]")


def check(areas: Sequence[Area]) -> list[Finding]:
    """Everything wrong with the areas as one tree of one district, in the order of the tree."""
    findings = _places(areas)
    if findings:
        return findings + _codes(areas) + _parents(areas)
    findings = _codes(areas) + _parents(areas) + _shapes(areas) + _households(areas)
    sound = [area for area in areas if area.shape is not None and area.shape.is_valid and area.shape.area > 0]
    if not sound:
        return findings
    plane = Plane.round_about(sound)
    broken = {
        found.level
        for found in findings
        if found.code in ("duplicate_code", "missing_parent", "orphan_level")
    }
    findings += _overlaps(sound, plane) + _tree(areas, sound, plane, broken)
    return sorted(findings, key=lambda found: (found.level if found.level is not None else -1, found.feature))


# Places ---------------------------------------------------------------------------------------------------


def _places(areas: Sequence[Area]) -> list[Finding]:
    """Coordinates that are no degrees, or degrees with latitude first."""
    findings: list[Finding] = []
    swapped: list[Area] = []
    for area in areas:
        if area.shape is None:
            continue
        west, south, east, north = area.shape.bounds
        x, y = shapely.get_coordinates(area.shape)[0]
        if west >= -180 and east <= 180 and south >= -90 and north <= 90:
            if (north < SOUTHERNMOST or south > NORTHERNMOST) and abs(x) <= NORTHERNMOST:
                swapped.append(area)
        elif south >= -180 and north <= 180 and west >= -90 and east <= 90:
            swapped.append(area)
        else:
            sentence = "x {x}, y {y} are not degrees; state the coordinate system with --crs"
            findings.append(Finding("not_degrees", FAULT, sentence, {"x": f"{x:.0f}", "y": f"{y:.0f}"},
                                    area.level, area.code, area.name))  # fmt: skip
    for area in swapped:
        sentence = "lies at lon {lon}, lat {lat}; longitude and latitude look swapped"
        findings.append(about(area, "swapped", FAULT, sentence, _corner(area)))
    return findings


def _corner(area: Area) -> tuple[float, float]:
    x, y = shapely.get_coordinates(area.shape)[0]
    return float(x), float(y)


# Codes and parents ----------------------------------------------------------------------------------------


def _codes(areas: Sequence[Area]) -> list[Finding]:
    by_code: dict[str, list[Area]] = defaultdict(list)
    for area in areas:
        by_code[area.code].append(area)
    findings = []
    for code, same in by_code.items():
        if len(same) > 1:
            places = ", ".join(f"{p[0]:.5f} {p[1]:.5f}" for p in (_middle(area) for area in same) if p) or "–"
            levels = sorted({area.level for area in same})
            sentence = "code {code} occurs {times} times, at {places}"
            if len(levels) > 1:
                sentence = "code {code} is used at levels {levels}; codes are unique within a district"
            findings.append(about(same[0], "duplicate_code", FAULT, sentence, _middle(same[0]), code=code,
                                  times=len(same), places=places, levels=", ".join(map(str, levels))))  # fmt: skip
    roots = [area for area in areas if area.level == 0]
    for area in roots[1:]:
        findings.append(about(area, "second_district", FAULT, "a file holds one district, this is the second one",
                              _middle(area)))  # fmt: skip
    return findings


def _parents(areas: Sequence[Area]) -> list[Finding]:
    codes: dict[int, set[str]] = defaultdict(set)
    for area in areas:
        codes[area.level].add(area.code)
    findings = []
    for level in sorted(codes):
        above = codes.get(level - 1, set())
        members = [area for area in areas if area.level == level]
        if level >= 2 and not above:
            named = sorted({area.parent for area in members if area.parent})
            sentence = (
                "{count} level {level} areas name level {above} parents ({parents}),"
                " but the file has no level {above}"
            )
            params: dict[str, Any] = {"count": len(members), "level": level, "above": level - 1,
                                      "parents": ", ".join(named[:8]) + (", …" if len(named) > 8 else "")}  # fmt: skip
            first = members[0]
            findings.append(Finding("orphan_level", FAULT, sentence, params, level, first.code, first.name,
                                    *(_middle(first) or (None, None))))  # fmt: skip
            continue
        for area in members:
            needs = level >= 2 or (level == 1 and above and area.parent is not None)
            if needs and area.parent not in above:
                sentence = "parent {parent} is not among the level {above} areas, near {lon} {lat}"
                findings.append(about(area, "missing_parent", FAULT, sentence, _middle(area),
                                      parent=area.parent or "–", above=level - 1))  # fmt: skip
    if 3 not in codes:
        findings.append(
            Finding("no_grids", FAULT, "The file has no level 3 area; cases are routed to those.", {})
        )
    return findings


def _middle(area: Area) -> tuple[float, float] | None:
    if area.shape is None or area.shape.is_empty:
        return None
    point = area.shape.representative_point() if area.shape.is_valid else area.shape.envelope.centroid
    return round(point.x, 5), round(point.y, 5)


# Single shapes --------------------------------------------------------------------------------------------


def _shapes(areas: Sequence[Area]) -> list[Finding]:
    findings = []
    for area in areas:
        if area.shape is None:
            continue
        if not area.shape.is_valid:
            findings.append(_invalid(area))
        elif area.shape.area == 0:
            findings.append(
                about(area, "no_area", FAULT, "the shape has no area, near {lon} {lat}", _corner(area))
            )
    return findings


def _invalid(area: Area) -> Finding:
    reason = str(shapely.is_valid_reason(area.shape))
    match = _AT.match(reason)
    what, place = (str(match[1]), (float(match[2]), float(match[3]))) if match else (reason, _middle(area))
    sentences = {
        "Self-intersection": "the ring crosses itself at {lon} {lat}",
        "Ring Self-intersection": "the ring touches itself at {lon} {lat}",
        "Hole lies outside shell": "a hole lies outside its area at {lon} {lat}",
        "Duplicate Rings": "a ring occurs twice at {lon} {lat}",
    }
    sentence = sentences.get(what, "the shape is not valid at {lon} {lat} ({reason})")
    return about(area, "invalid_shape", FAULT, sentence, place, reason=what)


def _households(areas: Sequence[Area]) -> list[Finding]:
    findings = []
    for area in areas:
        count = area.households
        if area.level != 3 or area.kind != "grid" or count is None:
            continue
        if not FEWEST_HOUSEHOLDS <= count <= MOST_HOUSEHOLDS:
            sentence = "{count} households; a grid should have {fewest} to {most}"
            findings.append(about(area, "households", WARNING, sentence, _middle(area), count=count,
                                  fewest=FEWEST_HOUSEHOLDS, most=MOST_HOUSEHOLDS))  # fmt: skip
    return findings


# Areas against each other ---------------------------------------------------------------------------------


def real_parts(shape: BaseGeometry) -> shapely.MultiPolygon:
    """The polygons of a difference or intersection that are more than rounding."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(
        [part for part in parts if part.area > NOISE_AREA_M2 and width(part) > NOISE_WIDTH_M]
    )


def width(shape: BaseGeometry) -> float:
    """How wide a thin shape is, metres: twice its area over its outline."""
    return float(2 * shape.area / shape.length) if shape.length else 0.0


def _widest(shape: shapely.MultiPolygon) -> float:
    return max(width(part) for part in shape.geoms)


def overlapping(areas: Sequence[Area], shapes: Any) -> list[tuple[int, int, shapely.MultiPolygon]]:
    """Pairs of one level that share more than rounding: (index, index, shared part in metres), lower code first."""
    found = []
    levels = np.array([area.level for area in areas])
    for level in np.unique(levels):
        members = np.flatnonzero(levels == level)
        tree = shapely.STRtree(shapes[members])
        left, right = tree.query(shapes[members], predicate="intersects")
        pairs = members[np.column_stack([left, right])[left < right]]
        shared = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
        for (one, other), part in zip(pairs.tolist(), shared, strict=True):
            if part.area > NOISE_AREA_M2 and not (real := real_parts(part)).is_empty:
                low, high = sorted((one, other), key=lambda index: areas[index].code)
                found.append((low, high, real))
    return found


def _overlaps(areas: Sequence[Area], plane: Plane) -> list[Finding]:
    findings = []
    for one, other, part in overlapping(areas, plane.metres([area.shape for area in areas])):
        wide = _widest(part)
        sentence = "it and {other} overlap by {size} m² ({width} m wide) near {lon} {lat}"
        findings.append(about(areas[one], "overlap", FAULT if wide > SLIT_WIDTH_M else WARNING, sentence,
                              plane.degrees(part), other=areas[other].code, size=f"{part.area:,.0f}",
                              width=f"{wide:.1f}"))  # fmt: skip
    return findings


def _tree(
    areas: Sequence[Area], sound: Sequence[Area], plane: Plane, broken: set[int | None]
) -> list[Finding]:
    """Every parent against what is below it; no gaps are told of where codes or parents are `broken` anyway."""
    shapes = dict(zip(map(id, sound), plane.metres([area.shape for area in sound]), strict=True))
    root = next((area.code for area in areas if area.level == 0), None)
    children: dict[tuple[int, str | None], list[Area]] = defaultdict(list)
    for area in areas:
        children[(area.level - 1, root if area.level == 1 else area.parent)].append(area)
    deepest = max(area.level for area in areas)
    findings = []
    for parent in sound:
        below = children.get((parent.level, parent.code), [])
        if not below and parent.level < deepest and parent.level + 1 not in broken:
            findings.append(about(parent, "no_children", WARNING, "it has no areas below it, near {lon} {lat}",
                                  _middle(parent)))  # fmt: skip
        usable = [child for child in below if id(child) in shapes]
        findings += _outside(parent, usable, shapes, plane)
        if below and len(usable) == len(below) and parent.level + 1 not in broken:
            findings += _gaps(parent, usable, shapes, plane)
    if root is None:
        findings += _holes([area for area in sound if area.level == 1], shapes, plane)
    return findings


def _outside(parent: Area, below: list[Area], shapes: Shapes, plane: Plane) -> list[Finding]:
    findings = []
    for child in below:
        shape, around = shapes[id(child)], shapes[id(parent)]
        part = real_parts(shape.difference(around))
        if part.is_empty:
            continue
        wide = _widest(part)
        sentence = "{size} m² of it ({width} m wide) lie outside its parent {parent}, near {lon} {lat}"
        if part.area > shape.area / 2:
            sentence = "it lies outside its parent {parent}, {away} m away, near {lon} {lat}"
        findings.append(about(child, "outside_parent", FAULT if wide > SLIT_WIDTH_M else WARNING, sentence,
                              plane.degrees(part), parent=parent.code, size=f"{part.area:,.0f}", width=f"{wide:.1f}",
                              away=f"{shape.distance(around):,.0f}"))  # fmt: skip
    return findings


def _gaps(parent: Area, below: list[Area], shapes: Shapes, plane: Plane) -> list[Finding]:
    covered = shapely.unary_union([shapes[id(child)] for child in below])
    gap = real_parts(shapes[id(parent)].difference(covered))
    if gap.is_empty:
        return []
    sentence = "{size} m² of it ({width} m wide) belong to no level {below} area, near {lon} {lat}"
    return [about(parent, "gap", WARNING, sentence, plane.degrees(gap), size=f"{gap.area:,.0f}",
                  width=f"{_widest(gap):.1f}", below=below[0].level)]  # fmt: skip


def _holes(streets: list[Area], shapes: Shapes, plane: Plane) -> list[Finding]:
    """Without a district's own outline, a gap at level 1 shows as a hole in the union."""
    whole = shapely.unary_union([shapes[id(area)] for area in streets])
    rings = [shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors]
    findings = []
    for hole in [ring for ring in rings if not real_parts(ring).is_empty]:
        lon, lat = plane.degrees(hole)
        sentence = "{size} m² inside the outline belong to no level 1 area, near {lon} {lat}"
        params = {"size": f"{hole.area:,.0f}", "lon": round(lon, 5), "lat": round(lat, 5)}
        findings.append(Finding("gap", WARNING, sentence, params, None, "", "", round(lon, 5), round(lat, 5)))
    return findings
