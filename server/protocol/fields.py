"""Reading single fields from the wire: text, ids, times, whole numbers; BadCommand names the one that is wrong."""

import re
import uuid
from datetime import datetime
from typing import Any

from server.protocol.wire import read_time

SHORT, LONG, MOST_ATTACHMENTS = 200, 4000, 20
MOST_BYTES = 30_000_000
SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class BadCommand(ValueError):
    """A command that can never be applied: `code`, an English sentence (msgid) and its parameters."""

    def __init__(self, sentence: str, **params: Any) -> None:
        super().__init__(sentence.format(**params))
        self.code, self.sentence, self.params = "bad_command", sentence, params


def read_text(payload: dict[str, Any], name: str, longest: int = LONG, required: bool = False) -> str:
    value = payload.get(name)
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise BadCommand("Field {field} must be text.", field=name)
    value = value.replace("\x00", "").strip()
    if required and not value:
        raise BadCommand("Field {field} is missing.", field=name)
    if len(value) > longest:
        raise BadCommand("Field {field} is longer than {limit} characters.", field=name, limit=longest)
    return value


def plain(value: Any, longest: int = SHORT) -> str:
    """Any value as text without what a database takes for none."""
    return str(value or "").replace("\x00", "")[:longest].encode("utf-8", "replace").decode()


def read_uuid(value: Any, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise BadCommand("Field {field} must be a UUID.", field=name) from None


def read_when(value: Any, name: str) -> datetime:
    try:
        return read_time(value)
    except ValueError:
        raise BadCommand("Field {field} must be a time with a zone.", field=name) from None


def read_whole(value: Any, name: str, least: int = 0, most: int = 2**53) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadCommand(
            "Field {field} must be a whole number from {least} to {most}.", field=name, least=least, most=most
        )
    return value


def read_object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadCommand("Field {field} must be an object.", field=name)
    return value
