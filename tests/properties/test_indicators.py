"""Every indicator on every basis, by place and by who is responsible, against an oracle that counts cycles one by one.

The oracle knows the words of the field and nothing of the sets, the SQL or how readings are shared.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.db import Connection
from server.reports.measures import BASES, MEASURES, OF
from server.reports.service import closure, side_by_side
from server.security import Viewer, load_viewer
from tests.server.bulk import put_cycles
from tests.server.small_district import SmallDistrict, make_small_district

AS_OF = datetime(2026, 10, 20, 4, tzinfo=UTC)
# 10 to 20 October in local time; moments on its edges and a day or so beside them.
FROM, TO = "2026-10-10", "2026-10-20"
START, END = datetime(2026, 10, 9, 16, tzinfo=UTC), datetime(2026, 10, 20, 16, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
WITHIN = [START, START + timedelta(days=3), START + timedelta(days=5), AS_OF, AS_OF + INSTANT, END - INSTANT]
moments = st.sampled_from([*WITHIN, *WITHIN, START - INSTANT, END])
sometimes = st.sampled_from([None, *WITHIN, *WITHIN, START - INSTANT, END])
seldom = st.sampled_from([False, False, False, True])
ENDS = ("fixed", "gone", "explained", "recorded", "declined", "merged", "cancelled")
CLOSINGS = ENDS[:4]
Cycle = dict[str, Any]


@st.composite
def cycles(draw: st.DrawFn) -> Cycle:
    """A cycle in any combination, possible in life or not; only what the columns forbid is left out."""
    ended_at = draw(st.none() | moments)
    return {
        "grid": draw(st.sampled_from(["S1C1G1", "S1C2G3", "S2C1G1", None])),
        "category_system": draw(st.sampled_from(["urban/event", "urban/component"])),
        "holder": draw(st.sampled_from(["centre", "street-S1"])),
        "handler": draw(st.sampled_from([None, "crew-any", "crew-drain", "street-S1"])),
        "opened_at": draw(moments),
        **{
            name: draw(sometimes)
            for name in ("registered_at", "dispatched_at", "handled_at", "handle_due_at", "due_at",
                         "reply_due_at", "replied_at")
        },
        "ended_at": ended_at,
        "ended_as": draw(st.sampled_from(ENDS + CLOSINGS)) if ended_at else None,
        "on_time": draw(st.sampled_from([None, True, False])),
        **{name: draw(st.integers(0, 2)) for name in ("reworks", "wrong_dispatches", "evasions", "extensions")},
        **{name: draw(seldom) for name in ("self_handled", "suspended", "excused")},
        "callback": draw(st.sampled_from([None, "satisfied", "not_satisfied", "not_reached"])),
        "solved": draw(st.sampled_from([None, True, False])),
        "rating": draw(st.none() | st.integers(1, 5)),
        "sampled": draw(st.sampled_from([None, "upheld", "void"])),
    }  # fmt: skip


def been(at: datetime | None) -> bool:
    return at is not None and at <= AS_OF


def ended(c: Cycle, *kinds: str) -> bool:
    return been(c["ended_at"]) and c["ended_as"] in kinds


def closed(c: Cycle) -> bool:
    return ended(c, *CLOSINGS)


def has_to_be_closed(c: Cycle) -> bool:
    return not c["self_handled"] and not ended(c, "declined", "merged", "cancelled") and not c["suspended"]


def timed(c: Cycle) -> bool:
    return has_to_be_closed(c) and c["due_at"] is not None


def late_and_open(c: Cycle) -> bool:
    return timed(c) and not been(c["ended_at"]) and c["due_at"] < AS_OF


def came_in(c: Cycle) -> bool:
    return not ended(c, "merged", "cancelled")


def registered(c: Cycle) -> bool:
    return came_in(c) and not c["self_handled"] and been(c["registered_at"])


def dispatched(c: Cycle) -> bool:
    return registered(c) and (been(c["dispatched_at"]) or c["wrong_dispatches"] > 0)


def answered_the_phone(c: Cycle) -> bool:
    return came_in(c) and c["callback"] in ("satisfied", "not_satisfied")


def reached(c: Cycle) -> bool:
    return answered_the_phone(c) or (came_in(c) and c["rating"] is not None)


def satisfied(c: Cycle) -> bool:
    if answered_the_phone(c):
        return bool(c["callback"] == "satisfied")
    return reached(c) and c["rating"] >= 4


def owed(c: Cycle) -> bool:
    return c["reply_due_at"] is not None and not ended(c, "cancelled")


Test = Callable[[Cycle], bool]
# Above the line, below the line.
ORACLE: dict[str, tuple[Test, Test]] = {
    "closure": (lambda c: has_to_be_closed(c) and closed(c), has_to_be_closed),
    "on_time": (lambda c: timed(c) and closed(c) and c["on_time"] is True, timed),
    "handled": (lambda c: has_to_be_closed(c) and been(c["handled_at"]), has_to_be_closed),
    "handled_on_time": (
        lambda c: has_to_be_closed(c) and been(c["handled_at"]) and c["handled_at"] <= c["handle_due_at"],
        has_to_be_closed,
    ),
    "rework": (lambda c: has_to_be_closed(c) and c["reworks"] > 0, has_to_be_closed),
    "overdue": (
        lambda c: late_and_open(c) or (timed(c) and closed(c) and c["on_time"] is False),
        timed,
    ),
    "overdue_open": (late_and_open, timed),
    "extension": (lambda c: has_to_be_closed(c) and c["extensions"] > 0, has_to_be_closed),
    "suspended": (
        lambda c: c["suspended"] and has_to_be_closed({**c, "suspended": False}),
        lambda c: has_to_be_closed({**c, "suspended": False}),
    ),
    "registered": (registered, lambda c: came_in(c) and not c["self_handled"]),
    "valid": (lambda c: came_in(c) and (c["self_handled"] or been(c["registered_at"])), came_in),
    "dispatched": (dispatched, registered),
    "right_dispatch": (
        lambda c: registered(c) and been(c["dispatched_at"]) and c["wrong_dispatches"] == 0,
        dispatched,
    ),
    "evasion": (lambda c: dispatched(c) and c["evasions"] > 0, dispatched),
    "self_handled": (lambda c: closed(c) and c["self_handled"], closed),
    "sampled_void": (
        lambda c: closed(c) and c["self_handled"] and c["sampled"] == "void",
        lambda c: closed(c) and c["self_handled"] and c["sampled"] is not None,
    ),
    "satisfaction": (satisfied, reached),
    "solved": (
        lambda c: answered_the_phone(c) and c["solved"] is True,
        lambda c: answered_the_phone(c) and c["solved"] is not None,
    ),
    "reply": (lambda c: owed(c) and been(c["replied_at"]) and c["replied_at"] <= c["reply_due_at"], owed),
}
JUDGES_TIME = {"on_time", "handled_on_time", "overdue", "overdue_open"}
OWN_DEADLINE = {"handled": "handle_due_at", "handled_on_time": "handle_due_at", "reply": "reply_due_at"}
REPORTED_ONLY = {"registered", "valid", "self_handled", "sampled_void"}
REPORTED_FIRST = REPORTED_ONLY | {"dispatched", "satisfaction", "solved"}
DUE_ONLY = {"handled", "handled_on_time"}


def moment_of(code: str, basis: str | None, c: Cycle) -> datetime | None:
    """What must fall in the period: the cycle's opening, or the deadline that the measure is about."""
    reported = basis == "reported" if basis else code in REPORTED_FIRST
    if (reported and code not in DUE_ONLY) or code in REPORTED_ONLY:
        return c["opened_at"]
    return c[OWN_DEADLINE.get(code, "due_at")]


