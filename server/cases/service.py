"""What others ask of cases: lists, one case, its timeline and offers, and to act on it. Nothing here commits."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.cases import view
from server.cases.apply import Answer, apply
from server.cases.chain import Break, verify_case
from server.cases.filters import Filters, local_span, read_key, write_key
from server.db import Connection, queries
from server.errors import BadInput, Conflict, NotAllowed, NotFound, XungeError
from server.locale import gettext_for
from server.packs import current, pack_of_version
from server.protocol import words
from server.protocol.commands import BadCommand, Command, Position, read_payload
from server.protocol.pack import Pack
from server.protocol.wire import body_hash, named_uuid, uuid7
from server.protocol.workflow import CLOSE_KINDS, Row, allowed
from server.reports.counted import read_counted
from server.security import Viewer

__all__ = [
    "Answer",
    "Filters",
    "act",
    "apply",
    "boards",
    "events",
    "get_case",
    "list_cases",
    "nearby",
    "offers",
    "overdue_commands",
    "report",
    "verify",
]

sql = queries(__file__)
MOST = 500
REFUSALS: dict[str, type[XungeError]] = {
    "no_case": NotFound,
    "not_yours": NotAllowed,
    "not_both": NotAllowed,
    "conflict": Conflict,
    "wrong_state": Conflict,
    "not_now": Conflict,
    "case_exists": Conflict,
    "forged": Conflict,
}


@dataclass(frozen=True)
class Page:
    """A page of Case JSON; `next` is the key of the following one, None at the end."""

    items: list[dict[str, Any]]
    next: str | None


@dataclass(frozen=True)
class Need:
    """One field of a form. `choices` = (value, label) pairs."""

    name: str
    kind: str
    required: bool
    label: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Offer:
    """An act that the viewer may do on this case now."""

    action: str
    label: str
    needs: tuple[Need, ...]
    primary: bool


@dataclass(frozen=True)
class Board:
    """One of the lists that must not be forgotten."""

    key: str
    count: int
    oldest_at: datetime | None


def list_cases(
    conn: Connection, viewer: Viewer, filters: Filters, limit: int, after: str | None, now: datetime
) -> Page:
    """A page of the cases in the viewer's scope: open ones by deadline (those without a clock last), else newest first."""
    limit = max(1, min(limit, MOST))
    if filters.basis:
        return _list_counted(conn, viewer, filters, limit, after, now)
    params = _params(conn, viewer, filters, now)
    if params is None:
        return Page([], None)
    phase, at, case_id = (
        read_key(after) if after else ("clock" if filters.without_board().only_open else "newest", None, None)
    )
    rows: list[dict[str, Any]] = []
    if phase == "clock":
        rows = list(sql.page_by_deadline(conn, **params, after_at=at, after_id=case_id, limit=limit + 1))
        if len(rows) <= limit and params["due_before"] is None:
            rows += list(
                sql.page_by_reported(
                    conn, **params, clockless=True, after_at=None, after_id=None, limit=limit + 1 - len(rows)
                )
            )
    else:
        rows = list(
            sql.page_by_reported(
                conn,
                **params,
                clockless=True if phase == "clockless" else None,
                after_at=at,
                after_id=case_id,
                limit=limit + 1,
            )
        )
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        if phase == "clock" and last["next_due_at"] is not None:
            following = write_key("clock", last["next_due_at"], last["id"])
        else:
            following = write_key(
                "newest" if phase == "newest" else "clockless", last["reported_at"], last["id"]
            )
    return Page(view.cases(conn, rows[:limit], viewer.lang, now), following)


