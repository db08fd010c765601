"""In whose right a held act may be done: its author's, as it was when the act was made, or that of who decides."""

from datetime import datetime
from typing import Any

from server.cases.state import CaseState
from server.db import Connection
from server.locale import gettext_for
from server.packs import pack_of_version
from server.protocol.commands import clock_trusted, read_payload
from server.protocol.fields import BadCommand
from server.protocol.hats import Actor
from server.protocol.workflow import Narrowing, conflicts, find
from server.security import Viewer, load_viewer

Row = dict[str, Any]


def actors(conn: Connection, viewer: Viewer, row: Row, now: datetime) -> tuple[Actor, ...]:
    """Who the author was when it was made, who they are today, and who decides: in this order the table is asked."""
    found: list[Actor] = []
    if row["person_id"] is not None:
        made_at = row["made_at"] if clock_trusted(row["offset_ms"]) else None
        then = made_at if made_at is not None and made_at <= now else row["received_at"]
        authors = (load_viewer(conn, row["person_id"], at, also_former=True) for at in (then, now))
        found = [author.actor() for author in authors if author is not None]
    return (*found, viewer.actor())


def hindrance(
    conn: Connection, viewer: Viewer, row: Row, raw: Row, case: Row | None, now: datetime
) -> tuple[str, Row] | None:
    """Why the act cannot take effect as it was made: a code with parameters; None where the table lets it.

    `case` = the case's database row. What the act itself lacks is said when it is tried.
    """
    if case is None:
        return None if row["kind"] in ("report", "self_handle") else ("no_case", {})
    try:
        given = read_payload(row["kind"], raw.get("payload")).given()
    except BadCommand as error:
        return "bad_command", {"detail": gettext_for(viewer.lang)(error.sentence).format(**error.params)}
    facts = CaseState(**{name: case[name] for name in CaseState.__dataclass_fields__}).facts(now)
    pack = pack_of_version(conn, case["pack_version"])
    narrowing = Narrowing.of(pack.without, pack.narrow)
    why = ""
    for actor in actors(conn, viewer, row, now):
        found, why = find(facts, row["kind"], actor, given, narrowing)
        if found is not None:
            return ("not_both", {}) if conflicts(found, viewer.actor(), facts) else None
    return why, {"state": facts.state, "action": row["kind"]}
