"""What a load would do, without doing it: the tree as it would be stored, what is wrong with it, and what it changes.

`prepare` is the whole decision; `gis.load` only writes it, and a preview shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import shapely

from gis.areas import FAULT, Area, Boundaries, Finding, faults
from gis.checks import check
from gis.compare import Comparison, compare
from gis.repair import repair
from gis.topology import for_tablets, seam
from server.db import Connection, queries
from server.errors import BadInput

SQL = queries(__file__)

DEFAULT_TIMEZONE = "Asia/Shanghai"
# A district does not move: new boundaries further away than this from the stored ones are somebody else's.
FARTHEST_MOVE_DEG = 1.0


@dataclass(frozen=True)
class Wanted:
    """What the person asked for; None means: as it is, or as the file says."""

    district: str | None = None
    name: str | None = None
    timezone: str | None = None
    valid_from: date | None = None
    mend: bool = False
    crs: str | None = None


@dataclass(frozen=True)
class Stored:
    """What the database knows of one district: its row or None, the areas of the version in force, and every code that
    it ever had with its level."""

    district: str
    row: dict[str, Any] | None = None
    areas: list[Area] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)


@dataclass
class Prepared:
    """A load before it is written. `areas` is the whole tree as it would be stored, empty when a fault forbids it;
    `simple` are their shapes for tablets, and how far (metres) the borders of those lie from the exact ones.

    `unchanged`: this very file (`source` is its name and SHA-256) is what is in force.
    """

    stored: Stored
    source: tuple[str, str]
    findings: list[Finding] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    simple: tuple[list[Any], float] = field(default_factory=lambda: ([], 0.0))
    comparison: Comparison = field(default_factory=Comparison)
    unchanged: bool = False

    @property
    def refused(self) -> bool:
        """Whether a fault forbids the load."""
        return bool(faults(self.findings))


class WrongUseError(BadInput):
    """The options do not fit the file or the database."""

    code = "wrong_use"


def prepare(conn: Connection, boundaries: Boundaries, wanted: Wanted, now: datetime) -> Prepared:
    """Reads what is stored and decides; writes nothing. Faults are returned, not raised.

    Raises WrongUseError when the district cannot be told.
    """
    codes = [row["code"] for row in SQL.districts(conn)]
    return decide(boundaries, wanted, stored(conn, _district_code(boundaries.areas, wanted, codes)), now)


def stored(conn: Connection, code: str) -> Stored:
    """What the database knows of the district with this code; nothing of one that is new."""
    row = next((dict(row) for row in SQL.districts(conn) if row["code"] == code), None)
    if row is None:
        return Stored(code)
    areas = stored_areas(conn, row["current_version"]) if row["current_version"] else []
    return Stored(
        code, row, areas, {one["code"]: one["level"] for one in SQL.nodes_of(conn, district=row["id"])}
    )


def decide(boundaries: Boundaries, wanted: Wanted, known: Stored, now: datetime) -> Prepared:
    """The decision by itself, without a database. Raises WrongUseError for a file of another district."""
    code, before, old = _district_code(boundaries.areas, wanted, [known.district]), known.row, known.areas
    made = Prepared(known, (boundaries.source_name, boundaries.sha256), boundaries.findings)
    if (
        before
        and before["source_sha256"] == boundaries.sha256
        and options(wanted) == before["report"].get("options")
    ):
        made.unchanged = True
        return made
    areas, notes = repair(boundaries.areas) if wanted.mend else (list(boundaries.areas), [])
    areas = _with_stored_levels(areas, old)
    said = boundaries.findings + notes + _far_away(areas, old) + _timeless(wanted, now)
    said += _other_codes(areas, known.codes)
    found = check(areas)
    made.findings = said + found
    if made.refused:
        return made
    areas = _with_district(areas, code, wanted.name or (before["name"] if before else code))
    areas, moved = seam(areas, close_gaps=wanted.mend)
    # What was found holds still where nothing moved.
    made.findings = said + moved + (check(areas) if moved else found)
    if not faults(moved):
        made.areas, made.comparison, made.simple = areas, compare(old, areas), for_tablets(areas)
    return made


def options(wanted: Wanted) -> dict[str, Any]:
    """What of the options is kept with the version: the same file with others is another load."""
    return {"repair": wanted.mend, "crs": wanted.crs, "name": wanted.name}


def _district_code(areas: Sequence[Area], wanted: Wanted, stored: list[str]) -> str:
    in_file = next((area.code for area in areas if area.level == 0), None)
    if in_file and wanted.district and in_file != wanted.district:
        raise WrongUseError(
            "The file is of district {file}, not of {asked}.", file=in_file, asked=wanted.district
        )
    code = wanted.district or in_file or (stored[0] if len(stored) == 1 else None)
    if code is None:
        raise WrongUseError("The file has no district of its own (level 0); name it with --district.")
    return code


def stored_areas(conn: Connection, version: int) -> list[Area]:
    """All areas of one boundary version, in the order of the tree."""
    return [
        Area(row["level"], row["code"], row["name"], row["parent"], shapely.from_wkb(bytes(row["shape"])),
             row["households"], row["kind"])
        for row in SQL.stored_grids(conn, version=version)
    ]  # fmt: skip


def _with_stored_levels(areas: list[Area], old: Sequence[Area]) -> list[Area]:
    """A file may leave out a level that is stored already: its grids then hang below the stored areas."""
    present = {area.level for area in areas}
    missing = {level for level in (1, 2) if level not in present and any(above > level for above in present)}
    return areas + [area for area in old if area.level in missing]


def _far_away(areas: Sequence[Area], old: Sequence[Area]) -> list[Finding]:
    shapes, stored = [area.shape for area in areas if area.shape is not None], [area.shape for area in old]
    if not shapes or not stored:
        return []
    new_box, old_box = shapely.box(*shapely.total_bounds(shapes)), shapely.box(*shapely.total_bounds(stored))
    if new_box.distance(old_box) <= FARTHEST_MOVE_DEG:
        return []
    lon, lat = round(new_box.centroid.x, 5), round(new_box.centroid.y, 5)
    sentence = (
        "The areas lie at {lon} {lat}, but this district is stored at {old_lon} {old_lat};"
        " check the coordinate system and the order of longitude and latitude"
    )
    params = {
        "lon": lon,
        "lat": lat,
        "old_lon": round(old_box.centroid.x, 5),
        "old_lat": round(old_box.centroid.y, 5),
    }
    return [Finding("far_away", FAULT, sentence, params, lon=lon, lat=lat)]


def _timeless(wanted: Wanted, now: datetime) -> list[Finding]:
    findings = []
    try:
        zone = ZoneInfo(wanted.timezone or DEFAULT_TIMEZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return [Finding("no_timezone", FAULT, "There is no time zone {name}.", {"name": wanted.timezone})]
    if wanted.valid_from and wanted.valid_from > now.astimezone(zone).date():
        sentence = "Boundaries take effect when they are loaded; {date} has not come yet"
        findings.append(Finding("in_future", FAULT, sentence, {"date": wanted.valid_from.isoformat()}))
    return findings


def _other_codes(areas: Sequence[Area], levels: dict[str, int]) -> list[Finding]:
    """Codes that mean something else in earlier boundaries: another level, or the same area before its zeros went."""
    bare = {code.lstrip("0"): code for code in levels if code.startswith("0")}
    findings = []
    for area in areas:
        if levels.get(area.code, area.level) != area.level:
            findings.append(Finding("other_level", FAULT, "its code belongs to level {stored} in earlier boundaries",
                                    {"stored": levels[area.code]}, area.level, area.code, area.name))  # fmt: skip
        elif area.code not in levels and area.code in bare:
            sentence = "it looks like the stored {stored} without its leading zeros"
            findings.append(Finding("lost_zeros", FAULT, sentence, {"stored": bare[area.code]}, area.level, area.code,
                                    area.name))  # fmt: skip
    return findings


def _with_district(areas: list[Area], code: str, name: str) -> list[Area]:
    """The tree with its root, and every street below it; a file without level 0 gets the union of its streets."""
    if not any(area.level == 0 for area in areas):
        streets = [area.shape for area in areas if area.level == 1]
        areas = [Area(0, code, name, None, shapely.unary_union(streets)), *areas]
    return [
        Area(1, area.code, area.name, code, area.shape, area.households, area.kind)
        if area.level == 1
        else area
        for area in areas
    ]
