"""Drafts of boundaries: made from a file or by hand as a draft, looked at, then confirmed or dropped.

A draft keeps the file, what the checker found, and what would change; confirming loads it as `gis load` does. What may
take long (`looked_at`) holds no connection: first the source is read, then it is looked at, then the draft is kept or
put in force. Whoever confirms says whether open cases follow; a task then moves them.
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

from gis import aside
from gis.areas import Area, faults
from gis.compare import Comparison
from gis.edit import Half, merge, split
from gis.load import lock, put
from gis.prepare import Prepared, Stored, Wanted, stored
from gis.write import write
from server.audit import service as audit
from server.db import Connection, queries
from server.errors import BadInput, Conflict, NotAllowed, NotFound
from server.protocol.wire import uuid7
from server.security import Viewer

SQL = queries(__file__)
KEEPER = "admin"
LARGEST = 32 * 1024 * 1024
# A street that a grid is cut along has dozens of corners.
MOST_CORNERS, LONGEST_LINE = 1000, 100_000


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


@dataclass(frozen=True)
class Source:
    """What is to become a draft: the content of a file, and what the district is stored as. `kind`: file, split,
    merge."""

    kind: str
    name: str
    content: bytes
    options: Options
    stored: Stored


def of_file(conn: Connection, viewer: Viewer, name: str, content: bytes, options: Options) -> Source:
    """A file as it was uploaded. Raises BadInput when there is none, or too much of it."""
    only_keeper(viewer)
    if not content:
        raise BadInput("Choose a file.")
    if len(content) > LARGEST:
        raise BadInput("The file is larger than {limit} bytes.", limit=f"{LARGEST:,}")
    return Source("file", Path(name).name[:120] or "boundaries", content, options, _stored(conn, viewer))


def of_split(conn: Connection, viewer: Viewer, code: str, line: str, halves: Sequence[Half]) -> Source:
    """The boundaries in force with a grid cut along `line`, a GeoJSON LineString or "lon,lat lon,lat …" (EPSG:4326)."""
    return _of_edit(conn, viewer, "split", code, lambda areas: split(areas, code, read_line(line), halves))


def of_merge(conn: Connection, viewer: Viewer, codes: Sequence[str], keep: str, name: str) -> Source:
    """The boundaries in force with several grids as one."""
    return _of_edit(conn, viewer, "merge", keep, lambda areas: merge(areas, codes, keep, name))


def read_line(text: str) -> shapely.LineString:
    """A line as the map gives it (GeoJSON) or as a hand writes it ("lon,lat lon,lat"). Raises BadInput."""
    too_long = BadInput("A line has at most {most} corners.", most=f"{MOST_CORNERS:,}")
    if len(text) > LONGEST_LINE:
        raise too_long
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
            if len(drawn.coords) > MOST_CORNERS:
                raise too_long
            return drawn
    except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError):
        pass  # told below, as for a shape that is no line
    raise BadInput("Draw a line, or write at least two points as lon,lat lon,lat in degrees.")


def _of_edit(
    conn: Connection, viewer: Viewer, kind: str, code: str, edit: Callable[[list[Area]], list[Area]]
) -> Source:
    only_keeper(viewer)
    known = _stored(conn, viewer)
    areas = edit(list(known.areas))
    with tempfile.TemporaryDirectory(prefix="xunge-edit-") as folder:
        path = Path(folder) / "edit.geojson"
        write(areas, path)
        return Source(kind, code, path.read_bytes(), Options(), known)


def _stored(conn: Connection, viewer: Viewer) -> Stored:
    return stored(conn, SQL.district(conn, district=viewer.district_id)["code"])


def looked_at(source: Source, now: datetime) -> Prepared:
    """What a source would change; takes up to `aside.SECONDS` and needs no connection. Raises BadInput when the file as
    a whole cannot be read, takes too long, or changes nothing."""
    wanted = source.options.wanted(source.stored.district)
    made = aside.prepared(source.content, source.name, wanted, source.stored, now)
    if made.unchanged or (not made.refused and made.comparison.nothing):
        raise BadInput("These boundaries are those in force; nothing would change.")
    return made


def keep(conn: Connection, viewer: Viewer, source: Source, made: Prepared, now: datetime) -> uuid.UUID:
    """Keeps a source that was looked at as a draft; its id."""
    only_keeper(viewer)
    draft = uuid7(int(now.timestamp() * 1000))
    SQL.add_draft(
        conn, id=draft, district=viewer.district_id, base=_version(source.stored), kind=source.kind,
        person=viewer.person_id, now=now, source_name=source.name, content=None if made.refused else source.content,
        options=json.dumps(vars(source.options)), report=json.dumps(_report(made), ensure_ascii=False),
        ground=json.dumps(made.comparison.as_geojson()), state="faulty" if made.refused else "open",
    )  # fmt: skip
    return draft


def _version(known: Stored) -> int | None:
    return known.row["current_version"] if known.row else None


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
        "households": _households(made.stored.areas, made.areas, made.comparison),
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


def to_confirm(conn: Connection, viewer: Viewer, draft_id: uuid.UUID) -> Source:
    """The source of an open draft, to be looked at once more. Raises Conflict as `confirm` does."""
    only_keeper(viewer)
    known = _stored(conn, viewer)
    row = _open_draft(conn, viewer, draft_id)
    _still_on(row, _version(known))
    options = Options(**row["options"])
    return Source(row["kind"], row["source_name"], bytes(row["content"]), options, known)


def confirm(
    conn: Connection, viewer: Viewer, draft_id: uuid.UUID, source: Source, made: Prepared, reroute: bool, address: str,
    now: datetime,
) -> int:  # fmt: skip
    """Puts a draft in force, as it was looked at again; the new version. Raises Conflict when it was decided meanwhile,
    or other boundaries came."""
    only_keeper(viewer)
    lock(conn)
    row = _open_draft(conn, viewer, draft_id)
    _still_on(row, SQL.district(conn, district=viewer.district_id)["current_version"])
    loaded = put(conn, made, source.options.wanted(source.stored.district), now)
    if loaded.version is None:
        raise BadInput(
            "Nothing was loaded: the file has {count} faults now.", count=len(faults(loaded.findings))
        )
    SQL.set_loaded(conn, version=loaded.version, person=viewer.person_id, reroute=reroute)
    _decide(conn, viewer, draft_id, "confirmed", loaded.version, now)
    detail = {"version": loaded.version, "source": row["source_name"], "reroute": reroute}
    audit.log(conn, "boundaries_confirmed", viewer, address, detail, now)
    return loaded.version


def _still_on(row: dict[str, Any], version: int | None) -> None:
    if row["base_version"] != version:
        raise Conflict("Other boundaries came into force since this draft was made. Make it again.")


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
