"""The transition table: every (state, action) -> state, who may, what it needs, which clocks it moves.

This table is the program. The server's checks, the tablet's buttons, the console's forms and the documentation's
diagram are made from it, and `migrate` writes it into the table that every event refers to by foreign key.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

NEW = ""
STATES = ("reported", "registered", "dispatched", "handling", "handled", "inspected", "closed", "declined")
ENDED = frozenset({"closed", "declined"})
OPEN = tuple(state for state in STATES if state not in ENDED)
STEPS = ("collect", "register", "dispatch", "handle", "feedback", "inspect", "evaluate")
STEP_OF = {"reported": 1, "registered": 2, "dispatched": 3, "handling": 3, "handled": 5, "inspected": 5,
           "closed": 6, "declined": 1}  # fmt: skip
CLOCKS = ("register", "dispatch", "handle", "inspect", "close", "whole")
CLOSE_KINDS = ("fixed", "gone", "explained")

# Hats: what somebody is to one case. `hats()` tells which of them a person wears there.
ANYONE, WORKER, WORKER_HERE, COMMUNITY, STREET = "anyone", "worker", "worker_here", "community", "street"
INTAKE, DUTY, DISPATCHER, SUPERVISOR = "intake", "duty", "dispatcher", "supervisor"
CREW, REPORTER, SYSTEM, IMPORT = "crew", "reporter", "system", "import"


@dataclass(frozen=True)
class Actor:
    """Who somebody is to the table: role, duties, organisation, and the roots of the grid subtrees they act in."""

    person: int | None
    role: str
    duties: frozenset[str] = frozenset()
    organisation: int | None = None
    nodes: frozenset[int] = frozenset()
    system: bool = False


@dataclass(frozen=True)
class Facts:
    """What the table asks of a case. `nodes` = ids of district, street, community, grid (None where outside)."""

    state: str
    nodes: tuple[int | None, int | None, int | None, int | None]
    handler: int | None = None
    reporter: int | None = None
    dispatched_by: int | None = None
    asked_return: bool = False


@dataclass(frozen=True)
class Needs:
    """One thing that a row asks for. `kind`: text, choice, crew, condition, category, place, evidence."""

    name: str
    kind: str = "text"
    required: bool = True


@dataclass(frozen=True)
class Row:
    """One line of the table. `to` None = stays; `given` = (payload field, value) chooses among rows of one action."""

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
    only_if: str | None = None
    appends: bool = False
    shown: bool = True
    moves: tuple[tuple[str, str], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        pairs = tuple((source, source if self.to is None else self.to) for source in self.sources)
        object.__setattr__(self, "moves", pairs)

    def target(self, state: str) -> str:
        """The state after this row from `state`."""
        return state if self.to is None else self.to


REASON = Needs("reason")
TEXT = Needs("text")
CREW_NEEDED = Needs("crew", "crew")
CONDITION = Needs("condition", "condition")
DONE = Needs("done")
EVIDENCE = Needs("attachments", "evidence", required=False)
REPORT_NEEDS = (Needs("category", "category"), Needs("place", "place"), Needs("condition", "condition", required=False),
                Needs("title", required=False), Needs("description", required=False), EVIDENCE)  # fmt: skip
ALL = CLOCKS

TABLE: tuple[Row, ...] = (
    Row("report", (NEW,), "reported", (WORKER, INTAKE, COMMUNITY, STREET, SYSTEM), REPORT_NEEDS,
        start=("register",), shown=False),
    Row("self_handle", (NEW,), "closed", (WORKER_HERE,), (*REPORT_NEEDS, DONE), shown=False),
    Row("self_handle", (NEW,), "handled", (WORKER,), (*REPORT_NEEDS, DONE), start=("inspect", "whole"), shown=False),
    Row("record", (NEW, "registered", "closed"), "registered", (IMPORT,), given=("status", "open"), shown=False),
    Row("record", (NEW, "registered", "closed"), "closed", (IMPORT,), given=("status", "closed"), shown=False),
    Row("register", ("reported",), "registered", (DUTY,), (CONDITION,),
        start=("dispatch", "whole"), stop=("register",)),
    Row("decline", ("reported",), "declined", (DUTY,), (REASON,), stop=ALL),
    Row("dispatch", ("registered",), "dispatched", (DISPATCHER,), (CREW_NEEDED,),
        start=("handle",), stop=("dispatch",)),
    Row("accept", ("dispatched",), "handling", (CREW,)),
    Row("ask_return", ("dispatched", "handling"), None, (CREW,), (REASON,), only_if="not_asked_return"),
    Row("uphold_return", ("dispatched", "handling"), "registered", (DUTY,), (Needs("reason", required=False),),
        start=("dispatch",), stop=("handle",), only_if="asked_return"),
    Row("refuse_return", ("dispatched", "handling"), None, (DUTY,), (REASON,), only_if="asked_return"),
    Row("recall", ("dispatched", "handling"), "registered", (DISPATCHER, DUTY), (REASON,),
        start=("dispatch",), stop=("handle",)),
    Row("handle", ("handling",), "handled", (CREW,), (DONE, EVIDENCE), start=("inspect",), pause=("handle",)),
    Row("pass", ("handled",), "inspected", (WORKER_HERE, COMMUNITY),
        (Needs("close_kind", "choice"), Needs("note", required=False), EVIDENCE),
        start=("close",), stop=("inspect", "handle"), apart_from="handler"),
    Row("fail", ("handled",), "handling", (WORKER_HERE, COMMUNITY), (Needs("unmet"), EVIDENCE),
        stop=("inspect",), resume=("handle",), apart_from="handler", only_if="has_handler"),
    Row("fail", ("handled",), "registered", (WORKER_HERE, COMMUNITY), (Needs("unmet"), EVIDENCE),
        start=("dispatch",), stop=("inspect",), only_if="no_handler"),
    Row("close", ("inspected",), "closed", (DUTY,), (Needs("note", required=False),),
        stop=ALL, apart_from="dispatcher"),
    Row("reopen", ("closed",), "registered", (REPORTER, STREET, DUTY), (REASON,), start=("dispatch", "whole")),
    Row("escalate", OPEN, None, (WORKER_HERE, COMMUNITY, STREET, SYSTEM), (REASON,)),
    Row("comment", STATES, None, (ANYONE,), (TEXT,), appends=True),
    Row("add_evidence", STATES, None, (ANYONE,), (Needs("attachments", "evidence"), Needs("note", required=False)),
        appends=True),
)  # fmt: skip

ACTIONS = tuple(dict.fromkeys(row.action for row in TABLE))


def moves() -> set[tuple[str, str, str]]:
    """All (action, from, to) that an event may record; "" is the state of a case that does not exist yet."""
    return {(row.action, source, to) for row in TABLE for source, to in row.moves}


def sees(actor: Actor, facts: Facts) -> bool:
    """Whether the case is in the actor's sight: office subtree, handler, or reporter (SQL: `visible_cases`)."""
    return (
        actor.system
        or not actor.nodes.isdisjoint(node for node in facts.nodes if node is not None)
        or (actor.organisation is not None and actor.organisation == facts.handler)
        or (actor.person is not None and actor.person == facts.reporter)
    )


