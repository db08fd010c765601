"""The clocks of a case in memory: started, stopped, paused and resumed by the table's rows, and reckoned anew."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from server.cases.state import RESIDENT_WAITS, Clock, Working, stands
from server.cases.world import Refused, World
from server.clock import Calendar
from server.protocol.pack import Category, Condition, Limit, Pack
from server.protocol.workflow import OWN_CLOCKS, Row


def category_of(work: Working, pack: Pack) -> Category:
    """The category as this pack version knows it, or its "other"."""
    return pack.category(work.case.category_system, work.case.category_code) or pack.other


def condition_of(work: Working, pack: Pack) -> Condition:
    """The condition chosen at registering; before that the first, so that there is always a limit."""
    category = category_of(work, pack)
    return category.condition(work.case.condition) or category.conditions[0]


def limit_of(kind: str, work: Working, pack: Pack) -> Limit:
    """The limit of a clock: a stage's, the condition's, or for the whole case the sum of its stages."""
    return pack.limit(kind, condition_of(work, pack))


def limits_for(work: Working, world: World) -> Pack:
    """The pack by whose limits the case is judged: the one in force, where that still knows the matter.

    A clock that starts after a change of limits has the limit of those that ran when it came and were reckoned anew.
    """
    return world.in_force if _knows(work, world.in_force) else world.pack


def owes_reply(work: Working, pack: Pack) -> bool:
    """Whether somebody waits for a reply: a resident gave their name, or the pack says so of source or category."""
    return RESIDENT_WAITS in work.case.tags or pack.owes_reply(category_of(work, pack), work.case.source)


def move_clocks(row: Row, work: Working, payload: Any, world: World) -> None:
    """Does what the row says of clocks: acts stop them at acted_at; what others must obey starts at receipt."""
    stop_clocks(work, row.stop, world.acted_at)
    for kind in row.pause:
        if kind in work.clocks and work.clocks[kind].running:
            work.clocks[kind].paused_at = world.acted_at
            work.touched_clocks.add((work.case.cycle, kind))
    for kind in row.resume:
        if kind in work.clocks and work.clocks[kind].stopped_at is None:
            work.clocks[kind].resume(world.now, world.calendar)
            work.touched_clocks.add((work.case.cycle, kind))
    for kind in row.start:
        if kind == "reply" and not owes_reply(work, world.pack):
            continue
        until, goes_up = _named(kind, payload, world), kind in world.pack.escalate_on
        limit = _limit_until(until, world) if until else limit_of(kind, work, limits_for(work, world))
        clock = Clock.begin(kind, limit, world.now, world.calendar, work.case.cycle, goes_up)
        if until is not None:
            clock.end_at(until)
        work.clocks[kind] = clock
        work.touched_clocks.add((work.case.cycle, kind))
    settle(work)


def _named(kind: str, payload: Any, world: World) -> datetime | None:
    """Until when the act itself says: what is asked of others runs to that moment. Refused when it is over."""
    until: datetime | None = getattr(payload, "until", None) if kind in OWN_CLOCKS else None
    if until is None:
        return None
    if until <= world.now:
        raise Refused("until_past")
    if kind == "suspend" and (until - world.now).days >= world.pack.suspend_days:
        raise Refused("until_too_far", days=world.pack.suspend_days)
    return until


def _limit_until(until: datetime, world: World) -> Limit:
    return Limit(max(1, round((until - world.now).total_seconds() / 60)), "fixed")


def stop_clocks(work: Working, kinds: Iterable[str], at: datetime) -> None:
    """Stops those of `kinds` that are not stopped yet."""
    for kind in kinds:
        clock = work.clocks.get(kind)
        if clock is not None and clock.stopped_at is None:
            if clock.paused_at is not None:
                clock.pauses = [*clock.pauses, clock.paused_at, max(clock.paused_at, at)]
            clock.stopped_at, clock.paused_at = at, None
            work.touched_clocks.add((clock.cycle, kind))


def stand_until(work: Working, kind: str, at: datetime, calendar: Calendar) -> None:
    """Moves the deadline of a clock that stands by as long as it has stood at `at`; it goes on standing."""
    clock = work.clocks.get(kind)
    if clock is not None and clock.paused_at is not None:
        clock.resume(at, calendar)
        clock.paused_at = clock.pauses[-1]
        work.touched_clocks.add((clock.cycle, kind))


def extend(work: Working, calendar: Calendar) -> None:
    """One more original limit for handling, and as much for the whole case."""
    more = work.clocks["handle"].limit_min if "handle" in work.clocks else 0
    for kind in ("handle", "whole"):
        clock = work.clocks.get(kind)
        if clock is not None and clock.stopped_at is None:
            clock.granted_min += more
            _reckon(clock, work, calendar)


def relimit(work: Working, calendar: Calendar, kinds: Iterable[str], pack: Pack | None = None) -> None:
    """Reckons open clocks anew from their start; with `pack`, under the limits that it gives now.

    A moment that was named by hand stays. What extensions granted stays as many original limits. A pack that no
    longer has the category or the condition takes nothing away: the limits stay as they are.
    """
    known = pack is not None and _knows(work, pack)
    for kind in kinds:
        clock = work.clocks.get(kind)
        if clock is None or clock.stopped_at is not None or clock.time_kind == "fixed":
            continue
        if pack is not None and known:
            limit = limit_of(kind, work, pack)
            clock.limit_min, clock.time_kind = limit.minutes, limit.time_kind
            if kind in ("handle", "whole"):
                clock.granted_min = work.cycle.extensions * condition_of(work, pack).handle.minutes
        _reckon(clock, work, calendar)


def _knows(work: Working, pack: Pack) -> bool:
    case = work.case
    category = pack.category(case.category_system, case.category_code)
    return category is not None and (not case.condition or category.condition(case.condition) is not None)


def _reckon(clock: Clock, work: Working, calendar: Calendar) -> None:
    clock.reckon(calendar)
    work.touched_clocks.add((clock.cycle, clock.kind))


def escalated(kind: str, work: Working, world: World) -> None:
    """Its clock was missed and has gone up once more."""
    clock = work.clocks.get(kind)
    if clock is not None:
        clock.escalated(world.calendar)
        work.touched_clocks.add((clock.cycle, kind))


def settle(work: Working) -> None:
    """Writes on case and cycle what its clocks say: which ends next, when the whole case and its handling are due."""
    case, cycle, clocks = work.case, work.cycle, work.clocks
    if whole := clocks.get("whole"):
        # While it stands nobody knows when the case is due, and nothing becomes overdue; what was late before stays so.
        # A suspended cycle keeps the day for which it is counted apart.
        unknown = stands(whole.paused_at, whole.due_at)
        case.due_at = None if unknown else whole.due_at
        cycle.due_at = None if unknown and not cycle.suspended else whole.due_at
        case.due_provisional = whole.provisional
    if "handle" in clocks and clocks["handle"].stopped_at is None:
        cycle.handle_due_at, cycle.handle_started_at = clocks["handle"].due_at, clocks["handle"].started_at
    if "reply" in clocks:
        cycle.reply_due_at = clocks["reply"].due_at
    first = min((c for c in clocks.values() if c.running), key=lambda clock: clock.due_at, default=None)
    case.next_due_at = first.due_at if first else None
    case.next_clock = first.kind if first else None
