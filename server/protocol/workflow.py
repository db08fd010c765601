"""The transition table: every (state, action) -> state, who may, what it needs, which clocks it moves, who is told.

This table is the program. The server's checks, the tablet's buttons, the console's forms and the documentation's
diagram are made from it, and `migrate` writes it into the table that every event refers to by foreign key. A pack may
leave rows out or narrow who may (`Narrowing`); it never adds one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from server.protocol.hats import (
    ANYONE,
    CALLED,
    CLAIMER,
    COMMUNITY,
    CREW,
    DISPATCHER,
    DUTY,
    HELPER,
    HOLDER,
    IMPORT,
    INTAKE,
    NEW,
    OUTSIDE,
    REPORTER,
    RESIDENT,
    STREET,
    SUPERVISOR,
    SYSTEM,
    WORKER,
    WORKER_HERE,
    Actor,
    Facts,
    hats,
)

STATES = ("reported", "verifying", "waiting", "registered", "dispatched", "handling", "suspended", "enforcing", "split",
          "forwarded", "handled", "inspected", "closed", "declined", "merged", "cancelled")  # fmt: skip
ENDED = frozenset({"closed", "declined", "merged", "cancelled"})
OPEN = tuple(state for state in STATES if state not in ENDED)
STEPS = ("collect", "register", "dispatch", "handle", "feedback", "inspect", "evaluate")
STEP_OF = {"reported": 1, "verifying": 1, "waiting": 1, "registered": 2, "dispatched": 3, "handling": 3, "suspended": 3,
           "enforcing": 3, "split": 3, "forwarded": 3, "handled": 5, "inspected": 5, "closed": 6, "declined": 1,
           "merged": 1, "cancelled": 1}  # fmt: skip
STAGE_CLOCKS = ("register", "verify", "dispatch", "handle", "inspect", "close", "whole")
OWN_CLOCKS = ("wait", "arrive", "help", "notice", "supervise", "enforce", "suspend")
CLOCKS = (*STAGE_CLOCKS, "reply", *OWN_CLOCKS)
CLOSE_KINDS = ("fixed", "gone", "explained")


@dataclass(frozen=True)
class Needs:
    """One thing that a row asks for. `kind`: text, choice, crew, organisation, outside, condition, category, place,
    evidence, time, case, parts."""

    name: str
    kind: str = "text"
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of the table. `to` None = stays; `given` = (payload field, value) chooses among rows of one action.

    `only_if` names flags of the case ("!" = must not be) and what else `holds` knows; `raises` and `clears` are the
    flags that the row leaves behind; `tells` names who is told.
    """

    action: str
    sources: tuple[str, ...]
    to: str | None
    who: tuple[str, ...]
    needs: tuple[Needs, ...] = ()
    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    pause: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    given: tuple[str, str] | None = None
    apart_from: str | None = None
    only_if: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    appends: bool = False
    shown: bool = True
    moves: tuple[tuple[str, str], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        pairs = tuple((source, source if self.to is None else self.to) for source in self.sources)
        object.__setattr__(self, "moves", pairs)

    def target(self, state: str) -> str:
        """The state after this row from `state`."""
        return state if self.to is None else self.to


REASON, TEXT, QUESTION, ANSWER, DONE = (
    Needs("reason"),
    Needs("text"),
    Needs("question"),
    Needs("answer"),
    Needs("done"),
)
WHY = Needs("reason", required=False)
NOTE = Needs("note", required=False)
UNTIL, MAY_UNTIL = Needs("until", "time"), Needs("until", "time", required=False)
CREW_NEEDED, CONDITION = Needs("crew", "crew"), Needs("condition", "condition")
ORGANISATION = Needs("organisation", "organisation")
PHOTOS = Needs("attachments", "evidence", required=False)
STARS = Needs("stars", "choice", choices=("1", "2", "3", "4", "5"))
SAMPLED = Needs("result", "choice", choices=("uphold", "void"))
RECHECKED = Needs("result", "choice", choices=("done", "not_done"))
PAYER = Needs("payer", "choice", required=False,
              choices=("public", "fund", "responsible", "owner", "unclear"))  # fmt: skip
REPORT_NEEDS = (Needs("category", "category"), Needs("place", "place"), Needs("condition", "condition", required=False),
                Needs("title", required=False), Needs("description", required=False), PHOTOS)  # fmt: skip
ALL = CLOCKS
ALL_BUT_REPLY = tuple(kind for kind in CLOCKS if kind != "reply")
HANDS = ("dispatched", "handling")
BEFORE_HANDLED = ("reported", "verifying", "waiting", "registered", "dispatched", "handling", "suspended", "enforcing",
                  "split", "forwarded")  # fmt: skip
# Who looks whether it is mended; where these cannot, or mended it themselves, those above stand in.
INSPECTORS = (((WORKER_HERE, COMMUNITY), ()), ((STREET, SUPERVISOR), ("other_inspector",)))
# What a crew asked of others, and those called to the spot: nobody waits for it once the work is out of its hands.
BESIDE = ("notice", "help")
MENDED = (*BESIDE, "arrive")
ASKS = ("return_asked", "extension_asked", "suspension_asked", "noticed")

TABLE: tuple[Row, ...] = (
    # A case arrives.
    Row("report", (NEW,), "reported", (WORKER, INTAKE, COMMUNITY, STREET, RESIDENT, SYSTEM), REPORT_NEEDS,
        start=("register", "reply"), tells=("duty",), shown=False),
    Row("part", (NEW,), "registered", (SYSTEM,), REPORT_NEEDS, start=("dispatch", "whole"), raises=("registered",),
        tells=("dispatcher",), shown=False),
    Row("self_handle", (NEW,), "closed", (WORKER_HERE,), (*REPORT_NEEDS, DONE), raises=("self_handled",), shown=False),
    Row("self_handle", (NEW,), "handled", (WORKER,), (*REPORT_NEEDS, DONE), start=("inspect", "whole"),
        raises=("registered",), tells=("worker_here",), shown=False),
    Row("record", (NEW, "registered", "closed"), "registered", (IMPORT,), given=("status", "open"),
        raises=("registered",), shown=False),
    Row("record", (NEW, "registered", "closed"), "closed", (IMPORT,), given=("status", "closed"), shown=False),
    # Is it true, is it ours, is it new?
    Row("send_verify", ("reported",), "verifying", (INTAKE, DUTY), (NOTE,),
        pause=("register",), start=("verify",), tells=("worker_here",)),
    Row("verify", ("verifying",), "reported", (WORKER_HERE, COMMUNITY),
        (Needs("finding", "choice", choices=("true", "not_found", "other_category")),
         Needs("category", "category", required=False), NOTE, PHOTOS),
        stop=("verify",), resume=("register",), raises=("verified",), tells=("duty",)),
    Row("absent", ("verifying",), "reported", (SYSTEM,), stop=("verify",), resume=("register",), tells=("duty",),
        shown=False),
    Row("register", ("reported",), "registered", (DUTY, SYSTEM), (CONDITION,),
        start=("dispatch", "whole"), stop=("register",), raises=("registered",), tells=("reporter", "dispatcher")),
    Row("decline", ("reported",), "declined", (DUTY,), (REASON,), stop=ALL, tells=("reporter",)),
    Row("ask", ("reported", "registered"), "waiting", (INTAKE, DUTY), (QUESTION, MAY_UNTIL),
        pause=("register", "dispatch", "whole"), start=("wait",), tells=("reporter",)),
    *(Row(action, ("waiting",), back, who, needs, stop=("wait",), resume=("register", "dispatch", "whole"),
          only_if=(flag,), tells=("duty",), shown=action == "answer")
      for action, who, needs in (("answer", (REPORTER, RESIDENT, INTAKE, DUTY), (ANSWER, PHOTOS)),
                                 ("time_out", (SYSTEM,), ()))
      for back, flag in (("reported", "!registered"), ("registered", "registered"))),
    Row("merge", ("reported", "registered"), "merged", (DUTY,), (Needs("survivor", "case"),),
        stop=ALL_BUT_REPLY, only_if=("!self_handled",), tells=("reporter",)),
    # To whom?
    Row("dispatch", ("registered",), "dispatched", (DISPATCHER,), (CREW_NEEDED,),
        start=("handle",), stop=("dispatch",), tells=("handler",)),
    Row("assign_anyway", ("registered",), "dispatched", (DUTY,), (CREW_NEEDED, REASON, PAYER),
        start=("handle",), stop=("dispatch",), raises=("assigned_anyway",), tells=("handler",)),
    Row("dispatch_down", ("registered",), "registered", (DISPATCHER,), (NOTE,), start=("dispatch",),
        only_if=("held_by_centre",), tells=("holder",)),
    Row("take", ("registered",), "handling", (COMMUNITY, STREET), (NOTE,), start=("handle",), stop=("dispatch",)),
    Row("claim", ("registered",), "handling", (CLAIMER,), start=("handle",), stop=("dispatch",),
        only_if=("claimable",), tells=("dispatcher",)),
    Row("split", ("registered",), "split", (DISPATCHER,), (Needs("parts", "parts"),), stop=("dispatch",)),
    Row("forward", ("registered",), "forwarded", (DISPATCHER,), (Needs("outside", "outside"), NOTE, MAY_UNTIL),
        start=("handle",), stop=("dispatch",), raises=("outside",)),  # its link tells it
    # In the crew's hands.
    Row("accept", ("dispatched",), "handling", (CREW,)),
    Row("ask_return", HANDS, None, (CREW,), (REASON,), only_if=("!return_asked",), raises=("return_asked",),
        tells=("duty",)),
    Row("uphold_return", HANDS, "registered", (DUTY,), (WHY,), start=("dispatch",), stop=("handle", *BESIDE),
        only_if=("return_asked",), clears=ASKS, tells=("handler", "dispatcher")),
    Row("refuse_return", HANDS, None, (DUTY,), (REASON,), only_if=("return_asked",), clears=("return_asked",),
        tells=("handler",)),
    Row("recall", (*HANDS, "enforcing", "forwarded", "split"), "registered", (DISPATCHER, DUTY), (REASON,),
        start=("dispatch",), stop=("handle", "enforce", *BESIDE), clears=(*ASKS, "outside"), tells=("handler",)),
    Row("make_safe", BEFORE_HANDLED, None, (ANYONE,), (NOTE, PHOTOS), only_if=("!safe",), raises=("safe",),
        tells=("duty",)),
    Row("whistle", ("registered", "handling"), None, (STREET,), (Needs("called", "organisation"), REASON, MAY_UNTIL),
        start=("arrive",), tells=("called",)),
    Row("arrive", ("registered", "handling"), None, (CALLED,), (NOTE, PHOTOS), tells=("holder",)),
    Row("ask_help", ("handling",), None, (CREW,), (ORGANISATION, QUESTION, PHOTOS, MAY_UNTIL),
        start=("help",), tells=("helper",)),
    Row("answer_help", ("handling",), None, (HELPER,), (ANSWER, PHOTOS), tells=("handler",)),
    Row("notice", ("handling",), None, (WORKER_HERE, CREW), (Needs("party"), Needs("demand"), UNTIL, PHOTOS),
        start=("notice",), only_if=("!noticed",), raises=("noticed",)),
    Row("recheck", ("handling",), "handled", (WORKER_HERE, CREW),
        (RECHECKED, NOTE, PHOTOS), given=("result", "done"),
        start=("inspect",), stop=MENDED, pause=("handle",), only_if=("noticed",), clears=ASKS,
        tells=("worker_here",)),
    Row("recheck", ("handling",), None, (WORKER_HERE, CREW),
        (RECHECKED, NOTE, PHOTOS), given=("result", "not_done"),
        stop=("notice",), only_if=("noticed",), clears=("noticed",), tells=("holder",)),
    Row("enforce", ("handling",), "enforcing", (CREW,), (Needs("document"), UNTIL), pause=("handle",),
        start=("enforce",), tells=("holder",)),
    Row("enforced", ("enforcing",), "handled", (CREW,), (DONE, PHOTOS), start=("inspect",), stop=("enforce", *MENDED),
        clears=ASKS, tells=("worker_here",)),
    Row("ask_extension", HANDS, None, (CREW,), (REASON,), raises=("extension_asked",),
        only_if=("!extension_asked", "!extensions_used", "!overdue"), tells=("duty",)),
    Row("grant_extension", HANDS, None, (DUTY,), (WHY,), only_if=("extension_asked",), clears=("extension_asked",),
        tells=("handler",)),
    Row("refuse_extension", HANDS, None, (DUTY,), (REASON,), only_if=("extension_asked",), clears=("extension_asked",),
        tells=("handler",)),
    Row("ask_suspension", ("handling",), None, (CREW, STREET), (REASON, UNTIL), raises=("suspension_asked",),
        only_if=("!suspension_asked", "!suspended_once", "!overdue"), tells=("duty",)),
    Row("suspend", ("handling",), "suspended", (DUTY,), (REASON, UNTIL), pause=("handle", "whole"), start=("suspend",),
        only_if=("suspension_asked", "!suspended_once", "!overdue"), raises=("suspended_once",),
        clears=("suspension_asked",), tells=("handler", "reporter")),
    Row("refuse_suspension", ("handling",), None, (DUTY,), (REASON,), only_if=("suspension_asked",),
        clears=("suspension_asked",), tells=("handler",)),
    Row("resume", ("suspended",), "handling", (DUTY, SYSTEM), (NOTE,), stop=("suspend",), resume=("handle", "whole"),
        tells=("handler",)),
    Row("handle", ("handling",), "handled", (CREW,), (DONE, PHOTOS), start=("inspect",), pause=("handle",),
        stop=MENDED, clears=ASKS, tells=("worker_here",)),
    Row("parts_done", ("split",), "handled", (SYSTEM,), (), start=("inspect",), stop=("arrive",),
        tells=("worker_here",)),
    Row("answer_outside", ("forwarded",), "handled", (OUTSIDE, DISPATCHER), (DONE, PHOTOS), start=("inspect",),
        pause=("handle",), stop=("arrive",), tells=("worker_here",)),
    # Is it really mended?
    *(Row("pass", ("handled",), "inspected", who, (Needs("close_kind", "choice", choices=CLOSE_KINDS), NOTE, PHOTOS),
          start=("close",), stop=("inspect",), apart_from="handler", only_if=stand_in, tells=("duty",))
      for who, stand_in in INSPECTORS),
    *(Row("fail", ("handled",), back, who, (Needs("unmet"), PHOTOS), stop=("inspect",),
          start=start, resume=("handle",) if not start else (), apart_from="handler", only_if=(*stand_in, *only_if),
          clears=("other_inspector",), tells=("handler", "dispatcher"))
      for who, stand_in in INSPECTORS
      for back, start, only_if in (("forwarded", (), ("outside",)), ("handling", (), ("handler", "!outside")),
                                   ("registered", ("dispatch",), ("!handler",)))),
    Row("cannot_inspect", ("handled",), None, (WORKER_HERE,), (REASON,), start=("inspect",), apart_from="handler",
        only_if=("!other_inspector",), raises=("other_inspector",), tells=("community",)),
    Row("absent", ("handled",), None, (SYSTEM,), start=("inspect",), only_if=("!other_inspector",),
        raises=("other_inspector",), tells=("community",), shown=False),
    Row("close", ("inspected",), "closed", (DUTY, SYSTEM), (NOTE,), stop=ALL_BUT_REPLY, apart_from="dispatcher",
        tells=("reporter", "handler", "source")),
    *(Row("send_back", ("inspected",), back, (DUTY,), (REASON,), stop=("close",), start=start,
          resume=("handle",) if not start else (), only_if=only_if, tells=("handler", "dispatcher"))
      for back, start, only_if in (("forwarded", (), ("outside",)), ("handling", (), ("handler", "!outside")),
                                   ("registered", ("dispatch",), ("!handler",)))),
    # After it has ended.
    Row("reopen", ("closed", "merged"), "registered", (REPORTER, RESIDENT, STREET, DUTY), (REASON,),
        start=("dispatch", "whole", "reply"), raises=("registered",), tells=("dispatcher", "holder")),
    Row("rate", ("closed",), None, (REPORTER, RESIDENT), (STARS, NOTE),
        only_if=("!rated",), raises=("rated",), appends=True),
    Row("appeal", ("declined",), "reported", (REPORTER, RESIDENT), (REASON,), start=("register", "reply"),
        only_if=("!appealed",), raises=("appealed",), tells=("duty",)),
    # A flag of its own: that the reporter appealed when the case was declined takes nothing from the crew.
    Row("appeal", ("closed",), None, (CREW,), (REASON,), only_if=("!crew_appealed",),
        raises=("crew_appealed", "appeal_open"), tells=("duty",)),
    Row("uphold_appeal", ("closed",), None, (DUTY,), (REASON,), only_if=("appeal_open",), clears=("appeal_open",),
        tells=("handler",)),
    Row("reject_appeal", ("closed",), None, (DUTY,), (REASON,), only_if=("appeal_open",), clears=("appeal_open",),
        tells=("handler",)),
    Row("sample", ("closed",), None, (STREET, SUPERVISOR), (SAMPLED, Needs("finding")),
        given=("result", "uphold"), only_if=("self_handled", "!sampled"), raises=("sampled",)),
    Row("sample", ("closed",), "registered", (STREET, SUPERVISOR), (SAMPLED, Needs("finding")),
        given=("result", "void"), start=("dispatch", "whole", "reply"), only_if=("self_handled", "!sampled"),
        raises=("registered",), tells=("dispatcher", "reporter")),
    # Up, down, and beside.
    Row("escalate", OPEN, None, (WORKER_HERE, COMMUNITY, STREET, SUPERVISOR, SYSTEM), (REASON,),
        tells=("holder", "supervisor_at_top")),
    # What went up to the centre comes down by the centre alone.
    *(Row("hand_down", OPEN, None, who, (REASON,), only_if=only_if, tells=("holder",))
      for who, only_if in (((DUTY,), ()), ((STREET,), ("!held_by_centre",)))),
    Row("supervise", OPEN, None, (SUPERVISOR, STREET), (Needs("demand"), UNTIL), start=("supervise",),
        raises=("supervised",), tells=("holder", "handler")),
    Row("answer_supervision", OPEN, None, (CREW, HOLDER), (ANSWER,), stop=("supervise",), only_if=("supervised",),
        clears=("supervised",), tells=("supervisor",)),
    Row("change", OPEN, None, (HOLDER, DUTY, SYSTEM),
        (REASON, Needs("category", "category", required=False), Needs("condition", "condition", required=False),
         Needs("place", "place", required=False), PAYER), tells=("handler",)),
    Row("contact", (*OPEN, "closed"), None, (INTAKE, HOLDER, DUTY), (TEXT,), appends=True),
    Row("reply", (*OPEN, *sorted(ENDED)), None, (INTAKE, HOLDER, DUTY, SYSTEM), (TEXT,), stop=("reply",), appends=True,
        tells=("reporter", "source")),
    *(Row("callback", (*OPEN, "closed"), None, (INTAKE, HOLDER, DUTY),
          (Needs("result", "choice", choices=("satisfied", "not_satisfied", "not_reached")),
           Needs("solved", "choice", required=False, choices=("yes", "no")), NOTE), given=("result", result),
          stop=("reply",) if result != "not_reached" else (), appends=True)
      for result in ("satisfied", "not_satisfied", "not_reached")),
    Row("comment", STATES, None, (ANYONE, RESIDENT, IMPORT), (TEXT,), appends=True),
    Row("add_evidence", STATES, None, (ANYONE, RESIDENT), (Needs("attachments", "evidence"), NOTE), appends=True),
    Row("cancel", OPEN, "cancelled", (DUTY, SYSTEM), (REASON,), stop=ALL, tells=("reporter", "handler")),
    # Erasing words or a photo: the duty officer asks for it on a page of its own, which erases and then writes this.
    Row("redact", STATES, None, (SYSTEM,), (REASON,), appends=True, shown=False),
    Row("recompute", OPEN, None, (SYSTEM,), appends=True, shown=False),
    Row("reroute", OPEN, None, (SYSTEM,), tells=("holder",), shown=False),
)  # fmt: skip

# The acts that carry a case on along its road; of several the first is the one that waits.
FORWARD = (
    "verify", "register", "answer", "uphold_return", "grant_extension", "suspend", "uphold_appeal", "dispatch",
    "accept", "arrive", "answer_help", "recheck", "enforced", "handle", "answer_outside", "pass", "close",
)  # fmt: skip
ACTIONS = tuple(dict.fromkeys(row.action for row in TABLE))
# The acts of people that take photos; of these a pack may want one.
TAKES_PHOTOS = tuple(dict.fromkeys(
    row.action for row in TABLE
    if any(need.kind == "evidence" for need in row.needs) and not {SYSTEM, IMPORT}.issuperset(row.who)
))  # fmt: skip
FLAGS = tuple(sorted({flag for row in TABLE for flag in row.raises} | {"extensions_used", "claimable"}))


@dataclass(frozen=True)
class Narrowing:
    """What a pack takes away: acts that it leaves out, and the only hats that may do an act."""

    without: frozenset[str] = frozenset()
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, without: Iterable[str], narrow: Mapping[str, Iterable[str]]) -> "Narrowing":
        """What a pack says: acts left out, and by act the hats that are left."""
        only = {action: frozenset(hats) for action, hats in narrow.items()}
        return cls(frozenset(without), only) if without or narrow else WHOLE_TABLE

    def who(self, row: Row) -> frozenset[str]:
        """The hats that may do `row`; what the system does by itself no pack takes from it."""
        if row.action in self.without:
            return frozenset({SYSTEM, IMPORT}).intersection(row.who)
        may = frozenset(row.who)
        return may & (self.only[row.action] | {SYSTEM, IMPORT}) if row.action in self.only else may


