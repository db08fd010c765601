"""What an act does to a case beyond its state: clocks, holder and handler, the cycle's facts. No database in here.

`EFFECTS` has one handler an action for what is special to it; what the table says (start, stop, pause, resume) is done
for every action by `move_clocks`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.cases.state import Clock, Cycle, Working
from server.clock import due, shifted
from server.crews.ranking import permit
from server.protocol import payloads as c
from server.protocol.pack import Category, Condition, Limit, Pack
from server.protocol.workflow import Row


class Refused(Exception):
    """An act that cannot be done; `code` is a key of `sentences.SENTENCES`."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True)
class Crew:
    """A handling organisation that a dispatch may name."""

    id: int
    code: str
    name: str
    categories: tuple[str, ...]
    serves: int


@dataclass(frozen=True)
class World:
    """What an act may look at besides its case."""

    pack: Pack
    timezone: str
    offices: Mapping[int, int]
    crews: Mapping[str, Crew]
    centre: int
    now: datetime
    acted_at: datetime

    def office_at_or_above(self, nodes: tuple[int | None, ...], level: int) -> int:
        """The office of the node at `level`, or of the nearest level above that has one."""
        for node in reversed(nodes[: level + 1]):
            if node is not None and node in self.offices:
                return self.offices[node]
        return self.centre


def category_of(work: Working, pack: Pack) -> Category:
    """The category as this pack version knows it, or its "other"."""
    return pack.category(work.case.category_system, work.case.category_code) or pack.other


def condition_of(work: Working, pack: Pack) -> Condition:
    """The condition chosen at registering; before that the first, so that there is always a limit."""
    category = category_of(work, pack)
    return category.condition(work.case.condition) or category.conditions[0]


def _report(work: Working, payload: Any, world: World) -> None:
    work.cycle.opened_at = work.case.reported_at
    work.case.severity = (
        "emergency" if condition_of(work, world.pack).emergency and work.case.condition else "normal"
    )


def _self_handle(work: Working, payload: Any, world: World) -> None:
    _report(work, payload, world)
    work.case.self_handled = work.cycle.self_handled = True
    if not category_of(work, world.pack).self_handle:
        raise Refused("not_self_handled")
    if work.case.state == "closed":
        work.case.closed_at, work.case.close_kind = world.acted_at, "fixed"
        work.cycle.handled_at = work.cycle.passed_at = world.acted_at
        work.cycle.end(world.acted_at, "fixed")
    else:
        work.cycle.self_handled = False
        work.cycle.registered_at, work.cycle.handled_at = world.now, world.acted_at


