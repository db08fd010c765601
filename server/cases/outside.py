"""The outside tells of its case again, by API or file: what is new is carried into the case, the same adds nothing.

Compared is with what it said last, not with the case: an office may have put the category right in the meantime, and a
repeat of the old report must not undo that. Kept is one hash a field, never the words. A field that is left out, or is
blank, says nothing. What the table does not allow any more (a closed case, a category that nobody knows), where the
outside says its own case stands, and what somebody says of a case that others reported is a comment, which an office
reads.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from server.cases.apply import Answer, apply
from server.cases.arrival import filed
from server.db import Connection, queries
from server.errors import BadInput
from server.locale import gettext_for
from server.packs import pack_of_version
from server.protocol.commands import Command, Position, read_payload
from server.protocol.fields import BadCommand
from server.protocol.hats import Actor
from server.protocol.payloads import Report
from server.protocol.wire import body_hash, canonical, named_uuid, read_time, sha256, uuid7
from server.security import Viewer
from server.settings import settings

sql = queries(__file__, "outside.sql")
WORDS = ("title", "description")
CARRIED = (*WORDS, "category", "condition", "form", "place")
# Where the case stands over there: history takes it over, an office that works on the case is told.
STANDS = ("status", "opened_at", "closed_at", "due_at", "tags")
ROW, KEYS = "row", "keys"
# So many calls of a case are known by their Idempotency-Key: one that comes late says nothing anew.
MOST_KEYS = 50
SEES_ALL = ("admin", "centre", "resident-service")


def _(msgid: str) -> str:
    return msgid


STATUS_WORDS = {"open": _("open"), "closed": _("Closed")}
ANEW = _("The system that it came from says it anew.")
SAYS = _("The system that it came from says now: {what}")
FIELDS = {
    "title": _("title {value}"),
    "description": _("description {value}"),
    "category": _("category {value}"),
    "condition": _("condition {value}"),
    "form": _("answers {value}"),
    "place": _("place {value}"),
    "status": _("status {value}"),
    "opened_at": _("opened {value}"),
    "closed_at": _("closed {value}"),
    "due_at": _("due {value}"),
    "tags": _("noted {value}"),
}
BETWEEN = _("; ")


@dataclass(frozen=True)
class Speaker:
    """Who tells: a token's person, or a file (no person). `own`: it is the source of the case that speaks."""

    origin: str
    actor: Actor
    district_id: int
    own: bool

    @classmethod
    def of_viewer(cls, viewer: Viewer, row: Mapping[str, Any]) -> "Speaker":
        """The source is who reported the case, or an office that sees the whole district."""
        sees_all = viewer.district is not None and viewer.role in SEES_ALL
        own = row["reporter_id"] == viewer.person_id or sees_all
        return cls("api", viewer.actor(), viewer.district_id, own)

    @classmethod
    def of_file(cls, district_id: int) -> "Speaker":
        return cls("import", Actor(None, "import", system=True), district_id, True)


def keep(
    conn: Connection,
    case_id: uuid.UUID,
    payload: Mapping[str, Any],
    position: Position,
    before: Mapping[str, Any] = MappingProxyType({}),
    row_hash: str = "",
    key: str = "",
) -> None:
    """Remembers what was said, one hash a field; of a file's row its own hash too, of a call the `key` that it had."""
    told: dict[str, Any] = {**before, **_hashes(case_id, _said(payload, position))}
    if row_hash:
        told[ROW] = row_hash
    if key:
        told[KEYS] = [*told.get(KEYS, ()), key][-MOST_KEYS:]
    sql.keep(conn, case_id=case_id, told=json.dumps(told))


def told_again(
    conn: Connection,
    speaker: Speaker,
    row: Mapping[str, Any],
    payload: Mapping[str, Any],
    position: Position,
    now: datetime,
    row_hash: str = "",
    key: str = "",
) -> Answer:
    """A repeat about the case `row`; its answer is that of the event that it became, if any. A call whose `key` is
    known was carried in before, and must not undo what was said after it.
    """
    said = _said(payload, position)
    hashes = _hashes(row["id"], said)
    before = _said_before(conn, row["id"])
    answer = Answer(uuid7(), "applied", row["id"], row["number"], row["version"])
    if key and key in (before or {}).get(KEYS, ()):
        return answer
    other = {name: value for name, value in said.items() if (before or {}).get(name) != hashes[name]}
    anew = {name: value for name, value in other.items() if not _is_so(conn, row, name, value)}
    if anew:
        answer = _carried(conn, speaker, row, anew, position, now)
    if photos := _new_photos(conn, payload):
        command = _command(speaker, "add_evidence", row, {"attachments": photos})
        answer = apply(conn, [command], now, _known(speaker))[0]
    if anew or row_hash or key:
        keep(conn, row["id"], payload, position, before or {}, row_hash, key)
    return answer


