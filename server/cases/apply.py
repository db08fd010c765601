"""`apply(commands)`: the only way that a case changes. Load, decide in memory, write in sets.

All that can be wrong with a command becomes its answer, never an SQL error, so that one bad command in a batch of a
hundred costs nothing. Locks: the cases in id order, then (at commit, by trigger) the district's counter. A twin of a
command that arrives at the same moment loses the race on `commands_pkey` and is run again by the edge, where it finds
the stored answer. What the pack leaves to the system (parts of a split case, answers owed) follows at once, as
commands of its own in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from server.calendar.service import calendar_at
from server.cases import write
from server.cases.arrival import arrived, home_of, record_again, seen
from server.cases.batch import REPORTING, Answer, Batch, district_of, ended_at, load, pack_at, pack_in_force
from server.cases.bysystem import follow_ups
from server.cases.clocks import move_clocks
from server.cases.effects import EFFECTS
from server.cases.events import append_event
from server.cases.notices import notices_of
from server.cases.overtaken import overtaken
from server.cases.state import MOVED_BY, Working
from server.cases.world import Office, Refused, World
from server.db import Connection
from server.packs import pack_of_version
from server.protocol.commands import Command
from server.protocol.hats import NEW, Actor, Facts, sees
from server.protocol.payloads import Merge, Recompute, Report
from server.protocol.workflow import Narrowing, Row, conflicts, find, flags_after

__all__ = ["Answer", "apply"]
# Acts for which a pack has days, counted from the end of the case.
COUNTS_DAYS = ("reopen", "rate", "appeal")
AT_DESKS = ("console", "api")
ELSEWHERE_CHECKED = ("condition", "category", "place", "evidence")


def apply(
    conn: Connection, commands: Sequence[Command], now: datetime, actors: Mapping[int, Actor] | None = None
) -> list[Answer]:
    """Applies `commands` in order at `now` (aware); one answer each, in the same order.

    `actors` are those whom the edge already knows; others are looked up. Writes in the caller's transaction.
    """
    batch = load(conn, commands, now, dict(actors or {}))
    for command in commands:
        if command.command_id not in batch.answers:
            answer = _decide(conn, command, batch)
            batch.answers[command.command_id] = answer
            batch.stored.append((command, answer))
    write.flush(conn, batch)
    if following := follow_ups(conn, batch):
        apply(conn, following, now, batch.actors)
    return [batch.answers[command.command_id] for command in commands]


def _decide(conn: Connection, command: Command, batch: Batch) -> Answer:
    """One command's answer; on success its effect stands in `batch`, otherwise nothing does."""
    work = batch.works.get(command.case_id)
    actor = _actor(command, batch, work)
    if held := _must_wait(command, batch):
        return _hold(command, batch, work, held)
    payload = command.payload
    if work is None:
        if not isinstance(payload, Report):
            return _refuse(command, None, "no_case")
        return create(conn, command, payload, actor, batch)
    facts = work.case.facts(batch.now)
    if not sees(actor, facts) and command.origin != "tablet" and not command.decided:
        return _refuse(command, None, "no_case")
    pack = pack_at(conn, batch, work.case.pack_version)
    row, why = find(facts, command.kind, actor, payload.given(), Narrowing.of(pack.without, pack.narrow))
    seen = command.base_version
    stale = seen is not None and 0 < seen < work.case.moved_version
    # At a desk nobody can have seen a version that is not there yet, as after a restored backup.
    nowhere = command.origin in AT_DESKS and seen is not None and not 0 < seen <= work.case.version
    if (nowhere or (stale and command.origin in AT_DESKS)) and (row is None or not row.appends):
        return _refuse(command, work, "conflict")
    if row is not None and command.decided and conflicts(row, command.decided.decider, facts):
        row, why = None, "not_both"
    if row is None:
        if command.kind in REPORTING:
            return _refuse(command, work, "case_exists")
        if command.decided is None and command.origin == "tablet" and (stale or why == "not_yours"):
            return _hold(command, batch, work, "held_moved_on" if stale else "held_not_yours")
        return _refuse(command, work, why, state=work.case.state, action=command.kind)
    if overtaken(conn, command, work, batch):
        if command.origin == "tablet":
            return _hold(command, batch, work, "held_moved_on")
        return _refuse(command, work, "conflict")
    answer = _perform(conn, command, actor, row, work, batch)
    if stale and not row.appends and answer.outcome == "applied":
        return replace(answer, outcome="applied_with_conflict", code="moved_on")
    return answer


