"""A link of the chain: an event, the text over which its hash is taken, and what a broken one is called.

hash = SHA-256 of the canonical JSON of all columns of the event but the hash itself, `prev_hash` and the stored body
text among them. Free text is not in the body: the body holds `private` = SHA-256(salt || text), so that erasing a
person's words keeps every hash whole.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256 as digest
from json.encoder import encode_basestring as quoted
from operator import attrgetter
from typing import Any

import orjson

from server.protocol.wire import sha256, time_text

AS_THE_CHAIN_SAYS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def spelled(value: dict[str, Any]) -> str:
    """`canonical` for what its maker has put together, in which no float can be, with moments and ids as text: the same
    bytes by a faster writer, for every event of every case passes here.
    """
    return orjson.dumps(value, _as_text, AS_THE_CHAIN_SAYS).decode()


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return time_text(value)
    if is_dataclass(value):
        return vars(value)
    raise TypeError(type(value).__name__)


@dataclass(frozen=True)
class Event:
    """One row of case_events. Times are UTC text, ids are text or whole numbers: exactly what is hashed."""

    case_id: str
    n: int
    cycle: int
    command_id: str
    action: str
    from_state: str
    to_state: str
    actor: int | None
    organisation: int | None
    device: str | None
    made_at: str
    acted_at: str
    received_at: str
    body: str
    prev_hash: str

    @cached_property
    def hash(self) -> str:
        """Lower-case hex SHA-256 over the canonical JSON of all fields."""
        return hash_of(_columns(self))


# An event as it is read to be proved: the columns of Event in their order, then its hash, salt and private text.
Link = tuple[Any, ...]
LINK = (*(f.name for f in fields(Event)), "hash", "salt", "private")


_columns = attrgetter(*(f.name for f in fields(Event)))


def hash_of(link: Link) -> str:
    """SHA-256 over the canonical JSON of an event, spelled out: proving reads millions, and their shape never differs.

    Ids are the database's own spelling of uuids and need no quoting.
    """
    (case_id, n, cycle, command_id, action, from_state, to_state, actor, organisation, device,
     made_at, acted_at, received_at, body, prev_hash) = link[:15]  # fmt: skip
    tablet = "null" if device is None else f'"{device}"'
    text = (
        f'{{"acted_at":{quoted(acted_at)},"action":{quoted(action)},"actor":{"null" if actor is None else actor}'
        f',"body":{quoted(body)},"case_id":"{case_id}","command_id":"{command_id}","cycle":{cycle}'
        f',"device":{tablet},"from_state":{quoted(from_state)}'
        f',"made_at":{quoted(made_at)},"n":{n},"organisation":{"null" if organisation is None else organisation}'
        f',"prev_hash":{quoted(prev_hash)},"received_at":{quoted(received_at)},"to_state":{quoted(to_state)}}}'
    )
    return digest(text.encode()).hexdigest()


def commitment(text: str) -> tuple[str, str]:
    """A fresh salt and SHA-256(salt || text), both hex."""
    salt = secrets.token_hex(16)
    return salt, sha256(salt + text)


@dataclass(frozen=True)
class Break:
    """The first broken link of a case. `why` is an English msgid with `params` in it."""

    number: str
    n: int
    why: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.why.format(**self.params)
