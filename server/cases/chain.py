"""The chain of a case: what an event is, over which text its hash is taken, and the proof that nothing was altered.

hash = SHA-256 of the canonical JSON of all columns of the event but the hash itself, `prev_hash` and the stored body
text among them. Free text is not in the body: the body holds `private` = SHA-256(salt || text), so that erasing a
person's words keeps every hash whole. What the events say is replayed and must be what the tables say. Who owns the
database can still cut the newest events off, or write a chain anew: an anchor kept elsewhere tells (`anchors`).
"""

import json
import secrets
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property, lru_cache
from hashlib import sha256 as digest
from json.encoder import encode_basestring as quoted
from operator import itemgetter
from typing import Any

from psycopg2.extensions import cursor as plain_cursor

from server.cases.state import RECORDED
from server.db import Connection, queries
from server.protocol.wire import canonical, sha256
from server.protocol.workflow import ENDED, moves

sql = queries(__file__, "chain.sql")
read_json = json.JSONDecoder().raw_decode
LAST_ID = uuid.UUID(int=(1 << 128) - 1)
SLICE = 1000
# Columns younger than the first chains: what they hold is known once an event has recorded it.
YOUNGER = frozenset({"flags", "helpers", "dispatchers", "holder_level", "parent_id", "survivor_id", "payer"})
CLOCK_FACTS = ("limit_min", "started_at", "due_at", "paused_at", "stopped_at", "escalations")
facts_of = itemgetter(*CLOCK_FACTS)


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
        return sha256(canonical({f.name: getattr(self, f.name) for f in fields(self)}))


# An event as it is read to be proved: the columns of Event in their order, then its hash, salt and private text.
Link = tuple[Any, ...]
LINK = (*(f.name for f in fields(Event)), "hash", "salt", "private")