def _actor(command: Command, batch: Batch, work: Working | None = None) -> Actor:
    if command.decided:
        return _in_whose_right(command, command.decided.actors, batch, work)
    if command.origin in ("system", "import"):
        return Actor(None, command.origin, system=True)
    if command.actor is not None:
        return command.actor
    return batch.actors.get(command.person_id or -1) or Actor(command.person_id, "")


def _in_whose_right(command: Command, actors: Sequence[Actor], batch: Batch, work: Working | None) -> Actor:
    """The first of the actors whom the table lets do a decided act on this case; the first of all if it lets none."""
    if work is None:
        return actors[0]
    facts = work.case.facts(batch.now)
    pack = batch.packs[work.case.pack_version]
    narrowing = Narrowing.of(pack.without, pack.narrow)
    given = command.payload.given()
    return next((a for a in actors if find(facts, command.kind, a, given, narrowing)[0]), actors[0])


def _must_wait(command: Command, batch: Batch) -> str:
    """Why a person must decide about this command before it may touch anything, or nothing."""
    if command.hold:
        return command.hold
    # Held in this very call; whether one that was held before still waits is known to the edge.
    before = any(held[0] == command.depends_on for held in batch.holds)
    return "held_dependant" if before else ""


def _hold(command: Command, batch: Batch, work: Working | None, code: str) -> Answer:
    case = work.case if work else None
    district = case.district_id if case else district_of(command, batch) or next(iter(batch.districts), None)
    version = case.version if case else None
    batch.holds.append(
        (command.command_id, command.case_id, district, code, command.base_version, version, batch.now,
         command.device_id, command.depends_on, command.offset_ms)
    )  # fmt: skip
    number = case.number if case else None
    return Answer(command.command_id, "held", command.case_id, number, version, code)


def _refuse(command: Command, work: Working | None, code: str, **params: Any) -> Answer:
    case = work.case if work else None
    number, version = (case.number, case.version) if case else (None, None)
    return Answer(command.command_id, "rejected", command.case_id, number, version, code, params)


def create(conn: Connection, command: Command, payload: Report, actor: Actor, batch: Batch) -> Answer:
    place = batch.places[command.command_id]
    nodes = (place.district_id, place.street_id, place.community_id, place.grid_id)
    _version, pack = pack_in_force(conn, batch, home_of(command, place, batch))
    facts = Facts(NEW, nodes, reporter=actor.person)
    narrowing = Narrowing.of(pack.without, pack.narrow)
    row, why = find(facts, command.kind, actor, payload.given(), narrowing)
    if row is None:
        left_out = find(facts, command.kind, actor, payload.given())[0] is not None
        return _refuse(command, None, "left_out" if left_out else why, state="", action=command.kind)
    reported = _acted_at(command, batch.now, None)
    work = arrived(conn, command, payload, actor, place, batch, reported)
    batch.works[work.case.id] = work
    answer = _perform(conn, command, actor, row, work, batch)
    if not answer.applied:
        del batch.works[work.case.id]
    return answer


def _acted_at(command: Command, now: datetime, last: datetime | None) -> datetime:
    """When the act counts: the device's time if its clock is trusted, never after receipt nor before the last act."""
    trusted = command.made_at is not None and command.clock_trusted and command.made_at <= now
    acted = command.made_at if trusted and command.made_at is not None else now
    return max(acted, last) if last is not None else acted


def _lacking(command: Command, row: Row) -> str:
    """The first thing that the row needs and the command does not say."""
    for need in row.needs:
        if (
            need.required
            and need.kind not in ELSEWHERE_CHECKED
            and not getattr(command.payload, need.name, "x")
        ):
            return need.name
    return ""


