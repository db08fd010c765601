"""`apply(commands)`: the only way that a case changes. Load, decide in memory, write in sets.

All that can be wrong with a command becomes its answer, never an SQL error, so that one bad command in a batch of a
hundred costs nothing. Locks: the cases in id order, then (at commit, by trigger) the district's counter. A twin of a
command that arrives at the same moment loses the race on `commands_pkey` and is run again by the edge, where it finds
the stored answer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from server.cases import write
from server.cases.batch import REPORTING, Answer, Batch, crews_at, district_of, load, pack_at
from server.cases.effects import EFFECTS, Refused, World, move_clocks
from server.cases.events import append_event
from server.cases.state import MOVED_BY, CaseState, Cycle, Working
from server.db import Connection
from server.packs import current
from server.people.organisations import ensure_centre
from server.protocol.commands import Command
from server.protocol.pack import Category, Pack
from server.protocol.payloads import Record, Report
from server.protocol.workflow import NEW, Actor, Facts, Row, find, sees

PLACE_MISSING = "place_missing"

__all__ = ["Answer", "apply"]


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
    return [batch.answers[command.command_id] for command in commands]


def _decide(conn: Connection, command: Command, batch: Batch) -> Answer:
    """One command's answer; on success its effect stands in `batch`, otherwise nothing does."""
    actor = _actor(command, batch)
    work = batch.works.get(command.case_id)
    if held := _must_wait(command, batch):
        return _hold(command, batch, work, held)
    payload = command.payload
    if work is None:
        if not isinstance(payload, Report):
            return _refuse(command, None, "no_case")
        return create(conn, command, payload, actor, batch)
    facts = work.case.facts()
    if not sees(actor, facts) and command.origin != "tablet":
        return _refuse(command, None, "no_case")
    row, why = find(facts, command.kind, actor, command.payload.given())
    stale = command.base_version is not None and 0 < command.base_version < work.case.moved_version
    if stale and (row is None or not row.appends) and command.origin in ("console", "api"):
        return _refuse(command, work, "conflict")
    if row is None:
        if command.kind in REPORTING:
            return _refuse(command, work, "case_exists")
        if command.origin == "tablet" and (stale or why == "not_yours"):
            return _hold(command, batch, work, "held_moved_on" if stale else "held_not_yours")
        return _refuse(command, work, why, state=work.case.state, action=command.kind)
    answer = _perform(conn, command, actor, row, work, batch)
    if stale and not row.appends and answer.outcome == "applied":
        return Answer(
            answer.command_id,
            "applied_with_conflict",
            answer.case_id,
            answer.case_number,
            answer.version,
            "moved_on",
        )
    return answer


def _actor(command: Command, batch: Batch) -> Actor:
    if command.origin in ("system", "import"):
        return Actor(None, command.origin, system=True)
    return batch.actors.get(command.person_id or -1) or Actor(command.person_id, "")


def _must_wait(command: Command, batch: Batch) -> str:
    """Why a person must decide about this command before it may touch anything, or nothing."""
    if command.hold:
        return command.hold
    before = batch.answers.get(command.depends_on) if command.depends_on else None
    return "held_dependant" if before and before.outcome == "held" else ""


def _hold(command: Command, batch: Batch, work: Working | None, code: str) -> Answer:
    case = work.case if work else None
    district = case.district_id if case else district_of(command, batch) or next(iter(batch.districts), None)
    batch.holds.append(
        (
            command.command_id,
            command.case_id,
            district,
            code,
            command.base_version,
            case.version if case else None,
            batch.now,
        )
    )
    return Answer(
        command.command_id,
        "held",
        command.case_id,
        case.number if case else None,
        case.version if case else None,
        code,
    )


def _refuse(command: Command, work: Working | None, code: str, **params: Any) -> Answer:
    case = work.case if work else None
    return Answer(
        command.command_id,
        "rejected",
        command.case_id,
        case.number if case else None,
        case.version if case else None,
        code,
        params,
    )


