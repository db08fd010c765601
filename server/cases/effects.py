"""What an act does to a case beyond its state, clocks and flags: holder and handler, the cycle's facts. No database.

`EFFECTS` has one handler an action for what is special to it; what the table says (state, flags, clocks) is done for
every action by `apply`. The road itself stands here, what goes beside it in `effects_beside`.
"""

from collections.abc import Callable
from typing import Any

from server.cases.clocks import (
    category_of,
    condition_of,
    extend,
    limits_for,
    relimit,
    stand_until,
    stop_clocks,
)
from server.cases.effects_beside import BESIDE, within
from server.cases.state import Clock, Cycle, Working
from server.cases.world import Organisation, Refused, World
from server.crews.permission import bars
from server.protocol import payloads as c
from server.protocol.hats import sees
from server.protocol.pack import Category

Effect = Callable[[Working, Any, World], None]


def _report(work: Working, payload: c.Report, world: World) -> None:
    work.cycle.opened_at = work.case.reported_at
    emergency = bool(work.case.condition) and condition_of(work, world.pack).emergency
    work.case.severity = "emergency" if emergency else "normal"


def _part(work: Working, payload: c.Part, world: World) -> None:
    _report(work, payload, world)
    condition = condition_of(work, world.pack)
    work.case.condition = condition.code
    _register_under(work, world)


