"""Acting on cases: what a viewer may do now, doing it, reporting a new one, and what time itself does."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from server.cases import outside, sentences
from server.cases.apply import Answer, apply
from server.cases.service import get_row
from server.cases.state import CaseState
from server.crews.permission import in_words
from server.db import Connection, queries
from server.errors import BadInput, Conflict, Msgid, NotAllowed, NotFound, XungeError
from server.locale import gettext_for
from server.packs import current, pack_of_version
from server.protocol import words
from server.protocol.commands import Command, Position, read_payload
from server.protocol.fields import BadCommand
from server.protocol.hats import NEW, Actor, Facts
from server.protocol.pack import Pack
from server.protocol.stages import stages_of
from server.protocol.wire import body_hash, named_uuid, uuid7
from server.protocol.workflow import FORWARD, WHY_NOT, Narrowing, Needs, Row, allowed, find
from server.security import Viewer

EXPLAINS = ("reason", "unmet")

sql = queries(__file__)
REFUSALS: dict[str, type[XungeError]] = {
    "no_case": NotFound,
    "not_yours": NotAllowed,
    "not_both": NotAllowed,
    "left_out": NotAllowed,
    "conflict": Conflict,
    "wrong_state": Conflict,
    "not_now": Conflict,
    **dict.fromkeys(WHY_NOT.values(), Conflict),
    "case_exists": Conflict,
    "forged": Conflict,
}


@dataclass(frozen=True)
class Need:
    """One field of a form. `choices` = (value, label) pairs."""

    name: str
    kind: str
    required: bool
    label: str
    choices: tuple[tuple[str, str], ...] = ()
    offered: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """An act that the viewer may do on this case now; its photos show `stages`, each of them where they are needed."""

    action: str
    label: str
    needs: tuple[Need, ...]
    primary: bool
    stages: tuple[str, ...] = ()


def offers(conn: Connection, viewer: Viewer, case: dict[str, Any], now: datetime) -> list[Offer]:
    """The acts that the transition table allows this viewer on `case` (as from get_case), with their fields."""
    row = get_row(conn, viewer, case["number"])
    facts = CaseState(**{k: row[k] for k in CaseState.__dataclass_fields__}).facts(now)
    pack = pack_of_version(conn, row["pack_version"])
    # Rows of one action differ in what they lead to, not in what they ask.
    rows = list(
        {
            r.action: r for r in allowed(facts, viewer.actor(), Narrowing.of(pack.without, pack.narrow))
        }.values()
    )
    forward = next((r for r in rows if r.action in FORWARD), None)
    outside = any(need.kind == "outside" for r in rows for need in r.needs)
    named = parties_of(conn, row["district_id"]) if outside else ()
    return [offer_of(r, case, pack, viewer.lang, r is forward, named) for r in rows]


def parties_of(conn: Connection, district_id: int) -> tuple[tuple[str, str], ...]:
    """Code and name of the parties outside that a case may be forwarded to."""
    return tuple(
        (party["code"], party["name"]) for party in sql.outside_parties(conn, district_id=district_id)
    )


def offer_of(
    row: Row,
    case: dict[str, Any],
    pack: Pack,
    lang: str,
    primary: bool,
    parties: tuple[tuple[str, str], ...] = (),
) -> Offer:
    """What a row asks for on a case of that category, in the words of `lang`."""
    translate = gettext_for(lang)
    category = pack.category(case["category"]["system"], case["category"]["code"]) or pack.other

    def choices(need: Needs) -> tuple[tuple[str, str], ...]:
        if need.kind == "choice":
            said = words.CHOICE_WORDS[need.name]
            return tuple((k, translate(said[k])) for k in need.choices)
        if need.kind == "condition":
            return tuple((c.code, c.names.get(lang, c.code)) for c in category.conditions)
        if need.kind == "outside":
            return parties
        return ()

    needs = tuple(
        Need(
            n.name,
            n.kind,
            n.required or (n.kind == "evidence" and row.action in category.needs_photo),
            translate(words.FIELD_WORDS[n.name]),
            choices(n),
            pack.offered(row.action, lang) if n.name in EXPLAINS else (),
        )
        for n in row.needs
    )
    label = pack.word("actions", row.action, lang) or translate(words.ACTION_WORDS[row.action])
    return Offer(row.action, label, needs, primary, stages_of(row.action, category))


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
    position: Position = Position(),
) -> Answer:
    """Does `action` on a case in scope for the viewer; a refusal is raised as a sentence and changes nothing."""
    row = get_row(conn, viewer, number)
    rest = {"seen": seen_version} | ({"position": position.chained()} if position.lon is not None else {})
    with saying_where_it_stands(conn, viewer, number):
        command = _command(viewer, action, payload, origin, command_id, row["id"], rest)
        return _applied(conn, viewer, replace(command, base_version=seen_version, position=position), now)


@contextmanager
def saying_where_it_stands(conn: Connection, viewer: Viewer, number: str) -> Iterator[None]:
    """A refusal within says where the case stands now, to whoever sees it."""
    try:
        yield
    except XungeError as refusal:
        if refusal.status != NotFound.status:
            stands = get_row(conn, viewer, number)
            about = {"field": refusal.params["field"]} if "field" in refusal.params else {}
            refusal.more = about | refusal.more | {"state": stands["state"], "version": stands["version"]}
        raise


def stages(conn: Connection, viewer: Viewer, number: str, action: str) -> tuple[str, ...]:
    """Which stages the photos of an act on that case show; the first where it is not said."""
    row = get_row(conn, viewer, number)
    pack = pack_of_version(conn, row["pack_version"])
    return stages_of(action, pack.category(row["category_system"], row["category_code"]) or pack.other)


def outcome_of(conn: Connection, viewer: Viewer, command_id: uuid.UUID) -> str | None:
    """How the viewer's own command was answered before: "applied", "held" …; None when it was not, or was rejected."""
    row = sql.outcome_of(conn, command_id=command_id, person_id=viewer.person_id)
    return str(row["outcome"]) if row and row["outcome"] != "rejected" else None


