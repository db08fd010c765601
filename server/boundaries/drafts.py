"""Drafts of boundaries: made from a file or by hand as a draft, looked at, then confirmed or dropped.

A draft keeps the file, what the checker found, and what would change; confirming loads it as `gis load` does. Whoever
confirms says whether open cases follow; a task then moves them.
"""

import json
import tempfile
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely

from gis.areas import Area, Boundaries, faults
from gis.compare import Comparison
from gis.edit import Half, merge, split
from gis.fields import Fields
from gis.geojson import UnreadableError
from gis.load import load
from gis.prepare import Prepared, Wanted, prepare, stored_areas
from gis.read import read
from gis.write import write
from server.audit import service as audit
from server.db import Connection, queries
from server.errors import BadInput, Conflict, NotAllowed, NotFound
from server.protocol.wire import uuid7
from server.security import Viewer

SQL = queries(__file__)
KEEPER = "admin"
LARGEST = 32 * 1024 * 1024


@dataclass(frozen=True)
class Options:
    """What whoever brings a file may say about it."""

    crs: str = ""
    repair: bool = False

    def wanted(self, district: str) -> Wanted:
        return Wanted(district=district, mend=self.repair, crs=self.crs or None)


def only_keeper(viewer: Viewer) -> None:
    """Raises NotAllowed for all but administrators."""
    if viewer.role != KEEPER:
        raise NotAllowed


def draft_of_file(
    conn: Connection, viewer: Viewer, name: str, content: bytes, options: Options, now: datetime
) -> uuid.UUID:
    """A draft of an uploaded file; its id. Raises BadInput when the file as a whole cannot be read."""
    only_keeper(viewer)
    if not content:
        raise BadInput("Choose a file.")
    if len(content) > LARGEST:
        raise BadInput("The file is larger than {limit} bytes.", limit=f"{LARGEST:,}")
    return _draft(conn, viewer, "file", Path(name).name[:120] or "boundaries", content, options, now)


def draft_of_split(
    conn: Connection, viewer: Viewer, code: str, line: str, halves: Sequence[Half], now: datetime
) -> uuid.UUID:
    """A draft in which a grid is cut along `line`, a GeoJSON LineString or "lon,lat lon,lat …" (EPSG:4326)."""
    return _draft_of_edit(
        conn, viewer, "split", code, lambda areas: split(areas, code, read_line(line), halves), now
    )


def draft_of_merge(
    conn: Connection, viewer: Viewer, codes: Sequence[str], keep: str, name: str, now: datetime
) -> uuid.UUID:
    """A draft in which several grids are one."""
    return _draft_of_edit(conn, viewer, "merge", keep, lambda areas: merge(areas, codes, keep, name), now)


def read_line(text: str) -> shapely.LineString:
    """A line as the map gives it (GeoJSON) or as a hand writes it ("lon,lat lon,lat"). Raises BadInput."""
    try:
        if text.lstrip().startswith("{"):
            drawn: Any = shapely.geometry.shape(json.loads(text))
        else:
            drawn = shapely.LineString([[float(part) for part in pair.split(",")] for pair in text.split()])
        if (
            isinstance(drawn, shapely.LineString)
            and not drawn.is_empty
            and all(abs(x) <= 180 and abs(y) <= 90 for x, y in drawn.coords)
        ):
            return drawn
    except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError):
        pass  # told below, as for a shape that is no line
    raise BadInput("Draw a line, or write at least two points as lon,lat lon,lat in degrees.")


def _draft_of_edit(
    conn: Connection,
    viewer: Viewer,
    kind: str,
    code: str,
    edit: Callable[[list[Area]], list[Area]],
    now: datetime,
) -> uuid.UUID:
    only_keeper(viewer)
    district = SQL.district(conn, district=viewer.district_id)
    areas = edit(stored_areas(conn, district["current_version"]) if district["current_version"] else [])
    with tempfile.TemporaryDirectory(prefix="xunge-edit-") as folder:
        path = Path(folder) / "edit.gpkg"
        write(areas, path)
        content = path.read_bytes()
    return _draft(conn, viewer, kind, code, content, Options(), now)


def _draft(
    conn: Connection, viewer: Viewer, kind: str, name: str, content: bytes, options: Options, now: datetime
) -> uuid.UUID:
    district = SQL.district(conn, district=viewer.district_id)
    boundaries = _read(name, content, options)
    made = prepare(conn, boundaries, options.wanted(district["code"]), now)
    if made.unchanged or (not made.refused and made.comparison.nothing):
        raise BadInput("These boundaries are those in force; nothing would change.")
    draft = uuid7(int(now.timestamp() * 1000))
    SQL.add_draft(
        conn, id=draft, district=viewer.district_id, base=district["current_version"], kind=kind,
        person=viewer.person_id, now=now, source_name=name, content=None if made.refused else content,
        options=json.dumps(vars(options)), report=json.dumps(_report(made), ensure_ascii=False),
        ground=json.dumps(made.comparison.as_geojson()), state="faulty" if made.refused else "open",
    )  # fmt: skip
    return draft