def _list_counted(
    conn: Connection, viewer: Viewer, filters: Filters, limit: int, after: str | None, now: datetime
) -> Page:
    """A page of what a figure counted: one item a cycle, so that the items are as many as the number says."""
    phase, at, case_id = read_key(after) if after else ("0", None, None)
    if not phase.isdigit():
        raise BadInput("The page key “after” is not one that this list gave.")
    counted = read_counted(
        conn,
        viewer,
        now,
        basis=filters.basis,
        from_=filters.from_,
        to=filters.to,
        as_of=filters.as_of,
        counted=filters.counted or "all",
        grid=filters.grid or None,
        outside=filters.outside or False,
        category=filters.category or None,
        crew=filters.crew or None,
        undispatched=filters.undispatched or False,
    )
    rows = list(
        sql.page_counted(
            conn, **counted.params(viewer), after_at=at, after_id=case_id, after_n=int(phase), limit=limit + 1
        )
    )
    last = rows[limit - 1] if len(rows) > limit else None
    following = write_key(str(last["counted_cycle"]), last["counted_at"], last["id"]) if last else None
    return Page(view.cases(conn, rows[:limit], viewer.lang, now), following)


def _params(conn: Connection, viewer: Viewer, filters: Filters, now: datetime) -> dict[str, Any] | None:
    """The parameters of the list queries; None when a filter names something that does not exist."""
    plain = filters.without_board()
    node = sql.node_of_code(conn, code=plain.grid, district_id=viewer.district_id) if plain.grid else None
    if plain.grid and node is None:
        return None
    node_id, level = (node["id"], node["level"]) if node else (None, None)
    category_system, _, category_code = plain.category.rpartition("/")
    if plain.category and not category_system:
        found = current(conn, viewer.district_id)[1].by_text(plain.category)
        if found is None:
            return None
        category_system, category_code = found.system, found.code
    timezone = next(row["timezone"] for row in sql.timezones(conn) if row["id"] == viewer.district_id)
    start, end = local_span(plain.from_, plain.to, timezone)
    west, south, east, north = plain.bbox or (None, None, None, None)
    pack = current(conn, viewer.district_id)[1]
    return {
        **viewer.scope_params(),
        "now": now,
        "states": list(plain.state) or None,
        "in_street": node_id if level == 1 else None,
        "in_community": node_id if level == 2 else None,
        "in_grid": node_id if level == 3 else None,
        "outside": plain.outside,
        "category_system": category_system or None,
        "category_code": category_code or None,
        "overdue": plain.overdue,
        "source": plain.source or None,
        "crew": plain.crew or None,
        "returned": True if filters.board == "returned" else None,
        "due_before": now + timedelta(minutes=pack.soon_minutes) if filters.board == "soon" else None,
        "from_at": start,
        "to_at": end,
        "q": _literal(plain.q) or None,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }


def _literal(text: str) -> str:
    """Text for LIKE in which nothing is a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def get_row(conn: Connection, viewer: Viewer, number: str) -> dict[str, Any]:
    """The database row of a case in scope; NotFound whether it does not exist or is not the viewer's to see."""
    row = sql.one_by_number(conn, **viewer.scope_params(), number=number)
    if row is None:
        raise NotFound
    return dict(row)


def get_case(conn: Connection, viewer: Viewer, number: str, now: datetime) -> dict[str, Any]:
    """Case JSON with clocks, evidence, cycle and what a transition asks."""
    return whole_cases(conn, [get_row(conn, viewer, number)], viewer.lang, now)[0]


def whole_cases(
    conn: Connection, rows: Sequence[dict[str, Any]], lang: str, now: datetime
) -> list[dict[str, Any]]:
    """Case JSON with `deadlines`, `attachments` and `facts` for rows already in scope."""
    ids = [row["id"] for row in rows]
    clocks, photos = (
        view.grouped(sql.clocks_of(conn, ids=ids)),
        view.grouped(sql.attachments_of(conn, ids=ids)),
    )
    whole = view.cases(conn, rows, lang, now)
    for row, case in zip(rows, whole, strict=True):
        zone = ZoneInfo(case["district"]["timezone"])
        case["deadlines"] = view.clocks_json(clocks.get(row["id"], ()), now, zone, lang)
        case["attachments"] = view.attachments_json(photos.get(row["id"], ()), row["number"])
        case["facts"] = view.facts_json(row)
    return whole


def events(conn: Connection, viewer: Viewer, number: str) -> list[dict[str, Any]]:
    """The timeline of a case in scope, first event first."""
    row = get_row(conn, viewer, number)
    return timelines(conn, [row["id"]], viewer.lang).get(row["id"], [])


