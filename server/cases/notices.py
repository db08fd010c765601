"""Who is told of an act: the table's words for people, made into addresses of this case."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from server.cases.batch import Batch
from server.cases.chain import Event
from server.cases.state import CaseState, Working
from server.cases.world import World
from server.protocol.hats import ASKED_FLAG, CALLED_FLAG, NEW, Actor
from server.protocol.workflow import Row
from server.telling.service import Notice

# Of which office the sentence of an act speaks: who holds the case then, or who acts; of others whose hands it is in.
OF_HOLDER = frozenset({"escalate", "hand_down", "dispatch_down"})
OF_ACTOR = frozenset(
    {"take", "claim", "arrive", "answer_help", "ask_return", "ask_extension", "ask_suspension"}
)
OF_NOBODY = frozenset({"whistle", "ask_help"})


def notices_of(
    row: Row,
    event: Event,
    work: Working,
    before: Mapping[str, Any],
    actor: Actor,
    batch: Batch,
    world: World,
) -> list[Notice]:
    """One notice an address; whoever did it is not told of it."""
    case = work.case
    params = {
        "organisation": _office_named(event, case, before, actor, world),
        "category": f"{case.category_system}/{case.category_code}",
        "condition": case.condition,
        "state": case.state,
        "severity": case.severity,
        "due_at": work.clocks["handle"].due_at if "handle" in work.clocks else case.due_at,
        "close_kind": case.close_kind,
        "reported_at": case.reported_at,
        "closed_at": case.closed_at,
        "source": case.source,
        "external_id": case.external_id,
    }
    told = dict.fromkeys((*row.tells, *(("source",) if _outcome(event) else ())))
    addresses = dict.fromkeys(a for who in told for a in _addresses(who, case, before, world))
    return [
        Notice(
            case.district_id, uuid.UUID(str(case.id)), case.number, event.n, event.action, kind, to, params
        )
        for kind, to in addresses
        if (kind, to) not in (("person", actor.person), ("organisation", actor.organisation))
    ]


def _outcome(event: Event) -> bool:
    """Whether the system that the case came from hears of it: every new state, but not what it told itself."""
    return event.from_state not in (NEW, event.to_state) and event.action != "record"


def _office_named(
    event: Event, case: CaseState, before: Mapping[str, Any], actor: Actor, world: World
) -> str | None:
    """The name of the office that the sentence of an act speaks of, where the batch knows it."""
    wanted = case.handler_id or before["handler_id"]
    if event.action in OF_HOLDER:
        wanted = case.holder_id
    elif event.action in OF_ACTOR:
        wanted = actor.organisation
    if wanted is None or event.action in OF_NOBODY:
        return None
    offices = {office.id: office.name for office in world.offices.values()}
    return {one.id: one.name for one in world.organisations.values()}.get(wanted) or offices.get(wanted)


def _addresses(
    who: str, case: CaseState, before: Mapping[str, Any], world: World
) -> Iterator[tuple[str, int]]:
    if who == "reporter" and case.reporter_id is not None:
        yield "person", case.reporter_id
    elif who in ("duty", "dispatcher", "supervisor"):
        yield f"duty:{who}", world.centre
    elif who == "supervisor_at_top" and case.holder_level == 0:
        yield "duty:supervisor", world.centre
    elif who == "holder":
        yield "organisation", case.holder_id
    elif who == "handler" and (handler := case.handler_id or before["handler_id"]) is not None:
        yield "organisation", handler
    elif who in ("worker_here", "community") and world.is_community(case.handler_id, case.nodes):
        # Who mended it does not look at it: the street does.
        yield "organisation", world.office_at_or_above(case.nodes, 1)[0]
    elif who == "worker_here" and case.grid_id is not None:
        yield "grid", case.grid_id
    elif who == "worker_here" and case.handler_id == world.centre:
        yield "duty:supervisor", world.centre
    elif who == "worker_here":
        # Outside every grid: who stands in for its worker.
        yield "organisation", world.office_at_or_above(case.nodes, 2)[0]
    elif who == "community":
        yield "organisation", world.office_at_or_above(case.nodes, 2)[0]
    elif who in ("called", "helper"):
        flag = CALLED_FLAG if who == "called" else ASKED_FLAG
        yield from (("organisation", int(f.removeprefix(flag))) for f in case.flags if f.startswith(flag))
    elif who == "source" and case.external_id:
        yield "source", 0
