"""Mends what was only drawn carelessly, and says what it changed; anything that would lose ground is left alone."""

from collections.abc import Sequence
from dataclasses import replace

import shapely
from shapely.geometry.base import BaseGeometry

from gis.areas import NOTE, Area, Finding, about
from gis.checks import SLIT_WIDTH_M, overlapping, real_parts, width
from gis.plane import Plane

# A mended shape must keep its size to this share; a bow-tie, for one, cannot be mended so.
LARGEST_CHANGE = 0.01


def repair(areas: Sequence[Area]) -> tuple[list[Area], list[Finding]]:
    """Areas after mending, and a note a change: invalid rings, thin overlaps (the lower code keeps the ground),
    thin edges outside the parent."""
    mended, notes = list(areas), []
    for index, area in enumerate(mended):
        if area.shape is not None and not area.shape.is_valid:
            shape = _made_valid(area.shape)
            if shape is not None:
                mended[index] = replace(area, shape=shape)
                notes.append(about(area, "repaired_shape", NOTE, "its ring was mended without loss", None))
    for step in (_overlaps, _edges):
        mended, more = step(mended)
        notes += more
    return mended, notes


def _made_valid(shape: BaseGeometry) -> BaseGeometry | None:
    """The valid shape, or None when it would cover another ground: loops that run the other way count against the
    area that the ring encloses, so a bow-tie's two halves never add up to it."""
    made = shapely.make_valid(shape, method="structure")
    kept = shapely.MultiPolygon([part for part in shapely.get_parts(made) if part.geom_type == "Polygon"])
    return kept if kept.area and abs(kept.area - shape.area) <= LARGEST_CHANGE * kept.area else None


def _sound(areas: Sequence[Area]) -> list[int]:
    return [
        i
        for i, area in enumerate(areas)
        if area.shape is not None and area.shape.is_valid and area.shape.area
    ]


def _overlaps(areas: list[Area]) -> tuple[list[Area], list[Finding]]:
    places, notes = _sound(areas), []
    if not places:
        return areas, []
    sound = [areas[i] for i in places]
    plane = Plane.round_about(sound)
    for one, other, part in overlapping(sound, plane.metres([area.shape for area in sound])):
        if max(width(piece) for piece in part.geoms) > SLIT_WIDTH_M:
            continue
        index = places[other]
        areas[index] = replace(areas[index], shape=_polygons(areas[index].shape, areas[places[one]].shape))
        sentence = "{size} m² were taken away that {other} keeps, near {lon} {lat}"
        notes.append(about(areas[index], "repaired_overlap", NOTE, sentence, plane.degrees(part),
                           size=f"{part.area:,.0f}", other=sound[one].code))  # fmt: skip
    return areas, notes


def _polygons(shape: BaseGeometry | None, without: BaseGeometry | None) -> BaseGeometry:
    rest = shapely.difference(shape, without)
    return shapely.MultiPolygon([part for part in shapely.get_parts(rest) if part.geom_type == "Polygon"])


def _edges(areas: list[Area]) -> tuple[list[Area], list[Finding]]:
    places, notes = _sound(areas), []
    if not places:
        return areas, []
    plane = Plane.round_about([areas[i] for i in places])
    parents = {(areas[i].level, areas[i].code): i for i in places}
    for index in sorted(places, key=lambda i: areas[i].level):
        area = areas[index]
        above = parents.get((area.level - 1, area.parent or ""))
        if above is None:
            continue
        child, around = plane.metres([area.shape, areas[above].shape])
        part = real_parts(child.difference(around))
        if part.is_empty or max(width(piece) for piece in part.geoms) > SLIT_WIDTH_M:
            continue
        inside = shapely.intersection(area.shape, areas[above].shape)
        pieces = [piece for piece in shapely.get_parts(inside) if piece.geom_type == "Polygon"]
        areas[index] = replace(area, shape=shapely.MultiPolygon(pieces))
        sentence = "{size} m² outside its parent {parent} were cut off, near {lon} {lat}"
        notes.append(about(area, "repaired_edge", NOTE, sentence, plane.degrees(part), size=f"{part.area:,.0f}",
                           parent=area.parent or ""))  # fmt: skip
    return areas, notes