WHOLE_TABLE = Narrowing()


def moves() -> set[tuple[str, str, str]]:
    """All (action, from, to) that an event may record; "" is the state of a case that does not exist yet."""
    return {(row.action, source, to) for row in TABLE for source, to in row.moves}


def holds(condition: str, facts: Facts) -> bool:
    """Whether a condition of `only_if` is met: a flag, "handler", "overdue", "held_by_centre", or "!" before one."""
    if condition.startswith("!"):
        return not holds(condition[1:], facts)
    derived = {
        "handler": facts.handler is not None,
        "overdue": facts.overdue,
        "held_by_centre": facts.holder_level == 0 and facts.nodes[1] is not None,
    }
    return derived.get(condition, condition in facts.flags)


# Why an act is not possible now, by the first condition of `only_if` that is not met; "not_now" for the others.
WHY_NOT = {
    "!extensions_used": "extended_enough", "!overdue": "overdue_already", "!suspended_once": "suspended_before",
    **dict.fromkeys(("!return_asked", "!extension_asked", "!suspension_asked"), "asked_already"),
    **dict.fromkeys(("return_asked", "extension_asked", "suspension_asked", "appeal_open"), "nobody_asked"),
    **dict.fromkeys(("!safe", "!noticed", "!other_inspector", "!rated", "!appealed", "!crew_appealed", "!sampled"),
                    "done_already"),
    "other_inspector": "inspected_below", "supervised": "not_supervised", "noticed": "no_notice",
    "claimable": "not_claimable", "held_by_centre": "not_at_centre", "!held_by_centre": "held_above",
    "self_handled": "not_mended_on_the_spot",
}  # fmt: skip


