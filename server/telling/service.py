"""What is told to whom: notices in, messages out, in the reader's language."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from server.db import Connection, queries
from server.protocol.wire import canonical, time_text
from server.security import Viewer
from server.telling import words
from server.telling.outcome import outcome_body

sql = queries(__file__)
SOURCE = "source"
SHOWN_FOR = timedelta(days=90)
MOST_UNREAD = 100


@dataclass(frozen=True)
class Notice:
    """One thing that one address is told about one event of a case; (case_id, n, to_kind, to_id) is told once.

    `to_kind`: "person", "organisation", "grid" (its workers), "duty:dispatcher" … (at organisation `to_id`), or
    "source": the system that the case came from, by webhook (`to_id` 0, params with `source` and `external_id`).
    `params` hold codes, numbers, times (aware) and names of organisations; never free text or personal data.
    """

    district_id: int
    case_id: UUID
    number: str
    n: int
    action: str
    to_kind: str
    to_id: int
    params: Mapping[str, Any] = field(default_factory=dict)


def put(conn: Connection, notices: Sequence[Notice], now: datetime) -> None:
    """Tells all `notices` in the caller's transaction, one statement a table; what was told before is left alone."""
    told = [_row(notice) for notice in notices if notice.to_kind != SOURCE]
    if told:
        sql.put(conn, notices=json.dumps(told, ensure_ascii=False), now=now)
    outcomes = [_outcome(notice, now) for notice in notices if notice.to_kind == SOURCE]
    if outcomes:
        sql.put_outcomes(conn, outcomes=json.dumps(outcomes, ensure_ascii=False), now=now)


def _row(notice: Notice) -> dict[str, Any]:
    return {
        "district_id": notice.district_id,
        "to_kind": notice.to_kind,
        "to_id": notice.to_id,
        "case_id": str(notice.case_id),
        "number": notice.number,
        "n": notice.n,
        "action": notice.action,
        "params": plain(notice.params),
        "urgent": notice.params.get("severity") == "emergency",
    }


def _outcome(notice: Notice, now: datetime) -> dict[str, Any]:
    body = outcome_body(notice.case_id, notice.number, notice.n, notice.action, plain(notice.params), now)
    return {
        "district_id": notice.district_id,
        "source": notice.params["source"],
        "case_id": str(notice.case_id),
        "number": notice.number,
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
