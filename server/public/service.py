"""What a link shows of its case: chosen field by field, so that what is not named here never leaves.

No person, no coordinate, nothing that an office wrote for itself. Words that were written for the reporter (a
question, why it was declined, the answer) are shown without numbers of telephones, cards and cars.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from server.audit.masking import hide_numbers
from server.cases.batch import ended_at
from server.cases.state import CaseState
from server.db import Connection, queries
from server.errors import NotFound
from server.locale import gettext_for
from server.packs import pack_of_version
from server.protocol.hats import OUTSIDE, RESIDENT, Actor
from server.protocol.pack import Category, Pack
from server.protocol.words import STEP_WORDS
from server.protocol.workflow import ENDED, STEP_OF, STEPS, Narrowing, allowed
from server.public.words import CLOSED_AS, MERGED_ANSWERED, happened, stands

sql = queries(__file__)
# In whose hands an event put the case, by who acts in it or to whom it was given.
GIVEN = ("dispatch", "assign_anyway", "take", "claim", "forward")
WRITTEN_FOR_REPORTER = {"ask": "question", "decline": "reason", "reply": "text"}
IN_DAYS = {"reopen": "reopen_days", "rate": "rate_days", "appeal": "appeal_days"}
STAGES_OF_RESIDENT, STAGES_OF_PARTY = ("before", "after"), ("before", "during")


@dataclass(frozen=True)
class Told:
    """One line of the story: when, what, and the words that were meant for the reporter ("" for none)."""

    at: str
    sentence: str
    words: str = ""


@dataclass(frozen=True)
class Step:
    """One of the seven steps: done (with its time), now, or to come."""

    word: str
    status: str
    at: str | None


def resident_of(row: dict[str, Any]) -> Actor:
    """Who comes by a resident's link."""
    return Actor(None, RESIDENT, link=str(row["id"]))


def party_of(row: dict[str, Any]) -> Actor:
    """Who comes by an outside party's link."""
    return Actor(None, OUTSIDE, organisation=row["party_id"], link=str(row["id"]))


def in_public_space(category: Category) -> bool:
    """Whether the matter lies in the open street: things and events do, matters of people and homes do not."""
    return category.kind != "matter"


def pack_and_category(conn: Connection, row: dict[str, Any]) -> tuple[Pack, Category]:
    pack = pack_of_version(conn, row["pack_version"])
    return pack, pack.category(row["category_system"], row["category_code"]) or pack.other


def resident_view(conn: Connection, row: dict[str, Any], lang: str, now: datetime) -> dict[str, Any]:
    """All that the page of a resident's link says of the case `row`."""
    _ = gettext_for(lang)
    pack, category = pack_and_category(conn, row)
    events = [
        dict(event) | {"body": json.loads(event["body"])} for event in sql.story(conn, case_id=row["id"])
    ]
    names = _names_of_offices(conn, row, events)
    cycle = sql.cycle(conn, case_id=row["id"], n=row["cycle"])
    headline, following = stands(row["state"], names.get(row["handler_id"] or 0, ""), _)
    answer = _last_words(events, "reply")
    if row["state"] == "merged" and answer:
        following = _(MERGED_ANSWERED)
    return {
        **_matter(conn, row, category, lang),
        "state": row["state"],
        "ended": row["state"] in ENDED,
        "headline": headline,
        "following": following,
        "closed_as": _(closed_as) if (closed_as := _closed_as(row)) else "",
        "reported_at": row["reported_at"],
        "due_at": row["due_at"] if row["state"] not in ENDED else None,
        "due_provisional": row["due_provisional"],
        "reply_due_at": cycle["reply_due_at"] if cycle["reply_stopped_at"] is None else None,
        "replied_at": cycle["replied_at"],
        "rating": cycle["rating"],
        # What ended another way goes none of the steps that are left.
        "steps": []
        if row["state"] in ("declined", "merged", "cancelled")
        else _steps(row, events, "rated" in row["flags"], _),
        "story": [told for event in reversed(events) if (told := _told(event, names, _))],
        "asked": _last_words(events, "ask") if row["state"] == "waiting" else "",
        "reason": _last_words(events, "decline") if row["state"] == "declined" else "",
        "answer": answer,
        "photos": photos(conn, row, category, STAGES_OF_RESIDENT),
        "acts": possible(row, pack, ended_at(conn, row["closed_at"], row["survivor_id"]), now),
        "office": _office(conn, row),
    }


def party_view(conn: Connection, row: dict[str, Any], lang: str) -> dict[str, Any]:
    """All that the page of an outside party's link says: the matter, where it is, what is asked, until when."""
    _pack, category = pack_and_category(conn, row)
    condition = category.condition(row["condition"])
    outdoors = in_public_space(category)
    events = [dict(event) for event in sql.story(conn, case_id=row["id"])]
    note = next((e["private"] for e in reversed(events) if e["action"] == "forward" and e["private"]), None)
    placed = outdoors and row["lon_e7"] is not None
    cycle = sql.cycle(conn, case_id=row["id"], n=row["cycle"])
    return {
        **_matter(conn, row, category, lang),
        "open": row["state"] == "forwarded",
        "closing": condition.closing.get(lang) or condition.closing.get("zh-CN", "") if condition else "",
        "words": [hide_numbers(row[name]) for name in ("title", "description") if row[name] and outdoors],
        "note": str(json.loads(note).get("note", "")) if note else "",
        "lon": row["lon_e7"] / 1e7 if placed else None,
        "lat": row["lat_e7"] / 1e7 if placed else None,
        "due_at": cycle["handle_due_at"],
        "photos_needed": asked_of_party(category),
        "photos": photos(conn, row, category, STAGES_OF_PARTY),
        "office": _office(conn, row),
    }


