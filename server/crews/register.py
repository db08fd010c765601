"""The register of one crew as the district's administrator keeps it; every change is in the security log.

What is typed is text; what cannot be meant is refused with a sentence. Days are those of the district.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from server.audit import service as audit
from server.calendar.changes import read_day
from server.db import Connection, queries
from server.errors import BadInput, NotFound
from server.packs import current
from server.people.service import only_admin
from server.security import Viewer

SQL = queries(__file__, "register.sql")
# On whose word a crew is suspended: a third party's blind sample, a complaint, a document that is not right.
BASES = ("sample", "complaint", "document", "other")
LONGEST = 200
SOON = timedelta(days=30)


def register_of(conn: Connection, viewer: Viewer, code: str, now: datetime) -> dict[str, Any]:
    """All that the register says of a crew of the viewer's district, what is in force first; a crew sees its own.

    Each permit and qualification has a `standing`: "" in force, "soon" over within 30 days, "over", "later" not begun.
    """
    crew = _crew(conn, viewer, code, now)
    if viewer.role == "crew" and crew["id"] != viewer.organisation_id:
        raise NotFound
    today = crew["today"]
    suspensions = [dict(row) for row in SQL.suspensions(conn, crew=crew["id"])]
    return {
        **crew,
        "permits": [_stands(row, today) for row in SQL.permits(conn, crew=crew["id"], today=today)],
        "qualifications": [
            _stands(row, today) for row in SQL.qualifications(conn, crew=crew["id"], today=today)
        ],
        "suspensions": [s | {"in_force": _in_force(s, today)} for s in suspensions],
    }


def _stands(row: Mapping[str, Any], today: date) -> dict[str, Any]:
    return {**row, "standing": standing(row["last_day"], today, row.get("first_day"))}


def standing(last_day: date | None, today: date, first_day: date | None = None) -> str:
    """Of a permit or a document: "" in force, "soon" over within 30 days, "over", "later" not begun."""
    if first_day is not None and first_day > today:
        return "later"
    if last_day is None or last_day > today + SOON:
        return ""
    return "over" if last_day < today else "soon"


def _in_force(suspension: Mapping[str, Any], today: date) -> bool:
    over = suspension["last_day"] is not None and suspension["last_day"] < today
    return suspension["lifted_at"] is None and not over


def grant_permit(
    conn: Connection, viewer: Viewer, code: str, given: Mapping[str, str], address: str, now: datetime
) -> None:
    """Permits a crew a category ("system/code", or a beginning with *), `first_day` to `last_day` (may be blank)."""
    crew, category = _opened(conn, viewer, code, now), given["category"].strip()
    keys = [known.key for known in current(conn, viewer.district_id)[1].categories]
    if category.count("*") != category.endswith("*") or not any(fnmatchcase(key, category) for key in keys):
        raise BadInput("The pack has no category {category}.", category=category)
    first_day = read_day(given["first_day"]) if given["first_day"].strip() else crew["today"]
    last_day = _last_day(given["last_day"], first_day)
    note = _text(given["note"])
    row = SQL.grant_permit(
        conn, crew=crew["id"], category=category, first_day=first_day, last_day=last_day, note=note,
        person_id=viewer.person_id, now=now,
    )  # fmt: skip
    if row is None:
        raise BadInput("A permit for {category} from that day on stands there already.", category=category)
    detail = {"permit": category, "from": str(first_day), "to": str(last_day or ""), "note": note}
    _log(conn, viewer, crew, address, detail, now)


def end_permit(
    conn: Connection, viewer: Viewer, code: str, given: Mapping[str, str], address: str, now: datetime
) -> None:
    """Gives a permit (`id`) its last day, today unless another is named. It stays in the register."""
    crew = _opened(conn, viewer, code, now)
    last_day = _last_day(given["last_day"], crew["today"]) or crew["today"]
    row = SQL.end_permit(
        conn, id=_number(given["id"]), crew=crew["id"], last_day=last_day, today=crew["today"]
    )
    if row is None:
        raise NotFound
    _log(conn, viewer, crew, address, {"permit_ended": row["category"], "to": str(last_day)}, now)


def enter_qualification(
    conn: Connection, viewer: Viewer, code: str, given: Mapping[str, str], address: str, now: datetime
) -> None:
    """Enters a document that proves a qualification of the pack, with its last day (may be blank)."""
    crew, kind, document = _opened(conn, viewer, code, now), given["kind"].strip(), _text(given["document"])
    if kind not in current(conn, viewer.district_id)[1].qualifications:
        raise BadInput("Choose a qualification.")
    if not document:
        raise BadInput("Write the number of the document.")
    last_day = read_day(given["last_day"]) if given["last_day"].strip() else None
    row = SQL.enter_qualification(
        conn, crew=crew["id"], kind=kind, document=document, last_day=last_day, person_id=viewer.person_id, now=now
    )  # fmt: skip
    if row is None:
        raise BadInput("The document {document} stands there already.", document=document)
    detail = {"qualification": kind, "document": document, "to": str(last_day or "")}
    _log(conn, viewer, crew, address, detail, now)


def end_qualification(
    conn: Connection, viewer: Viewer, code: str, given: Mapping[str, str], address: str, now: datetime
) -> None:
    """Gives a document (`id`) its last day, today unless another is named."""
    crew = _opened(conn, viewer, code, now)
    last_day = _last_day(given["last_day"], crew["today"]) or crew["today"]
    row = SQL.end_qualification(
        conn, id=_number(given["id"]), crew=crew["id"], last_day=last_day, today=crew["today"]
    )
    if row is None:
        raise NotFound
    detail = {"qualification_ended": row["kind"], "document": row["document"], "to": str(last_day)}
    _log(conn, viewer, crew, address, detail, now)


def suspend(
    conn: Connection, viewer: Viewer, code: str, given: Mapping[str, str], address: str, now: datetime
) -> None:
    """Gives a crew nothing new from now on, to a last day or (blank) until it is lifted. What it has in hand stays."""
    crew, basis, reason = _opened(conn, viewer, code, now), given["basis"].strip(), _text(given["reason"])
    if basis not in BASES:
        raise BadInput("Say on what grounds the crew is suspended.")
    if not reason:
        raise BadInput("Write the reason: it is said to whoever wants to dispatch to the crew.")
    last_day = _last_day(given["last_day"], crew["today"])
    SQL.suspend(
        conn, crew=crew["id"], basis=basis, reason=reason, today=crew["today"], last_day=last_day,
        person_id=viewer.person_id, now=now,
    )  # fmt: skip
    _log(
        conn,
        viewer,
        crew,
        address,
        {"suspended_to": str(last_day or ""), "basis": basis, "reason": reason},
        now,
    )


def lift(
    conn: Connection, viewer: Viewer, code: str, given: Mapping[str, str], address: str, now: datetime
) -> None:
    """Ends a suspension (`id`) at once."""
    crew = _opened(conn, viewer, code, now)
    row = SQL.lift(
        conn,
        id=_number(given["id"]),
        crew=crew["id"],
        today=crew["today"],
        person_id=viewer.person_id,
        now=now,
    )
    if row is None:
        raise NotFound
    _log(conn, viewer, crew, address, {"suspension_lifted": row["reason"]}, now)


def _crew(conn: Connection, viewer: Viewer, code: str, now: datetime) -> dict[str, Any]:
    row = SQL.crew(conn, district_id=viewer.district_id, code=code, now=now)
    if row is None:
        raise NotFound
    return dict(row)


def _opened(conn: Connection, viewer: Viewer, code: str, now: datetime) -> dict[str, Any]:
    """A crew of the administrator's district."""
    only_admin(viewer)
    return _crew(conn, viewer, code, now)


def _log(
    conn: Connection,
    viewer: Viewer,
    crew: dict[str, Any],
    address: str,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    audit.log(conn, "register_changed", viewer, address, {"crew": crew["code"], **detail}, now)


def _last_day(text: str, first_day: date) -> date | None:
    if not text.strip():
        return None
    last_day = read_day(text)
    if last_day < first_day:
        raise BadInput("The last day lies before the first.")
    return last_day


def _text(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST or "\0" in text:
        raise BadInput("At most {count} characters, please.", count=LONGEST)
    return text


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise NotFound
    return int(text)
