"""Random legal and illegal paths against a naive oracle: what the table lets happen is what the rules say, no more.

The oracle is written from the rules, not from the table: one small function an act, over a handful of plain facts. What
it does not know it does not guess: both the answer (done or refused) and the state after it must agree, at every step,
for everybody of the cast; and at the end the chain is whole and the clocks are those of the state.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.cases import acts, service
from server.db import connect
from server.errors import XungeError
from tests.factories import COVER, Street

CAST = (
    "worker",
    "head",
    "community",
    "street",
    "intake",
    "duty",
    "dispatch",
    "supervise",
    "hotline",
    "crew",
    "auditor",
)
DESK = {"intake", "duty", "dispatch", "supervise", "auditor"}
PLACE = {"worker", "community", "street"} | DESK | {"hotline"}
OPEN = {"reported", "verifying", "waiting", "registered", "dispatched", "handling", "suspended", "enforcing", "forwarded",
        "handled", "inspected"}  # fmt: skip
EARLY = OPEN - {"handled", "inspected"}
HANDS = {"dispatched", "handling"}


@dataclass
class Case:
    """The oracle's picture of a case: reported by the worker of that grid, in S1 › S1C1 › S1C1G1."""

    state: str = "reported"
    marks: set[str] = field(default_factory=set)
    handler: str = ""
    helpers: set[str] = field(default_factory=set)
    dispatched_by: set[str] = field(default_factory=set)
    holder: str = "centre"
    extensions: int = 0

    def sees(self, who: str) -> bool:
        return who in PLACE or (who == "crew" and ("crew" in (self.handler, *self.helpers)))

    def fresh(self) -> None:
        self.marks, self.handler, self.helpers, self.dispatched_by, self.extensions = (
            {"numbered"},
            "",
            set(),
            set(),
            0,
        )


Rule = Callable[[Case, str], bool]
RULES: dict[str, Rule] = {}


def rule(action: str, states: set[str], people: set[str] | None = None) -> Callable[[Rule], Rule]:
    """An act that is possible in `states` for `people` (None = whoever sees the case); the function says the rest."""

    def keep(function: Rule) -> Rule:
        def whole(case: Case, who: str) -> bool:
            return (
                case.sees(who)
                and case.state in states
                and (people is None or who in people)
                and function(case, who)
            )

        RULES[action] = whole
        return function

    return keep


def moves(
    action: str, states: set[str], people: set[str] | None, to: str, *, without: str = "", leaves: str = ""
) -> None:
    """The plain acts: to another state, unless a mark stands in the way, leaving a mark."""

    @rule(action, states, people)
    def _(case: Case, who: str) -> bool:
        if without in case.marks:
            return False
        case.state = to or case.state
        case.marks |= {leaves} if leaves else set()
        return True


moves("send_verify", {"reported"}, {"intake", "duty", "hotline"}, "verifying")
moves("verify", {"verifying"}, {"worker", "community"}, "reported")
moves("ask", {"reported", "registered"}, {"intake", "duty", "hotline"}, "waiting")
moves("make_safe", EARLY, None, "", without="safe", leaves="safe")
moves("supervise", OPEN, {"supervise", "street"}, "", leaves="supervised")
moves("comment", OPEN | {"closed", "declined", "cancelled"}, None, "")
moves("resume", {"suspended"}, {"duty"}, "handling")
moves("rate", {"closed"}, {"worker"}, "", without="rated", leaves="rated")
moves("cancel", OPEN, {"duty"}, "cancelled")


@rule("contact", OPEN | {"closed"})
def _contact(case: Case, who: str) -> bool:
    return who in {"intake", "duty", "hotline"} or (who == "street" and case.holder == "street")


@rule("register", {"reported"}, {"duty"})
def _register(case: Case, who: str) -> bool:
    case.state, case.holder = "registered", "centre"  # a missing cover is an emergency: it goes to the centre
    case.marks.add("numbered")
    return True


@rule("decline", {"reported"}, {"duty"})
def _decline(case: Case, who: str) -> bool:
    case.state = "declined"
    return True


@rule("answer", {"waiting"}, {"worker", "intake", "duty", "hotline"})
def _answer(case: Case, who: str) -> bool:
    case.state = "registered" if "numbered" in case.marks else "reported"
    return True


@rule("dispatch", {"registered"}, {"dispatch"})
def _dispatch(case: Case, who: str) -> bool:
    case.state, case.handler = "dispatched", "crew"
    case.dispatched_by.add(who)
    return True


