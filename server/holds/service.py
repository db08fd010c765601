"""The board of acts that wait for a person, and one of them with both versions: what its author saw, what is so now."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from server.audit.masking import mask_text
from server.cases import service as cases
from server.cases.sentences import SENTENCES
from server.db import Connection, queries
from server.errors import NotAllowed, NotFound
from server.holds.rights import hindrance
from server.locale import gettext_for
from server.protocol.words import ACTION_WORDS, STATE_WORDS
from server.security import Viewer

sql = queries(__file__)
DUTY = "duty"
FORGED_SHOWN, MOST_FORGED = timedelta(days=30), 50
Row = dict[str, Any]


@dataclass(frozen=True)
class Opened:
    """One held act for whoever looks at it.

    `row` = what is known of it; `raw` = the command as it came ({} when erased); `case` = the case's JSON now, None
    where there is none in sight; `seen` = the event that the author's tablet had last; `since` = the events behind it,
    oldest first; `dependants` = what goes with it; `hindered` = why it cannot take effect as it was made, or "";
    `photos` = what it declares, with `arrived`; `known` = the case's database row.
    """

    row: Row
    raw: Row
    case: Row | None
    seen: Row | None
    since: list[Row]
    dependants: list[Row]
    hindered: str
    photos: list[Row]
    known: Row | None


def may_look(viewer: Viewer) -> bool:
    """The centre sees all of its district; a street office what it must decide itself."""
    return viewer.district is not None or viewer.street is not None


def may_decide(viewer: Viewer, row: Row) -> bool:
    """A duty officer of the office that must decide, or of the centre above it."""
    at_top = viewer.district is not None
    return DUTY in viewer.duties and (at_top or row["decides_id"] == viewer.organisation_id)


def _in_sight(viewer: Viewer) -> Row:
    if not may_look(viewer):
        raise NotAllowed
    return {
        "district_id": viewer.district_id,
        "whole": viewer.district is not None,
        "organisation": viewer.organisation_id,
    }


def open_hold(conn: Connection, viewer: Viewer, command_id: uuid.UUID) -> Row:
    """The row of one held act; NotFound whether there is none or it is not the viewer's to see."""
    row = sql.one(conn, command_id=command_id, **_in_sight(viewer))
    if row is None:
        raise NotFound
    return dict(row)


def page(
    conn: Connection,
    viewer: Viewer,
    now: datetime,
    limit: int,
    after: tuple[datetime, uuid.UUID] | None = None,
) -> Row:
    """Acts that wait, oldest first, each with who must decide; `next` is the key of the next page, or None."""
    after_at, after_id = after or (None, None)
    rows = list(sql.page(conn, **_in_sight(viewer), after_at=after_at, after_id=after_id, limit=limit + 1))
    waits_for = deciders(conn, [row["decides_id"] for row in rows], now)
    items = [shown(row, waits_for, viewer.lang) for row in rows[:limit]]
    more = len(rows) > limit
    return {
        "items": items,
        "next": f"{items[-1]['created_at'].isoformat()}/{items[-1]['command_id']}" if more else None,
    }


def deciders(conn: Connection, offices: Sequence[int | None], now: datetime) -> dict[int, str]:
    """The names of those who have the duty, by office."""
    known = sorted({office for office in offices if office is not None})
    return {row["organisation_id"]: row["names"] for row in sql.waits_for(conn, offices=known, now=now)}


def shown(row: Row, waits_for: dict[int, str], lang: str) -> Row:
    """A held act in words, masked like every list."""
    _, why = gettext_for(lang), SENTENCES[row["reason"]]
    return dict(row) | {
        "title": mask_text(row.get("title") or ""),
        "kind_word": _(ACTION_WORDS.get(str(row["kind"]), "")),
        "why": _(why),
        "waits_for": waits_for.get(row["decides_id"] or 0, ""),
    }


def opened(conn: Connection, viewer: Viewer, command_id: uuid.UUID, now: datetime) -> Opened:
    """One held act with both versions. Raises NotFound, NotAllowed."""
    row = open_hold(conn, viewer, command_id)
    waits_for = deciders(conn, [row["decides_id"]], now)
    case, events, known = None, [], None
    if row["number"] is not None:
        try:
            known = cases.get_row(conn, viewer, row["number"])
            case = cases.get_case(conn, viewer, row["number"], now)
            events = cases.events(conn, viewer, row["number"])
        except NotFound:
            case = None  # it moved out of this office's sight; the act is still to be decided
    raw = json.loads(row["payload"]) if row["payload"] else {}
    saw = row["seen_version"] or 0
    dependants = [
        shown(dict(one) | {"decides_id": None}, {}, viewer.lang)
        for one in sql.dependants_shown(conn, command_id=command_id)
    ]
    return Opened(
        shown(row, waits_for, viewer.lang),
        raw,
        case,
        next((event for event in events if event["n"] == saw), None),
        [event for event in events if event["n"] > saw],
        dependants,
        _said(hindrance(conn, viewer, row, raw, known, now), viewer.lang),
        _photos(conn, raw),
        known if case else None,
    )


def _photos(conn: Connection, raw: Row) -> list[Row]:
    """The photos that an act declares, and whether their bytes are here."""
    payload = raw.get("payload")
    declared = payload.get("attachments") if isinstance(payload, dict) else None
    found = [one for one in declared or () if isinstance(one, dict)]
    here = {row["sha256"] for row in sql.blobs_here(conn, hashes=[str(one.get("sha256")) for one in found])}
    return [
        {
            "id": str(one.get("id")),
            "sha256": str(one.get("sha256")),
            "stage": one.get("stage"),
            "arrived": one.get("sha256") in here,
        }
        for one in found
    ]


def _said(hindered: tuple[str, Row] | None, lang: str) -> str:
    if hindered is None:
        return ""
    (code, params), translate = hindered, gettext_for(lang)
    if "state" in params:
        params |= {"state": translate(STATE_WORDS[params["state"]])}
    sentence = SENTENCES[code]
    return translate(sentence).format(**params)


def of_case(conn: Connection, viewer: Viewer, case_id: uuid.UUID) -> list[Row]:
    """What waits about one case in the viewer's sight, for those who see the board."""
    if not may_look(viewer):
        return []
    rows = sql.of_case(conn, case_id=case_id, **_in_sight(viewer))
    return [shown(row, {}, viewer.lang) for row in rows]


def forged(conn: Connection, viewer: Viewer, now: datetime) -> list[Row]:
    """Acts of the last thirty days whose id came a second time with another content; the centre's to see."""
    if viewer.district is None:
        return []
    _ = gettext_for(viewer.lang)
    rows = sql.forged(conn, district_id=viewer.district_id, since=now - FORGED_SHOWN, limit=MOST_FORGED)
    return [dict(row) | {"kind_word": _(ACTION_WORDS.get(str(row["kind"]), ""))} for row in rows]
