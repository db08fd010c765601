"""What the tables say of a case beside what its events said: the first difference.

Compared are the case's columns and moments, its words, its cycles (which every rate counts), its clocks and its photos;
so a row that was altered by hand is found as surely as an altered event.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from server.cases.state import FACTS, stands
from server.protocol.workflow import ENDED

# Columns younger than the first chains: what they hold is known once an event has recorded it.
YOUNGER = frozenset(
    {"flags", "helpers", "dispatchers", "holder_level", "parent_id", "survivor_id", "payer", "pack_version", "source",
     "reporter_id", "lon_e7", "lat_e7", "accuracy_m", "place_status", "boundary_version"}
)  # fmt: skip
CLOCK_FACTS = (
    "limit_min", "time_kind", "granted_min", "provisional", "escalations",
    "started_at", "due_at", "paused_at", "stopped_at", "escalate_at", "pauses",
)  # fmt: skip
# Where a cycle lies and who holds it: the present one as its case does.
CYCLE_PLACE = ("street_id", "community_id", "grid_id", "holder_id", "category_system", "category_code")
# Moments of the case; events say them as facts of its first and its present cycle, and by its clocks.
TIMES = ("reported_at", "due_at", "next_due_at", "closed_at")
facts_of = itemgetter(*CLOCK_FACTS)
Clocks = dict[tuple[int, str], dict[str, Any]]
Photos = dict[str, tuple[str, str]]
Difference = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Standing:
    """What the tables say of a case: its row, the facts of its cycles by number, its clocks by (cycle, kind), its
    photos (fingerprint and stage) by id."""

    number: str
    version: int
    state: str
    last_hash: str
    words: tuple[str, str]
    times: Mapping[str, datetime | None]
    recorded: dict[str, Any]
    cycles: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    clocks: Mapping[tuple[int, str], tuple[Any, ...]] = field(default_factory=dict)
    photos: Photos = field(default_factory=dict)


@dataclass
class Said:
    """What the events of a case said so far, last words first; `words` (title, description) are None once erased."""

    number: str = ""
    words: tuple[str, str] | None = ("", "")
    fields: dict[str, Any] = field(default_factory=dict)
    cycles: dict[int, dict[str, Any]] = field(default_factory=dict)
    clocks: Clocks = field(default_factory=dict)
    photos: Photos = field(default_factory=dict)


def _(msgid: str) -> str:
    return msgid


NOT_RECORDED = _("{field} of the case is {found}, its events say {said}")
OTHER_TEXT = _("{field} of the case is not what its events say")
NO_CYCLE = _("cycle {cycle} is not there, its events say it is")
OTHER_CYCLE = _("cycle {cycle}: {field} is {found}, its events say {said}")
OTHER_CLOCK = _("clock {kind}: {field} is {found}, its events say {said}")
NO_CLOCK = _("clock {kind} is not there, its events say it is")
NO_PHOTO = _("photo {photo} is not there, its events say it is")
NEW_PHOTO = _("photo {photo} is in none of its events")
OTHER_PHOTO = _("photo {photo} is {found}, its events say {said}")


def compared(standing: Standing, said: Said) -> Difference | None:
    """The first difference between the tables and the events, as the reason and its values."""
    return (
        _columns(standing, said.fields)
        or _cycles(standing, said.cycles)
        or _clocks(standing, said.clocks)
        or _times(standing, said)
        or _words(standing, said)
        or _photos(standing, said.photos)
    )


def _columns(standing: Standing, said: dict[str, Any]) -> Difference | None:
    """What the events recorded last of every column is what stands there now."""
    for name, found in standing.recorded.items():
        # Nothing empty is recorded of a new case.
        if name in said and (found == said[name] or spelled(found) == said[name]):
            continue
        if name in said or (found and name not in YOUNGER):
            return NOT_RECORDED, {"field": name, "found": found, "said": said.get(name)}
    return None


def _cycles(standing: Standing, cycles: dict[int, dict[str, Any]]) -> Difference | None:
    for cycle, facts in cycles.items():
        stands = standing.cycles.get(cycle)
        if stands is None:
            return NO_CYCLE, {"cycle": cycle}
        said = {**FACTS, **facts}
        if cycle == standing.recorded["cycle"]:
            said.update((name, standing.recorded[name]) for name in CYCLE_PLACE)
        for name, found in () if "older" in facts else stands.items():
            # An earlier cycle lies where its case lay then.
            known = said.get(name, found)
            if found != known and spelled(found) != known:
                return OTHER_CYCLE, {"cycle": cycle, "field": name, "found": spelled(found), "said": known}
    return None


def _clocks(standing: Standing, clocks: Clocks) -> Difference | None:
    for key, clock in clocks.items():
        runs = standing.clocks.get(key)
        if runs is None:
            return NO_CLOCK, {"kind": key[1]}
        if runs != facts_of(clock):
            where = next(i for i, fact in enumerate(facts_of(clock)) if fact != runs[i])
            params = {"kind": key[1], "field": CLOCK_FACTS[where]}
            return OTHER_CLOCK, params | {"found": runs[where], "said": facts_of(clock)[where]}
    return None


def _times(standing: Standing, said: Said) -> Difference | None:
    """The moments of the case follow from its cycles and clocks."""
    now = standing.recorded["cycle"]
    first, present = said.cycles.get(1, {}), said.cycles.get(now, {})
    if (standing.times["closed_at"] is not None) != (standing.state in ENDED):
        return NOT_RECORDED, {
            "field": "closed_at",
            "found": standing.times["closed_at"],
            "said": standing.state,
        }
    due = min(
        (c["due_at"] for (cycle, _kind), c in said.clocks.items()
         if cycle == now and c["stopped_at"] is None and c["paused_at"] is None),
        default=None,
    )  # fmt: skip
    expected = {"next_due_at": due}
    if "older" not in first:
        expected["reported_at"] = first.get("opened_at")
    if "older" not in present:
        whole = said.clocks.get((now, "whole"), {})
        unknown = stands(whole.get("paused_at"), whole.get("due_at"))
        expected |= {
            "due_at": None if unknown else present.get("due_at"),
            "closed_at": present.get("ended_at"),
        }
    for name, known in expected.items():
        if spelled(standing.times[name]) != known:
            return NOT_RECORDED, {"field": name, "found": spelled(standing.times[name]), "said": known}
    return None


def _words(standing: Standing, said: Said) -> Difference | None:
    """Number, title and description; what they are stays out of the answer."""
    if said.number and standing.number != said.number:
        return NOT_RECORDED, {"field": "number", "found": standing.number, "said": said.number}
    if said.words is not None:
        for name, found, known in zip(("title", "description"), standing.words, said.words, strict=True):
            if found != known:
                return OTHER_TEXT, {"field": name}
    return None


def _photos(standing: Standing, photos: Photos) -> Difference | None:
    """None was put in another's place, taken away, or added beside the chain."""
    if standing.photos == photos:
        return None
    photo = min(one for one in {*photos, *standing.photos} if photos.get(one) != standing.photos.get(one))
    said, found = photos.get(photo), standing.photos.get(photo)
    if found is None:
        return NO_PHOTO, {"photo": photo}
    if said is None:
        return NEW_PHOTO, {"photo": photo}
    return OTHER_PHOTO, {"photo": photo, "found": " ".join(found), "said": " ".join(said)}


def spelled(value: Any) -> Any:
    """A column as the chain writes it; times come in UTC from the database."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")[:26] + "Z"
    return str(value) if isinstance(value, uuid.UUID) else value
