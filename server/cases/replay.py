"""Replays the events of one case: each must follow from the one before it, and the case must stand where they end.

Besides the hashes this compares what the events say: a move that the table does not know, a field that was another one
before an event than the events before it say, a clock that began anew by an act that starts none. So what was altered
by hand is found even when the case goes on from there. What the tables say in the end is compared in `standing`.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256 as digest
from typing import Any

from server.cases.link import Break, Link, hash_of
from server.cases.standing import YOUNGER, Said, Standing, compared
from server.protocol.workflow import TABLE, moves

read_json = json.JSONDecoder().raw_decode
# What an event of the time before cycles were part of the chain says of its cycle.
OLDER = {"older": True}
# The acts that give a case its words; all but the last say them anew.
TELLING = ("report", "part", "self_handle", "record", "change")


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
OTHER_BEFORE = _("{field} of the case was {found} before this event, the events before it say {said}")
CLOCK_BEFORE = _("clock {kind}: {field} is {found} in this event, the events before it say {said}")


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
    said = Said()
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
            if other := _replay(said, link, body):
                return Break(number, n, *other)
            committed = left.get(n) or body["private"]
            if link[4] in TELLING:
                _hear(said, link, committed)
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
    other = compared(standing, said)
    return Break(number, n, *other) if other else None


def _replay(said: Said, link: Link, body: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Adds what an event says; why it does not follow from what was said before it."""
    known = said.fields
    for name, (before, after) in body["fields"].items():
        if name in known:
            if before != known[name]:
                return OTHER_BEFORE, {"field": name, "found": before, "said": known[name]}
        elif before and name not in YOUNGER:
            return OTHER_BEFORE, {"field": name, "found": before, "said": None}
        known[name] = after
    for clock in body["clocks"].values():
        key = clock["cycle"], clock["kind"]
        if key in said.clocks and (name := _against(link[4], said.clocks[key], clock)):
            params = {"kind": key[1], "field": name, "found": clock[name], "said": said.clocks[key][name]}
            return CLOCK_BEFORE, params
        said.clocks[key] = clock
    said.cycles.setdefault(link[2], {}).update(body.get("facts", OLDER))
    if body.get("last_facts"):
        said.cycles[link[2] - 1].update(body["last_facts"])
    for photo in body["payload"].get("attachments", ()):
        said.photos[photo["id"]] = photo["sha256"], photo["stage"]
    said.number = body.get("number") or said.number
    return None


def _hear(said: Said, link: Link, committed: str | None) -> None:
    """Title and description as they are told; unknown from the moment that some of them were erased."""
    if link[17] is None and committed is not None:
        said.words = None
    elif said.words is not None:
        told = read_json(link[17])[0] if link[17] is not None else {}
        title, description = told.get("title", ""), told.get("description", "")
        if link[4] == "change":
            title, description = title or said.words[0], description or said.words[1]
        said.words = title, description


def _against(action: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Which fact of a clock an act changed that has no power over it; "" = none."""
    if (action, now["kind"]) in _starts():
        return ""
    if now["started_at"] != before["started_at"]:
        return "started_at"
    if before["stopped_at"] is not None and now["stopped_at"] != before["stopped_at"]:
        return "stopped_at"
    # A pause that ends is added; one that goes on is no pause yet.
    was = before["pauses"]
    if now["pauses"] != was and (before["paused_at"] is None or now["pauses"][: len(was)] != was):
        return "pauses"
    if now["escalations"] - before["escalations"] not in (0, 1):
        return "escalations"
    return ""


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


@lru_cache(maxsize=1)
def _starts() -> frozenset[tuple[str, str]]:
    """Which clocks an action may start, as (action, kind); an import brings its own."""
    return frozenset((row.action, kind) for row in TABLE for kind in row.start) | {("record", "whole")}
