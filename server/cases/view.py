"""How a case looks to those who may see it: one JSON shape for console, tablet, API and export."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from server.audit.masking import mask_answer, mask_text
from server.cases.beside import Beside, named_by
from server.cases.pictures import ERASED, PictureRefused
from server.cases.state import CaseState
from server.db import Connection, queries
from server.locale import gettext_for
from server.protocol import words
from server.protocol.hats import ASKED_FLAG, CALLED_FLAG
from server.protocol.pack import Category
from server.protocol.payloads import COMPONENT, ON_BEHALF
from server.protocol.wire import time_text
from server.protocol.workflow import ENDED, STEP_OF

sql = queries(__file__)


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)


def cases(
    conn: Connection, rows: Iterable[dict[str, Any]], lang: str, now: datetime, bare: bool = False
) -> list[dict[str, Any]]:
    """Case JSON of database rows: interfaces' fields, and what the screens say about them.

    Personal data is masked unless `bare`: for a sealed tablet, or for somebody who said why (`unmask`).
    """
    rows = list(rows)
    beside = Beside.of(conn, rows)
    return [_case(row, beside, lang, now, bare) for row in rows]


def whole_cases(
    conn: Connection, rows: Sequence[dict[str, Any]], lang: str, now: datetime, bare: bool = False
) -> list[dict[str, Any]]:
    """The same with `deadlines`, `attachments` and `facts`."""
    beside = Beside.of(conn, rows, whole=True)
    return [
        _case(row, beside, lang, now, bare)
        | {
            "deadlines": clocks_json(beside.clocks.get(str(row["id"]), ()), now, beside.zone(row), lang),
            "attachments": attachments_json(beside.photos.get(str(row["id"]), ()), row["number"], lang),
            "facts": facts_json(row, now),
        }
        for row in rows
    ]


def _answers(row: dict[str, Any], category: Category, lang: str, bare: bool) -> list[dict[str, Any]]:
    """The answers of the category's form in its order, then those that this pack does not ask for (as private)."""
    asked = {field.name: field for field in category.form}
    given: dict[str, str] = row["form"]
    translate = gettext_for(lang)
    found = []
    for name in sorted(given, key=lambda name: list(asked).index(name) if name in asked else len(asked)):
        field = asked.get(name)
        private = (field is None or field.private) and name not in (ON_BEHALF, COMPONENT)
        choices = {choice.code: choice.names for choice in field.choices} if field else {}
        value = choices[given[name]].get(lang, given[name]) if given[name] in choices else given[name]
        if name == ON_BEHALF:
            value = translate(words.FOR_WHOM.get(value, value))
        found.append(
            {
                "name": name,
                "label": field.names.get(lang, name)
                if field
                else translate(words.FIELD_WORDS.get(name, name)),
                "private": private,
                "value": mask_answer(name, value) if private and not bare else value,
            }
        )
    return found


def _case(row: dict[str, Any], beside: Beside, lang: str, now: datetime, bare: bool) -> dict[str, Any]:
    translate = gettext_for(lang)
    pack = beside.packs[row["pack_version"]]
    category = pack.category(row["category_system"], row["category_code"]) or pack.other
    condition = category.condition(row["condition"])
    answers = _answers(row, category, lang, bare)
    hides = not bare and any(
        [mask_text(row[k]) != row[k] for k in ("title", "description")]
        + [answer["private"] for answer in answers]
    )
    if hides:
        row = {**row, **{k: mask_text(row[k]) for k in ("title", "description")}}
    levels = [beside.node(row[k]) for k in ("street_id", "community_id", "grid_id")]
    zone = beside.zone(row)
    ended = row["state"] in ENDED
    place = next((level for level in reversed(levels) if level), None)
    title = row["title"] or (
        f"{category.name(lang)} · {condition.names.get(lang, '')}"
        if condition and len(category.conditions) > 1
        else category.name(lang)
    )
    status = words.deadline_status(row["next_due_at"], now, ended, pack.soon_minutes)
    overdue = bool(row["due_at"] and row["due_at"] < (row["closed_at"] or now))
    return {
        "number": row["number"],
        "id": str(row["id"]),
        "state": row["state"],
        "state_word": pack.word("states", row["state"], lang) or translate(words.STATE_WORDS[row["state"]]),
        "version": row["version"],
        "cycle": row["cycle"],
        "category": {
            "system": category.system,
            "code": category.code,
            "name": category.name(lang),
            "as_it_came": row["category_text"] or None,
        },
        "condition": {
            "code": condition.code,
            "name": condition.names.get(lang, condition.code),
            "closing": condition.closing.get(lang, ""),
        }
        if condition
        else None,
        "severity": row["severity"],
        "title": title,
        "description": row["description"],
        "form": answers,
        "masked": hides,
        "location": {
            "lon": _degrees(row["lon_e7"]),
            "lat": _degrees(row["lat_e7"]),
            "accuracy_m": row["accuracy_m"],
            "crs_source": row["crs_source"] or None,
        },
        "grid": {
            "code": levels[2]["code"] if levels[2] else None,
            "name": place["name"] if place else None,
            "path": " › ".join(level["name"] for level in levels if level) or None,
            **{f"level{i + 1}": level["code"] if level else None for i, level in enumerate(levels)},
            "names": [level["name"] if level else None for level in levels],
            "boundary_version": row["boundary_version"],
            "status": row["place_status"],
            "candidates": row["place_candidates"],
        },
        "district": {k: beside.districts[row["district_id"]][k] for k in ("code", "name", "timezone")},
        "source": row["source"],
        "external_id": row["external_id"],
        "tags": row["tags"],
        "self_handled": row["self_handled"],
        "reported_at": iso(row["reported_at"]),
        "received_at": iso(row["received_at"]),
        "changed_at": iso(row["changed_at"]),
        "due_at": iso(row["due_at"]),
        "due_provisional": row["due_provisional"],
        "overdue": overdue,
        "deadline": {
            "kind": row["next_clock"],
            "due_at": iso(row["next_due_at"]),
            "status": status,
            "words": translate(words.DEADLINE_WORDS["closed"])
            if ended
            else words.remaining_words(row["next_due_at"], now, zone, translate),
        },
        "holder": beside.organisation(row["holder_id"]),
        "handler": beside.organisation(row["handler_id"]),
        "flags": row["flags"],
        "flag_words": [translate(words.FLAG_WORDS[f]) for f in row["flags"] if f in words.FLAG_WORDS],
        # Who was called to the spot and has not come, who was asked for help and has not answered.
        "called": [beside.organisation(i) for i in named_by(row["flags"], CALLED_FLAG)],
        "asked": [beside.organisation(i) for i in named_by(row["flags"], ASKED_FLAG)],
        "payer": row["payer"] or None,
        "closed_at": iso(row["closed_at"]),
        "close_kind": row["close_kind"],
        "step": STEP_OF[row["state"]],
        "links": {
            "self": f"/api/v1/cases/{row['number']}",
            "events": f"/api/v1/cases/{row['number']}/events",
            "page": f"/cases/{row['number']}",
        },
    }


