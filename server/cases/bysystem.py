"""What the system does by itself: commands like any other, with ids made of what they answer, so that twice is once."""

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from server.cases.batch import Batch
from server.cases.sentences import DEADLINE_MISSED
from server.cases.state import CaseState
from server.db import Connection, queries
from server.locale import gettext_for
from server.protocol.commands import Command, Position, read_payload
from server.protocol.payloads import AskedPart, Part, Split
from server.protocol.wire import body_hash, named_uuid
from server.protocol.workflow import ENDED, OPEN
from server.settings import settings

sql = queries(__file__, "apply.sql")
clocks = queries(__file__)
# What time itself does where a clock has run out: clock, state in which the case stands, act, flags that forbid it.
TIME_DOES = (
    ("wait", "waiting", "time_out", ()),
    ("verify", "verifying", "absent", ()),
    ("suspend", "suspended", "resume", ()),
    ("inspect", "handled", "absent", ("other_inspector",)),
)
# "record": a file says that its case has ended meanwhile.
ENDING = ("close", "decline", "cancel", "record")
MAY_REGISTER = ("report", "answer", "time_out", "verify", "appeal")


def _(msgid: str) -> str:
    return msgid


# What a merged case's reporter is told when the case that went on ends, by how it was closed or its state. What the
# office wrote to the other reporter is not for them: it may name that one.
ANSWERS = {
    "fixed": _("It was put right. Answered together with case {number}."),
    "recorded": _("It was put right. Answered together with case {number}."),
    "gone": _("When somebody came to look, it was no longer there. Answered together with case {number}."),
    "explained": _(
        "Nothing can be done; ask the office for the reasons. Answered together with case {number}."
    ),
    "declined": _("Case {number}, which this one was merged into, was declined."),
    "cancelled": _("Case {number}, which this one was merged into, was cancelled."),
}


def by_system(
    kind: str, case_id: uuid.UUID, payload: Mapping[str, Any], *because: Any, **more: Any
) -> Command:
    """A command of the system's own; `because` is what it answers to and makes its id."""
    command_id = named_uuid(kind, str(case_id), *(str(part) for part in because))
    raw = dict(payload)
    fields = {"origin": "system", "raw": json.dumps(raw, ensure_ascii=False, default=str), **more}
    return Command(
        command_id,
        kind,
        case_id,
        read_payload(kind, raw),
        body_hash({"kind": kind, "payload": raw}),
        **fields,
    )


def follow_ups(conn: Connection, batch: Batch) -> list[Command]:
    """What follows at once from what a batch did: the pack's own acts, parts of a split case, answers owed."""
    found: list[Command] = []
    # Cases of which a part has ended, or was answered because the case has ended in which it goes on.
    parents: set[uuid.UUID] = set()
    recalled: list[uuid.UUID] = []
    ended: dict[uuid.UUID, CaseState] = {}
    stood = {event.command_id: event.from_state for event in batch.events}
    for command, answer in batch.stored:
        work = batch.works.get(answer.case_id) if answer.applied else None
        if work is None:
            continue
        case, pack = work.case, batch.packs[work.case.pack_version]
        if command.kind in ENDING and case.state in ENDED and stood[str(command.command_id)] in OPEN:
            ended[case.id] = case
        if command.origin == "import":
            continue
        found += _packs_own(command, work.case, pack)
        if isinstance(command.payload, Split):
            place = _place_without_point(conn, case)
            found += [_part(command, case, i, part, place) for i, part in enumerate(command.payload.parts)]
        if isinstance(command.payload, Part) and command.payload.crew:
            found.append(
                by_system("dispatch", case.id, {"crew": command.payload.crew}, 1,
                          origin="console", person_id=command.person_id)
            )  # fmt: skip
        if command.kind == "recall":
            recalled.append(case.id)
        if case.state in ENDED and case.parent_id is not None:
            parents.add(case.parent_id)
        if survivor := _closed_survivor(command, case, batch):
            found.append(_answer_owed(case.id, survivor))
            ended[case.id] = survivor
    if parents:
        rows = sql.parents_without_open_parts(conn, ids=list(parents))
        found += [
            by_system("parts_done", row["id"], {"dispatchers": row["dispatchers"]}, row["version"])
            for row in rows
        ]
    if recalled:
        reason = gettext_for(settings().lang)(_("The case that this was a part of was recalled."))
        rows = sql.open_parts(conn, ids=recalled)
        found += [by_system("cancel", row["id"], {"reason": reason}, row["version"]) for row in rows]
    if ended:
        found += [_answer_owed(row["id"], ended[row["root"]]) for row in sql.followers(conn, ids=list(ended))]
    return found