def timelines(conn: Connection, ids: Sequence[uuid.UUID], lang: str) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """Timelines of cases already in scope, by case id."""
    translate = gettext_for(lang)
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for row in sql.timeline(conn, ids=list(ids)):
        private = json.loads(row["private"]) if row["private"] else {}
        body = json.loads(row["body"])
        found.setdefault(row["case_id"], []).append(
            {
                "n": row["n"],
                "cycle": row["cycle"],
                "action": row["action"],
                "action_word": translate(words.ACTION_WORDS[row["action"]]),
                "from": row["from_state"],
                "to": row["to_state"],
                "actor_name": row["actor_name"],
                "organisation_name": row["organisation_name"],
                "by_system": row["actor"] is None,
                "device": str(row["device"]) if row["device"] else None,
                "command_id": str(row["command_id"]),
                "made_at": row["made_at"] or None,
                "acted_at": row["acted_at"],
                "received_at": row["received_at"],
                "text": " · ".join(str(v) for v in private.values()),
                "crew": body["payload"].get("crew"),
                "flags": body.get("flags", []),
                "hash": row["hash"],
                "prev_hash": row["prev_hash"] or None,
            }
        )
    return found


def offers(conn: Connection, viewer: Viewer, case: dict[str, Any], now: datetime) -> list[Offer]:
    """The acts that the transition table allows this viewer on `case` (as from get_case), with their fields."""
    row = get_row(conn, viewer, case["number"])
    facts = view.CaseState(**{k: row[k] for k in view.CaseState.__dataclass_fields__}).facts()
    pack = pack_of_version(conn, row["pack_version"])
    rows = allowed(facts, viewer.actor())
    forward = next(
        (
            r
            for r in rows
            if not r.appends and r.action not in ("decline", "escalate", "ask_return", "recall", "fail")
        ),
        None,
    )
    return [_offer(r, case, pack, viewer.lang, r is forward) for r in rows]


def _offer(row: Row, case: dict[str, Any], pack: Pack, lang: str, primary: bool) -> Offer:
    translate = gettext_for(lang)
    category = pack.category(case["category"]["system"], case["category"]["code"]) or pack.other

    def choices(kind: str) -> tuple[tuple[str, str], ...]:
        if kind == "choice":
            return tuple((k, translate(words.CLOSE_KIND_WORDS[k])) for k in CLOSE_KINDS)
        if kind == "condition":
            return tuple((c.code, c.names.get(lang, c.code)) for c in category.conditions)
        return ()

    needs = tuple(
        Need(
            n.name,
            n.kind,
            n.required or (n.kind == "evidence" and row.action in category.needs_photo),
            translate(words.FIELD_WORDS[n.name]),
            choices(n.kind),
        )
        for n in row.needs
    )
    return Offer(row.action, translate(words.ACTION_WORDS[row.action]), needs, primary)


def act(
    conn: Connection,
    viewer: Viewer,
    number: str,
    action: str,
    payload: dict[str, Any],
    seen_version: int | None,
    origin: str,
    command_id: uuid.UUID | None,
    now: datetime,
) -> Answer:
    """Does `action` on a case in scope for the viewer; a refusal is raised as a sentence and changes nothing."""
    row = get_row(conn, viewer, number)
    command = _command(viewer, action, payload, origin, command_id, row["id"], {"seen": seen_version})
    return _applied(conn, viewer, replace(command, base_version=seen_version), now)


def report(
    conn: Connection,
    viewer: Viewer,
    payload: dict[str, Any],
    position: Position,
    source: str,
    external_id: str | None,
    made_at: datetime | None,
    origin: str,
    command_id: uuid.UUID | None,
    now: datetime,
) -> Answer:
    """A new case from an office or another system; the same (source, external_id) or command id again is the same case."""
    if external_id:
        command_id = named_uuid("report", str(viewer.district_id), source, external_id)
    case_id = named_uuid("case", str(command_id)) if command_id else uuid7()
    command = _command(
        viewer,
        "report",
        payload,
        origin,
        command_id,
        case_id,
        {"position": position.chained(), "made_at": str(made_at)},
    )
    return _applied(
        conn,
        viewer,
        replace(command, position=position, source=source, external_id=external_id, made_at=made_at),
        now,
    )


