"""Who somebody is to one case: the hats that the transition table's `who` is compared with."""

from dataclasses import dataclass

NEW = ""

ANYONE, WORKER, WORKER_HERE, COMMUNITY, STREET = "anyone", "worker", "worker_here", "community", "street"
INTAKE, DUTY, DISPATCHER, SUPERVISOR = "intake", "duty", "dispatcher", "supervisor"
HOLDER, CREW, CLAIMER, CALLED, HELPER = "holder", "crew", "claimer", "called", "helper"
REPORTER, RESIDENT, OUTSIDE, SYSTEM, IMPORT = "reporter", "resident", "outside", "system", "import"
HATS = (ANYONE, WORKER, WORKER_HERE, COMMUNITY, STREET, INTAKE, DUTY, DISPATCHER, SUPERVISOR, HOLDER, CREW, CLAIMER,
        CALLED, HELPER, REPORTER, RESIDENT, OUTSIDE, SYSTEM, IMPORT)  # fmt: skip
# Flags that name an organisation: who was called to the spot, who was asked for help.
CALLED_FLAG, ASKED_FLAG = "called:", "asked:"


@dataclass(frozen=True)
class Actor:
    """Who somebody is to the table: role, duties, organisation, and the roots of the grid subtrees they act in.

    `link` = the case that a resident or an outside party was let in to by a link; they have no office.
    """

    person: int | None
    role: str
    duties: frozenset[str] = frozenset()
    organisation: int | None = None
    nodes: frozenset[int] = frozenset()
    system: bool = False
    link: str = ""
    district: int | None = None


@dataclass(frozen=True)
class Facts:
    """What the table asks of a case. `nodes` = ids of district, street, community, grid (None where outside).

    `flags` are what the table's rows raised and did not clear in this cycle; `holder_level` is the level of the
    office responsible now (0 = centre); `overdue` = its handling or its whole time is up.
    """

    state: str
    nodes: tuple[int | None, int | None, int | None, int | None]
    handler: int | None = None
    reporter: int | None = None
    dispatchers: frozenset[int] = frozenset()
    flags: frozenset[str] = frozenset()
    helpers: frozenset[int] = frozenset()
    holder: int | None = None
    holder_level: int = 0
    overdue: bool = False
    id: str = ""


def level_of(actor: Actor, facts: Facts) -> int | None:
    """The highest level (0 = district) at which the actor's office covers the case; None where it does not."""
    covered = (level for level, node in enumerate(facts.nodes) if node is not None and node in actor.nodes)
    return next(covered, None)


def sees(actor: Actor, facts: Facts) -> bool:
    """Whether the case is in the actor's sight: office subtree, handler, helper, open to claims, reporter, or let in by
    a link (SQL, but for links: `visible_cases`)."""
    if actor.link:
        return _let_in(actor, facts)
    return (
        actor.system
        or level_of(actor, facts) is not None
        or (actor.organisation is not None and actor.organisation == facts.handler)
        or actor.organisation in facts.helpers
        or _claims(actor, facts)
        or (actor.person is not None and actor.person == facts.reporter)
    )


def _let_in(actor: Actor, facts: Facts) -> bool:
    """Whether the actor's link is one to this case; an outside party's ends with the case being theirs."""
    if actor.link != facts.id:
        return facts.state == NEW and actor.role == RESIDENT
    return actor.role != OUTSIDE or actor.organisation == facts.handler


def _claims(actor: Actor, facts: Facts) -> bool:
    return (
        actor.role == "crew"
        and facts.state == "registered"
        and "claimable" in facts.flags
        and actor.district == facts.nodes[0]
    )


def hats(actor: Actor, facts: Facts) -> frozenset[str]:
    """What `actor` is to the case: the words that `Row.who` is compared with.

    An office acts where its subtree covers the case; a desk's duties reach the cases that its own office or one below
    holds, so that what was passed up is out of the lower desk's hands. A case outside every grid has its district
    only: the centre then stands in for community and worker.
    """
    if actor.system:
        return frozenset({SYSTEM, IMPORT} if actor.role == IMPORT else {SYSTEM})
    if actor.link:
        return frozenset({actor.role} if _let_in(actor, facts) else ())
    level = level_of(actor, facts)
    worn = {ANYONE} if sees(actor, facts) else set()
    if level is not None:
        worn |= _office_hats(actor, facts, level)
    elif facts.state == NEW and actor.role in (WORKER, COMMUNITY, STREET):
        worn.add(actor.role)
    if actor.role == WORKER:
        worn.add(WORKER)
    if actor.organisation is not None:
        if actor.organisation == facts.handler:
            worn.add(CREW)
        if actor.organisation == facts.holder and actor.role in (COMMUNITY, STREET):
            worn.add(HOLDER)
        if f"{CALLED_FLAG}{actor.organisation}" in facts.flags:
            worn.add(CALLED)
        if f"{ASKED_FLAG}{actor.organisation}" in facts.flags:
            worn.add(HELPER)
        if _claims(actor, facts):
            worn.add(CLAIMER)
    if actor.person is not None and actor.person == facts.reporter:
        worn.add(REPORTER)
    if actor.role == "resident-service" or (facts.state == NEW and actor.duties):
        worn.add(INTAKE)
    return frozenset(worn)


def _office_hats(actor: Actor, facts: Facts, level: int) -> set[str]:
    worn = set()
    if actor.role in (COMMUNITY, STREET):
        worn.add(actor.role)
    if level <= facts.holder_level or facts.state == NEW:
        worn |= actor.duties
    if actor.role == WORKER:
        worn.add(WORKER_HERE)
    if actor.role == "centre" and facts.nodes[3] is None:
        worn |= {WORKER_HERE, COMMUNITY, STREET}
    return worn
