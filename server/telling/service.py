"""What is told to whom: notices in, messages out, in the reader's language."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from server.db import Connection, queries
from server.locale import gettext_for
from server.protocol.wire import canonical, time_text
from server.protocol.workflow import ENDED
from server.security import Viewer
from server.telling import words
from server.telling.outcome import outcome_body

sql = queries(__file__)
SOURCE = "source"
SHOWN_FOR = timedelta(days=90)
MOST_UNREAD = 100
LATE = "hold"  # the action of a message that a held act waits too long


@dataclass(frozen=True)
class Notice:
    """One thing that one address is told, once: about event `n` of a case, or about the held act `held_id`.

    A held act may have no case (`case_id` and `number` None); its `n` says how often it had gone up, 0 its decision.

    `to_kind`: "person", "organisation", "grid" (its workers), "duty:dispatcher" … (at organisation `to_id`), or
    "source": the system that the case came from, by webhook (`to_id` 0, params with `source` and `external_id`).
    `params` hold codes, numbers, times (aware) and names of organisations; never free text or personal data. What an
    office said about a held act stays with it.
    """

    district_id: int
    case_id: UUID | None
    number: str | None
    n: int
    action: str
    to_kind: str
    to_id: int
    params: Mapping[str, Any] = field(default_factory=dict)
    held_id: UUID | None = None


def put(conn: Connection, notices: Sequence[Notice], now: datetime) -> None:
    """Tells all `notices` in the caller's transaction, one statement a table; what was told before is left alone."""
    told = rows_of(notices)
    if told:
        sql.put(conn, notices=json.dumps(told, ensure_ascii=False), now=now)
    put_outcomes(conn, notices, now)


def rows_of(notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """What the SQL function `put_messages` takes: all that is told to people."""
    return [_row(notice) for notice in notices if notice.to_kind != SOURCE]


def put_outcomes(conn: Connection, notices: Sequence[Notice], now: datetime) -> None:
    """Events for the webhooks of the sources; words are made only where somebody listens."""
    outcomes = [notice for notice in notices if notice.to_kind == SOURCE]
    if not outcomes:
        return
    sources = sorted({str(notice.params["source"]) for notice in outcomes})
    heard = {(row["district_id"], row["source"]) for row in sql.heard(conn, sources=sources)}
    events = [_outcome(n, now) for n in outcomes if (n.district_id, n.params["source"]) in heard]
    if events:
        sql.put_outcomes(conn, outcomes=json.dumps(events, ensure_ascii=False), now=now)


def _row(notice: Notice) -> dict[str, Any]:
    return {
        "district_id": notice.district_id,
        "to_kind": notice.to_kind,
        "to_id": notice.to_id,
        "case_id": _text(notice.case_id),
        "number": notice.number,
        "held_id": _text(notice.held_id),
        "n": notice.n,
        "action": notice.action,
        "params": plain(notice.params),
        "urgent": notice.params.get("severity") == "emergency" and notice.params.get("state") not in ENDED,
    }


def _outcome(notice: Notice, now: datetime) -> dict[str, Any]:
    case_id, number = str(notice.case_id), str(notice.number)
    body = outcome_body(case_id, number, notice.n, notice.action, plain(notice.params), now)
    return {
        "district_id": notice.district_id,
        "source": notice.params["source"],
        "case_id": case_id,
        "number": number,
        "n": notice.n,
        "body": canonical(body),
    }


def plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """`params` as JSON keeps them: times as UTC text, nothing that is not there."""
    return {
        key: time_text(value) if isinstance(value, datetime) else value
        for key, value in params.items()
        if value is not None
    }


def sentence(
    action: str, params: Mapping[str, Any], translate: Callable[[str], str], zone: tzinfo | None = None
) -> str:
    """What `action` says in the language of `translate`; times of `params` in `zone` (UTC without one)."""
    return words.sentence(action, params, translate, zone)


def addresses(viewer: Viewer) -> dict[str, list[Any]]:
    """Where a viewer is reached, as the queries take it: `kinds` and `ids` in step."""
    found: list[tuple[str, int]] = [("person", viewer.person_id), ("organisation", viewer.organisation_id)]
    found += [(f"duty:{duty}", viewer.organisation_id) for duty in sorted(viewer.duties)]
    if viewer.role == "worker":
        found += [("grid", grid) for grid in viewer.grids]
    return {"kinds": [kind for kind, _ in found], "ids": [id_ for _, id_ in found]}


def page(conn: Connection, viewer: Viewer, limit: int, before: int | None, now: datetime) -> dict[str, Any]:
    """A viewer's messages, newest first, as JSON; `next` is the `after` of the next page, or None."""
    rows = list(
        sql.page(
            conn,
            **addresses(viewer),
            person=viewer.person_id,
            since=now - SHOWN_FOR,
            before=before,
            limit=limit + 1,
        )
    )
    items = messages_json(rows[:limit], viewer.lang, zone_of(conn, viewer.district_id))
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


def unread(conn: Connection, viewer: Viewer, now: datetime) -> int:
    """How many messages of the last 90 days the viewer has not read, counted up to 100."""
    since = now - SHOWN_FOR
    return int(sql.unread(conn, **addresses(viewer), person=viewer.person_id, since=since, limit=MOST_UNREAD))


def by_id(conn: Connection, viewer: Viewer, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of the messages that are the viewer's, oldest first, as JSON."""
    rows = sql.by_id(conn, **addresses(viewer), person=viewer.person_id, messages=list(ids))
    return messages_json(rows, viewer.lang, zone_of(conn, viewer.district_id))


def mark_read(conn: Connection, viewer: Viewer, ids: Sequence[int]) -> None:
    """Keeps for this reader alone that these messages were read; others' messages are left alone."""
    sql.mark_read(conn, **addresses(viewer), person=viewer.person_id, messages=list(ids))


def zone_of(conn: Connection, district_id: int) -> ZoneInfo:
    """The local time of a district."""
    return ZoneInfo(sql.timezone(conn, district_id=district_id))


def messages_json(rows: Iterable[dict[str, Any]], lang: str, zone: tzinfo) -> list[dict[str, Any]]:
    """Messages as systems, tablets and pages get them: codes, and the sentence in `lang`."""
    translate = gettext_for(lang)
    return [
        {
            "id": row["id"],
            "to": row["to_kind"],
            "case_id": _text(row["case_id"]),
            "number": row["number"],
            "held": _text(row["held_id"]),
            "n": row["n"],
            "action": row["action"],
            "sentence": sentence(row["action"], row["params"] | _said(row), translate, zone),
            "urgent": row["urgent"],
            "made_at": time_text(row["made_at"]),
            "read": row["read"],
        }
        for row in rows
    ]


def page_of(action: str, held: object, number: str | None) -> str:
    """The page of the console that a message leads to: of the act that waits, else of the case; "" without either."""
    if held and action == LATE:
        return f"/conflicts/{held}"
    return f"/cases/{quote(number, safe='')}" if number else ""


def _said(row: Mapping[str, Any]) -> dict[str, str]:
    return {"said": row["said"]} if row["said"] else {}


def _text(id_: UUID | None) -> str | None:
    return str(id_) if id_ else None
