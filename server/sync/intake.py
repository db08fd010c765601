"""Takes the commands of tablets: each read, applied or held, and answered once for ever; none blocks another."""

import json
import re
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from server.cases.apply import Answer, apply
from server.cases.sentences import in_words
from server.db import Connection, queries
from server.errors import BadInput, ServerTooOld, UpdateNeeded
from server.locale import gettext_for
from server.protocol.commands import Command, read_command
from server.protocol.fields import BadCommand
from server.protocol.wire import ENVELOPE, body_hash, read_time
from server.security import DeviceViewer

sql = queries(__file__)
MOST_COMMANDS = 100
CLOCK_TOLERANCE_MS = 300_000


def take(
    conn: Connection, device: DeviceViewer, envelope: dict[str, Any], lang: str, now: datetime
) -> list[dict[str, Any]]:
    """Applies a batch of sealed commands in their order; one result each, stored with its effect for ever."""
    raw_commands = _batch(envelope)
    counted = sql.lock_device(conn, device_id=device.device_id)
    offset_ms = _offset_ms(envelope, now)
    commands: list[Command] = []
    results: dict[str, dict[str, Any]] = {}
    ordered = sorted(raw_commands, key=lambda c: c["seq"] if isinstance(c.get("seq"), int) else 0)
    for raw in ordered:
        try:
            commands.append(read(raw, device, offset_ms))
        except BadCommand as error:
            results[str(raw.get("command_id"))] = _bad(conn, raw, device, error, lang, now)
    commands = _with_dependants(conn, commands)
    for answer in apply(conn, commands, now, {device.viewer.person_id: device.viewer.actor()}):
        results[str(answer.command_id)] = _result(answer, lang)
    _note_seq(conn, device, counted, {c.seq for c in commands if c.seq is not None}, now)
    return [results[str(raw.get("command_id"))] for raw in raw_commands]


def _batch(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    spoken = envelope.get("envelope")
    if spoken != ENVELOPE and isinstance(spoken, str) and re.fullmatch(r"xunge/\d{1,6}", spoken):
        # An app of another time: it keeps what it has and comes again after the update that it is told of.
        raise UpdateNeeded if int(spoken[6:]) < int(ENVELOPE[6:]) else ServerTooOld
    if spoken != ENVELOPE:
        raise BadInput("The envelope must be {envelope}.", envelope=ENVELOPE)
    raw = envelope.get("commands")
    if not isinstance(raw, list) or not all(isinstance(c, dict) for c in raw):
        raise BadInput("“commands” must be a list of objects.")
    if len(raw) > MOST_COMMANDS:
        raise BadInput("At most {limit} commands at a time.", limit=MOST_COMMANDS)
    return raw


def _offset_ms(envelope: dict[str, Any], now: datetime) -> int | None:
    """How far the tablet's clock was before ours when it sent, in ms; None where it does not say so readably."""
    try:
        return round((read_time(envelope.get("sent_at")) - now) / timedelta(milliseconds=1))
    except ValueError:
        return None


def read(raw: dict[str, Any], device: DeviceViewer, offset_ms: int | None) -> Command:
    hold = ""
    if device.state == "revoked":
        hold = "held_revoked"
    elif not device.trusted:
        hold = "held_former"
    elif raw.get("person_id") != device.viewer.person_id:
        hold = "held_author"
    return read_command(
        raw,
        "tablet",
        device.device_id,
        district_id=device.viewer.district_id,
        # A clock that does not say how it stands is not trusted.
        clock_trusted=offset_ms is not None and abs(offset_ms) <= CLOCK_TOLERANCE_MS,
        offset_ms=offset_ms,
        hold=hold,
    )


def _with_dependants(conn: Connection, commands: list[Command]) -> list[Command]:
    """Commands that build on one which was held before and still waits, wait with it."""
    named = [c.depends_on for c in commands if c.depends_on is not None]
    held = {row["command_id"] for row in sql.undecided(conn, ids=named)} if named else set()
    return [replace(c, hold=c.hold or "held_dependant") if c.depends_on in held else c for c in commands]


def _bad(
    conn: Connection, raw: dict[str, Any], device: DeviceViewer, error: BadCommand, lang: str, now: datetime
) -> dict[str, Any]:
    """The answer to a command that cannot be read; kept with it when it has an identifier to keep it under."""
    try:
        command_id: uuid.UUID | None = uuid.UUID(str(raw.get("command_id")))
    except ValueError:
        command_id = None
    params = {"detail": error.sentence.format(**error.params)}
    if command_id is not None:
        seq = raw.get("seq") if isinstance(raw.get("seq"), int) and 0 < raw["seq"] < 2**53 else None
        sql.keep_bad(
            conn,
            command_id=command_id,
            device_id=device.device_id,
            seq=seq,
            person_id=device.viewer.person_id,
            kind=str(raw.get("kind"))[:50],
            body_hash=body_hash(raw),
            now=now,
            params=json.dumps(params),
            payload=json.dumps(raw, ensure_ascii=False),
        )
    translate = gettext_for(lang)
    sentence = translate("The act is not complete: {detail}").format(
        detail=translate(error.sentence).format(**error.params)
    )
    return {
        "command_id": raw.get("command_id"),
        "outcome": "rejected",
        "case_id": raw.get("case_id"),
        "case_number": None,
        "version": None,
        "reason": {"code": error.code, "params": params, "sentence": sentence},
    }


def _result(answer: Answer, lang: str) -> dict[str, Any]:
    translate = gettext_for(lang)
    params = in_words(answer.params, translate)
    sentence = translate(answer.sentence).format(**params) if answer.sentence else ""
    return {
        "command_id": str(answer.command_id),
        "outcome": answer.outcome,
        "case_id": str(answer.case_id),
        "case_number": answer.case_number,
        "version": answer.version,
        "reason": {"code": answer.code, "params": dict(answer.params), "sentence": sentence},
    }


def _note_seq(
    conn: Connection, device: DeviceViewer, counted: dict[str, Any], seqs: set[int], now: datetime
) -> None:
    """Keeps what is missing of the device's counting, for people to see; it never blocks anything."""
    if not seqs:
        return
    gaps = [gap for gap in counted["seq_gaps"] if gap not in seqs]
    if max(seqs) > counted["last_seq"]:
        gaps += [seq for seq in range(counted["last_seq"] + 1, max(seqs)) if seq not in seqs][-1000:]
    sql.note_seq(
        conn, device_id=device.device_id, last_seq=max(seqs), seq_gaps=json.dumps(gaps[-1000:]), now=now
    )
