"""How things look on the wire: envelope, canonical JSON, hashes, identifiers and times.

Canonical JSON is what hashes are taken over: UTF-8, keys sorted, no blanks, no floats, no NaN. Two programs that
print it get the same bytes, which floats, jsonb and time zones do not give.
"""

import hashlib
import json
import os
import re
import threading
import time
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

ENVELOPE = "xunge/1"
NAMESPACE = uuid.UUID("8f0a2c54-6f4e-5b0d-9f57-2d8f3f6a7c11")
_TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$")
_last_ms = 0
_last_random = 0
_uuid_lock = threading.Lock()


class NotCanonical(ValueError):
    """A value that has no single spelling (a float, a date, a key that is not text)."""


_canonical = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode
_PLAIN = frozenset({str, int, bool, type(None)})


def _fault(value: Any) -> str | None:
    """Where in `value` something stands that has no single spelling, as a path and what it is; None where nothing does.

    The path is made on the way back from a fault only: every event of every case passes here.
    """
    kind = type(value)
    if kind in _PLAIN:
        return None
    if isinstance(value, float):
        return " is a float"
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                return " has a key that is not text"
            if type(inner) not in _PLAIN and (fault := _fault(inner)):
                return f".{key}{fault}"
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            if type(inner) not in _PLAIN and (fault := _fault(inner)):
                return f"[{index}]{fault}"
    return None


def canonical(value: Any) -> str:
    """The one spelling of `value` as JSON text. Raises NotCanonical for floats and keys that are not text."""
    if fault := _fault(value):
        raise NotCanonical(f"${fault}")
    return _canonical(value)


def sha256(text: str | bytes) -> str:
    """Lower-case hex SHA-256 of text (as UTF-8) or bytes."""
    return hashlib.sha256(text.encode("utf-8") if isinstance(text, str) else text).hexdigest()


def body_hash(command: dict[str, Any]) -> str:
    """The hash that makes a command the same command: over all of it as sent."""
    # Half a character is none, but what has one is told from others too.
    return sha256(body_text(command).encode("utf-8", "surrogatepass"))


def body_text(command: dict[str, Any]) -> str:
    """The text over which that hash is taken: keys sorted, no blanks, floats written as JSON text.

    Positions arrive as floats; `repr` gives the shortest text that reads back as the same number in Python and in
    JavaScript alike, but the hash is only ever compared with one made by this function.
    """
    return _canonical(command)


def uuid7(now_ms: int | None = None) -> uuid.UUID:
    """A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then random bits that only grow within one millisecond."""
    global _last_ms, _last_random
    with _uuid_lock:
        ms = int(time.time() * 1000) if now_ms is None else now_ms
        if ms == _last_ms:
            _last_random += 1 + int.from_bytes(os.urandom(3), "big")
        else:
            _last_ms, _last_random = ms, int.from_bytes(os.urandom(9), "big")
        tail = _last_random & ((1 << 74) - 1)
    value = (
        (ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | (tail >> 62) << 64 | 0b10 << 62 | (tail & ((1 << 62) - 1))
    )
    return uuid.UUID(int=value)


def named_uuid(*parts: str) -> uuid.UUID:
    """The same identifier for the same words: how an outside number or an Idempotency-Key becomes a command id."""
    return uuid.uuid5(NAMESPACE, "\x1f".join(parts))


@lru_cache(maxsize=4096)
def time_text(moment: datetime) -> str:
    """An aware datetime as UTC text with microseconds and Z: the form that is hashed.

    A batch says the same few moments in every event, clock and message.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_time(text: Any) -> datetime:
    """An aware datetime from RFC 3339 text; ValueError for anything else, a missing zone included."""
    if not isinstance(text, str) or not _TIME.match(text):
        raise ValueError(f"not a time with a zone: {text!r}")
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"a time beyond all calendars: {text!r}") from None
