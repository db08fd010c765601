"""Wherever a case stands there is somebody who can carry it on: a search through the rows of the table, no database."""

from collections.abc import Iterator
from itertools import product

import pytest

from server.protocol.hats import Actor, Facts, hats
from server.protocol.workflow import OPEN, WHOLE_TABLE, Row, conflicts, holds, rows_from

NODES = (1, 2, 3, 4)
OFFICES = {"centre": 10, "street": 20, "community": 30, "crew": 40, "outside": 50}
HOLDERS = (OFFICES["centre"], OFFICES["street"], OFFICES["community"])
# In whose hands a case may be, by state; in the other states it is in nobody's.
HANDLERS = {
    "dispatched": ("crew",),
    "forwarded": ("outside",),
    **dict.fromkeys(("handling", "suspended", "enforcing"), ("crew", "community", "street", "centre")),
    **dict.fromkeys(("handled", "inspected"), ("crew", "community", "street", "centre", "outside", "")),
}


def cast(community_staffed: bool, crew_staffed: bool) -> Iterator[Actor]:
    for person, duty in enumerate(("intake", "duty", "dispatcher", "supervisor"), 1):
        yield Actor(person, "centre", frozenset({duty}), OFFICES["centre"], frozenset({1}), district=1)
    yield Actor(5, "street", organisation=OFFICES["street"], nodes=frozenset({2}), district=1)
    if crew_staffed:
        yield Actor(6, "crew", organisation=OFFICES["crew"], nodes=frozenset({1}), district=1)
        yield Actor(None, "outside", organisation=OFFICES["outside"], link="the case")
    yield Actor(None, "system", system=True)
    if community_staffed:
        yield Actor(7, "community", organisation=OFFICES["community"], nodes=frozenset({3}), district=1)
        yield Actor(8, "worker", organisation=OFFICES["community"], nodes=frozenset({4}), district=1)


def standings(community_staffed: bool) -> Iterator[Facts]:
    """Every state in everybody's hands, held at every level, inside the tree and outside it."""
    for state, level, other, inside in product(OPEN, range(3), (False, True), (True, False)):
        for hands in HANDLERS.get(state, ("",)):
            if not inside and (level or hands in ("street", "community")):
                continue
            if inside and hands == "centre":
                continue
            if not community_staffed and (level == 2 or hands == "community"):
                continue
            flags = {"registered"} | ({"outside"} if hands == "outside" else set())
            flags |= {"other_inspector"} if other and state == "handled" else set()
            yield Facts(
                state,
                NODES if inside else (1, None, None, None),
                OFFICES.get(hands),
                dispatchers=frozenset({3}),
                flags=frozenset(flags),
                holder=HOLDERS[level],
                holder_level=level,
                id="the case",
            )


def carried_on(facts: Facts, actors: list[Actor]) -> set[str]:
    return {
        row.action
        for row in rows_from(facts.state)
        for actor in actors
        if _leads_on(row, facts.state)
        and hats(actor, facts) & WHOLE_TABLE.who(row)
        and all(holds(condition, facts) for condition in row.only_if)
        and not conflicts(row, actor, facts)
    }


def _leads_on(row: Row, state: str) -> bool:
    """Whether it takes the case to another state, or its inspection to another inspector. Cancelling is giving up."""
    return (row.target(state) != state or row.action == "absent") and row.action != "cancel"


@pytest.mark.parametrize("crew_staffed", [True, False])
@pytest.mark.parametrize("community_staffed", [True, False])
def test_no_case_stands_where_nobody_can_carry_it_on(community_staffed: bool, crew_staffed: bool) -> None:
    actors = list(cast(community_staffed, crew_staffed))
    seen = list(standings(community_staffed))
    assert len(seen) > 80
    assert [facts for facts in seen if not carried_on(facts, actors)] == []
