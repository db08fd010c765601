"""What is missing of a tablet's counting is kept as ranges: exactly the numbers that did not come, each with its moment."""

import json
import uuid

from hypothesis import given
from hypothesis import strategies as st

from server.db import Connection
from server.settings import CHECKOUT
from server.sync.gaps import counted

NUMBERS = st.lists(st.lists(st.integers(1, 60), max_size=12), max_size=12)


@given(NUMBERS)
def test_the_ranges_are_what_did_not_come_up_to_the_newest_and_know_since_when(
    batches: list[list[int]],
) -> None:
    gaps: list[dict[str, object]] = []
    came: set[int] = set()
    since: dict[int, str] = {}
    newest = 0
    for n, batch in enumerate(batches):
        gaps = counted(gaps, newest, batch, str(n))
        came |= set(batch)
        since |= {seq: str(n) for seq in range(newest + 1, max(batch, default=0))}
        newest = max(came, default=0)
        missing = {seq: gap["since"] for gap in gaps for seq in range(gap["first"], gap["last"] + 1)}  # type: ignore[call-overload]
        assert missing == {seq: since[seq] for seq in range(1, newest + 1) if seq not in came}
        assert [gap["first"] for gap in gaps] == sorted(gap["first"] for gap in gaps)  # type: ignore[type-var]
        assert len(gaps) <= len(came)


def test_however_far_a_tablet_jumps_it_is_one_range() -> None:
    assert counted([], 3, [5, 2**53], "now") == [
        {"first": 4, "last": 4, "since": "now"},
        {"first": 6, "last": 2**53 - 1, "since": "now"},
    ]


def test_numbers_that_were_kept_one_by_one_become_ranges(conn: Connection) -> None:
    step = (
        (CHECKOUT / "server/sql/migrations/0066_gaps_as_ranges.sql")
        .read_text("utf-8")
        .partition("comment on")[0]
    )
    with conn.cursor() as cursor:
        cursor.execute("insert into people (login) values ('somebody') returning id")
        (person,) = cursor.fetchone().values()
        cursor.execute(
            "insert into devices (id, person_id, token_hash, seen_at, seq_gaps)"
            " values (%s, %s, 'x', '2026-11-24 10:00Z', '[19, 17, 18, 42]')",
            (uuid.uuid4(), person),
        )
        cursor.execute(step)
        cursor.execute("select seq_gaps from devices")
        gaps = cursor.fetchone()["seq_gaps"]
    assert [(gap["first"], gap["last"]) for gap in gaps] == [(17, 19), (42, 42)]
    assert "2026-11-24T10:00" in json.dumps(gaps)
