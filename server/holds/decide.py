"""Deciding about a held act: it takes effect as it was made, or changed, or is refused; what builds on it goes with it.

The held act's own answer stays "held" for ever. What the decision does is a command of its own, applied in the name of
the act's author; the event names who decided. A refusal is a comment of whoever refused, so that the chain has it too.
"""

import json
import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from server.audit import service as audit
from server.cases import sentences
from server.cases.apply import Answer, apply
from server.cases.sentences import SENTENCES
from server.crews import permission
from server.db import Connection
from server.errors import BadInput, Conflict, Msgid, NotAllowed
from server.holds import notices
from server.holds.rights import actors
from server.holds.service import may_decide, open_hold, sql
from server.locale import gettext_for
from server.packs import current
from server.protocol.commands import Command, Decided, clock_trusted, read_command, read_payload
from server.protocol.fields import BadCommand
from server.protocol.wire import body_hash, time_text, uuid7
from server.security import Viewer
from server.telling.service import put

CHOICES = ("apply", "change", "refuse")
Row = dict[str, Any]


def decide(
    conn: Connection,
    viewer: Viewer,
    command_id: uuid.UUID,
    choice: str,
    said: str,
    changed: dict[str, Any] | None,
    seen_version: int | None,
    address: str,
    now: datetime,
    position: dict[str, Any] | None = None,
) -> Answer | None:
    """Decides for good; the answer of what took effect, None for a refusal. Writes in the caller's transaction.

    `said` reaches the author; `changed` = the payload instead of the one that came, `position` = the place instead of
    the device's, as the wire has it ({} for none: the payload names a grid); `seen_version` = the case's version
    that the decider looked at. Raises NotFound, NotAllowed, Conflict (decided before, or the case moved on since), and
    the sentence of what the table or the act itself lacks.
    """
    row = open_hold(conn, viewer, command_id)
    _refuse_wrong(conn, viewer, row, choice, said, now)
    if row["case_id"] and seen_version is not None:
        version = sql.case_version(conn, case_id=row["case_id"])
        if version is not None and version != seen_version:
            raise Conflict
    if choice == "refuse":
        done = _say_in_case(conn, viewer, row, said, now)
    else:
        done = _take_effect(conn, viewer, row, choice, corrected(read_raw(row), changed, position), now)
        if not done.applied:
            raise _lacking(conn, viewer, done)
    _close(conn, viewer, row, choice, done, said, now)
    for dependant in list(sql.dependants(conn, command_id=command_id)):
        _go_with(conn, viewer, row | dict(dependant), choice, said, now)
    detail = {"command": str(command_id), "choice": choice, "kind": row["kind"]}
    audit.log(conn, "hold_decided", viewer, address, detail, now)
    conn.changed.add(row["district_id"])
    return done if choice != "refuse" else None


def _refuse_wrong(conn: Connection, viewer: Viewer, row: Row, choice: str, said: str, now: datetime) -> None:
    if choice not in CHOICES:
        raise BadInput
    if not may_decide(viewer, row):
        raise NotAllowed("{office} decides about this.", office=row["decides"] or "")
    if sql.lock(conn, command_id=row["command_id"])["decided_at"] is not None:
        raise Conflict("Somebody has decided about this already.")
    if row["behind"]:
        raise BadInput("An earlier act that this one builds on waits too; decide about that one first.")
    if choice != "apply" and not said:
        raise BadInput("Field {field} is missing.", field="said")


def _close(
    conn: Connection, viewer: Viewer, row: Row, decision: str, done: Answer | None, said: str, now: datetime
) -> None:
    sql.decide(
        conn,
        command_id=row["command_id"],
        decision=decision,
        person=viewer.person_id,
        office=viewer.organisation_id,
        decided_as=done.command_id if done else None,
        said=said,
        now=now,
    )
    put(conn, notices.decided(row, viewer, decision, done), now)


def _go_with(conn: Connection, viewer: Viewer, row: Row, choice: str, said: str, now: datetime) -> None:
    """A dependant after its parent: refused with it, or done; what cannot be done waits for its own reason."""
    if choice == "refuse":
        _close(conn, viewer, row, "with", None, said, now)
        return
    with conn.cursor() as cursor:
        cursor.execute("savepoint dependant")
        done = _take_effect(conn, viewer, row, "apply", read_raw(row), now)
        if done.applied:
            _close(conn, viewer, row, "apply", done, "", now)
        else:
            cursor.execute("rollback to savepoint dependant")
            sql.waits_on(conn, command_id=row["command_id"], reason="held_not_by_itself")
        cursor.execute("release savepoint dependant")


def corrected(raw: Row, changed: Row | None, position: Row | None) -> Row:
    """The command with what was changed of it; at another place the grid that the tablet found says nothing."""
    if changed is not None:
        raw |= {"payload": changed}
    return raw if position is None else {**raw, "position": position, "place": None}


def _take_effect(conn: Connection, viewer: Viewer, row: Row, choice: str, raw: Row, now: datetime) -> Answer:
    try:
        read = read_command(raw, "tablet", row["device_id"])
    except BadCommand as error:
        raise BadInput(error.sentence, **sentences.in_words(error.params, Msgid)) from None
    command = replace(
        read,
        command_id=uuid7(),
        base_version=None,
        depends_on=None,
        district_id=row["district_id"],
        clock_trusted=clock_trusted(row["offset_ms"]),
        offset_ms=row["offset_ms"],
        decided=_decided(conn, viewer, row, choice, now),
    )
    return apply(conn, [command], now)[0]


def read_raw(row: Row) -> Row:
    """The command as it came. BadInput where its author was erased in the meantime."""
    if not row["payload"]:
        raise BadInput("What this act said was erased; it can only be refused.")
    raw: Row = json.loads(row["payload"])
    return raw


def _decided(conn: Connection, viewer: Viewer, row: Row, choice: str, now: datetime) -> Decided:
    made_at, received_at = row["made_at"], row["received_at"]
    return Decided(
        row["command_id"],
        choice,
        row["kind"],
        row["person_id"],
        time_text(made_at) if made_at else "",
        time_text(received_at),
        viewer.person_id,
        viewer.organisation_id,
        actors(conn, viewer, row, now),
    )


def _say_in_case(conn: Connection, viewer: Viewer, row: Row, said: str, now: datetime) -> Answer | None:
    """The refusal as an event of the case, where there is one."""
    if row["number"] is None:
        return None
    raw = {"kind": "comment", "payload": {"text": said}, "held": str(row["command_id"])}
    command = Command(
        uuid7(),
        "comment",
        row["case_id"],
        read_payload("comment", raw["payload"]),
        body_hash(raw),
        "console",
        viewer.person_id,
        district_id=row["district_id"],
        raw=json.dumps(raw, ensure_ascii=False),
        decided=replace(_decided(conn, viewer, row, "refuse", now), actors=(viewer.actor(),)),
    )
    answer = apply(conn, [command], now)[0]
    if not answer.applied:
        raise _lacking(conn, viewer, answer)
    return answer


def _lacking(conn: Connection, viewer: Viewer, answer: Answer) -> BadInput:
    """Why it cannot take effect, as a sentence for who decides."""
    params = dict(answer.params)
    if answer.code.startswith("crew_"):
        params = permission.in_words(params, current(conn, viewer.district_id)[1], viewer.lang)
    error = BadInput(SENTENCES[answer.code], **sentences.in_words(params, gettext_for(viewer.lang)))
    error.code = answer.code
    return error
