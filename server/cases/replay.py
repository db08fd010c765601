"""Replays the events of one case and compares what they say with what the tables say.

What the events recorded of the case's columns, of its cycles (which every rate counts) and of its clocks must be what
stands there now; so a row that was altered by hand is found as surely as an altered event.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256 as digest
from operator import itemgetter
from typing import Any

from server.cases.link import Break, Link, hash_of
from server.cases.state import FACTS
from server.protocol.workflow import ENDED, moves

read_json = json.JSONDecoder().raw_decode
# Columns younger than the first chains: what they hold is known once an event has recorded it.
YOUNGER = frozenset({"flags", "helpers", "dispatchers", "holder_level", "parent_id", "survivor_id", "payer"})
CLOCK_FACTS = ("limit_min", "started_at", "due_at", "paused_at", "stopped_at", "escalations")
# Where a cycle lies and who holds it: the present one as its case does.
CYCLE_PLACE = ("street_id", "community_id", "grid_id", "holder_id", "category_system", "category_code")
# What an event of the time before cycles were part of the chain says of its cycle.
OLDER = {"older": True}
facts_of = itemgetter(*CLOCK_FACTS)


@dataclass(frozen=True)
class Standing:
    """What the tables say of a case: its row, the facts of its cycles by number, its clocks by (cycle, kind), its
    photos (fingerprint and stage) by id."""

    number: str
    version: int
    state: str
    last_hash: str
    closed_at: datetime | None
    recorded: dict[str, Any]
    cycles: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    clocks: Mapping[tuple[int, str], tuple[Any, ...]] = field(default_factory=dict)
    photos: Mapping[str, tuple[str, str]] = field(default_factory=dict)


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
NO_CYCLE = _("cycle {cycle} is not there, its events say it is")
OTHER_CYCLE = _("cycle {cycle}: {field} is {found}, its events say {said}")
OTHER_CLOCK = _("clock {kind}: {field} is {found}, its events say {said}")
NO_CLOCK = _("clock {kind} is not there, its events say it is")
NO_PHOTO = _("photo {photo} is not there, its events say it is")
NEW_PHOTO = _("photo {photo} is in none of its events")
OTHER_PHOTO = _("photo {photo} is {found}, its events say {said}")


def verify_events(
    number: str, standing: Standing | None, links: Iterable[Link], erased: Collection[int] = ()
) -> Break | None:
    """Recomputes the hashes of one case's events (in order), replays them, and compares the end with `standing`.

    `erased`: the events whose private words were erased; those that were cut are proved by the event that says so.
    Without `standing` only the chain itself is proved.
    """
    legal, links = _legal(), tuple(links)
    left = _left_over(links)
    state, previous, n = "", "", 0
    said: dict[str, Any] = {}
    cycles: dict[int, dict[str, Any]] = {}
    clocks: dict[tuple[int, str], dict[str, Any]] = {}
    photos: dict[str, tuple[str, str]] = {}
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
            for clock in body["clocks"].values():
                clocks[clock["cycle"], clock["kind"]] = clock
            cycles.setdefault(link[2], {}).update(body.get("facts", OLDER))
            if body.get("last_facts"):
                cycles[link[2] - 1].update(body["last_facts"])
            for photo in body["payload"].get("attachments", ()):
                photos[photo["id"]] = photo["sha256"], photo["stage"]
            committed = left.get(n) or body["private"]
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
    return (
        _compare(number, n, standing, said)
        or _compare_cycles(number, n, standing, cycles, clocks)
        or _compare_photos(number, n, standing, photos)
    )


def _left_over(links: Iterable[Link]) -> dict[int, str]:
    """The last commitments to what was left of words that were cut later, by the number of their event."""
    found: dict[int, str] = {}
    for link in links:
        if link[4] == "redact":
            with suppress(
                ValueError, LookupError, TypeError, AttributeError
            ):  # said where the event itself is read
                said = read_json(link[13])[0]["payload"].get("events", {})
                found.update((int(n), commitment) for n, commitment in said.items() if int(n) < link[1])
    return found


@lru_cache(maxsize=1)
def _legal() -> frozenset[tuple[str, str, str]]:
    return frozenset(moves())


def _compare(number: str, n: int, standing: Standing, said: dict[str, Any]) -> Break | None:
    """What the events recorded last of every column is what stands there now."""
    for name, found in standing.recorded.items():
        # Nothing empty is recorded of a new case.
        if name in said and (found == said[name] or spelled(found) == said[name]):
            continue
        if name in said or (found and name not in YOUNGER):
            return Break(number, n, NOT_RECORDED, {"field": name, "found": found, "said": said.get(name)})
    if (standing.closed_at is not None) != (standing.state in ENDED):
        params = {"field": "closed_at", "found": standing.closed_at, "said": standing.state}
        return Break(number, n, NOT_RECORDED, params)
    return None


def _compare_cycles(
    number: str,
    n: int,
    standing: Standing,
    cycles: dict[int, dict[str, Any]],
    clocks: dict[tuple[int, str], dict[str, Any]],
) -> Break | None:
    """The same of every cycle, which the rates count, and of every clock."""
    for cycle, facts in cycles.items():
        stands = standing.cycles.get(cycle)
        if stands is None:
            return Break(number, n, NO_CYCLE, {"cycle": cycle})
        said = {**FACTS, **facts}
        if cycle == standing.recorded["cycle"]:
            said.update((name, standing.recorded[name]) for name in CYCLE_PLACE)
        for name, found in () if "older" in facts else stands.items():
            # An earlier cycle lies where its case lay then.
            known = said.get(name, found)
            if found != known and spelled(found) != known:
                about = {"cycle": cycle, "field": name, "found": spelled(found), "said": known}
                return Break(number, n, OTHER_CYCLE, about)
    for key, clock in clocks.items():
        runs = standing.clocks.get(key)
        if runs is None:
            return Break(number, n, NO_CLOCK, {"kind": key[1]})
        if runs != facts_of(clock):
            where = next(i for i, fact in enumerate(facts_of(clock)) if fact != runs[i])
            params = {"kind": key[1], "field": CLOCK_FACTS[where]}
            params |= {"found": runs[where], "said": facts_of(clock)[where]}
            return Break(number, n, OTHER_CLOCK, params)
    return None


def _compare_photos(
    number: str, n: int, standing: Standing, photos: dict[str, tuple[str, str]]
) -> Break | None:
    """The same of every photo: none was put in another's place, taken away, or added beside the chain."""
    if standing.photos == photos:
        return None
    photo = min(one for one in {*photos, *standing.photos} if photos.get(one) != standing.photos.get(one))
    said, found = photos.get(photo), standing.photos.get(photo)
    if found is None:
        return Break(number, n, NO_PHOTO, {"photo": photo})
    if said is None:
        return Break(number, n, NEW_PHOTO, {"photo": photo})
    return Break(number, n, OTHER_PHOTO, {"photo": photo, "found": " ".join(found), "said": " ".join(said)})


def spelled(value: Any) -> Any:
    """A column as the chain writes it; times come in UTC from the database."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")[:26] + "Z"
    return str(value) if isinstance(value, uuid.UUID) else value
