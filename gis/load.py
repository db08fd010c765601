"""Loads one district's boundaries as a new version: all or nothing, nodes keep their identity by code."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import shapely

from gis.areas import FAULT, Area, Boundaries, Finding, faults
from gis.checks import check
from gis.compare import Comparison, compare
from gis.repair import repair
from server.calendar import service as calendar
from server.db import Connection, connect, queries
from server.errors import BadInput

SQL = queries(__file__)

DEFAULT_TIMEZONE, DEFAULT_PACK = "Asia/Shanghai", "urban"
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


@dataclass
class Loaded:
    """What a load did. `version` is None when it was refused (faults) or nothing had changed."""

    district: str
    findings: list[Finding]
    version: int | None = None
    unchanged: bool = False
    counts: dict[int, int] = field(default_factory=dict)
    comparison: Comparison = field(default_factory=Comparison)

    @property
    def refused(self) -> bool:
        """Whether a fault forbade the load."""
        return bool(faults(self.findings))


class WrongUseError(BadInput):
    """The options do not fit the file or the database."""

    code = "wrong_use"


def load(conn: Connection, boundaries: Boundaries, wanted: Wanted, now: datetime) -> Loaded:
    """Writes a new current version in the caller's transaction, or nothing at all.

    Faults are returned, not raised. Raises WrongUseError when the district cannot be told.
    """
    SQL.lock_boundaries(conn)
    stored = {row["code"]: row for row in SQL.districts(conn)}
    code = _district_code(boundaries.areas, wanted, list(stored))
    before = stored.get(code)
    old = stored_areas(conn, before["current_version"]) if before and before["current_version"] else []
    if (
        before
        and before["source_sha256"] == boundaries.sha256
        and _options(wanted) == before["report"].get("options")
    ):
        return Loaded(code, boundaries.findings, unchanged=True, counts=_counts(old))
    areas, notes = repair(boundaries.areas) if wanted.mend else (list(boundaries.areas), [])
    areas = _with_stored_levels(areas, old)
    findings = boundaries.findings + notes + check(areas)
    loaded = Loaded(code, findings)
    findings += _far_away(areas, old) + _timeless(wanted, now)
    if before:
        findings += _other_levels(areas, list(SQL.nodes_of(conn, district=before["id"])))
    if loaded.refused:
        return loaded
    areas = _with_district(areas, code, wanted.name or (before["name"] if before else code))
    loaded.comparison, loaded.counts = compare(old, areas), _counts(areas)
    loaded.version = _write(conn, areas, before, loaded, boundaries, wanted, now)
    return loaded


def renew_statistics(dsn: str) -> None:
    """Tells the planner of the new boundaries at once: until then a look-up may read the whole table."""
    with closing(connect(dsn, application=False)) as owner:
        owner.autocommit = True
        with owner.cursor() as cursor:
            cursor.execute("analyze grids, grid_nodes")


def _options(wanted: Wanted) -> dict[str, Any]:
    return {"repair": wanted.mend, "crs": wanted.crs, "name": wanted.name}


def _counts(areas: Sequence[Area]) -> dict[int, int]:
    return dict(sorted(Counter(area.level for area in areas).items()))


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


def _other_levels(areas: Sequence[Area], stored: list[dict[str, Any]]) -> list[Finding]:
    levels = {row["code"]: row["level"] for row in stored}
    return [
        Finding("other_level", FAULT, "its code belongs to level {stored} in earlier boundaries",
                {"stored": levels[area.code]}, area.level, area.code, area.name)
        for area in areas if levels.get(area.code, area.level) != area.level
    ]  # fmt: skip


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


def _write(
    conn: Connection, areas: list[Area], before: dict[str, Any] | None, loaded: Loaded, boundaries: Boundaries,
    wanted: Wanted, now: datetime,
) -> int:  # fmt: skip
    root = next(area for area in areas if area.level == 0)
    timezone = wanted.timezone or (before["timezone"] if before else DEFAULT_TIMEZONE)
    district = before["id"] if before else _new_district(conn, root, wanted, timezone)
    SQL.set_district(conn, id=district, name=wanted.name or root.name, timezone=timezone)
    SQL.add_nodes(conn, district=district, levels=[a.level for a in areas], codes=[a.code for a in areas])
    report = {"options": _options(wanted), "counts": loaded.counts, **loaded.comparison.as_json(),
              "findings": [finding.as_json() for finding in loaded.findings]}  # fmt: skip
    local_today = now.astimezone(ZoneInfo(timezone)).date()
    version = SQL.add_version(
        conn, district=district, valid_from=wanted.valid_from or local_today, loaded_at=now,
        source_name=boundaries.source_name, sha256=boundaries.sha256, report=json.dumps(report, ensure_ascii=False),
    )  # fmt: skip
    if before and before["current_version"]:
        SQL.retire_grids(conn, version=before["current_version"])
    SQL.add_grids(
        conn, version=version, district=district, levels=[a.level for a in areas], codes=[a.code for a in areas],
        names=[a.name for a in areas], parents=[a.parent for a in areas], households=[a.households for a in areas],
        kinds=[a.kind for a in areas], shapes=[shapely.to_wkb(a.shape) for a in areas],
    )  # fmt: skip
    SQL.set_current(conn, version=version, district=district)
    calendar.seed(conn, district, now)
    SQL.log_boundaries(conn, district=district, version=version)
    conn.changed.add(district)
    return int(version)


def _new_district(conn: Connection, root: Area, wanted: Wanted, timezone: str) -> int:
    district = int(SQL.add_district_node(conn, code=root.code))
    SQL.own_district(conn, id=district)
    name = wanted.name or root.name
    SQL.add_district(conn, id=district, code=root.code, name=name, timezone=timezone, pack=DEFAULT_PACK)
    return district
