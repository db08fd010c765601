"""Mends what was only drawn carelessly, and says what it changed by how many m²; what would lose ground is left alone.

This is about single shapes; thin gaps and overlaps between them are mended where borders are made to meet
(`gis.topology`).
"""

from collections.abc import Sequence
from dataclasses import replace

import shapely
from shapely.geometry.base import BaseGeometry

from gis.areas import NOTE, Area, Finding, about
from gis.plane import Plane
from gis.spikes import without_spikes

# A mended shape must keep its size to this share; a bow-tie, for one, cannot be mended so.
LARGEST_CHANGE = 0.01


def repair(areas: Sequence[Area]) -> tuple[list[Area], list[Finding]]:
    """Areas after mending, and a note a change: rings that cross themselves without enclosing other ground, spikes."""
    mended, notes = list(areas), []
    for index, area in enumerate(mended):
        if area.shape is None or area.shape.is_valid:
            continue
        shape = _made_valid(area.shape)
        if shape is not None:
            mended[index] = replace(area, shape=shape)
            notes.append(_told(mended[index], area.shape, shape))
    mended, more = without_spikes(mended)
    return mended, notes + more


def _told(area: Area, before: BaseGeometry, after: BaseGeometry) -> Finding:
    east, north = Plane.round_about([area]).scale
    sentence = "its ring was mended: {size} m² changed of {whole} m², near {lon} {lat}"
    point = after.representative_point()
    changed, whole = abs(after.area - before.area) * east * north, after.area * east * north
    return about(area, "repaired_shape", NOTE, sentence, (point.x, point.y), size=f"{changed:,.1f}",
                 whole=f"{whole:,.0f}")  # fmt: skip


def _made_valid(shape: BaseGeometry) -> BaseGeometry | None:
    """The valid shape, or None when it would cover another ground: loops that run the other way count against the
    area that the ring encloses, so a bow-tie's two halves never add up to it."""
    made = shapely.make_valid(shape, method="structure")
    kept = shapely.MultiPolygon([part for part in shapely.get_parts(made) if part.geom_type == "Polygon"])
    return kept if kept.area and abs(kept.area - shape.area) <= LARGEST_CHANGE * kept.area else None
