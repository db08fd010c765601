"""Areas of a tree against each other: overlaps between neighbours, children outside their parents, ground of nobody.

Lengths are metres on a plane round the middle of the file. Thin overlaps and gaps come from drawing by hand: they are
warnings while a person could step over them, faults beyond.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.areas import FAULT, WARNING, Area, Finding, about
from gis.edges import loose, seamless
from gis.plane import Plane

# Below this width and size a difference is rounding, not drawing.
NOISE_WIDTH_M, NOISE_AREA_M2 = 0.05, 1.0
# Up to this width two neighbours were drawn carelessly; beyond it somebody means something else.
SLIT_WIDTH_M = 5.0
# An area that was drawn badly all round has hundreds of gaps; the largest tell what is wrong.
MOST_GAPS = 20
Shapes = dict[int, Any]  # id(area) → its shape in metres


def against_each_other(
    areas: Sequence[Area], sound: Sequence[Area], broken: set[int | None]
) -> list[Finding]:
    """All findings about `sound` ones among `areas`; no gaps are told of below levels where codes or parents are
    `broken` anyway."""
    plane = Plane.round_about(sound)
    metres = plane.metres([area.shape for area in sound])
    shapes = dict(zip(map(id, sound), metres, strict=True))
    overlaps = _overlaps(sound, metres, plane)
    overlapped = {found.level for found in overlaps}
    return overlaps + _tree(areas, sound, shapes, plane, broken, overlapped)


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
        # Only an area with an edge that does not fit its neighbours can overlap one; where one does, all are looked at.
        doubtful = loose(shapes[members])
        pairs = _shared(areas, shapes, members, doubtful)
        found += _shared(areas, shapes, members, np.ones_like(doubtful)) if pairs else []
    return found


def _shared(
    areas: Sequence[Area], shapes: Any, members: Any, asked: Any
) -> list[tuple[int, int, shapely.MultiPolygon]]:
    """What `asked` ones among the members of a level share with any of them."""
    if not asked.any():
        return []
    left, right = shapely.STRtree(shapes[members]).query(shapes[members[asked]], predicate="intersects")
    pairs = np.sort(np.column_stack([members[asked][left], members[right]]), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    parts = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    found = []
    for (one, other), part in zip(pairs.tolist(), parts, strict=True):
        if part.area > NOISE_AREA_M2 and not (real := real_parts(part)).is_empty:
            low, high = sorted((one, other), key=lambda index: areas[index].code)
            found.append((low, high, real))
    return found


def _overlaps(areas: Sequence[Area], shapes: Any, plane: Plane) -> list[Finding]:
    findings = []
    for one, other, part in overlapping(areas, shapes):
        wide = _widest(part)
        sentence = "it and {other} overlap by {size} m² ({width} m wide) near {lon} {lat}"
        findings.append(about(areas[one], "overlap", FAULT if wide > SLIT_WIDTH_M else WARNING, sentence,
                              plane.degrees(part), plane.back(part), other=areas[other].code,
                              size=f"{part.area:,.0f}", width=f"{wide:.1f}"))  # fmt: skip
    return findings


def _tree(
    areas: Sequence[Area], sound: Sequence[Area], shapes: Shapes, plane: Plane, broken: set[int | None],
    overlapped: set[int | None],
) -> list[Finding]:  # fmt: skip
    """Every parent against what is below it."""
    root = next((area.code for area in areas if area.level == 0), None)
    children: dict[tuple[int, str | None], list[Area]] = defaultdict(list)
    for area in areas:
        children[(area.level - 1, root if area.level == 1 else area.parent)].append(area)
    deepest = max(area.level for area in areas)
    findings = []
    for parent in sound:
        below = children.get((parent.level, parent.code), [])
        if not below and parent.level < deepest and parent.level + 1 not in broken:
            place = plane.degrees(shapes[id(parent)])
            findings.append(
                about(parent, "no_children", WARNING, "it has no areas below it, near {lon} {lat}", place)
            )
        usable = [child for child in below if id(child) in shapes]
        inside, outside = _outside(parent, usable, shapes, plane)
        findings += outside
        told = below and len(usable) == len(below) and parent.level + 1 not in broken
        # Children that lie in it, do not overlap, and are as large as it is together leave no gap.
        rest = shapes[id(parent)].area - sum(shapes[id(child)].area for child in usable)
        if told and not (inside and parent.level + 1 not in overlapped and rest < NOISE_AREA_M2 / 10):
            findings += _gaps(parent, usable, shapes, plane)
    if root is None:
        findings += _holes([area for area in sound if area.level == 1], shapes, plane)
    return findings


def _outside(parent: Area, below: list[Area], shapes: Shapes, plane: Plane) -> tuple[bool, list[Finding]]:
    """(whether all lie in the parent to the last digit, findings about those that do not by more than rounding)."""
    findings, inside = [], True
    around = shapes[id(parent)]
    shapely.prepare(around)
    for child in below:
        shape = shapes[id(child)]
        if around.covers(shape):
            continue
        inside = False
        part = real_parts(shape.difference(around))
        if part.is_empty:
            continue
        wide = _widest(part)
        sentence = "{size} m² of it ({width} m wide) lie outside its parent {parent}, near {lon} {lat}"
        if part.area > shape.area / 2:
            sentence = "it lies outside its parent {parent}, {away} m away, near {lon} {lat}"
        findings.append(about(child, "outside_parent", FAULT if wide > SLIT_WIDTH_M else WARNING, sentence,
                              plane.degrees(part), plane.back(part), parent=parent.code,
                              size=f"{part.area:,.0f}", width=f"{wide:.1f}",
                              away=f"{shape.distance(around):,.0f}"))  # fmt: skip
    shapely.destroy_prepared(around)
    return inside, findings


def _gaps(parent: Area, below: list[Area], shapes: Shapes, plane: Plane) -> list[Finding]:
    """Every piece of a parent that belongs to no child, the largest first."""
    gap = real_parts(shapes[id(parent)].difference(_together([shapes[id(child)] for child in below])))
    pieces = sorted(gap.geoms, key=lambda piece: -piece.area)
    sentence = "{size} m² of it ({width} m wide) belong to no level {below} area, near {lon} {lat}"
    findings = [
        about(parent, "gap", WARNING, sentence, plane.degrees(piece), plane.back(piece), size=f"{piece.area:,.0f}",
              width=f"{width(piece):.1f}", below=below[0].level)
        for piece in pieces[:MOST_GAPS]
    ]  # fmt: skip
    rest = pieces[MOST_GAPS:]
    if rest:
        sentence = "{count} more pieces of it, {size} m² in all, belong to no level {below} area"
        findings.append(about(parent, "gap", WARNING, sentence, plane.degrees(rest[0]), count=len(rest),
                              size=f"{sum(piece.area for piece in rest):,.0f}", below=below[0].level))  # fmt: skip
    return findings


def _together(shapes: list[Any]) -> BaseGeometry:
    """Their union; the fast one where they fit each other."""
    if seamless(np.asarray(shapes, dtype=object)):
        return shapely.coverage_union_all(shapes)
    return shapely.union_all(shapes)


def _holes(streets: list[Area], shapes: Shapes, plane: Plane) -> list[Finding]:
    """Without a district's own outline, a gap at level 1 shows as a hole in the union."""
    whole = _together([shapes[id(area)] for area in streets])
    rings = [shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors]
    findings = []
    for hole in [ring for ring in rings if not real_parts(ring).is_empty]:
        lon, lat = plane.degrees(hole)
        sentence = "{size} m² ({width} m wide) inside the outline belong to no level 1 area, near {lon} {lat}"
        params = {
            "size": f"{hole.area:,.0f}",
            "width": f"{width(hole):.1f}",
            "lon": round(lon, 5),
            "lat": round(lat, 5),
        }
        findings.append(Finding("gap", WARNING, sentence, params, None, "", "", round(lon, 5), round(lat, 5),
                                plane.back(hole)))  # fmt: skip
    return findings
