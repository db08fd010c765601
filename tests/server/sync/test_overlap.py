"""Overlapping batches of several tablets at the same moment: every command once, every answer the same, no error."""

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from server.cases.chain import verify_slice
from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.sync.tablet import Tablet, enrol

ROUNDS, CASES = 8, 12


@pytest.fixture
def tablets(live_server: LiveServer) -> tuple[Tablet, Tablet]:
    """Two tablets of one worker: what one of them holds, the other was given as well."""
    live_server.database.run(lambda conn: Street.open(conn, Path()))
    return enrol(live_server), enrol(live_server)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """All jobs from the same moment on, in threads; their results in order."""
    ready, results, errors = threading.Barrier(len(jobs)), [None] * len(jobs), []

    def run(index: int, job: Callable[[], Any]) -> None:
        ready.wait(60)
        try:
            results[index] = job()
        except BaseException as error:  # raised again below, in the thread of the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def comments(tablet: Tablet, cases: list[str]) -> list[dict[str, Any]]:
    """A word on each of the cases, in that order."""
    return [tablet.command("comment", case_id=case, payload={"text": "seen"}) for case in cases]


def again(tablet: Tablet) -> Tablet:
    """The same tablet over another connection: its retry after an answer that was lost."""
    return Tablet(tablet.url, tablet.token, tablet.person, tablet.device)


def test_batches_on_the_same_cases_in_opposite_order_and_their_retries_at_once_are_each_taken_once(
    live_server: LiveServer, tablets: tuple[Tablet, Tablet]
) -> None:
    one, other = tablets
    reports = [one.command() for _ in range(CASES)]
    one.send(*reports)
    cases = [report["case_id"] for report in reports]
    draw = random.Random(7)
    answered: dict[str, dict[str, Any]] = {}
    for _ in range(ROUNDS):
        draw.shuffle(cases)
        mine, theirs = comments(one, cases), comments(other, cases[::-1])
        told = at_once(
            lambda mine=mine: one.send(*mine),
            lambda mine=mine: again(one).send(*mine),
            lambda theirs=theirs: other.send(*theirs),
            lambda theirs=theirs: again(other).send(*theirs[::-1]),
        )
        for results in told:
            for result in results:
                assert result["outcome"] == "applied", result
                assert answered.setdefault(result["command_id"], result) == result
    assert len(answered) == 2 * ROUNDS * CASES
    rows = kept(live_server)
    assert rows == {"commands": CASES + len(answered), "case_events": CASES + len(answered), "cases": CASES}
    with live_server.database.read() as conn:
        assert verify_slice(conn, UUID(int=0), 100)[2] == []


def test_two_tablets_that_bring_the_same_commands_at_once_get_the_same_answers(
    live_server: LiveServer, tablets: tuple[Tablet, Tablet]
) -> None:
    """As after a move to a new tablet while the old one is still sending: new cases too, of which no row is there yet."""
    one, other = tablets
    answered: dict[str, dict[str, Any]] = {}
    for _ in range(ROUNDS):
        shared = [one.command() for _ in range(CASES)]
        told = at_once(
            lambda shared=shared: one.send(*shared),
            lambda shared=shared: other.send(*shared[::-1]),
            lambda shared=shared: again(other).send(*shared[: CASES // 2]),
            lambda shared=shared: again(one).send(*shared[CASES // 2 :]),
        )
        for results in told:
            for result in results:
                assert result["outcome"] == "applied", result
                assert answered.setdefault(result["command_id"], result) == result
    expected = ROUNDS * CASES
    assert kept(live_server) == {"commands": expected, "case_events": expected, "cases": expected}


def test_batches_of_one_tablet_at_once_leave_no_hole_in_its_counting(
    live_server: LiveServer, tablets: tuple[Tablet, Tablet]
) -> None:
    """Each is weighed against what the one before it left, not against what both found."""
    one, _ = tablets
    for _ in range(ROUNDS):
        batches = [[one.command() for _ in range(3)] for _ in range(4)]
        at_once(*(lambda batch=batch: again(one).send(*batch) for batch in batches))
        with live_server.database.read() as conn, conn.cursor() as cursor:
            cursor.execute("select last_seq, seq_gaps from devices where id = %s", (UUID(one.device),))
            counted = dict(cursor.fetchone())
        assert counted == {"last_seq": batches[-1][-1]["seq"], "seq_gaps": []}


def kept(server: LiveServer) -> dict[str, int]:
    """How many rows there are."""
    with server.database.read() as conn, conn.cursor() as cursor:
        found = {}
        for table in ("commands", "case_events", "cases"):
            cursor.execute(f"select count(*) as n from {table}")
            found[table] = int(cursor.fetchone()["n"])
    return found
