"""What one call of apply knows: stored answers, locked cases with their clocks, places, offices, crews; in sets."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from server.cases.chain import Event
from server.cases.sentences import SENTENCES
from server.cases.state import Working, read_work
from server.cases.world import Office, Organisation
from server.crews.permission import Register
from server.db import Connection, array, queries
from server.grids import service as grids
from server.packs import current, pack_known, pack_of_version
from server.protocol.commands import Command
from server.protocol.hats import Actor
from server.protocol.pack import Pack
from server.protocol.payloads import Merge, Split
from server.security import load_viewer
from server.telling.service import Notice

sql = queries(__file__, "apply.sql")
REPORTING = ("report", "self_handle", "record", "part")
MAY_MOVE = ("record", "change", "reroute")
# What a payload calls the organisations that it is about.
NAMING = ("crew", "organisation", "outside", "called")


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
    offices: dict[int, Office]
    organisations: dict[int, dict[str, Organisation]]
    survivors: dict[str, uuid.UUID]
    answers: dict[uuid.UUID, Answer]
    places: dict[uuid.UUID, Any]
    events: list[Event] = field(default_factory=list)
    private: list[tuple[str, int, str, str]] = field(default_factory=list)
    attachments: list[tuple[Any, ...]] = field(default_factory=list)
    holds: list[tuple[Any, ...]] = field(default_factory=list)
    stored: list[tuple[Command, Answer]] = field(default_factory=list)
    photos: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def load(conn: Connection, commands: Sequence[Command], now: datetime, actors: dict[int, Actor]) -> Batch:
    """Locks the cases that `commands` are about, in id order, and reads all that deciding about them needs.

    The survivor of a merger is locked with them: nobody ends or merges it meanwhile.
    """
    for person in {
        command.person_id for command in commands if command.person_id is not None
    } - actors.keys():
        viewer = load_viewer(conn, person, now)
        actors[person] = viewer.actor() if viewer else Actor(person, "")
    survivors = _survivors(conn, commands)
    arriving = [c for c in commands if c.kind in REPORTING or (c.kind in MAY_MOVE and _names_place(c))]
    points = [
        grids.Point(c.position.lon, c.position.lat, c.position.accuracy_m, c.district_id) for c in arriving
    ]
    codes, acting = _named(commands, actors)
    known = sql.load_batch(
        conn,
        commands=array(command.command_id for command in commands),
        cases=array({*(command.case_id for command in commands), *survivors.values()}),
        now=now,
        arriving=array(command.command_id for command in arriving),
        codes=codes,
        organisations=acting,
        **grids.asked(points),
    )
    works = known["works"] or ()
    districts = {row["id"]: row for row in known["districts"] or ()}
    in_force = {i: row for i, row in districts.items() if row["pack_id"] is not None}
    digests = {raw["case"]["pack_version"]: raw["pack"] for raw in works}
    digests |= {row["pack_id"]: row["pack_sha256"] for row in in_force.values()}
    packs = {version: pack_known(conn, version, digest) for version, digest in digests.items()}
    present = {i: (row["pack_id"], packs[row["pack_id"]]) for i, row in in_force.items()}
    batch = Batch(
        now,
        actors,
        {work.case.id: work for work in map(read_work, works)},
        packs,
        present,
        districts,
        _offices(known["offices"] or ()),
        _organisations(known["organisations"] or ()),
        survivors,
        _stored_answers(conn, known["answers"] or (), commands, now),
        {},
        numbers=known["numbers"] or [],
    )
    if named := [a.id for command in commands for a in getattr(command.payload, "attachments", ())]:
        batch.photos = {row["id"]: row["command_id"] for row in sql.photos_known(conn, ids=named)}
    located = grids.placed(conn, points, known["located"] or ())
    batch.places = dict(zip((command.command_id for command in arriving), located, strict=True))
    _place_by_code(conn, arriving, batch)
    return batch


def _place_by_code(conn: Connection, arriving: Sequence[Command], batch: Batch) -> None:
    """A place given as a grid code is taken at its word, without a point."""
    nodes: set[int] = set()
    for command in arriving:
        code = getattr(command.payload, "grid_code", "")
        if not code or command.position.lon is not None:
            continue
        place = grids.located_by_code(conn, district_of(command, batch), code)
        if place is not None:
            batch.places[command.command_id] = place
            nodes |= {n for n in (place.district_id, place.street_id, place.community_id) if n is not None}
    if nodes:
        batch.offices |= _offices(sql.offices(conn, nodes=sorted(nodes), now=batch.now))


def _offices(rows: Iterable[Mapping[str, Any]]) -> dict[int, Office]:
    return {row["grid_id"]: Office(row["id"], row["code"], row["name"], row["staffed"]) for row in rows}


def _stored_answers(
    conn: Connection, rows: Iterable[Mapping[str, Any]], commands: Sequence[Command], now: datetime
) -> dict[uuid.UUID, Answer]:
    """What was answered before; a known id that comes with another content is kept for people to see."""
    by_id = {command.command_id: command for command in commands}
    answers: dict[uuid.UUID, Answer] = {}
    for row in rows:
        command = by_id[uuid.UUID(row["command_id"])]
        if row["body_hash"] == command.body_hash:
            answers[command.command_id] = Answer(
                command.command_id,
                row["outcome"],
                uuid.UUID(row["case_id"]) if row["case_id"] else command.case_id,
                row["number"],
                row["version"],
                row["code"],
                row["params"],
            )
            continue
        answers[command.command_id] = refuse_forged(conn, command, now)
    return answers


def refuse_forged(conn: Connection, command: Command, now: datetime) -> Answer:
    """The answer to a known id with another content, which is kept for people to see."""
    keep_forged(
        conn,
        command.command_id,
        command.device_id,
        command.person_id,
        command.body_hash,
        command.raw,
        now,
    )
    return Answer(command.command_id, "rejected", command.case_id, code="forged")


def keep_forged(
    conn: Connection,
    command_id: uuid.UUID,
    device_id: uuid.UUID | None,
    person_id: int | None,
    body_hash: str,
    payload: str,
    now: datetime,
) -> None:
    """Keeps what came under a known id, once for each content."""
    sql.keep_forged(
        conn,
        command_id=command_id,
        now=now,
        device_id=device_id,
        person_id=person_id,
        body_hash=body_hash,
        payload=payload,
    )


def _names_place(command: Command) -> bool:
    return command.position.lon is not None or bool(getattr(command.payload, "grid_code", ""))


def _named(commands: Sequence[Command], actors: Mapping[int, Actor]) -> tuple[list[str], list[int]]:
    """The codes of organisations that these commands name, and the ids of those that claim."""
    named: set[str] = set()
    claiming: set[int] = set()
    for command in commands:
        for name in NAMING:
            given = getattr(command.payload, name, "")
            named.update([given] if isinstance(given, str) else given)
        if isinstance(command.payload, Split):
            named.update(part.crew for part in command.payload.parts)
        actor = actors.get(command.person_id or -1)
        if command.kind == "claim" and actor is not None and actor.organisation is not None:
            claiming.add(actor.organisation)
    named.discard("")
    return sorted(named), sorted(claiming)


def _organisations(rows: Iterable[Mapping[str, Any]]) -> dict[int, dict[str, Organisation]]:
    """By district and code."""
    found: dict[int, dict[str, Organisation]] = {}
    for row in rows:
        found.setdefault(row["district_id"], {})[row["code"]] = Organisation(
            row["id"], row["code"], row["name"], row["kind"], row["grid_id"], Register.of(row)
        )
    return found


def _survivors(conn: Connection, commands: Sequence[Command]) -> dict[str, uuid.UUID]:
    """The cases that others are to be merged into, by number."""
    numbers = sorted({c.payload.survivor for c in commands if isinstance(c.payload, Merge)})
    return {row["number"]: row["case_id"] for row in sql.survivors(conn, numbers=numbers)} if numbers else {}


def ended_at(conn: Connection, closed_at: datetime | None, survivor_id: uuid.UUID | None) -> datetime | None:
    """When a case ended for its reporter: a merged one with the case in which it goes on, if that is later. None while
    that is open.
    """
    if survivor_id is None or closed_at is None:
        return closed_at
    onward: datetime | None = sql.ended_with(conn, id=survivor_id)
    return None if onward is None else max(closed_at, onward)


def load_cases(conn: Connection, ids: Iterable[uuid.UUID], now: datetime) -> dict[uuid.UUID, Working]:
    """Cases locked in id order, with their present cycle and clocks."""
    nothing: dict[str, Any] = {"commands": "{}", "arriving": "{}", "codes": [], "organisations": []}
    known = sql.load_batch(conn, cases=array(set(ids)), now=now, **nothing, **grids.asked(()))
    return {work.case.id: work for work in map(read_work, known["works"] or ())}


def district_of(command: Command, batch: Batch) -> int | None:
    if command.district_id is not None:
        return command.district_id
    return next(iter(batch.districts)) if len(batch.districts) == 1 else None


def pack_in_force(conn: Connection, batch: Batch, district: int) -> tuple[int, Pack]:
    """The pack in force in the district, and its version: of new cases, and of the limits of clocks."""
    if district not in batch.present:
        batch.present[district] = current(conn, district)
    return batch.present[district]


def pack_at(conn: Connection, batch: Batch, version: int) -> Pack:
    if version not in batch.packs:
        batch.packs[version] = pack_of_version(conn, version)
    return batch.packs[version]
