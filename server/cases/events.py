"""Appends the event of one applied command: what changed, who did it and when, chained to the event before."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from server.cases.batch import REPORTING, Batch
from server.cases.chain import Event, commitment
from server.cases.link import spelled
from server.cases.state import Working
from server.protocol.commands import Command
from server.protocol.hats import Actor
from server.protocol.wire import NotCanonical, time_text

AS_IT_IS = frozenset({str, int, bool, type(None)})


def append_event(
    command: Command,
    actor: Actor,
    work: Working,
    batch: Batch,
    state_before: str,
    before: Mapping[str, Any],
    cycle_before: Mapping[str, Any],
    stood_in: Sequence[str],
) -> Event:
    case, payload = work.case, command.payload
    private = payload.private
    private_text = {name: _plain(said) for name in private if (said := getattr(payload, name))}
    body: dict[str, Any] = {
        "payload": {
            name: _plain(said) for name, said in vars(payload).items() if said and name not in private
        },
        "fields": {
            k: [_plain(before[k]) if case.version > 1 else None, _plain(v)]
            for k, v in case.snapshot().items()
            if (case.version == 1 and v) or before[k] != v
        },
        "clocks": {
            clock.kind if clock.cycle == case.cycle else f"{clock.kind} of {clock.cycle}": _plain(vars(clock))
            for clock in sorted(
                (*work.clocks.values(), *work.earlier_clocks), key=attrgetter("kind", "cycle")
            )
            if (clock.cycle, clock.kind) in work.touched_clocks
        },
        # Every rate counts cycles: what they say is part of the chain.
        "facts": _plain(
            work.cycle.facts_since(
                cycle_before if case.version > 1 and cycle_before["n"] == case.cycle else {}
            )
        ),
        "private": None,
    }
    if work.earlier_cycles and cycle_before["n"] < case.cycle:
        # What the act that ended a cycle said of it.
        body["last_facts"] = _plain(work.earlier_cycles[-1].facts_since(cycle_before))
    if command.kind in REPORTING:
        body["place"] = {
            **_plain(command.position.chained()),
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
        body["decided"] = _plain(command.decided.chained())
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
        state_before,
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


def _plain(value: Any) -> Any:
    """A value as the chain keeps it: text, whole numbers, lists and objects of these."""
    kind = type(value)
    if kind in AS_IT_IS:
        return value
    if kind is datetime:
        return time_text(value)
    if kind is dict:
        return {k: _plain(v) for k, v in value.items()}
    if kind is list or kind is tuple:
        return [_plain(v) for v in value]
    if kind is uuid.UUID:
        return str(value)
    if is_dataclass(kind):
        return _plain(asdict(value))
    raise NotCanonical(f"{kind.__name__} has no single spelling")