def conflicts(row: Row, actor: Actor, facts: Facts) -> bool:
    """Whether separation of duties forbids it: who dispatched may not close, who mended may not inspect.

    Outside every grid the centre stands in for all; what it took itself its supervisors look at, but not who took it.
    """
    if row.apart_from == "dispatcher":
        return actor.person is not None and actor.person in facts.dispatchers
    if row.apart_from == "handler":
        supervises = actor.role == "centre" and SUPERVISOR in actor.duties and facts.nodes[3] is None
        if supervises and actor.person not in facts.dispatchers:
            return False
        return actor.organisation is not None and actor.organisation == facts.handler
    return False


def rows_from(state: str, action: str | None = None) -> Iterable[Row]:
    """The rows that leave `state` (of one action), in the table's order."""
    return (row for row in TABLE if state in row.sources and action in (None, row.action))


def find(
    facts: Facts,
    action: str,
    actor: Actor,
    given: Mapping[str, str] | None = None,
    narrowing: Narrowing = WHOLE_TABLE,
) -> tuple[Row | None, str]:
    """The row that lets `actor` do it now; or None and why (a key of `cases.sentences`)."""
    if action not in ACTIONS:
        return None, "unknown_action"
    worn = hats(actor, facts)
    why = "wrong_state"
    for row in rows_from(facts.state, action):
        if row.given and (given or {}).get(row.given[0]) != row.given[1]:
            continue
        if not worn & narrowing.who(row):
            why = "not_yours" if why == "wrong_state" else why
        elif unmet := next((condition for condition in row.only_if if not holds(condition, facts)), None):
            why = WHY_NOT.get(unmet, "not_now")
        elif conflicts(row, actor, facts):
            why = "not_both"
        else:
            return row, ""
    return None, why


def allowed(facts: Facts, actor: Actor, narrowing: Narrowing = WHOLE_TABLE) -> list[Row]:
    """The rows that `actor` may be offered as buttons on this case, in the table's order."""
    worn = hats(actor, facts)
    return [
        row
        for row in rows_from(facts.state)
        if row.shown
        and worn & narrowing.who(row)
        and all(holds(condition, facts) for condition in row.only_if)
        and not conflicts(row, actor, facts)
    ]


def flags_after(row: Row, flags: frozenset[str]) -> frozenset[str]:
    """The flags of a case after `row`; a new cycle begins with none but those that its row raises."""
    kept = (
        frozenset()
        if row.action == "reopen" or (row.action == "sample" and row.to)
        else flags - set(row.clears)
    )
    return kept | set(row.raises)


def after(row: Row, facts: Facts) -> Facts:
    """The facts after `row` as far as the table alone can tell: what a tablet shows until the server has spoken."""
    state = row.target(facts.state)
    return replace(
        facts,
        state=state,
        handler=None if state == "registered" else facts.handler,
        flags=flags_after(row, facts.flags),
    )
