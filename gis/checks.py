"""Finds what is wrong with a set of areas; pure, without files or database. A fault forbids loading; a warning is shown
and loaded."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import shapely

from gis.areas import FAULT, WARNING, Area, Finding, about
from gis.coverage import against_each_other
from gis.spikes import spikes

FEWEST_HOUSEHOLDS, MOST_HOUSEHOLDS = 300, 500
# Nobody is governed in grids nearer to a pole; a file there has its axes swapped.
SOUTHERNMOST, NORTHERNMOST = -60.0, 72.0
# Nobody is governed this near to a pole, nor in an area this wide (degrees): such a file crosses the 180th meridian.
POLAR, WIDEST_DEG = 85.0, 90.0
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
    broken = {
        found.level
        for found in findings
        if found.code in ("duplicate_code", "missing_parent", "orphan_level")
    }
    findings += spikes(sound) + against_each_other(areas, sound, broken)
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
            elif north > POLAR or south < -POLAR:
                findings.append(about(area, "polar", FAULT, "lies at a pole ({lon} {lat}); boundaries end at 85°",
                                      (x, y)))  # fmt: skip
            elif east - west > WIDEST_DEG:
                sentence = (
                    "is {degrees}° wide; an area cannot reach across the 180th meridian, near {lon} {lat}"
                )
                findings.append(
                    about(area, "antimeridian", FAULT, sentence, (x, y), degrees=f"{east - west:.0f}")
                )
        elif south >= -180 and north <= 180 and west >= -90 and east <= 90:
            swapped.append(area)
        else:
            sentence = "x {x}, y {y} are not degrees; state the coordinate system with --crs"
            findings.append(Finding("not_degrees", FAULT, sentence, {"x": f"{x:.0f}", "y": f"{y:.0f}"},
                                    area.level, area.code, area.name))  # fmt: skip
    placed = [area.shape for area in areas if area.shape is not None]
    if not findings and not swapped and placed:
        west, _, east, _ = shapely.total_bounds(placed)
        if east - west > WIDEST_DEG:
            sentence = "The areas lie {degrees}° apart; a district cannot reach across the 180th meridian"
            findings.append(Finding("antimeridian", FAULT, sentence, {"degrees": f"{east - west:.0f}"}))
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