def hats(actor: Actor, facts: Facts) -> frozenset[str]:
    """What `actor` is to the case: the words that `Row.who` is compared with.

    An office acts where its subtree covers the case. A case outside every grid has its district only: the centre
    then stands in for community and worker.
    """
    if actor.system:
        return frozenset({SYSTEM, IMPORT} if actor.role == IMPORT else {SYSTEM})
    covers = not actor.nodes.isdisjoint(node for node in facts.nodes if node is not None)
    worn = {ANYONE} if sees(actor, facts) else set()
    if actor.role in ("worker", "community", "street"):
        worn.add(actor.role)
    if covers:
        worn.update(actor.duties)
        if actor.role == "worker":
            worn.add(WORKER_HERE)
        if actor.role == "centre" and facts.nodes[3] is None:
            worn.update({WORKER_HERE, COMMUNITY, STREET})
    elif facts.state != NEW:
        worn.difference_update({COMMUNITY, STREET})
    if actor.organisation is not None and actor.organisation == facts.handler:
        worn.add(CREW)
    if actor.person is not None and actor.person == facts.reporter:
        worn.add(REPORTER)
    if facts.state == NEW and (actor.duties or actor.role == "resident-service"):
        worn.add(INTAKE)
    return frozenset(worn)


_CONDITIONS = {
    None: lambda facts: True,
    "asked_return": lambda facts: facts.asked_return,
    "not_asked_return": lambda facts: not facts.asked_return,
    "has_handler": lambda facts: facts.handler is not None,
    "no_handler": lambda facts: facts.handler is None,
}


def conflicts(row: Row, actor: Actor, facts: Facts) -> bool:
    """Whether separation of duties forbids it: who dispatched may not close, who mended may not inspect."""
    if row.apart_from == "dispatcher":
        return actor.person is not None and actor.person == facts.dispatched_by
    if row.apart_from == "handler":
        return actor.organisation is not None and actor.organisation == facts.handler
    return False


def rows_from(state: str, action: str | None = None) -> Iterable[Row]:
    """The rows that leave `state` (of one action), in the table's order."""
    return (row for row in TABLE if state in row.sources and action in (None, row.action))


def find(
    facts: Facts, action: str, actor: Actor, given: dict[str, str] | None = None
) -> tuple[Row | None, str]:
    """The row that lets `actor` do it now; or None and why (a key of `cases.sentences`)."""
    if action not in ACTIONS:
        return None, "unknown_action"
    worn = hats(actor, facts)
    why = "wrong_state"
    for row in rows_from(facts.state, action):
        if row.given and (given or {}).get(row.given[0]) != row.given[1]:
            continue
        if not worn.intersection(row.who):
            why = "not_yours"
        elif not _CONDITIONS[row.only_if](facts):
            why = "not_now"
        elif conflicts(row, actor, facts):
            why = "not_both"
        else:
            return row, ""
    return None, why


def allowed(facts: Facts, actor: Actor) -> list[Row]:
    """The rows that `actor` may be offered as buttons on this case, in the table's order."""
    worn = hats(actor, facts)
    return [
        row
        for row in rows_from(facts.state)
        if row.shown
        and worn.intersection(row.who)
        and _CONDITIONS[row.only_if](facts)
        and not conflicts(row, actor, facts)
    ]