def hash_of(link: Link) -> str:
    """What `Event.hash` is, spelled out: proving reads millions of rows, and their shape never differs.

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


@dataclass(frozen=True)
class Standing:
    """What the tables say of a case: its row, and its clocks by (cycle, kind)."""

    number: str
    version: int
    state: str
    last_hash: str
    closed_at: datetime | None
    recorded: dict[str, Any]
    clocks: Mapping[tuple[int, str], tuple[Any, ...]] = field(default_factory=dict)


def _(msgid: str) -> str:
    return msgid


MISSING = _("event missing")
LOOSE = _("does not follow the event before it")
ALTERED = _("content does not match its hash")
UNREADABLE = _("content is not readable")
ILLEGAL = _("state does not follow from the state before it")
OTHER_WORDS = _("private text does not match its commitment")
LOST_WORDS = _("private text is gone and no erasure says why")
NO_EVENTS = _("no events")
NO_CASE = _("there is no case for these events")
NOT_LAST = _("case does not equal its last event")
NOT_RECORDED = _("{field} of the case is {found}, its events say {said}")
OTHER_CLOCK = _("clock {kind}: {field} is {found}, its events say {said}")
NO_CLOCK = _("clock {kind} is not there, its events say it is")


def verify_events(
    number: str, standing: Standing | None, links: Iterable[Link], erased: Collection[int] = ()
) -> Break | None:
    """Recomputes the hashes of one case's events (in order), replays them, and compares the end with `standing`.

    `erased`: the events whose private words were erased. Without `standing` only the chain itself is proved.
    """
    legal = _legal()
    state, previous, n = "", "", 0
    said: dict[str, Any] = {}
    clocks: dict[tuple[int, str], dict[str, Any]] = {}
    for link in links:
        n += 1
        if link[1] != n:
            return Break(number, n, MISSING)
        if link[14] != previous:
            return Break(number, n, LOOSE)
        previous = link[15]
        if hash_of(link) != previous:
            return Break(number, n, ALTERED)
        if link[5] != state or (link[4], state, link[6]) not in legal:
            return Break(number, n, ILLEGAL)
        state = link[6]
        try:
            body = read_json(link[13])[0]
            for name, change in body["fields"].items():
                said[name] = change[1]
            for kind, clock in body["clocks"].items():
                clocks[clock["cycle"], kind] = clock
            committed = body["private"]
        except (ValueError, LookupError, TypeError, AttributeError):
            return Break(number, n, UNREADABLE)
        if link[17] is not None:
            if digest(f"{link[16]}{link[17]}".encode()).hexdigest() != committed:
                return Break(number, n, OTHER_WORDS)
        elif committed is not None and n not in erased:
            return Break(number, n, LOST_WORDS)
    if n == 0:
        return Break(number, 0, NO_EVENTS)
    if standing is None:
        return None
    if (standing.version, standing.state, standing.last_hash) != (n, state, previous):
        return Break(number, n, NOT_LAST)
    return _compare(number, n, standing, said, clocks)


@lru_cache(maxsize=1)
def _legal() -> frozenset[tuple[str, str, str]]:
    return frozenset(moves())


def _compare(
    number: str,
    n: int,
    standing: Standing,
    said: dict[str, Any],
    clocks: dict[tuple[int, str], dict[str, Any]],
) -> Break | None:
    """What the events recorded last of every column and every clock is what stands there now."""
    for name, found in standing.recorded.items():
        # Nothing empty is recorded of a new case.
        if _spelled(found) != said[name] if name in said else found and name not in YOUNGER:
            return Break(number, n, NOT_RECORDED, {"field": name, "found": found, "said": said.get(name)})
    if (standing.closed_at is not None) != (standing.state in ENDED):
        params = {"field": "closed_at", "found": standing.closed_at, "said": standing.state}
        return Break(number, n, NOT_RECORDED, params)
    for key, clock in clocks.items():
        facts = standing.clocks.get(key)
        if facts is None:
            return Break(number, n, NO_CLOCK, {"kind": key[1]})
        if facts != facts_of(clock):
            where = next(i for i, fact in enumerate(facts_of(clock)) if fact != facts[i])
            params = {"kind": key[1], "field": CLOCK_FACTS[where]}
            params |= {"found": facts[where], "said": facts_of(clock)[where]}
            return Break(number, n, OTHER_CLOCK, params)
    return None


def _spelled(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else value


def verify_case(conn: Connection, case_id: uuid.UUID) -> Break | None:
    """The first broken link of one case, or None when its chain is whole."""
    return next(iter(verify_range(conn, uuid.UUID(int=case_id.int - 1), case_id)[2]), None)


def verify_slice(conn: Connection, after: uuid.UUID, limit: int) -> tuple[uuid.UUID | None, int, list[Break]]:
    """Verifies up to `limit` cases after id `after`: the last id (None at the end), how many, and what is broken."""
    end = sql.slice_end(conn, after=after, limit=limit)
    last = end["last"] if end["cases"] == limit else None
    cases, _events, broken = verify_range(conn, after, last or LAST_ID)
    return last, cases, broken


def verify_range(conn: Connection, after: uuid.UUID, last: uuid.UUID) -> tuple[int, int, list[Break]]:
    """Verifies all cases with after < id <= last, and events there that have no case.

    Returns how many cases and how many events there are, and what is broken. Each table is read once by a range of its
    key, as plain tuples; a range should hold some thousand cases at most.
    """
    standings = _standings(conn, after, last)
    links: dict[str, list[Link]] = {case_id: [] for case_id in standings}
    for link in _read(conn, sql.links.sql, after, last):
        links.setdefault(link[0], []).append(link)
    erased: dict[str, list[int]] = {}
    for case_id, n in _read(conn, sql.erased_words.sql, after, last):
        erased.setdefault(case_id, []).append(n)
    broken = []
    for case_id, chain in links.items():
        standing = standings.get(case_id)
        number = standing.number if standing else case_id
        found = verify_events(number, standing, chain, erased.get(case_id, ()))
        if found or standing is None:
            broken.append(found or Break(number, len(chain), NO_CASE))
    return len(standings), sum(map(len, links.values())), broken


def _standings(conn: Connection, after: uuid.UUID, last: uuid.UUID) -> dict[str, Standing]:
    clocks: dict[str, dict[tuple[int, str], tuple[Any, ...]]] = {}
    for row in _read(conn, sql.clocks_between.sql, after, last):
        clocks.setdefault(row[0], {})[row[1], row[2]] = row[3:]
    statement = sql.cases_between.sql.replace("closed_at", f"closed_at, {', '.join(RECORDED)}", 1)
    return {
        case_id: Standing(
            number,
            version,
            state,
            last_hash,
            closed_at,
            dict(zip(RECORDED, recorded, strict=True)),
            clocks.get(case_id, {}),
        )
        for case_id, number, version, state, last_hash, closed_at, *recorded in _read(
            conn, statement, after, last
        )
    }


def _read(conn: Connection, statement: str, after: uuid.UUID, last: uuid.UUID) -> Sequence[tuple[Any, ...]]:
    with conn.cursor(cursor_factory=plain_cursor) as cursor:
        cursor.execute(statement, {"after": after, "last": last})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
