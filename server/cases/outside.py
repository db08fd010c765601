"""Another system tells of its case again: what it says anew is carried into the case, the same said twice adds nothing.

Compared is with what it said last, not with the case: an office may have put the category right in the meantime, and a
repeat of the old report must not undo that. Kept is one hash a field, never the words. A field that is left out, or is
blank, says nothing. What the table does not allow any more (a closed case, a category that nobody knows) and what
somebody says of a case that others reported is a comment, which an office reads.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from server.cases.apply import Answer, apply
from server.cases.arrival import filed
from server.db import Connection, queries
from server.errors import BadInput
from server.locale import gettext_for
from server.packs import pack_of_version
from server.protocol.commands import Command, Position, read_payload
from server.protocol.fields import BadCommand
from server.protocol.payloads import Report
from server.protocol.wire import body_hash, canonical, named_uuid, sha256, uuid7
from server.security import Viewer
from server.settings import settings

sql = queries(__file__, "outside.sql")
WORDS = ("title", "description")
SEES_ALL = ("admin", "centre", "resident-service")


def _(msgid: str) -> str:
    return msgid


ANEW = _("The system that it came from says it anew.")
SAYS = _("The system that it came from says now: {what}")
FIELDS = {
    "title": _("title {value}"),
    "description": _("description {value}"),
    "category": _("category {value}"),
    "condition": _("condition {value}"),
    "form": _("answers {value}"),
    "place": _("place {value}"),
}


def keep(conn: Connection, case_id: uuid.UUID, payload: Mapping[str, Any], position: Position) -> None:
    """Remembers what was said, one hash a field."""
    sql.keep(conn, case_id=case_id, told=json.dumps(_hashes(case_id, _said(payload, position))))


def told_again(
    conn: Connection,
    viewer: Viewer,
    row: Mapping[str, Any],
    payload: Mapping[str, Any],
    position: Position,
    now: datetime,
) -> Answer:
    """A repeat about the case `row`, which the viewer sees; its answer is that of the event that it became, if any."""
    said = _said(payload, position)
    hashes = _hashes(row["id"], said)
    last = sql.told(conn, case_id=row["id"])
    if last is not None:
        before = last["told"]
        anew = {name: value for name, value in said.items() if before.get(name) != hashes[name]}
    else:
        before = {}
        anew = {name: value for name, value in said.items() if not _is_so(conn, row, name, value)}
    if not anew:
        return Answer(uuid7(), "applied", row["id"], row["number"], row["version"])
    answer = _carried(conn, viewer, row, anew, position, now)
    sql.keep(conn, case_id=row["id"], told=json.dumps({**before, **hashes}))
    return answer


def _said(payload: Mapping[str, Any], position: Position) -> dict[str, Any]:
    """The fields that say something."""
    said = {name: payload.get(name) for name in (*WORDS, "category", "condition", "form")}
    place = [position.lon_e7, position.lat_e7] if position.lon is not None else payload.get("grid_code")
    return {name: value for name, value in {**said, "place": place}.items() if value}


def _hashes(case_id: uuid.UUID, said: Mapping[str, Any]) -> dict[str, str]:
    """The case's id makes equal words of two cases look different."""
    return {name: sha256(f"{case_id}\n{canonical(value)}") for name, value in said.items()}


def _is_so(conn: Connection, row: Mapping[str, Any], name: str, value: Any) -> bool:
    """Whether the case says the same already; for cases that came by another door (imported history)."""
    if name == "place":
        return value == [row["lon_e7"], row["lat_e7"]] if isinstance(value, list) else False
    if name == "category":
        named = Report(**value) if isinstance(value, dict) else Report(category_text=str(value))
        category, text = filed(named, pack_of_version(conn, row["pack_version"]))
        known = (row["category_system"], row["category_code"])
        return (category.system, category.code) == known if category else bool(text == row["category_text"])
    if name == "form":
        return all(row["form"].get(key) == answer for key, answer in value.items())
    return bool(value == row[name])


def _carried(
    conn: Connection,
    viewer: Viewer,
    row: Mapping[str, Any],
    anew: Mapping[str, Any],
    position: Position,
    now: datetime,
) -> Answer:
    """What is said anew as a change of the case, else as a comment on it."""
    translate = gettext_for(settings().lang)
    actor = viewer.actor()
    if _speaks_for(viewer, row):
        change = {name: value for name, value in anew.items() if name != "place"}
        if isinstance(anew.get("place"), str):
            change["grid_code"] = anew["place"]
        moved = position if isinstance(anew.get("place"), list) else Position()
        command = _command(viewer, "change", row, {**change, "reason": translate(ANEW)}, position=moved)
        # The table lets the system change a case in its source's name; the event still names whose token it was.
        answer = apply(conn, [replace(command, actor=replace(actor, system=True))], now)[0]
        if answer.applied:
            return answer
    what = "; ".join(translate(FIELDS[name]).format(value=_as_words(value)) for name, value in anew.items())
    text = translate(SAYS).format(what=what)
    return apply(conn, [_command(viewer, "comment", row, {"text": text})], now, {viewer.person_id: actor})[0]


def _speaks_for(viewer: Viewer, row: Mapping[str, Any]) -> bool:
    """Whether it is the source that speaks: who reported the case, or an office that sees the whole district."""
    return row["reporter_id"] == viewer.person_id or (viewer.district is not None and viewer.role in SEES_ALL)


def _as_words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"{part / 1e7:.6f}" for part in value)
    return "/".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)


def _command(
    viewer: Viewer, kind: str, row: Mapping[str, Any], payload: dict[str, Any], **more: Any
) -> Command:
    """Its identifier is the same whenever the same is said to the same version: twice at once is once."""
    raw = {"kind": kind, "payload": payload, "person": viewer.person_id}
    said = canonical({**raw, "place": [p.lon_e7, p.lat_e7] if (p := more.get("position")) else None})
    try:
        read = read_payload(kind, payload)
    except BadCommand as error:
        raise BadInput(error.sentence, **error.params) from None
    return Command(
        command_id=named_uuid("told", str(row["id"]), str(row["version"]), sha256(said)),
        kind=kind,
        case_id=row["id"],
        payload=read,
        body_hash=body_hash(raw),
        origin="api",
        person_id=viewer.person_id,
        district_id=viewer.district_id,
        raw=json.dumps(raw, ensure_ascii=False, sort_keys=True),
        **more,
    )
