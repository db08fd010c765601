"""What goes beside the road: called departments, help, pressing, going up and down, the reporter's word."""

from collections.abc import Callable
from typing import Any

from server.cases.clocks import escalated, stop_clocks
from server.cases.state import Working
from server.cases.world import Organisation, Refused, World
from server.protocol import payloads as c
from server.protocol.hats import ASKED_FLAG, CALLED_FLAG


def _verify(work: Working, payload: c.Verify, world: World) -> None:
    if payload.finding != "other_category":
        return
    category = world.pack.category(payload.system, payload.code) or world.pack.by_text(
        payload.category_text or payload.code
    )
    if category is None:
        raise Refused("category_unknown", category=payload.category_text or payload.code)
    work.case.category_system, work.case.category_code = category.system, category.code
    work.case.category_text, work.case.condition = "", ""


def _known(code: str, world: World) -> Organisation:
    organisation = world.organisations.get(code)
    if organisation is None or organisation.kind == "outside":
        raise Refused("organisation_unknown", organisation=code)
    return organisation


def _let_in(work: Working, organisations: list[Organisation], flag: str) -> None:
    work.case.helpers = sorted({*work.case.helpers, *(o.id for o in organisations)})
    work.case.put_flags([*work.case.flags, *(f"{flag}{o.id}" for o in organisations)])


def _answered(work: Working, flag: str, clock: str, world: World) -> None:
    """The organisation did what it was called or asked for; the clock stops with the last of them."""
    work.case.put_flags(f for f in work.case.flags if f != f"{flag}{world.actor.organisation}")
    if not any(f.startswith(flag) for f in work.case.flags):
        stop_clocks(work, (clock,), world.acted_at)


def _whistle(work: Working, payload: c.Whistle, world: World) -> None:
    _let_in(work, [_known(code, world) for code in payload.called], CALLED_FLAG)


def _arrive(work: Working, payload: c.Note, world: World) -> None:
    _answered(work, CALLED_FLAG, "arrive", world)


def _ask_help(work: Working, payload: c.Ask, world: World) -> None:
    asked = _known(payload.organisation, world)
    if asked.id == world.actor.organisation:
        raise Refused("organisation_itself")
    _let_in(work, [asked], ASKED_FLAG)


def _answer_help(work: Working, payload: c.Answer, world: World) -> None:
    _answered(work, ASKED_FLAG, "help", world)


def _escalate(work: Working, payload: c.Escalate, world: World) -> None:
    case = work.case
    level = 0 if case.severity == "emergency" else max(0, case.holder_level - 1)
    case.holder_id, case.holder_level = world.office_at_or_above(case.nodes, level)
    if world.actor.system:
        escalated(payload.clock, work, world)
    elif payload.clock:
        raise Refused("deadline_by_system")


def _hand_down(work: Working, payload: c.Reason, world: World) -> None:
    below = world.office_below(work.case.nodes, work.case.holder_level)
    if below is None:
        raise Refused("no_office_below")
    work.case.holder_id, work.case.holder_level = below


def within(days: int, code: str, world: World) -> None:
    """Refuses what comes more than `days` after the case has ended for its reporter."""
    if world.ended_at is not None and (world.now - world.ended_at).days >= days:
        raise Refused(code, days=days)


def _rate(work: Working, payload: c.Rate, world: World) -> None:
    within(world.pack.rate_days, "rate_too_late", world)
    work.cycle.rating = int(payload.stars)


def _reply(work: Working, payload: c.Text, world: World) -> None:
    work.cycle.replied_at = work.cycle.replied_at or world.now


def _callback(work: Working, payload: c.Callback, world: World) -> None:
    # A later call that reached nobody takes back nothing of what the reporter said before.
    if payload.result != "not_reached" or work.cycle.callback is None:
        work.cycle.callback = payload.result
    if payload.solved:
        work.cycle.solved = payload.solved == "yes"
    if payload.result != "not_reached":
        work.cycle.replied_at = work.cycle.replied_at or world.now


def _uphold_appeal(work: Working, payload: c.Reason, world: World) -> None:
    work.cycle.excused = True


BESIDE: dict[str, Callable[[Working, Any, World], None]] = {
    "verify": _verify,
    "whistle": _whistle,
    "arrive": _arrive,
    "ask_help": _ask_help,
    "answer_help": _answer_help,
    "escalate": _escalate,
    "hand_down": _hand_down,
    "rate": _rate,
    "reply": _reply,
    "callback": _callback,
    "uphold_appeal": _uphold_appeal,
}