def _self_handle(work: Working, payload: c.SelfHandle, world: World) -> None:
    _report(work, payload, world)
    case, cycle = work.case, work.cycle
    case.self_handled = cycle.self_handled = True
    if not category_of(work, world.pack).self_handle:
        raise Refused("not_self_handled")
    if case.state == "closed":
        case.closed_at, case.close_kind = world.acted_at, "fixed"
        cycle.handled_at = cycle.passed_at = world.acted_at
        cycle.end(world.acted_at, "fixed")
    else:
        cycle.self_handled = False
        cycle.registered_at, cycle.handled_at = world.now, world.acted_at


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
        on_time = (
            cycle.ended_at is not None and payload.due_at is not None and cycle.ended_at <= payload.due_at
        )
        cycle.on_time = None if payload.due_at is None else on_time
        stop_clocks(work, ("whole",), world.acted_at)
        return
    case.closed_at = case.close_kind = cycle.ended_at = cycle.ended_as = cycle.on_time = None
    if payload.due_at is not None and payload.opened_at is not None and payload.due_at > payload.opened_at:
        minutes = max(1, int((payload.due_at - payload.opened_at).total_seconds() // 60))
        clock = Clock("whole", minutes, "fixed", payload.opened_at, payload.due_at, cycle=case.cycle)
        clock.escalate_at = payload.due_at if "whole" in world.pack.escalate_on else None
        work.clocks["whole"] = clock
        work.touched_clocks.add((case.cycle, "whole"))


def _register(work: Working, payload: c.Register, world: World) -> None:
    condition = category_of(work, world.pack).condition(payload.condition or work.case.condition)
    if condition is None:
        raise Refused("condition_needed")
    work.case.condition = condition.code
    _register_under(work, world)


def _register_under(work: Working, world: World) -> None:
    """Who answers for it from now on: the pack's level, the centre for an emergency."""
    case, condition = work.case, condition_of(work, world.pack)
    case.severity = "emergency" if condition.emergency else "normal"
    level = 0 if condition.emergency else world.pack.holder_level
    case.holder_id, case.holder_level = world.office_at_or_above(case.nodes, level)
    case.payer = case.payer or condition.payer
    if category_of(work, world.pack).claimable:
        case.put_flags([*case.flags, "claimable"])
    work.cycle.registered_at = work.cycle.registered_at or world.now


def _end_as(kind: str) -> Effect:
    def end(work: Working, payload: Any, world: World) -> None:
        work.case.closed_at = world.now
        work.cycle.end(world.now, kind)

    return end


def _decline(work: Working, payload: c.Reason, world: World) -> None:
    """Refused with a reason that the reporter sees: where a reply is owed, that is the reply."""
    _end_as("declined")(work, payload, world)
    if work.cycle.reply_due_at is not None:
        work.cycle.replied_at = work.cycle.replied_at or world.now


def _merge(work: Working, payload: c.Merge, world: World) -> None:
    case, survivor = work.case, world.survivor
    if (
        survivor is None
        or survivor.district_id != case.district_id
        or not sees(world.actor, survivor.facts(world.now))
    ):
        raise Refused("survivor_unknown", number=payload.survivor)
    if survivor.id == case.id:
        raise Refused("survivor_itself")
    if survivor.survivor_id == case.id:
        raise Refused("survivor_follows", number=survivor.number)
    if survivor.state in ("merged", "declined", "cancelled"):
        raise Refused("survivor_ended", number=survivor.number)
    case.survivor_id = survivor.id
    _end_as("merged")(work, payload, world)


def _crew(
    code: str, work: Working, world: World, category: Category | None = None, condition: str = ""
) -> Organisation:
    """The crew of that code, if its register lets it take this case, here, or a part of it; else why not."""
    crew = world.organisations.get(code)
    if crew is None or crew.kind != "crew":
        raise Refused("crew_unknown", crew=code)
    about = category or category_of(work, world.pack)
    asked = (
        (about.condition(condition) or about.conditions[0]) if category else condition_of(work, world.pack)
    )
    if bar := next(bars(crew.register, about.key, about.requires(asked)), None):
        raise Refused(bar.code, crew=crew.name, **bar.params)
    if crew.serves not in work.case.nodes:
        raise Refused("crew_not_here", crew=crew.name)
    return crew


def _give(work: Working, handler: int, world: World) -> None:
    work.case.handler_id = work.cycle.handler_id = handler
    work.cycle.dispatched_at = work.cycle.dispatched_at or world.now


def _dispatch(work: Working, payload: c.Dispatch, world: World) -> None:
    _give(work, _crew(payload.crew, work, world).id, world)
    _dispatched_by(work, world)


def _dispatched_by(work: Working, world: World) -> None:
    """Whoever sends a case to somebody, by whatever act or by deciding about one, does not close it."""
    persons = (one for one in (world.actor.person, world.decider) if one is not None)
    work.case.dispatchers = sorted({*work.case.dispatchers, *persons})


def _split(work: Working, payload: c.Split, world: World) -> None:
    """Nothing is split when one of the crews may not have its part."""
    case, pack = work.case, world.pack
    for part in payload.parts:
        if part.crew:
            category = pack.category(part.system or case.category_system, part.code or case.category_code)
            _crew(part.crew, work, world, category or pack.other, part.condition)
    work.cycle.dispatched_at = work.cycle.dispatched_at or world.now
    _dispatched_by(work, world)


def _assign_anyway(work: Working, payload: c.Dispatch, world: World) -> None:
    _dispatch(work, payload, world)
    work.case.payer = payload.payer or work.case.payer
    work.cycle.assigned_anyway = True


def _dispatch_down(work: Working, payload: c.Note, world: World) -> None:
    below = world.office_below(work.case.nodes, work.case.holder_level)
    if below is None:
        raise Refused("no_office_below")
    work.case.holder_id, work.case.holder_level = below


def _take(work: Working, payload: Any, world: World) -> None:
    if world.actor.organisation is None:
        raise Refused("not_yours")
    _give(work, world.actor.organisation, world)
    _dispatched_by(work, world)


def _claim(work: Working, payload: Any, world: World) -> None:
    mine = next((o for o in world.organisations.values() if o.id == world.actor.organisation), None)
    _give(work, _crew(mine.code if mine else "", work, world).id, world)


def _forward(work: Working, payload: c.Forward, world: World) -> None:
    party = world.organisations.get(payload.outside)
    if party is None or party.kind != "outside":
        raise Refused("outside_unknown", party=payload.outside)
    _give(work, party.id, world)
    _dispatched_by(work, world)


def _back_to_dispatch(work: Working, payload: Any, world: World) -> None:
    work.case.handler_id = work.cycle.handler_id = work.cycle.handle_due_at = None


def _uphold_return(work: Working, payload: Any, world: World) -> None:
    work.cycle.wrong_dispatches += 1
    _back_to_dispatch(work, payload, world)


def _refuse_return(work: Working, payload: Any, world: World) -> None:
    work.cycle.evasions += 1


def _in_time(work: Working, payload: Any, world: World) -> None:
    """What is overdue is neither extended nor suspended, also where another clock of the case ended before."""
    pressing = (work.clocks.get(kind) for kind in ("handle", "whole"))
    if any(clock is not None and clock.running and clock.due_at < world.now for clock in pressing):
        raise Refused("overdue_already")


def _grant_extension(work: Working, payload: Any, world: World) -> None:
    handle = work.clocks.get("handle")
    if handle is not None and handle.due_at < world.now:
        raise Refused("too_late_to_extend")
    work.cycle.extensions += 1
    extend(work, world.calendar)
    if work.cycle.extensions >= world.pack.extensions:
        work.case.put_flags([*work.case.flags, "extensions_used"])


def _suspend(work: Working, payload: Any, world: World) -> None:
    _in_time(work, payload, world)
    work.cycle.suspended = True


def _resume(work: Working, payload: Any, world: World) -> None:
    work.cycle.suspended = False


def _handle(work: Working, payload: Any, world: World) -> None:
    work.cycle.handled_at = world.acted_at
    handler = work.case.handler_id
    if handler == world.centre or world.is_community(handler, work.case.nodes):
        # It does not look at its own work: those above, or its supervisors, stand in from the start.
        work.case.put_flags([*work.case.flags, "other_inspector"])


def _parts_done(work: Working, payload: c.PartsDone, world: World) -> None:
    _handle(work, payload, world)
    work.case.dispatchers = sorted({*work.case.dispatchers, *map(int, payload.dispatchers)})


def _enforced(work: Working, payload: Any, world: World) -> None:
    """While the law had the case its clock stood, which is not held against the crew."""
    _handle(work, payload, world)
    stand_until(work, "handle", world.acted_at, world.calendar)


def _recheck(work: Working, payload: c.Recheck, world: World) -> None:
    if payload.result == "done":
        _handle(work, payload, world)


def _pass(work: Working, payload: c.Pass, world: World) -> None:
    if work.photos_waiting:
        raise Refused("photos_waiting")
    work.case.close_kind = payload.close_kind
    work.cycle.passed_at = world.acted_at


def _fail(work: Working, payload: c.Fail, world: World) -> None:
    work.cycle.reworks += 1
    _send_back(work, payload, world)


def _send_back(work: Working, payload: Any, world: World) -> None:
    work.cycle.handled_at = work.cycle.passed_at = None
    work.case.close_kind = None


def _close(work: Working, payload: Any, world: World) -> None:
    case, cycle = work.case, work.cycle
    case.closed_at = world.now
    case.close_kind = case.close_kind or "fixed"
    cycle.end(world.now, case.close_kind)
    if cycle.due_at is not None:
        cycle.on_time = (cycle.passed_at or world.now) <= cycle.due_at


def _reopen(work: Working, payload: Any, world: World) -> None:
    case, actor = work.case, world.actor
    if actor.role == "resident" or (actor.person is not None and actor.person == case.reporter_id):
        within(world.pack.reopen_days, "reopen_too_late", world)
    _new_cycle(work, world)


def _new_cycle(work: Working, world: World) -> None:
    """Another life of the case; the first one's facts stay as they are. A reply still owed is owed in the new one."""
    case = work.case
    stop_clocks(work, ("reply",), world.now)
    first = work.cycle
    if first.replied_at is None and first.reply_due_at is not None and first.reply_due_at >= world.now:
        first.reply_due_at = None
    work.earlier_cycles.append(work.cycle)
    work.earlier_clocks.extend(work.clocks.values())
    case.cycle += 1
    work.cycle = Cycle(case.id, case.cycle, world.now, registered_at=world.now)
    work.clocks = {}
    case.closed_at = case.close_kind = case.due_at = case.handler_id = case.survivor_id = None
    case.dispatchers, case.helpers, case.self_handled = [], [], False
    if category_of(work, world.pack).claimable:
        case.put_flags([*case.flags, "claimable"])


def _appeal(work: Working, payload: Any, world: World) -> None:
    within(world.pack.appeal_days, "appeal_too_late", world)
    if work.case.state == "reported":
        work.case.closed_at = work.cycle.ended_at = work.cycle.ended_as = work.cycle.replied_at = None


def _sample(work: Working, payload: c.Sample, world: World) -> None:
    work.cycle.sampled = "upheld" if payload.result == "uphold" else "void"
    if payload.result == "void":
        _new_cycle(work, world)


def _change(work: Working, payload: c.Change, world: World) -> None:
    case, pack = work.case, world.pack
    if payload.system or payload.code or payload.category_text:
        category = pack.category(payload.system, payload.code) or pack.by_text(
            payload.category_text or payload.code
        )
        if category is None:
            raise Refused("category_unknown", category=payload.category_text or payload.code)
        case.category_system, case.category_code, case.category_text = category.system, category.code, ""
        case.condition = ""
    if payload.condition or not case.condition:
        condition = category_of(work, pack).condition(payload.condition)
        if condition is None and payload.condition:
            raise Refused("condition_needed")
        case.condition = condition.code if condition else ""
    case.title, case.description = payload.title or case.title, payload.description or case.description
    case.payer = payload.payer or case.payer
    case.form = {**case.form, **payload.form}
    if world.place is not None:
        if payload.grid_code and world.position.lon is None and world.place.status != "inside":
            raise Refused("area_unknown", area=payload.grid_code)
        _move(work, world)
    if "registered" in case.flags:
        _weigh_again(work, world)
    relimit(work, world.calendar, ("handle", "whole"), limits_for(work, world))


def _weigh_again(work: Working, world: World) -> None:
    """A case that turns out to be an emergency goes to the centre at once; one that does not stays where it is."""
    case = work.case
    if not case.condition:
        raise Refused("condition_needed")
    case.severity = "emergency" if condition_of(work, world.pack).emergency else "normal"
    if case.severity == "emergency":
        case.holder_id, case.holder_level = world.centre, 0


def _move(work: Working, world: World) -> None:
    """To another place: routed again, and held at the same level there."""
    case, place, position = work.case, world.place, world.position
    if place.district_id != case.district_id:
        raise Refused("place_elsewhere")
    if position.lon is not None:
        case.lon_e7, case.lat_e7, case.accuracy_m = position.lon_e7, position.lat_e7, position.accuracy_m
        case.crs_source = position.crs
    case.place_status, case.place_candidates = place.status, list(place.candidates)
    case.street_id, case.community_id, case.grid_id = place.street_id, place.community_id, place.grid_id
    case.boundary_version = place.boundary_version
    case.tags = [tag for tag in case.tags if tag != "place_missing"]
    case.holder_id, case.holder_level = world.office_at_or_above(case.nodes, case.holder_level)


def _reroute(work: Working, payload: c.Reroute, world: World) -> None:
    """New boundaries: the same place, whose it is now."""
    if world.place is None:
        raise Refused("place_unknown")
    missing = "place_missing" in work.case.tags
    _move(work, world)
    if missing:
        work.case.tags = [*work.case.tags, "place_missing"]


def _recompute(work: Working, payload: c.Recompute, world: World) -> None:
    relimit(work, world.calendar, tuple(work.clocks), world.later_pack)


EFFECTS: dict[str, Effect] = {
    "report": _report,
    "part": _part,
    "self_handle": _self_handle,
    "record": _record,
    "register": _register,
    "decline": _decline,
    "cancel": _end_as("cancelled"),
    "merge": _merge,
    "dispatch": _dispatch,
    "assign_anyway": _assign_anyway,
    "dispatch_down": _dispatch_down,
    "take": _take,
    "claim": _claim,
    "split": _split,
    "forward": _forward,
    "uphold_return": _uphold_return,
    "refuse_return": _refuse_return,
    "recall": _back_to_dispatch,
    "ask_extension": _in_time,
    "grant_extension": _grant_extension,
    "ask_suspension": _in_time,
    "suspend": _suspend,
    "resume": _resume,
    "handle": _handle,
    "recheck": _recheck,
    "enforced": _enforced,
    "parts_done": _parts_done,
    "answer_outside": _handle,
    "pass": _pass,
    "fail": _fail,
    "send_back": _send_back,
    "close": _close,
    "reopen": _reopen,
    "appeal": _appeal,
    "sample": _sample,
    "change": _change,
    "recompute": _recompute,
    "reroute": _reroute,
    **BESIDE,
}