def _said(payload: Mapping[str, Any], position: Position) -> dict[str, Any]:
    """The fields that say something."""
    said = {name: payload.get(name) for name in (*CARRIED, *STANDS)}
    place = [position.lon_e7, position.lat_e7] if position.lon is not None else payload.get("grid_code")
    return {name: value for name, value in {**said, "place": place}.items() if value}


def _hashes(case_id: uuid.UUID, said: Mapping[str, Any]) -> dict[str, str]:
    """The case's id makes equal words of two cases look different."""
    return {name: sha256(f"{case_id}\n{canonical(value)}") for name, value in said.items()}


def _said_before(conn: Connection, case_id: uuid.UUID) -> dict[str, Any] | None:
    """What it said last, as hashes; of a case that a file brought, what stands in its last row. None: not known."""
    last = sql.told(conn, case_id=case_id)
    if last is not None:
        return dict(last["told"])
    recorded = sql.recorded(conn, case_id=case_id)
    if recorded is None:
        return None
    wire = json.loads(recorded)
    return _hashes(case_id, _said(wire["payload"], Position.read(wire["position"])))


def _is_so(conn: Connection, row: Mapping[str, Any], name: str, value: Any) -> bool:
    """Whether the case says the same already."""
    if name in STANDS:
        return False
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


def _new_photos(conn: Connection, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The photos of a repeat that stand on no case yet."""
    photos = payload.get("attachments") or []
    known = {str(r["id"]) for r in sql.photos_known(conn, ids=[uuid.UUID(photo["id"]) for photo in photos])}
    return [photo for photo in photos if photo["id"] not in known]


def _carried(
    conn: Connection,
    speaker: Speaker,
    row: Mapping[str, Any],
    anew: Mapping[str, Any],
    position: Position,
    now: datetime,
) -> Answer:
    """What is said anew as a change of the case, and as a comment on it what no change can carry."""
    translate = gettext_for(settings().lang)
    rest, answer = dict(anew), None
    change = {name: value for name, value in anew.items() if name in CARRIED}
    if speaker.own and change:
        payload = {name: value for name, value in change.items() if name != "place"}
        if isinstance(change.get("place"), str):
            payload["grid_code"] = change["place"]
        moved = position if isinstance(change.get("place"), list) else Position()
        payload["reason"] = translate(ANEW)
        command = _command(speaker, "change", row, payload, position=moved)
        # The table lets the system change a case in its source's name; the event still names whose token it was.
        answer = apply(conn, [replace(command, actor=replace(speaker.actor, system=True))], now)[0]
        if answer.applied:
            rest = {name: value for name, value in anew.items() if name not in change}
    if rest:
        zone = ZoneInfo(sql.timezone(conn, district_id=row["district_id"]))
        words = (translate(FIELDS[name]).format(value=_as_words(name, rest[name], zone)) for name in rest)
        what = translate(BETWEEN).join(words)
        text = {"text": translate(SAYS).format(what=what)}
        answer = apply(conn, [_command(speaker, "comment", row, text)], now, _known(speaker))[0]
    if answer is None:
        raise AssertionError("nothing was said anew")
    return answer


def _known(speaker: Speaker) -> dict[int, Actor]:
    """Who `apply` need not look up."""
    return {} if speaker.actor.person is None else {speaker.actor.person: speaker.actor}


def _as_words(name: str, value: Any, zone: ZoneInfo) -> str:
    if name.endswith("_at"):
        return f"{read_time(value).astimezone(zone):%Y-%m-%d %H:%M}"
    if name == "status":
        return gettext_for(settings().lang)(STATUS_WORDS.get(str(value), str(value)))
    if name == "place" and isinstance(value, list):
        return ", ".join(f"{part / 1e7:.6f}" for part in value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "/".join(str(part) for part in value.values()) if isinstance(value, dict) else str(value)


def _command(
    speaker: Speaker, kind: str, row: Mapping[str, Any], payload: dict[str, Any], **more: Any
) -> Command:
    """Its identifier is the same whenever the same is said to the same version: twice at once is once."""
    raw = {"kind": kind, "payload": payload, "person": speaker.actor.person}
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
        origin=speaker.origin,
        person_id=speaker.actor.person,
        district_id=speaker.district_id,
        raw=json.dumps(raw, ensure_ascii=False, sort_keys=True),
        **more,
    )