def _perform(
    conn: Connection, command: Command, actor: Actor, row: Row, work: Working, batch: Batch
) -> Answer:
    """Applies `row` to the case in memory and appends its event; on refusal the case is as it was."""
    case, now, payload = work.case, batch.now, command.payload
    photos = getattr(payload, "attachments", ())
    if missing := _lacking(command, row):
        return _refuse(command, work, "field_needed", field=missing)
    if any(batch.photos.get(a.id, command.command_id) != command.command_id for a in photos):
        return _refuse(command, work, "photo_used")
    kept = copied(work)
    before, cycle_before = kept[:2]
    acted = _acted_at(command, now, None if work.is_new and not case.version else case.acted_at)
    world = _world(conn, command, actor, work, batch, acted)
    case.state = row.target(before["state"])
    case.put_flags(flags_after(row, frozenset(case.flags)))
    if command.kind == "record" and case.version:
        record_again(command, work, batch, world.pack)
    try:
        seen(conn, command, work, world.pack, batch)
        EFFECTS.get(command.kind, lambda *_: None)(work, payload, world)
        move_clocks(row, work, payload, world)
    except Refused as refusal:
        restore(work, kept)
        return _refuse(command, work, refusal.code, **refusal.params)
    case.version += 1
    case.changed_at, case.acted_at = now, acted
    if not row.appends and any(getattr(case, name) != before[name] for name in MOVED_BY):
        case.moved_version = case.version
    work.touched = True
    event = append_event(command, actor, work, batch, before, cycle_before, world.stood_in)
    batch.notices += notices_of(row, event, work, before, actor, batch, world)
    for a in photos:
        batch.photos[a.id] = command.command_id
        made = command.made_at or now
        batch.attachments.append(
            (a.id, case.id, a.sha256, a.bytes, a.mime, a.stage, actor.person, command.command_id, made, now)
        )
        work.photos_waiting += a.stage == "after"
    return Answer(command.command_id, "applied", case.id, case.number, case.version)


def _world(
    conn: Connection, command: Command, actor: Actor, work: Working, batch: Batch, acted: datetime
) -> World:
    case, payload = work.case, command.payload
    centre = batch.offices.get(case.district_id) or Office(case.holder_id, "", "")
    district = batch.districts[case.district_id]
    later = payload.pack_version if isinstance(payload, Recompute) else ""
    named = batch.survivors.get(payload.survivor) if isinstance(payload, Merge) else None
    survivor = batch.works.get(named) if named else None
    return World(
        pack_at(conn, batch, case.pack_version),
        pack_in_force(conn, batch, case.district_id)[1],
        calendar_at(conn, case.district_id, district["timezone"], district["stamp"]),
        batch.offices,
        batch.organisations.get(case.district_id, {}),
        centre.id,
        batch.now,
        acted,
        actor,
        command.kind,
        batch.places.get(command.command_id),
        survivor.case if survivor else None,
        command.position,
        pack_of_version(conn, int(later)) if later else None,
        command.decided.by if command.decided else None,
        ended_at(conn, case.closed_at, case.survivor_id) if command.kind in COUNTS_DAYS else None,
    )


def copied(work: Working) -> tuple[Any, ...]:
    return (
        vars(work.case).copy(),
        vars(work.cycle).copy(),
        work.cycle,
        dict(work.clocks),
        {k: vars(v).copy() for k, v in work.clocks.items()},
        set(work.touched_clocks),
        len(work.earlier_cycles),
        len(work.earlier_clocks),
    )


def restore(work: Working, kept: tuple[Any, ...]) -> None:
    case, cycle_values, cycle, clocks, clock_values, touched, cycles, earlier = kept
    vars(work.case).update(case)
    vars(cycle).update(cycle_values)
    work.cycle, work.clocks, work.touched_clocks = cycle, clocks, touched
    for kind, values in clock_values.items():
        vars(work.clocks[kind]).update(values)
    del work.earlier_cycles[cycles:], work.earlier_clocks[earlier:]
