"""`apply(commands)`: the only way that a case changes. Load, decide in memory, write in sets.

All that can be wrong with a command becomes its answer, never an SQL error, so that one bad command in a batch of a
hundred costs nothing. Locks: the cases in id order, then (at commit, by trigger) the district's counter. A twin of a
command that arrives at the same moment loses the race on `commands_pkey` and is run again by the edge, where it finds
the stored answer.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any

from server.cases import write
from server.cases.chain import Event, commitment
from server.cases.effects import EFFECTS, Crew, Refused, World, move_clocks
from server.cases.sentences import SENTENCES
from server.cases.state import MOVED_BY, CaseState, Clock, Cycle, Working
from server.db import Connection, queries
from server.grids import service as grids
from server.packs import current, pack_of_version
from server.people.organisations import ensure_centre
from server.protocol.commands import Command
from server.protocol.pack import Category, Pack
from server.protocol.payloads import Record, Report
from server.protocol.wire import canonical, time_text
from server.protocol.workflow import NEW, Actor, Facts, Row, find, sees
from server.security import load_viewer

sql = queries(__file__, "apply.sql")
REPORTING = ("report", "self_handle", "record")
PLACE_MISSING = "place_missing"


@dataclass(frozen=True)
class Answer:
    """The server's word for one command, the same for ever."""

    command_id: uuid.UUID
    outcome: str
    case_id: uuid.UUID
    case_number: str | None = None
    version: int | None = None
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def applied(self) -> bool:
        return self.outcome.startswith("applied")

    @property
    def sentence(self) -> str:
        """An English msgid; its parameters are in `params`."""
        return SENTENCES[self.code]