def _command(
    viewer: Viewer,
    kind: str,
    payload: dict[str, Any],
    origin: str,
    command_id: uuid.UUID | None,
    case_id: uuid.UUID,
    rest: dict[str, Any],
) -> Command:
    try:
        read = read_payload(kind, payload)
    except BadCommand as error:
        raise BadInput(error.sentence, **error.params) from None
    raw = {"kind": kind, "payload": payload, "person": viewer.person_id, **rest}
    return Command(
        command_id or uuid7(),
        kind,
        case_id,
        read,
        body_hash(raw),
        origin,
        viewer.person_id,
        district_id=viewer.district_id,
        raw=json.dumps(raw, ensure_ascii=False, sort_keys=True),
    )


def _applied(conn: Connection, viewer: Viewer, command: Command, now: datetime) -> Answer:
    answer = apply(conn, [command], now, {viewer.person_id: viewer.actor()})[0]
    if not answer.applied:
        params = dict(answer.params)
        if answer.code == "wrong_state":
            params["state"] = gettext_for(viewer.lang)(words.STATE_WORDS.get(str(params.get("state")), ""))
        raise _refusal(answer.code, answer.sentence, params)
    return answer


def _refusal(code: str, sentence: str, params: dict[str, Any]) -> XungeError:
    error = REFUSALS.get(code, BadInput)(sentence, **params)
    error.code = code
    return error


def nearby(conn: Connection, viewer: Viewer, case: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Cases that may be the same matter: same category, near in place and time, in scope, nearest first."""
    lon, lat = case["location"]["lon"], case["location"]["lat"]
    if lon is None:
        return []
    row = get_row(conn, viewer, case["number"])
    pack = pack_of_version(conn, row["pack_version"])
    translate = gettext_for(viewer.lang)
    found = sql.nearby(
        conn,
        **viewer.scope_params(),
        lon=lon,
        lat=lat,
        metres=pack.duplicate_metres,
        hours=pack.duplicate_hours,
        id=row["id"],
        category_system=row["category_system"],
        category_code=row["category_code"],
        reported_at=row["reported_at"],
    )
    return [
        {
            **r,
            "metres": round(r["metres"]),
            "state_word": translate(words.STATE_WORDS[r["state"]]),
            "reported_at": view.iso(r["reported_at"]),
        }
        for r in found
    ]


def boards(conn: Connection, viewer: Viewer, now: datetime) -> list[Board]:
    """The lists that must not be forgotten, zero ones too; held acts only for those whose office decides them."""
    soon = now + timedelta(minutes=current(conn, viewer.district_id)[1].soon_minutes)
    row = sql.boards(conn, **viewer.scope_params(), now=now, soon=soon)
    found = [
        Board(key, row[key], row[f"{key}_since"])
        for key in ("unverified", "soon", "overdue", "returned", "outside")
    ]
    if viewer.district is not None:
        held = sql.holds_board(conn, district=viewer.district)
        found.insert(4, Board("held", held["held"], held["held_since"]))
    return found


def verify(conn: Connection, viewer: Viewer, number: str) -> Break | None:
    """Recomputes the chain of a case in scope: the first broken link, or None."""
    return verify_case(conn, get_row(conn, viewer, number)["id"])


def overdue_commands(conn: Connection, now: datetime, limit: int) -> list[Command]:
    """Escalations that are due: one command a missed clock and time, with an id of its own so that twice is once."""
    found = []
    kinds = {kind for row in sql.timezones(conn) for kind in current(conn, row["id"])[1].escalate_on}
    for row in sql.missed_deadlines(conn, now=now, kinds=sorted(kinds), limit=limit):
        command_id = named_uuid(
            "escalate", str(row["case_id"]), str(row["cycle"]), row["kind"], str(row["escalations"])
        )
        payload = {"reason": "deadline missed", "clock": row["kind"]}
        found.append(
            Command(
                command_id,
                "escalate",
                row["case_id"],
                read_payload("escalate", payload),
                body_hash(payload),
                "system",
                raw=json.dumps(payload),
            )
        )
    return found
