"""Takes the commands of tablets: each read, applied or held, and answered once for ever; none blocks another."""

import json
import re
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from server.cases.apply import Answer, apply
from server.cases.batch import keep_forged, refuse_forged
from server.cases.sentences import SENTENCES, in_words
from server.db import Connection, queries
from server.errors import BadInput, ServerTooOld, UpdateNeeded
from server.locale import gettext_for
from server.protocol.commands import Command, clock_trusted, read_command
from server.protocol.fields import BadCommand
from server.protocol.wire import ENVELOPE, body_hash, read_time, time_text
from server.security import DeviceViewer
from server.sync import gaps
from server.sync.cursors import Cursor, CursorGone, epoch_text

sql = queries(__file__)
MOST_COMMANDS, MOST_SEQ = 100, 2**53


def take(
    conn: Connection, device: DeviceViewer, envelope: dict[str, Any], lang: str, now: datetime
) -> list[dict[str, Any]]:
    """Applies a batch of sealed commands in their order; one result each, stored with its effect for ever."""
    raw_commands = _batch(envelope)
    counted = sql.lock_device(conn, device_id=device.device_id)
    _refuse_older_epoch(envelope, counted)
    offset_ms = _offset_ms(envelope, now)
    commands: dict[uuid.UUID, Command] = {}
    results: dict[int, dict[str, Any]] = {}
    asked: dict[int, uuid.UUID] = {}
    for index in sorted(range(len(raw_commands)), key=lambda i: _seq_of(raw_commands[i])):
        raw = raw_commands[index]
        try:
            command = read(raw, device, offset_ms)
        except BadCommand as error:
            results[index] = _bad(conn, raw, device, error, lang, now)
            continue
        first = commands.setdefault(command.command_id, command)
        if first.body_hash == command.body_hash:
            asked[index] = command.command_id
        else:
            results[index] = _result(refuse_forged(conn, command, now), lang)
    ordered = _with_dependants(conn, list(commands.values()))
    answered = apply(conn, ordered, now, {device.viewer.person_id: device.viewer.actor()})
    answers = {answer.command_id: answer for answer in answered}
    results |= {index: _result(answers[command_id], lang) for index, command_id in asked.items()}
    _note_seq(conn, device, counted, {seq for raw in raw_commands if (seq := _kept_seq(raw))}, now)
    return [results[index] | {"command_id": raw.get("command_id")} for index, raw in enumerate(raw_commands)]


def _refuse_older_epoch(envelope: dict[str, Any], counted: dict[str, Any]) -> None:
    """A tablet that has followed another epoch than ours was told of things that a restore took away: it offers them
    again before anything that builds on them. Raises CursorGone.
    """
    told = envelope.get("cursor")
    if isinstance(told, str) and told and Cursor.read(told).epoch != epoch_text(counted["epoch"]):
        raise CursorGone


def _seq_of(raw: dict[str, Any]) -> int:
    """Where a command stands in the order; what does not say stands first, and is refused."""
    seq = raw.get("seq")
    return seq if isinstance(seq, int) else 0


def _kept_seq(raw: dict[str, Any]) -> int | None:
    """The number that a command takes in its device's counting; None where it has none, or is kept nowhere."""
    seq = raw.get("seq")
    counts = isinstance(seq, int) and not isinstance(seq, bool) and 0 < seq <= MOST_SEQ
    return seq if counts and _uuid_or_none(raw.get("command_id")) else None


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
    try:
        return _read(raw, device, offset_ms, hold)
    except UnicodeEncodeError:
        raise BadCommand("Its text has characters that do not exist.") from None
    except RecursionError:
        raise BadInput("A command is nested too deep.") from None


def _read(raw: dict[str, Any], device: DeviceViewer, offset_ms: int | None, hold: str) -> Command:
    return read_command(
        raw,
        "tablet",
        device.device_id,
        district_id=device.viewer.district_id,
        clock_trusted=clock_trusted(offset_ms),
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
    command_id = _uuid_or_none(raw.get("command_id"))
    params = {"detail": error.sentence.format(**error.params)}
    if command_id is not None:
        case_id = _uuid_or_none(raw.get("case_id"))
        hashed, text = body_hash(raw), json.dumps(raw)
        kept = sql.keep_bad(
            conn,
            command_id=command_id,
            device_id=device.device_id,
            seq=_kept_seq(raw),
            person_id=device.viewer.person_id,
            kind=json.dumps(raw.get("kind"))[:50],
            case_id=case_id,
            body_hash=hashed,
            now=now,
            params=json.dumps(params),
            payload=text,
        )
        if kept["body_hash"] != hashed:
            person = device.viewer.person_id
            keep_forged(conn, command_id, device.device_id, person, hashed, text, now)
            return _rejected(raw, "forged", {}, gettext_for(lang)(SENTENCES["forged"]))
    translate = gettext_for(lang)
    sentence = translate("The act is not complete: {detail}").format(
        detail=translate(error.sentence).format(**error.params)
    )
    return _rejected(raw, error.code, params, sentence)


def _rejected(raw: dict[str, Any], code: str, params: dict[str, Any], sentence: str) -> dict[str, Any]:
    return {
        "command_id": raw.get("command_id"),
        "outcome": "rejected",
        "case_id": raw.get("case_id"),
        "case_number": None,
        "version": None,
        "reason": {"code": code, "params": params, "sentence": sentence},
    }


def _uuid_or_none(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        return None


def _result(answer: Answer, lang: str) -> dict[str, Any]:
    translate = gettext_for(lang)
    params = in_words(answer.params, translate)
    sentence = translate(answer.sentence).format(**params) if answer.sentence else ""
    return {
        "command_id": str(answer.command_id),
        "outcome": answer.outcome,
        "case_id": str(answer.case_id) if answer.case_id else None,
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
    missing = gaps.counted(counted["seq_gaps"], counted["last_seq"], seqs, time_text(now))
    sql.note_seq(conn, device_id=device.device_id, last_seq=max(seqs), seq_gaps=json.dumps(missing), now=now)