def _read(name: str, content: bytes, options: Options) -> Boundaries:
    with tempfile.TemporaryDirectory(prefix="xunge-draft-") as folder:
        # What a hand has edited is a GeoPackage of ours under the code of its grid.
        path = Path(folder) / f"boundaries{Path(name).suffix.lower() or '.gpkg'}"
        path.write_bytes(content)
        try:
            found = read(path, Fields(), options.crs or None)
        except UnreadableError as error:
            raise BadInput(error.sentence, **error.params) from error
    found.source_name = name
    return found


def _report(made: Prepared) -> dict[str, Any]:
    """What the page of a draft shows: findings as msgids, every change, and the grids before and after."""
    findings = [
        {"severity": f.severity, "sentence": f.sentence, "params": f.params, "level": f.level, "feature": f.feature,
         "name": f.name}
        for f in made.findings
    ]  # fmt: skip
    counts = {level: sum(area.level == level for area in made.areas) for level in range(4)}
    return {
        "findings": findings, "faults": len(faults(made.findings)), "counts": counts,
        "changes": [change.as_json() for change in made.comparison.changes if change.level],
        "households": _households(made.old, made.areas, made.comparison),
    }  # fmt: skip


def _households(old: Sequence[Area], new: Sequence[Area], comparison: Comparison) -> list[dict[str, Any]]:
    """The grids that change, before and after: households, and shapes for counting the work in them."""
    moved = {one.was for one in comparison.handovers if one.level == 3}
    moved |= {one.now for one in comparison.handovers if one.level == 3}
    found = []
    for side, areas in (("before", old), ("after", new)):
        for area in areas:
            if area.level == 3 and area.code in moved and area.shape is not None:
                found.append(
                    {"side": side, "code": area.code, "name": area.name, "households": area.households,
                     "kind": area.kind, "shape": shapely.to_geojson(shapely.set_precision(area.shape, 1e-7))}
                )  # fmt: skip
    return found


def waiting(conn: Connection, viewer: Viewer) -> list[dict[str, Any]]:
    """Drafts that nobody has decided about, newest first."""
    return [dict(row) for row in SQL.drafts(conn, district=viewer.district_id)]


def draft(conn: Connection, viewer: Viewer, draft_id: uuid.UUID) -> dict[str, Any]:
    """One draft with its report; `stale` when other boundaries came into force meanwhile. Raises NotFound."""
    row = SQL.draft(conn, district=viewer.district_id, id=draft_id)
    if row is None:
        raise NotFound("There is no such draft of boundaries.")
    return {**row, "stale": row["state"] == "open" and row["base_version"] != row["current_version"]}


def confirm(
    conn: Connection, viewer: Viewer, draft_id: uuid.UUID, reroute: bool, address: str, now: datetime
) -> int:
    """Puts a draft in force; the new version. Raises Conflict when it was decided, or other boundaries came."""
    only_keeper(viewer)
    row = _open_draft(conn, viewer, draft_id)
    district = SQL.district(conn, district=viewer.district_id)
    if row["base_version"] != district["current_version"]:
        raise Conflict("Other boundaries came into force since this draft was made. Make it again.")
    options = Options(**row["options"])
    boundaries = _read(row["source_name"], bytes(row["content"]), options)
    loaded = load(conn, boundaries, options.wanted(district["code"]), now)
    if loaded.version is None:
        raise BadInput(
            "Nothing was loaded: the file has {count} faults now.", count=len(faults(loaded.findings))
        )
    SQL.set_loaded(conn, version=loaded.version, person=viewer.person_id, reroute=reroute)
    _decide(conn, viewer, draft_id, "confirmed", loaded.version, now)
    detail = {"version": loaded.version, "source": row["source_name"], "reroute": reroute}
    audit.log(conn, "boundaries_confirmed", viewer, address, detail, now)
    return loaded.version


def drop(conn: Connection, viewer: Viewer, draft_id: uuid.UUID, now: datetime) -> None:
    """Ends a draft without loading it."""
    only_keeper(viewer)
    _open_draft(conn, viewer, draft_id, also_faulty=True)
    _decide(conn, viewer, draft_id, "dropped", None, now)


def _open_draft(
    conn: Connection, viewer: Viewer, draft_id: uuid.UUID, also_faulty: bool = False
) -> dict[str, Any]:
    row = SQL.content(conn, district=viewer.district_id, id=draft_id)
    if row is None:
        raise NotFound("There is no such draft of boundaries.")
    if row["state"] != "open" and not (also_faulty and row["state"] == "faulty"):
        raise Conflict("This draft was decided already, or has faults.")
    return dict(row)


def _decide(
    conn: Connection, viewer: Viewer, draft_id: uuid.UUID, state: str, version: int | None, now: datetime
) -> None:
    SQL.decide(
        conn,
        district=viewer.district_id,
        id=draft_id,
        state=state,
        person=viewer.person_id,
        now=now,
        version=version,
    )