def asked_of_party(category: Category) -> tuple[str, ...]:
    """The stages of which an outside party sends photos: those of its answer, else those of whoever handles."""
    return category.evidence.get("answer_outside") or category.evidence.get("handle", ())


def _matter(conn: Connection, row: dict[str, Any], category: Category, lang: str) -> dict[str, Any]:
    condition = category.condition(row["condition"])
    nodes = [row[level] for level in ("street_id", "community_id", "grid_id") if row[level] is not None]
    names = {node["node_id"]: node["name"] for node in sql.names_of_nodes(conn, nodes=nodes)}
    what = [category.name(lang)]
    if condition and len(category.conditions) > 1:
        what.append(condition.names.get(lang) or condition.names.get("zh-CN", ""))
    return {
        "number": row["number"],
        "what": " · ".join(filter(None, what)),
        "where": " › ".join(names[node] for node in nodes if node in names),
    }


def _closed_as(row: dict[str, Any]) -> str:
    """The kind of closing as a sentence; none while it is open."""
    kind = row["close_kind"]
    return CLOSED_AS[kind] if kind and row["closed_at"] else ""


def _office(conn: Connection, row: dict[str, Any]) -> dict[str, str]:
    """The office that answers for the case, and under which telephone it or the centre is reached."""
    (holder,) = sql.names_of_organisations(conn, ids=[row["holder_id"]])
    district = sql.district(conn, id=row["district_id"])
    return {
        "name": holder["name"],
        "phone": sql.phone_of(conn, id=row["holder_id"]) or district["phone"] or "",
    }


def _names_of_offices(
    conn: Connection, row: dict[str, Any], events: Sequence[dict[str, Any]]
) -> dict[int, str]:
    ids = {row["handler_id"], *(e["organisation"] for e in events), *(_given_to(e) for e in events)} - {None}
    return {o["id"]: o["name"] for o in sql.names_of_organisations(conn, ids=list(ids))}


def _given_to(event: dict[str, Any]) -> int | None:
    """The organisation that an event gave the case to."""
    change = event["body"]["fields"].get("handler_id")
    return change[1] if change and event["action"] in GIVEN else None


def _told(event: dict[str, Any], names: dict[int, str], _: Any) -> Told | None:
    action = event["action"]
    if action == "appeal" and event["from_state"] != "declined":
        return None
    if action == "sample" and event["to_state"] == "registered":
        action = "reopen"
    sentence = happened(action, names.get(_given_to(event) or event["organisation"] or 0, ""), _)
    return Told(event["acted_at"], sentence, _words_of(event)) if sentence else None


def _words_of(event: dict[str, Any]) -> str:
    """What an event said to the reporter; "" for all that was said to others."""
    field = WRITTEN_FOR_REPORTER.get(event["action"])
    if field is None or not event["private"]:
        return ""
    return hide_numbers(str(json.loads(event["private"]).get(field, "")))


def _last_words(events: Iterable[dict[str, Any]], action: str) -> str:
    return next((_words_of(e) for e in reversed(list(events)) if e["action"] == action), "")


def _steps(row: dict[str, Any], events: Iterable[dict[str, Any]], rated: bool, _: Any) -> list[Step]:
    """The seven steps with the time at which each was reached last; what was gone back behind is to come again."""
    reached: dict[int, str] = {}
    for event in events:
        done = STEP_OF[event["to_state"]]
        reached = {step: at for step, at in reached.items() if step < done}
        for step in range(done):
            reached.setdefault(step, event["acted_at"])
        if event["action"] == "rate":
            reached[6] = event["acted_at"]
    present = len(reached) if row["state"] not in ENDED or (row["state"] == "closed" and not rated) else -1
    return [
        Step(
            _(STEP_WORDS[key]), "done" if i in reached else "now" if i == present else "todo", reached.get(i)
        )
        for i, key in enumerate(STEPS)
    ]


def possible(row: dict[str, Any], pack: Pack, ended: datetime | None, now: datetime) -> list[str]:
    """What the table and the days of the pack (since it `ended` for them) let a resident do now, what waits for them
    first.
    """
    facts = CaseState(**{k: row[k] for k in CaseState.__dataclass_fields__}).facts(now)
    rows = allowed(facts, resident_of(row), Narrowing.of(pack.without, pack.narrow))
    actions = {r.action for r in rows}

    def in_time(action: str) -> bool:
        days = getattr(pack, IN_DAYS[action]) if action in IN_DAYS else None
        return days is None or ended is None or now - ended < timedelta(days=days)

    order = ("answer", "rate", "reopen", "appeal", "comment", "add_evidence")
    return [action for action in order if action in actions and in_time(action)]


def photos(
    conn: Connection, row: dict[str, Any], category: Category, stages: Sequence[str]
) -> list[dict[str, Any]]:
    """Photos of things and events in the open, as copies without place and time; none of people's matters."""
    if not in_public_space(category):
        return []
    return [dict(photo) for photo in sql.photos(conn, case_id=row["id"], stages=list(stages))]


def photo(conn: Connection, row: dict[str, Any], photo_id: UUID, stages: Sequence[str]) -> str:
    """The SHA-256 of one of these photos. Raises NotFound."""
    _pack, category = pack_and_category(conn, row)
    found = next((p for p in photos(conn, row, category, stages) if p["id"] == photo_id), None)
    if found is None:
        raise NotFound
    return str(found["sha256"])


def zone_of(conn: Connection, district_id: int) -> ZoneInfo:
    """The local time of a district."""
    return ZoneInfo(sql.district(conn, id=district_id)["timezone"])