def _packs_own(command: Command, case: Any, pack: Any) -> Iterable[Command]:
    """What the pack says that the system does by itself: register trusted reports, close what passed inspection."""
    category = pack.category(case.category_system, case.category_code)
    if (
        case.state == "reported"
        and command.kind in MAY_REGISTER
        and "register" in pack.system_acts
        and case.source in pack.trusted_sources
        and category is not None
        and category.condition(case.condition) is not None
    ):
        yield by_system("register", case.id, {"condition": case.condition}, case.version)
    if case.state == "inspected" and "close" in pack.system_acts:
        yield by_system("close", case.id, {}, case.version)


def _place_without_point(conn: Connection, case: CaseState) -> str:
    """The code of the area where a case lies that has no point; "" of one that has."""
    node = case.grid_id or case.community_id or case.street_id
    return str(sql.node_code(conn, id=node)) if case.lon_e7 is None and node is not None else ""


def _part(command: Command, parent: Any, index: int, part: AskedPart, grid_code: str) -> Command:
    """One part of a split case, at its place and under its reporter."""
    payload = {
        "category": {
            "system": part.system or parent.category_system,
            "code": part.code or parent.category_code,
        },
        "condition": part.condition,
        "title": part.title or parent.title,
        "description": part.description,
        "parent": str(parent.id),
        "grid_code": grid_code,
        "crew": part.crew,
    }
    position = Position(
        None if parent.lon_e7 is None else parent.lon_e7 / 1e7,
        None if parent.lat_e7 is None else parent.lat_e7 / 1e7,
        parent.accuracy_m,
        crs=parent.crs_source,
    )
    return by_system(
        "part",
        # A case may be split again within a cycle, after a recall or a failed inspection: these are other parts.
        named_uuid("part", str(parent.id), str(parent.cycle), str(parent.version), str(index)),
        payload,
        parent.version,
        person_id=command.person_id,
        position=position,
        district_id=parent.district_id,
        source=parent.source,
    )


def _closed_survivor(command: Command, case: CaseState, batch: Batch) -> CaseState | None:
    """The case that this one was merged into, if it is closed already and no answer is to come any more."""
    if command.kind != "merge" or case.survivor_id is None:
        return None
    survivor = batch.works[case.survivor_id].case
    return survivor if survivor.state == "closed" else None


def _answer_owed(follower: uuid.UUID, survivor: CaseState) -> Command:
    """Whoever reported a case that was merged is told what became of the one that went on."""
    ended = survivor.close_kind if survivor.state == "closed" else survivor.state
    text = gettext_for(settings().lang)(ANSWERS[ended or "fixed"]).format(number=survivor.number)
    return by_system("reply", follower, {"text": text}, survivor.id, survivor.version)


def overdue_commands(conn: Connection, now: datetime, limit: int) -> list[Command]:
    """Escalations that are due, what waits longest first: one command a missed clock and time.

    Locks their cases. A case that somebody else is working on is passed over: its turn comes with the next call.
    """
    return [
        by_system(
            "escalate",
            row["case_id"],
            {"reason": DEADLINE_MISSED, "clock": row["kind"]},
            row["cycle"],
            row["kind"],
            row["started_at"].isoformat(),
            row["escalations"],
        )
        for row in clocks.missed_deadlines(conn, now=now, limit=limit)
    ]


def run_out_commands(conn: Connection, now: datetime, limit: int) -> list[Command]:
    """What time itself does: questions time out, suspensions end, another inspector is asked. Locks as above."""
    found: list[Command] = []
    for clock, state, action, flags in TIME_DOES:
        rows = clocks.run_out(
            conn, kind=clock, state=state, flags=list(flags), now=now, limit=limit - len(found)
        )
        found += [by_system(action, r["case_id"], {}, r["cycle"], r["started_at"].isoformat()) for r in rows]
        if len(found) >= limit:
            break
    return found