def act_by_link(
    conn: Connection,
    row: dict[str, Any],
    actor: Actor,
    action: str,
    payload: dict[str, Any],
    command_id: uuid.UUID,
    now: datetime,
) -> Answer:
    """Does `action` on the case (its row) that a link let `actor` in to; a refusal is raised as a sentence."""
    try:
        read = read_payload(action, payload)
    except BadCommand as error:
        raise _refusal("bad_input", error.sentence, error.params) from None
    raw = {"kind": action, "payload": payload, "link": actor.role, "case": str(row["id"])}
    command = Command(
        command_id,
        action,
        row["id"],
        read,
        body_hash(raw),
        "link",
        district_id=row["district_id"],
        raw=json.dumps(raw, ensure_ascii=False, sort_keys=True),
        actor=actor,
    )
    return _answered(apply(conn, [command], now)[0])


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
    """A new case from an office or another system; the same (source, external_id) or command id is the same case. With
    an outside number the command id only says which call it is.

    What its source says anew of a case that is there becomes an event of it (`outside`).
    """
    key = str(command_id) if command_id else ""
    if external_id:
        _written(payload)
        known = sql.case_of_outside(conn, source=source, external_id=external_id)
        if known is not None:
            row = _known_row(conn, viewer, known["number"])
            return outside.told_again(
                conn, outside.Speaker.of_viewer(viewer, row), row, payload, position, now, key=key
            )
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
    told = replace(command, position=position, source=source, external_id=external_id, made_at=made_at)
    answer = _applied(conn, viewer, told, now)
    if external_id:
        outside.keep(conn, answer.case_id, payload, position, key=key)
    return answer


def _known_row(conn: Connection, viewer: Viewer, number: str) -> dict[str, Any]:
    """The case that an outside number has. Who may report nothing learns nothing; others, that the number is taken."""
    row, why = find(Facts(NEW, (viewer.district_id, None, None, None)), "report", viewer.actor())
    if row is None:
        raise _refusal(why, sentences.SENTENCES[why], {"action": "report"})
    try:
        return get_row(conn, viewer, number)
    except NotFound:
        raise Conflict("Another case that you may not see has this outside number.") from None


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
        raise _refusal("bad_input", error.sentence, error.params) from None
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
        raw=_written(raw),
    )


def _written(raw: Mapping[str, Any]) -> str:
    """The text of a command that is kept. JSON can spell half of a character, which nothing can keep: BadInput."""
    text = json.dumps(raw, ensure_ascii=False, sort_keys=True)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput("Its text has characters that do not exist.") from None
    return text


def _applied(conn: Connection, viewer: Viewer, command: Command, now: datetime) -> Answer:
    answer = apply(conn, [command], now, {viewer.person_id: viewer.actor()})[0]
    if answer.code.startswith("crew_"):
        named = in_words(answer.params, current(conn, viewer.district_id)[1], viewer.lang)
        answer = replace(answer, params=named)
    return _answered(answer)


def _answered(answer: Answer) -> Answer:
    if not answer.applied:
        raise _refusal(answer.code, answer.sentence, answer.params)
    return answer


def _refusal(code: str, sentence: str, params: Mapping[str, Any]) -> XungeError:
    """The refusal in words that a clerk knows; which field it is about stays there by its own name, for machines."""
    error = REFUSALS.get(code, BadInput)(sentence, **sentences.in_words(params, Msgid))
    error.code = code
    error.more = {"field": params["field"]} if "field" in params else {}
    return error
