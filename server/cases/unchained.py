"""What was written on a case and is no event of it: acts that wait for an office's decision, and what was refused.

Words that are erased on a case go here too. An act that waits loses them and can still be decided about; of what was
decided or refused nobody needs the words any more, and it loses all of them.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from server.cases.passages import Cut, cuts_of, strings, without
from server.db import Connection, queries
from server.protocol.commands import COMMAND_TYPES
from server.protocol.payloads import private_of

sql = queries(__file__, "redaction.sql")


def waiting(conn: Connection, case_id: UUID) -> dict[str, tuple[str, Any]]:
    """Kind and words of each act about the case that waits, by its command."""
    rows = sql.not_events(conn, case_id=case_id)
    return {str(row["command_id"]): (row["kind"], _words(row)) for row in rows if row["waits"]}


def texts(conn: Connection, case_id: UUID) -> list[str]:
    """Everything that stands there."""
    return [text for row in sql.not_events(conn, case_id=case_id) for _path, text in strings(_words(row))]


def cut(conn: Connection, case_id: UUID, words: Sequence[str]) -> dict[str, list[Cut]]:
    """Takes the words (the longest first) out; the places, by command. No places: all of it went."""
    done: dict[str, list[Cut]] = {}
    for row in sql.not_events(conn, case_id=case_id):
        if places := cuts_of(_words(row), words):
            done[str(row["command_id"])] = places if row["waits"] else []
    _take_out(conn, case_id, done)
    return done


def cut_again(conn: Connection, case_id: UUID, done: Mapping[str, Collection[Cut]]) -> None:
    """The same places in a restored database."""
    _take_out(conn, case_id, done)


def _take_out(conn: Connection, case_id: UUID, done: Mapping[str, Collection[Cut]]) -> None:
    for row in sql.not_events(conn, case_id=case_id):
        places = done.get(str(row["command_id"]))
        if places is None:
            continue
        left = None
        if places and row["waits"]:
            raw = json.loads(row["payload"])
            raw["payload"] |= without(_words(row), places)
            left = json.dumps(raw, ensure_ascii=False, sort_keys=True)
        sql.rewrite_command(conn, command_id=row["command_id"], payload=left)


def _words(row: Mapping[str, Any]) -> dict[str, Any]:
    """The private fields of a command as it came; of one that nobody could read, all that it says."""
    payload = json.loads(row["payload"]).get("payload")
    if not isinstance(payload, dict):
        return {}
    kind = COMMAND_TYPES.get(row["kind"])
    if kind is None:
        return payload
    # As in payloads: mypy asks whether instances can be hashed, where the class itself is the key.
    return {name: payload[name] for name in private_of(kind) if name in payload}  # type: ignore[arg-type]