@dataclass
class Batch:
    """All that one call of apply knows and will write."""

    now: datetime
    actors: dict[int, Actor]
    works: dict[uuid.UUID, Working]
    packs: dict[int, Pack]
    present: dict[int, tuple[int, Pack]]
    districts: dict[int, Mapping[str, Any]]
    offices: dict[int, int]
    crews: dict[int, dict[str, Crew]]
    answers: dict[uuid.UUID, Answer]
    places: dict[uuid.UUID, Any]
    events: list[Event] = field(default_factory=list)
    private: list[tuple[str, int, str, str]] = field(default_factory=list)
    attachments: list[tuple[Any, ...]] = field(default_factory=list)
    holds: list[tuple[Any, ...]] = field(default_factory=list)
    stored: list[tuple[Command, Answer]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def apply(
    conn: Connection, commands: Sequence[Command], now: datetime, actors: Mapping[int, Actor] | None = None
) -> list[Answer]:
    """Applies `commands` in order at `now` (aware); one answer each, in the same order.

    `actors` are those whom the edge already knows; others are looked up. Writes in the caller's transaction.
    """
    batch = _load(conn, commands, now, dict(actors or {}))
    for command in commands:
        if command.command_id not in batch.answers:
            answer = _decide(conn, command, batch)
            batch.answers[command.command_id] = answer
            batch.stored.append((command, answer))
    write.flush(conn, batch)
    return [batch.answers[command.command_id] for command in commands]


def _load(conn: Connection, commands: Sequence[Command], now: datetime, actors: dict[int, Actor]) -> Batch:
    answers: dict[uuid.UUID, Answer] = {}
    hashes = {command.command_id: command for command in commands}
    for row in sql.stored_answers(conn, ids=list(hashes)):
        command = hashes[row["command_id"]]
        if row["body_hash"] == command.body_hash:
            answers[command.command_id] = Answer(
                row["command_id"],
                row["outcome"],
                row["case_id"],
                row["number"],
                row["version"],
                row["code"],
                row["params"],
            )
        else:
            answers[command.command_id] = Answer(
                command.command_id, "rejected", command.case_id, code="forged"
            )
            sql.keep_forged(
                conn,
                command_id=command.command_id,
                now=now,
                device_id=command.device_id,
                person_id=command.person_id,
                body_hash=command.body_hash,
                payload=command.raw,
            )
    fresh = [command for command in commands if command.command_id not in answers]
    for person in {command.person_id for command in fresh if command.person_id is not None} - actors.keys():
        viewer = load_viewer(conn, person, now)
        actors[person] = viewer.actor() if viewer else Actor(person, "")
    works = _load_cases(conn, [command.case_id for command in fresh])
    districts = {row["id"]: row for row in sql.districts(conn)}
    reporting = [command for command in fresh if command.kind in REPORTING and command.case_id not in works]
    repeated = [command for command in fresh if command.kind == "record" and command.case_id in works]
    numbers = [row["n"] for row in sql.take_numbers(conn, count=len(reporting))] if reporting else []
    batch = Batch(now, actors, works, {}, {}, districts, {}, {}, answers, {}, numbers=numbers)
    batch.places = _locate(conn, [*reporting, *repeated], batch)
    nodes = {node for work in works.values() for node in work.case.nodes} | {
        node
        for place in batch.places.values()
        for node in (place.district_id, place.street_id, place.community_id)
    }
    batch.offices = {
        row["grid_id"]: row["id"]
        for row in sql.offices(conn, nodes=[node for node in nodes if node is not None])
    }
    return batch


def _load_cases(conn: Connection, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Working]:
    wanted = sorted(set(ids))
    rows = {row["id"]: row for row in sql.lock_cases(conn, ids=wanted)} if wanted else {}
    if not rows:
        return {}
    cycles = {row["case_id"]: row for row in sql.present_cycles(conn, ids=list(rows))}
    clocks: dict[uuid.UUID, dict[str, Clock]] = {case_id: {} for case_id in rows}
    for row in sql.present_clocks(conn, ids=list(rows)):
        clocks[row["case_id"]][row["kind"]] = Clock(**{f.name: row[f.name] for f in fields(Clock)})
    return {
        case_id: Working(
            CaseState(**{k: v for k, v in row.items() if k != "photos_waiting"}),
            Cycle(**{f.name: cycles[case_id][f.name] for f in fields(Cycle)}),
            clocks[case_id],
            photos_waiting=row["photos_waiting"],
        )
        for case_id, row in rows.items()
    }


def _locate(conn: Connection, reporting: Sequence[Command], batch: Batch) -> dict[uuid.UUID, Any]:
    """Where each new case lies; a place given as a grid code is taken at its word, without a point."""
    points = [
        grids.Point(c.position.lon, c.position.lat, c.position.accuracy_m, _district(c, batch))
        for c in reporting
    ]
    places = dict(zip((c.command_id for c in reporting), grids.locate_many(conn, points), strict=True))
    for command in reporting:
        code = command.payload.grid_code if isinstance(command.payload, Report) else ""
        if (
            code
            and command.position.lon is None
            and (named := grids.located_by_code(conn, _district(command, batch), code))
        ):
            places[command.command_id] = named
    return places


def _district(command: Command, batch: Batch) -> int | None:
    if command.district_id is not None:
        return command.district_id
    return next(iter(batch.districts)) if len(batch.districts) == 1 else None


def _actor(command: Command, batch: Batch) -> Actor:
    if command.origin in ("system", "import"):
        return Actor(None, command.origin, system=True)
    return batch.actors.get(command.person_id or -1) or Actor(command.person_id, "")


def _pack(conn: Connection, batch: Batch, version: int) -> Pack:
    if version not in batch.packs:
        batch.packs[version] = pack_of_version(conn, version)
    return batch.packs[version]


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
        return _create(conn, command, payload, actor, batch)
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


def _must_wait(command: Command, batch: Batch) -> str:
    """Why a person must decide about this command before it may touch anything, or nothing."""
    if command.hold:
        return command.hold
    before = batch.answers.get(command.depends_on) if command.depends_on else None
    return "held_dependant" if before and before.outcome == "held" else ""


def _hold(command: Command, batch: Batch, work: Working | None, code: str) -> Answer:
    case = work.case if work else None
    district = case.district_id if case else _district(command, batch) or next(iter(batch.districts), None)
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


def _create(conn: Connection, command: Command, payload: Report, actor: Actor, batch: Batch) -> Answer:
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
    category, as_it_came = _filed(payload, pack)
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


def _filed(payload: Report, pack: Pack) -> tuple[Category | None, str]:
    """The category that a report names, and its text as it came; None where this pack has no such category."""
    category = pack.category(payload.system, payload.code) or pack.by_text(
        payload.category_text or payload.code
    )
    return category, payload.category_text or "/".join(filter(None, (payload.system, payload.code)))


def _record_again(command: Command, work: Working, batch: Batch, pack: Pack) -> None:
    """What a repeat of the outside may say anew: the category, and the place, which is then routed again."""
    case, payload, position = work.case, command.payload, command.position
    if isinstance(payload, Record):
        category, as_it_came = _filed(payload, pack)
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
    before, kept = case.snapshot(), _copy(work)
    state_before, moved_before = case.state, {name: getattr(case, name) for name in MOVED_BY}
    acted = _acted_at(command, now, None if work.is_new and not case.version else case.acted_at)
    crews = (
        batch.crews.setdefault(case.district_id, {})
        if command.kind != "dispatch"
        else _crews(conn, case.district_id, batch)
    )
    world = World(
        _pack(conn, batch, case.pack_version),
        batch.districts[case.district_id]["timezone"],
        batch.offices,
        crews,
        batch.offices.get(case.district_id) or case.holder_id,
        now,
        acted,
    )
    case.state = row.target(state_before)
    if command.kind == "record" and case.version:
        _record_again(command, work, batch, world.pack)
    try:
        EFFECTS.get(command.kind, lambda *_: None)(work, command.payload, world)
    except Refused as refusal:
        _restore(work, kept)
        return _refuse(command, work, refusal.code, **refusal.params)
    if command.kind == "dispatch":
        case.dispatched_by = actor.person
    move_clocks(row, work, world)
    case.version += 1
    case.changed_at, case.acted_at = now, acted
    if not row.appends and any(getattr(case, name) != value for name, value in moved_before.items()):
        case.moved_version = case.version
    work.touched = True
    _append_event(command, actor, work, batch, state_before, before)
    for a in getattr(command.payload, "attachments", ()):
        made = command.made_at or now
        batch.attachments.append(
            (a.id, case.id, a.sha256, a.bytes, a.mime, a.stage, actor.person, command.command_id, made, now)
        )
        work.photos_waiting += a.stage == "after"
    return Answer(command.command_id, "applied", case.id, case.number, case.version)


def _append_event(
    command: Command, actor: Actor, work: Working, batch: Batch, state_before: str, before: Mapping[str, Any]
) -> None:
    case, payload = work.case, command.payload
    private_text = {name: getattr(payload, name) for name in payload.private if getattr(payload, name)}
    body: dict[str, Any] = {
        "payload": {
            f.name: _plain(getattr(payload, f.name))
            for f in fields(payload)
            if f.name not in payload.private and getattr(payload, f.name)
        },
        "fields": {
            k: [before[k] if case.version > 1 else None, v]
            for k, v in case.snapshot().items()
            if (case.version == 1 and v) or before[k] != v
        },
        "clocks": {
            kind: _plain(asdict(clock))
            for kind, clock in sorted(work.clocks.items())
            if (clock.cycle, kind) in work.touched_clocks
        },
        "private": None,
    }
    if command.kind in REPORTING:
        body["place"] = {
            **command.position.chained(),
            "status": case.place_status,
            "candidates": case.place_candidates,
            "boundary_version": case.boundary_version,
        }
        body["number"] = case.number
    if not command.clock_trusted:
        body["flags"] = ["device_clock"]
    if private_text:
        text = canonical(private_text)
        salt, body["private"] = commitment(text)
        batch.private.append((str(case.id), case.version, salt, text))
    event = Event(
        str(case.id),
        case.version,
        case.cycle,
        str(command.command_id),
        command.kind,
        state_before,
        case.state,
        actor.person,
        actor.organisation,
        str(command.device_id) if command.device_id else None,
        time_text(command.made_at) if command.made_at else "",
        time_text(case.acted_at),
        time_text(batch.now),
        canonical(body),
        case.last_hash,
    )
    case.last_hash = event.hash
    batch.events.append(event)


def _plain(value: Any) -> Any:
    """A value as the chain keeps it: text, whole numbers, lists and objects of these."""
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _copy(work: Working) -> tuple[Any, ...]:
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


def _restore(work: Working, kept: tuple[Any, ...]) -> None:
    case, cycle_values, cycle, clocks, clock_values, touched, cycles, earlier = kept
    vars(work.case).update(case)
    vars(cycle).update(cycle_values)
    work.cycle, work.clocks, work.touched_clocks = cycle, clocks, touched
    for kind, values in clock_values.items():
        vars(work.clocks[kind]).update(values)
    del work.earlier_cycles[cycles:], work.earlier_clocks[earlier:]


def _crews(conn: Connection, district_id: int, batch: Batch) -> dict[str, Crew]:
    if not batch.crews.get(district_id):
        batch.crews[district_id] = {
            row["code"]: Crew(row["id"], row["code"], row["name"], tuple(row["categories"]), row["grid_id"])
            for row in sql.crews(conn, district_id=district_id)
        }
    return batch.crews[district_id]