@rule("assign_anyway", {"registered"}, {"duty"})
def _assign(case: Case, who: str) -> bool:
    return _dispatch(case, who)


@rule("take", {"registered"}, {"community", "street"})
def _take(case: Case, who: str) -> bool:
    case.state, case.handler = "handling", who
    return True


def hands(case: Case, who: str) -> bool:
    """Whether the case is in this one's organisation's hands: the worker belongs to the community's office."""
    return case.handler == who or (who == "worker" and case.handler == "community")


@rule("accept", {"dispatched"})
def _accept(case: Case, who: str) -> bool:
    if not hands(case, who):
        return False
    case.state = "handling"
    return True


def asks(action: str, mark: str, states: set[str], more: set[str], *against: str) -> None:
    @rule(action, states)
    def _(case: Case, who: str) -> bool:
        if not (hands(case, who) or who in more) or case.marks & {mark, *against}:
            return False
        case.marks.add(mark)
        return True


asks("ask_return", "return_asked", HANDS, set())
asks("ask_extension", "extension_asked", HANDS, set(), "extensions_used", "late")
asks("ask_suspension", "suspension_asked", {"handling"}, {"street"}, "suspended_once", "late")


def back_to_dispatch(case: Case) -> None:
    case.state, case.handler = "registered", ""
    case.marks -= {"return_asked", "extension_asked", "suspension_asked"}


@rule("uphold_return", HANDS, {"duty"})
def _uphold(case: Case, who: str) -> bool:
    if "return_asked" not in case.marks:
        return False
    back_to_dispatch(case)
    return True


@rule("refuse_return", HANDS, {"duty"})
def _refuse(case: Case, who: str) -> bool:
    if "return_asked" not in case.marks:
        return False
    case.marks.discard("return_asked")
    return True


@rule("recall", HANDS, {"dispatch", "duty"})
def _recall(case: Case, who: str) -> bool:
    back_to_dispatch(case)
    return True


@rule("grant_extension", HANDS, {"duty"})
def _grant(case: Case, who: str) -> bool:
    if "extension_asked" not in case.marks or "late" in case.marks:
        return False
    case.marks.discard("extension_asked")
    case.extensions += 1
    case.marks |= {"extensions_used"} if case.extensions == 2 else set()
    return True


@rule("suspend", {"handling"}, {"duty"})
def _suspend(case: Case, who: str) -> bool:
    if "suspension_asked" not in case.marks or case.marks & {"suspended_once", "late"}:
        return False
    case.state = "suspended"
    case.marks.discard("suspension_asked")
    case.marks.add("suspended_once")
    return True


@rule("handle", {"handling"})
def _handle(case: Case, who: str) -> bool:
    if not hands(case, who):
        return False
    case.state = "handled"
    case.marks -= {"return_asked", "extension_asked", "suspension_asked"}
    # The worker is the community's: neither looks at the community's own work.
    case.marks |= {"other_inspector"} if case.handler == "community" else set()
    return True


def looks(case: Case, who: str) -> bool:
    """Whether somebody may say if it is mended: who stands above only when those below cannot."""
    above = who in ("street", "supervise")
    return not hands(case, who) and (not above or "other_inspector" in case.marks)


@rule("pass", {"handled"}, {"worker", "community", "street", "supervise"})
def _pass(case: Case, who: str) -> bool:
    if not looks(case, who):
        return False
    case.state = "inspected"
    return True


@rule("fail", {"handled"}, {"worker", "community", "street", "supervise"})
def _fail(case: Case, who: str) -> bool:
    if not looks(case, who):
        return False
    case.state = "handling"
    case.marks.discard("other_inspector")
    return True


@rule("cannot_inspect", {"handled"}, {"worker"})
def _cannot(case: Case, who: str) -> bool:
    if hands(case, who) or "other_inspector" in case.marks:
        return False
    case.marks.add("other_inspector")
    return True


@rule("close", {"inspected"}, {"duty"})
def _close(case: Case, who: str) -> bool:
    if who in case.dispatched_by:
        return False
    case.state = "closed"
    return True


@rule("send_back", {"inspected"}, {"duty"})
def _send_back(case: Case, who: str) -> bool:
    case.state = "handling"
    return True


@rule("reopen", {"closed"}, {"worker", "street", "duty"})
def _reopen(case: Case, who: str) -> bool:
    case.fresh()
    case.state = "registered"
    return True