def _record(work: Working, payload: c.Record, world: World) -> None:
    case, cycle = work.case, work.cycle
    case.reported_at = cycle.opened_at = payload.opened_at or case.reported_at
    case.title, case.description = payload.title, payload.description
    case.tags = sorted({*(t for t in case.tags if t != "duplicate"), *payload.tags})
    cycle.registered_at = cycle.opened_at
    cycle.due_at = case.due_at = payload.due_at
    if payload.status == "closed":
        case.closed_at = payload.closed_at or payload.opened_at
        case.close_kind = "recorded"
        cycle.end(case.closed_at or world.now, "recorded")
        cycle.on_time = (
            None
            if payload.due_at is None
            else cycle.ended_at is not None and cycle.ended_at <= payload.due_at
        )
        stop_clocks(work, ("whole",), world.acted_at)
    else:
        case.closed_at = case.close_kind = cycle.ended_at = cycle.ended_as = cycle.on_time = None
        if (
            payload.due_at is not None
            and payload.opened_at is not None
            and payload.due_at > payload.opened_at
        ):
            minutes = max(1, int((payload.due_at - payload.opened_at).total_seconds() // 60))
            work.clocks["whole"] = Clock(
                "whole", minutes, "calendar", payload.opened_at, payload.due_at, cycle=case.cycle
            )
            work.touched_clocks.add((case.cycle, "whole"))


def _register(work: Working, payload: c.Register, world: World) -> None:
    condition = category_of(work, world.pack).condition(payload.condition or work.case.condition)
    if condition is None:
        raise Refused("condition_needed")
    work.case.condition = condition.code
    work.case.severity = "emergency" if condition.emergency else "normal"
    level = 0 if condition.emergency else world.pack.holder_level
    work.case.holder_id = world.office_at_or_above(work.case.nodes, level)
    work.cycle.registered_at = world.now


def _decline(work: Working, payload: c.Reason, world: World) -> None:
    work.case.closed_at = world.now
    work.cycle.end(world.now, "declined")


def _dispatch(work: Working, payload: c.Dispatch, world: World) -> None:
    crew = world.crews.get(payload.crew)
    if crew is None:
        raise Refused("crew_unknown", crew=payload.crew)
    category = category_of(work, world.pack)
    if permit(crew.categories, category.key) is None:
        raise Refused("crew_not_permitted", crew=crew.name, category=category.key)
    if crew.serves not in work.case.nodes:
        raise Refused("crew_not_here", crew=crew.name)
    work.case.handler_id, work.case.asked_return = crew.id, False
    work.cycle.handler_id, work.cycle.dispatched_at = crew.id, world.now


def _back_to_dispatch(work: Working, payload: Any, world: World) -> None:
    work.case.handler_id, work.case.asked_return, work.case.dispatched_by = None, False, None
    work.cycle.handler_id = work.cycle.handle_due_at = None


def _ask_return(work: Working, payload: Any, world: World) -> None:
    work.case.asked_return = True


def _uphold_return(work: Working, payload: Any, world: World) -> None:
    work.cycle.wrong_dispatches += 1
    _back_to_dispatch(work, payload, world)


def _refuse_return(work: Working, payload: Any, world: World) -> None:
    work.case.asked_return = False
    work.cycle.evasions += 1


def _handle(work: Working, payload: c.Handle, world: World) -> None:
    if "handle" in category_of(work, world.pack).needs_photo and not payload.attachments:
        raise Refused("evidence_needed")
    work.case.asked_return = False
    work.cycle.handled_at = world.acted_at


def _pass(work: Working, payload: c.Pass, world: World) -> None:
    if work.photos_waiting:
        raise Refused("photos_waiting")
    work.case.close_kind = payload.close_kind
    work.cycle.passed_at = world.acted_at


def _fail(work: Working, payload: c.Fail, world: World) -> None:
    work.cycle.reworks += 1
    work.cycle.handled_at = None
    work.case.close_kind = None


def _close(work: Working, payload: c.Close, world: World) -> None:
    case, cycle = work.case, work.cycle
    case.closed_at = world.now
    case.close_kind = case.close_kind or "fixed"
    cycle.end(world.now, case.close_kind)
    if cycle.due_at is not None:
        cycle.on_time = (cycle.passed_at or world.now) <= cycle.due_at


def _reopen(work: Working, payload: c.Reason, world: World) -> None:
    case = work.case
    if case.closed_at is not None and (world.now - case.closed_at).days >= world.pack.reopen_days:
        raise Refused("reopen_too_late", days=world.pack.reopen_days)
    work.earlier_cycles.append(work.cycle)
    work.earlier_clocks.extend(work.clocks.values())
    case.cycle += 1
    work.cycle = Cycle(case.id, case.cycle, world.now, registered_at=world.now)
    work.clocks = {}
    case.closed_at = case.close_kind = None
    case.due_at = case.handler_id = case.dispatched_by = None
    case.asked_return = case.self_handled = False


def _escalate(work: Working, payload: c.Escalate, world: World) -> None:
    case = work.case
    levels = {
        world.offices[node]: level
        for level, node in enumerate(case.nodes)
        if node is not None and node in world.offices
    }
    held_at = levels.get(case.holder_id, 0)
    case.holder_id = world.office_at_or_above(
        case.nodes, 0 if case.severity == "emergency" else max(0, held_at - 1)
    )
    if payload.clock in work.clocks:
        work.clocks[payload.clock].escalations += 1
        work.touched_clocks.add((case.cycle, payload.clock))


EFFECTS: dict[str, Callable[[Working, Any, World], None]] = {
    "report": _report,
    "self_handle": _self_handle,
    "record": _record,
    "register": _register,
    "decline": _decline,
    "dispatch": _dispatch,
    "ask_return": _ask_return,
    "uphold_return": _uphold_return,
    "refuse_return": _refuse_return,
    "recall": _back_to_dispatch,
    "handle": _handle,
    "pass": _pass,
    "fail": _fail,
    "close": _close,
    "reopen": _reopen,
    "escalate": _escalate,
}


def stop_clocks(work: Working, kinds: tuple[str, ...], at: datetime) -> None:
    """Stops those of `kinds` that are not stopped yet."""
    for kind in kinds:
        clock = work.clocks.get(kind)
        if clock is not None and clock.stopped_at is None:
            clock.stopped_at, clock.paused_at = at, None
            work.touched_clocks.add((clock.cycle, kind))


def limit_of(kind: str, work: Working, pack: Pack) -> Limit:
    """The limit of a clock: a stage's, the condition's, or for the whole case the sum of its stages."""
    condition = condition_of(work, pack)
    if kind == "handle":
        return condition.handle
    if kind == "whole":
        return Limit(pack.whole(condition), condition.handle.time_kind)
    return pack.stages[kind]


def move_clocks(row: Row, work: Working, world: World) -> None:
    """Does what the row says of clocks: acts stop them at acted_at; what others must obey starts at receipt."""
    stop_clocks(work, row.stop, world.acted_at)
    for kind in row.pause:
        if kind in work.clocks and work.clocks[kind].running:
            work.clocks[kind].paused_at = world.acted_at
            work.touched_clocks.add((work.case.cycle, kind))
    for kind in row.resume:
        clock = work.clocks.get(kind)
        if clock is not None and clock.paused_at is not None:
            clock.due_at = shifted(clock.due_at, clock.paused_at, world.now)
            clock.paused_at = None
            work.touched_clocks.add((work.case.cycle, kind))
            if kind == "handle":
                work.cycle.handle_due_at = clock.due_at
    for kind in row.start:
        limit = limit_of(kind, work, world.pack)
        clock = Clock.begin(kind, limit, world.now, due(world.now, limit, world.timezone), work.case.cycle)
        work.clocks[kind] = clock
        work.touched_clocks.add((work.case.cycle, kind))
        if kind == "handle":
            work.cycle.handle_due_at = clock.due_at
        if kind == "whole":
            work.case.due_at = work.cycle.due_at = clock.due_at
            work.case.due_provisional = clock.provisional
    running = [clock for clock in work.clocks.values() if clock.running]
    first = min(running, key=lambda clock: clock.due_at, default=None)
    work.case.next_due_at = first.due_at if first else None
    work.case.next_clock = first.kind if first else None