def create(conn: Connection, command: Command, payload: Report, actor: Actor, batch: Batch) -> Answer:
    place = batch.places[command.command_id]
    facts = Facts(
        NEW, (place.district_id, place.street_id, place.community_id, place.grid_id), reporter=actor.person
    )
    row, why = find(facts, command.kind, actor, command.payload.given())
    if row is None:
        return _refuse(command, None, why, state="", action=command.kind)
    if place.district_id not in batch.present:
        batch.present[place.district_id] = current(conn, place.district_id)
    pack_version, pack = batch.present[place.district_id]
    batch.packs[pack_version] = pack
    centre = batch.offices.get(place.district_id) or ensure_centre(conn, place.district_id)
    batch.offices[place.district_id] = centre
    position = command.position
    category, as_it_came = filed(payload, pack)
    timezone = batch.districts[place.district_id]["timezone"]
    reported = _acted_at(command, batch.now, None)
    case = CaseState(
        id=command.case_id,
        number=write.number(batch.numbers.pop(0), batch.now, timezone),
        pack_version=pack_version,
        category_system=(category or pack.other).system,
        category_code=(category or pack.other).code,
        category_text="" if category else as_it_came,
        condition=payload.condition if category and category.condition(payload.condition) else "",
        place_status=place.status,
        place_candidates=list(place.candidates),
        district_id=place.district_id,
        street_id=place.street_id,
        community_id=place.community_id,
        grid_id=place.grid_id,
        boundary_version=place.boundary_version,
        holder_id=centre,
        reporter_id=actor.person if command.origin != "import" else None,
        source=command.source or command.origin,
        external_id=command.external_id,
        title=payload.title,
        description=payload.description,
        lon_e7=position.lon_e7,
        lat_e7=position.lat_e7,
        accuracy_m=position.accuracy_m,
        crs_source=position.crs,
        reported_at=reported,
        received_at=batch.now,
        changed_at=batch.now,
        acted_at=reported,
    )
    if position.lon is None and not payload.grid_code:
        case.tags.append(PLACE_MISSING)
    if category and command.kind in category.needs_photo and not payload.attachments:
        case.tags.append("photo_missing")
    work = Working(case, Cycle(case.id, 1, reported), {}, is_new=True)
    batch.works[case.id] = work
    answer = _perform(conn, command, actor, row, work, batch)
    if not answer.applied:
        del batch.works[case.id]
    return answer


def filed(payload: Report, pack: Pack) -> tuple[Category | None, str]:
    """The category that a report names, and its text as it came; None where this pack has no such category."""
    category = pack.category(payload.system, payload.code) or pack.by_text(
        payload.category_text or payload.code
    )
    return category, payload.category_text or "/".join(filter(None, (payload.system, payload.code)))


def record_again(command: Command, work: Working, batch: Batch, pack: Pack) -> None:
    """What a repeat of the outside may say anew: the category, and the place, which is then routed again."""
    case, payload, position = work.case, command.payload, command.position
    if isinstance(payload, Record):
        category, as_it_came = filed(payload, pack)
        case.category_system = (category or pack.other).system
        case.category_code = (category or pack.other).code
        case.category_text = "" if category else as_it_came
    place = batch.places.get(command.command_id)
    if place is not None and (position.lon_e7, position.lat_e7) != (case.lon_e7, case.lat_e7):
        case.lon_e7, case.lat_e7, case.crs_source = position.lon_e7, position.lat_e7, position.crs
        case.place_status, case.place_candidates = place.status, list(place.candidates)
        case.street_id, case.community_id, case.grid_id = place.street_id, place.community_id, place.grid_id
        case.boundary_version = place.boundary_version
        case.tags = [tag for tag in case.tags if tag != PLACE_MISSING or position.lon is None]


def _acted_at(command: Command, now: datetime, last: datetime | None) -> datetime:
    """When the act counts: the device's time if its clock is trusted, never after receipt nor before the last act."""
    acted = (
        command.made_at
        if command.made_at is not None and command.clock_trusted and command.made_at <= now
        else now
    )
    return max(acted, last) if last is not None else acted


def _perform(
    conn: Connection, command: Command, actor: Actor, row: Row, work: Working, batch: Batch
) -> Answer:
    """Applies `row` to the case in memory and appends its event; on refusal the case is as it was."""
    case, now = work.case, batch.now
    missing = next(
        (
            n.name
            for n in row.needs
            if n.required and n.kind in ("text", "crew") and not getattr(command.payload, n.name, "x")
        ),
        None,
    )
    if missing:
        return _refuse(command, work, "field_needed", field=missing)
    before, kept = case.snapshot(), copied(work)
    state_before, moved_before = case.state, {name: getattr(case, name) for name in MOVED_BY}
    acted = _acted_at(command, now, None if work.is_new and not case.version else case.acted_at)
    crews = (
        batch.crews.setdefault(case.district_id, {})
        if command.kind != "dispatch"
        else crews_at(conn, case.district_id, batch)
    )
    world = World(
        pack_at(conn, batch, case.pack_version),
        batch.districts[case.district_id]["timezone"],
        batch.offices,
        crews,
        batch.offices.get(case.district_id) or case.holder_id,
        now,
        acted,
    )
    case.state = row.target(state_before)
    if command.kind == "record" and case.version:
        record_again(command, work, batch, world.pack)
    try:
        EFFECTS.get(command.kind, lambda *_: None)(work, command.payload, world)
    except Refused as refusal:
        restore(work, kept)
        return _refuse(command, work, refusal.code, **refusal.params)
    if command.kind == "dispatch":
        case.dispatched_by = actor.person
    move_clocks(row, work, world)
    case.version += 1
    case.changed_at, case.acted_at = now, acted
    if not row.appends and any(getattr(case, name) != value for name, value in moved_before.items()):
        case.moved_version = case.version
    work.touched = True
    append_event(command, actor, work, batch, state_before, before)
    for a in getattr(command.payload, "attachments", ()):
        made = command.made_at or now
        batch.attachments.append(
            (a.id, case.id, a.sha256, a.bytes, a.mime, a.stage, actor.person, command.command_id, made, now)
        )
        work.photos_waiting += a.stage == "after"
    return Answer(command.command_id, "applied", case.id, case.number, case.version)


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