@rule("appeal", {"declined", "closed"})
def _appeal(case: Case, who: str) -> bool:
    allowed = who == "worker" if case.state == "declined" else hands(case, who)
    if not allowed or "appealed" in case.marks:
        return False
    case.marks.add("appealed")
    case.state = "reported" if case.state == "declined" else case.state
    return True


UNTIL = timedelta(hours=1)
TOLD: dict[str, dict[str, Any]] = {
    "verify": {"finding": "true"},
    "register": {"condition": "missing"},
    "ask": {"question": "在哪一侧？"},
    "answer": {"answer": "东侧"},
    "dispatch": {"crew": "crew-drain"},
    "assign_anyway": {"crew": "crew-drain", "reason": "权属不清"},
    "supervise": {"demand": "尽快", "until": UNTIL},
    "comment": {"text": "看到了"},
    "contact": {"text": "已联系"},
    "ask_suspension": {"reason": "等", "until": UNTIL},
    "suspend": {"reason": "同意", "until": UNTIL},
    "handle": {"done": "已换", "attachments": "photo"},
    "make_safe": {"note": "已围挡", "attachments": "photo"},
    "pass": {"close_kind": "fixed"},
    "fail": {"unmet": "不平"},
    "rate": {"stars": "5"},
}
BARE = {"send_verify", "take", "accept", "resume", "close"}


def told(street: Street, action: str) -> dict[str, Any]:
    payload = {} if action in BARE else dict(TOLD.get(action, {"reason": "因为"}))
    for name, value in payload.items():
        if isinstance(value, timedelta):
            payload[name] = (street.now + value).isoformat()
        if value == "photo":
            payload[name] = [street.photo("during" if action == "make_safe" else "after")]
    return payload


@pytest.fixture(scope="module")
def street(shared_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with closing(connect(shared_dsn)) as connection:
        yield Street.open(connection, tmp_path_factory.mktemp("photos"))
        connection.rollback()


# A likely next act first, so that paths go deep; anything at all by anybody beside it.
ROAD = [("duty", "register"), ("dispatch", "dispatch"), ("crew", "accept"), ("crew", "handle"), ("worker", "pass"), ("duty", "close")]  # fmt: skip
STEP = st.one_of(
    st.sampled_from(ROAD),
    st.tuples(st.sampled_from(CAST), st.sampled_from(sorted(RULES))),
)


@given(path=st.lists(STEP, min_size=6, max_size=25), late=st.booleans())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_every_path_goes_as_the_rules_say(street: Street, path: list[tuple[str, str]], late: bool) -> None:
    number = street.report(category=COVER, condition="missing")
    case = Case()
    for step, (who, action) in enumerate(path):
        if late and step == len(path) // 2:
            street.later(days=2)
        row = service.get_row(street.conn, street.viewer("duty"), number)
        pressing = [row["due_at"], row["next_due_at"] if row["next_clock"] in ("handle", "whole") else None]
        case.marks.discard("late")
        case.marks |= {"late"} if any(at is not None and at < street.now for at in pressing) else set()
        expected = RULES[action](case, who)
        with suppress(XungeError):
            acts.act(
                street.conn, street.viewer(who), number, action, told(street, action), row["version"], "console", None,
                street.now,
            )  # fmt: skip
        found = service.get_row(street.conn, street.viewer("duty"), number)
        done = found["version"] > row["version"]
        assert (action, who, done) == (action, who, expected), (
            f"from {row['state']} with {sorted(row['flags'])}"
        )
        assert found["state"] == case.state
        assert bool(found["handler_id"]) == bool(case.handler)
        street.later(minutes=1)
    assert service.verify(street.conn, street.viewer("duty"), number) is None
    clocks_fit(street, number)


def clocks_fit(street: Street, number: str) -> None:
    """The clocks that run are those of the state: none in an ended case, the whole one in every registered case."""
    case = street.case(number)
    running = {c["kind"] for c in case["deadlines"] if not c["stopped_at"] and not c["paused_at"]}
    stage = {"reported": "register", "verifying": "verify", "waiting": "wait", "registered": "dispatch", "dispatched": "handle",
             "handling": "handle", "suspended": "suspend", "handled": "inspect", "inspected": "close"}  # fmt: skip
    assert stage.get(case["state"]) in {*running, None}
    if case["state"] in ("closed", "declined", "cancelled"):
        assert running <= {"reply"}
    if case["state"] in ("registered", "dispatched", "handling", "handled", "inspected"):
        assert "whole" in running
