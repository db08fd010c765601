"""Appends the event of one applied command: what changed, who did it and when, chained to the event before."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from server.cases.batch import REPORTING, Batch
from server.cases.chain import Event, commitment
from server.cases.link import spelled
from server.cases.state import RECORDED, Working
from server.protocol.commands import Command
from server.protocol.hats import Actor
from server.protocol.wire import time_text


def append_event(
    command: Command,
    actor: Actor,
    work: Working,
    batch: Batch,
    before: Mapping[str, Any],
    cycle_before: Mapping[str, Any],
    stood_in: Sequence[str],
) -> Event:
    case, payload = work.case, command.payload
    private = payload.private
    private_text = {name: said for name in private if (said := getattr(payload, name))}
    first, now_said = case.version == 1, vars(case)
    body: dict[str, Any] = {
        "payload": {name: said for name, said in vars(payload).items() if said and name not in private},
        "fields": {
            name: [None if first else before[name], said]
            for name in RECORDED
            if ((said := now_said[name]) and first) or before[name] != said
        },
        "clocks": {
            clock.kind if clock.cycle == case.cycle else f"{clock.kind} of {clock.cycle}": vars(clock)
            for clock in sorted(
                (*work.clocks.values(), *work.earlier_clocks), key=attrgetter("kind", "cycle")
            )
            if (clock.cycle, clock.kind) in work.touched_clocks
        },
        # Every rate counts cycles: what they say is part of the chain.
        "facts": work.cycle.facts_since({} if first or cycle_before["n"] != case.cycle else cycle_before),
        "private": None,
    }
    if work.earlier_cycles and cycle_before["n"] < case.cycle:
        # What the act that ended a cycle said of it.
        body["last_facts"] = work.earlier_cycles[-1].facts_since(cycle_before)
    if command.kind in REPORTING:
        body["place"] = {
            **command.position.chained(),
            "status": case.place_status,
            "candidates": case.place_candidates,
            "boundary_version": case.boundary_version,
        }
        body["number"] = case.number
        if _elsewhere(command, work):
            body["place"]["said"] = command.said_grid[1] if command.said_grid else ""
    if stood_in:
        body["stood_in"] = list(stood_in)
    if actor.link:
        body["link"] = actor.role
    if command.offset_ms is not None:
        body["offset_ms"] = command.offset_ms
    if flags := _flags(command, work):
        body["flags"] = flags
    if command.decided:
        body["decided"] = command.decided.chained()
    if private_text:
        text = spelled(private_text)
        salt, body["private"] = commitment(text)
        batch.private.append((str(case.id), case.version, salt, text))
    event = Event(
        str(case.id),
        case.version,
        case.cycle,
        str(command.command_id),
        command.kind,
        before["state"],
        case.state,
        actor.person,
        actor.organisation,
        str(command.device_id) if command.device_id else None,
        time_text(command.made_at) if command.made_at else "",
        time_text(case.acted_at),
        time_text(batch.now),
        spelled(body),
        case.last_hash,
    )
    case.last_hash = event.hash
    batch.events.append(event)
    return event


def _flags(command: Command, work: Working) -> list[str]:
    """What of the device's account is not so: its clock, and the grid that it found itself."""
    return ["device_clock"] * (not command.clock_trusted) + ["grid_differs"] * _elsewhere(command, work)


def _elsewhere(command: Command, work: Working) -> bool:
    """Whether the device found another grid for a report's point than the server does."""
    said = command.said_grid
    reported = command.kind in REPORTING and command.position.lon is not None
    return reported and said is not None and said[0] != work.case.grid_id
