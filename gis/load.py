"""Loads one district's boundaries as a new version: all or nothing, nodes keep their identity by code."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import shapely

from gis.areas import Area, Boundaries, Finding, faults
from gis.compare import Comparison
from gis.prepare import DEFAULT_TIMEZONE, SQL, Prepared, Wanted, options, prepare
from server.calendar import service as calendar
from server.db import Connection, connect
from server.facilities import service as facilities

DEFAULT_PACK = "urban"


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


def load(conn: Connection, boundaries: Boundaries, wanted: Wanted, now: datetime) -> Loaded:
    """Writes a new current version in the caller's transaction, or nothing at all.

    Faults are returned, not raised. Raises WrongUseError when the district cannot be told.
    """
    lock(conn)
    return put(conn, prepare(conn, boundaries, wanted, now), wanted, now)


def lock(conn: Connection) -> None:
    """Until the end of the transaction nobody else loads boundaries."""
    SQL.lock_boundaries(conn)


def put(conn: Connection, made: Prepared, wanted: Wanted, now: datetime) -> Loaded:
    """Writes what was prepared from what is stored now: the caller holds the lock, and nobody loaded since."""
    loaded = Loaded(made.stored.district, made.findings, unchanged=made.unchanged, comparison=made.comparison)
    loaded.counts = _counts(made.stored.areas if made.unchanged else made.areas)
    if not made.refused and not made.unchanged:
        loaded.version = _write(conn, made, loaded.counts, wanted, now)
    return loaded


def renew_statistics(dsn: str) -> None:
    """Tells the planner of the new boundaries at once: until then a look-up may read the whole table."""
    with closing(connect(dsn, application=False)) as owner:
        owner.autocommit = True
        with owner.cursor() as cursor:
            cursor.execute("analyze grids, grid_nodes")


def _counts(areas: Sequence[Area]) -> dict[int, int]:
    return dict(sorted(Counter(area.level for area in areas).items()))


def _write(conn: Connection, made: Prepared, counts: dict[int, int], wanted: Wanted, now: datetime) -> int:
    areas, before = made.areas, made.stored.row
    root = next(area for area in areas if area.level == 0)
    timezone = wanted.timezone or (before["timezone"] if before else DEFAULT_TIMEZONE)
    district = before["id"] if before else _new_district(conn, root, wanted, timezone)
    SQL.set_district(conn, id=district, name=wanted.name or root.name, timezone=timezone)
    SQL.add_nodes(conn, district=district, levels=[a.level for a in areas], codes=[a.code for a in areas])
    report = {"options": options(wanted), "counts": counts, **made.comparison.as_json(),
              "findings": [finding.as_json() for finding in made.findings]}  # fmt: skip
    local_today = now.astimezone(ZoneInfo(timezone)).date()
    (simple, moved), (source_name, digest) = made.simple, made.source
    version = SQL.add_version(
        conn, district=district, valid_from=wanted.valid_from or local_today, loaded_at=now,
        source_name=source_name, sha256=digest, report=json.dumps(report, ensure_ascii=False),
        error_m=moved,
    )  # fmt: skip
    if before and before["current_version"]:
        SQL.retire_grids(conn, version=before["current_version"])
        SQL.forget_tiles(conn, version=before["current_version"])
    SQL.add_grids(
        conn, version=version, district=district, levels=[a.level for a in areas], codes=[a.code for a in areas],
        names=[a.name for a in areas], parents=[a.parent for a in areas], households=[a.households for a in areas],
        kinds=[a.kind for a in areas], shapes=[shapely.to_wkb(a.shape) for a in areas],
        simples=[None if shape is None else shapely.to_wkb(shape) for shape in simple],
    )  # fmt: skip
    SQL.set_current(conn, version=version, district=district)
    calendar.seed(conn, district, now)
    facilities.tie_again(conn, district, now)
    SQL.log_boundaries(conn, district=district, version=version)
    conn.changed.add(district)
    return int(version)


def _new_district(conn: Connection, root: Area, wanted: Wanted, timezone: str) -> int:
    district = int(SQL.add_district_node(conn, code=root.code))
    SQL.own_district(conn, id=district)
    name = wanted.name or root.name
    SQL.add_district(conn, id=district, code=root.code, name=name, timezone=timezone, pack=DEFAULT_PACK)
    return district
