"""One case as its viewer may see it: its row, its JSON, its timeline, what lies near, and its proof."""

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from server.audit.masking import mask_text
from server.cases import view
from server.cases.chain import Break, verify_case
from server.cases.sentences import as_read
from server.cases.story import Teller
from server.db import Connection, queries
from server.errors import NotFound
from server.locale import gettext_for
from server.protocol import words
from server.security import Viewer

sql = queries(__file__)


def _(msgid: str) -> str:
    return msgid


RESIDENT = _("Resident")


def get_row(conn: Connection, viewer: Viewer, number: str) -> dict[str, Any]:
    """The database row of a case in scope; NotFound whether it does not exist or is not the viewer's to see."""
    row = sql.one_by_number(conn, **viewer.scope_params(), number=number)
    if row is None:
        raise NotFound
    return dict(row)


def get_case(conn: Connection, viewer: Viewer, number: str, now: datetime) -> dict[str, Any]:
    """Case JSON with clocks, evidence, cycle and what a transition asks."""
    return view.whole_cases(conn, [get_row(conn, viewer, number)], viewer.lang, now)[0]


def events(conn: Connection, viewer: Viewer, number: str) -> list[dict[str, Any]]:
    """The timeline of a case in scope, first event first."""
    row = get_row(conn, viewer, number)
    return timelines(conn, [row["id"]], viewer.lang).get(row["id"], [])


def timelines(
    conn: Connection, ids: Sequence[uuid.UUID], lang: str, bare: bool = False
) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """Timelines of cases already in scope, by case id; numbers in people's words are masked unless `bare`."""
    translate = gettext_for(lang)
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    rows = [row | {"body": json.loads(row["body"])} for row in sql.timeline(conn, ids=list(ids))]
    teller = Teller.of(conn, rows, lang)
    for row in rows:
        private = json.loads(row["private"]) if row["private"] else {}
        body = row["body"]
        erased = body["private"] is not None and row["private"] is None
        text = " · ".join(as_read(v, translate) for v in private.values() if isinstance(v, str))
        link = body.get("link", "")
        found.setdefault(row["case_id"], []).append(
            {
                "n": row["n"],
                "cycle": row["cycle"],
                "action": row["action"],
                "action_word": translate(words.ACTION_WORDS[row["action"]]),
                "from": row["from_state"],
                "to": row["to_state"],
                "actor_name": row["actor_name"]
                or (translate("erased person") if row["actor"] is not None else None),
                "organisation_name": row["organisation_name"]
                or (translate(RESIDENT) if link == "resident" else None),
                "by_system": row["actor"] is None and not link,
                "device": str(row["device"]) if row["device"] else None,
                "command_id": str(row["command_id"]),
                "made_at": row["made_at"] or None,
                "acted_at": row["acted_at"],
                "received_at": row["received_at"],
                "text": translate("(erased)") if erased else text if bare else mask_text(text),
                "erased": erased,
                "crew": body["payload"].get("crew"),
                "clock": body["payload"].get("clock"),
                "passed_over": [passed_over(name, translate) for name in body.get("stood_in", ())],
                "until": body["payload"].get("until"),
                "changes": teller.changes(row),
                "flags": body.get("flags", []),
                "hash": row["hash"],
                "prev_hash": row["prev_hash"] or None,
            }
        )
    return found


def passed_over(office: str, translate: Callable[[str], str]) -> str:
    """Why an office was passed over on the way up, as the event names it: a name, or a level that has none."""
    if office in words.NO_OFFICE_WORDS:
        return translate(words.NO_OFFICE_WORDS[office])
    return translate("nobody is at {office}").format(office=office)


def relatives(
    conn: Connection, viewer: Viewer, row: dict[str, Any], now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Case JSON of what a case (its row) was split from and into, merged into and from, as far as it is in scope."""
    rows = sql.relatives(
        conn, **viewer.scope_params(), **{k: row[k] for k in ("id", "parent_id", "survivor_id")}
    )
    found: dict[str, list[dict[str, Any]]] = {"parent": [], "parts": [], "survivor": [], "merged": []}
    rows = [dict(one) for one in rows]
    for one, case in zip(rows, view.cases(conn, rows, viewer.lang, now), strict=True):
        for kin, is_kin in (
            ("parent", one["id"] == row["parent_id"]),
            ("parts", one["parent_id"] == row["id"]),
            ("survivor", one["id"] == row["survivor_id"]),
            ("merged", one["survivor_id"] == row["id"]),
        ):
            if is_kin:
                found[kin].append(case)
    return found


def verify(conn: Connection, viewer: Viewer, number: str) -> Break | None:
    """Recomputes the chain of a case in scope: the first broken link, or None."""
    return verify_case(conn, get_row(conn, viewer, number)["id"])