def key_of(c: Cycle, by: str, of: str) -> str | None:
    if of == "handler" and by == "street":
        return c["handler"] or c["holder"]
    return {"street": c["grid"] and c["grid"][:2], "system": c["category_system"], "crew": c["handler"]}[by]


Counts = dict[str | None, tuple[int, int]]


def counted_one_by_one(code: str, basis: str | None, by: str, of: str, given_: list[Cycle]) -> Counts:
    above, below = ORACLE[code]
    found: dict[str | None, list[int]] = defaultdict(lambda: [0, 0])
    for c in given_:
        at = moment_of(code, basis, c)
        excused = of == "handler" and code in JUDGES_TIME and c["excused"]
        if been(c["opened_at"]) and at is not None and START <= at < END and not excused and below(c):
            found[key_of(c, by, of)][0] += above(c)
            found[key_of(c, by, of)][1] += 1
    return {key: (n, d) for key, (n, d) in found.items()}


@pytest.fixture
def district(conn: Connection) -> SmallDistrict:
    return make_small_district(conn)


@pytest.fixture
def viewer(conn: Connection, district: SmallDistrict) -> Viewer:
    found = load_viewer(conn, district.people["duty"], AS_OF)
    assert found is not None
    return found


def test_the_oracle_knows_every_measure() -> None:
    assert ORACLE.keys() == MEASURES.keys()


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(
    given_=st.lists(cycles(), min_size=20, max_size=40),
    basis=st.none() | st.sampled_from(BASES),
    by=st.sampled_from(["street", "system", "crew"]),
    of=st.sampled_from(OF),
    one=st.sampled_from(sorted(MEASURES)),
)
def test_every_measure_counts_what_counting_one_by_one_counts(
    conn: Connection, district: SmallDistrict, viewer: Viewer,
    given_: list[Cycle], basis: str | None, by: str, of: str, one: str,
) -> None:  # fmt: skip
    with conn.cursor() as cursor:
        cursor.execute("savepoint example")
        for cycle in given_:
            put_cycles(conn, district, 1, **cycle)
        asked: dict[str, Any] = {"by": by, "of": of, "from_": FROM, "to": TO, "as_of": AS_OF}
        found = side_by_side(conn, viewer, AS_OF, MEASURES, basis=basis, **asked)
        alone = closure(conn, viewer, AS_OF, measure=one, **asked)
        cursor.execute("rollback to savepoint example")
    for code, report in found.items():
        expected = counted_one_by_one(code, basis, by, of, given_)
        rows = {row.key: (row.numerator, row.denominator) for row in report.items if row.denominator}
        assert rows == expected, code
        total = [sum(side) for side in zip((0, 0), *expected.values(), strict=True)]
        assert [report.total.numerator, report.total.denominator] == total, code
    expected = counted_one_by_one(one, None, by, of, given_)
    assert {row.key: (row.numerator, row.denominator) for row in alone.items if row.denominator} == expected