def _degrees(e7: int | None) -> float | None:
    return None if e7 is None else e7 / 1e7


def facts_json(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What a tablet needs to ask the transition table itself."""
    facts = CaseState(**{k: row[k] for k in CaseState.__dataclass_fields__}).facts(now)
    return {
        "id": facts.id,
        "state": facts.state,
        "nodes": list(facts.nodes),
        "handler": facts.handler,
        "reporter": facts.reporter,
        "dispatchers": sorted(facts.dispatchers),
        "flags": sorted(facts.flags),
        "helpers": sorted(facts.helpers),
        "holder": facts.holder,
        "holder_level": facts.holder_level,
        "overdue": facts.overdue,
    }


def reply_json(due_at: datetime, timezone: str, now: datetime, lang: str) -> dict[str, Any]:
    """Until when a reply is owed, and in words."""
    translate = gettext_for(lang)
    return {
        "due_at": iso(due_at),
        "overdue": due_at < now,
        "words": words.remaining_words(due_at, now, ZoneInfo(timezone), translate),
    }


def clocks_json(
    rows: Iterable[dict[str, Any]], now: datetime, zone: ZoneInfo, lang: str
) -> list[dict[str, Any]]:
    """The clocks of a case's present cycle, in the order they were started."""
    translate = gettext_for(lang)
    return [
        {
            "kind": r["kind"],
            "word": translate(words.CLOCK_WORDS[r["kind"]]),
            "limit_min": r["limit_min"],
            "time_kind": r["time_kind"],
            "started_at": iso(r["started_at"]),
            "due_at": iso(r["due_at"]),
            "paused_at": iso(r["paused_at"]),
            "stopped_at": iso(r["stopped_at"]),
            "provisional": r["provisional"],
            "granted_min": r["granted_min"],
            "escalations": r["escalations"],
            "overdue": r["due_at"] < (r["stopped_at"] or r["paused_at"] or now),
            "words": words.remaining_words(r["due_at"], now, zone, translate)
            if r["stopped_at"] is None
            else "",
        }
        for r in rows
    ]


def attachments_json(rows: Iterable[dict[str, Any]], number: str, lang: str) -> list[dict[str, Any]]:
    """Declared evidence. `arrived` is false while its bytes are on the way, or for ever when they were `refused` (a
    sentence), perhaps because it was `erased`; `damaged`: the stored original no longer has its fingerprint.
    """
    translate = gettext_for(lang)
    return [
        {
            "id": str(r["id"]),
            "sha256": r["sha256"],
            "bytes": r["bytes"],
            "mime": r["mime"],
            "stage": r["stage"],
            "made_at": iso(r["made_at"]),
            "arrived": r["arrived_at"] is not None,
            "erased": r["refused"] == ERASED,
            "refused": PictureRefused(r["refused"]).text(translate) if r["refused"] else None,
            "damaged": r["damaged_at"] is not None,
            "url": f"/cases/{number}/photos/{r['id']}",
            "thumb_url": f"/cases/{number}/photos/{r['id']}?thumb=1",
        }
        for r in rows
    ]
