"""The chain of a case: proves that nothing of it was altered, case by case or a range of them.

What an event is and how it is hashed stands in `link`, what its events say of a case in `replay`, and whether the
tables say the same in `standing`. Who owns the database can still cut the newest events off, or write a chain anew: an
anchor kept elsewhere tells (`anchors`).
"""

import uuid
from collections.abc import Sequence
from typing import Any

from psycopg2.extensions import cursor as plain_cursor

from server.cases.link import Break, Event, Link, commitment
from server.cases.replay import NO_CASE, verify_events
from server.cases.standing import CYCLE_PLACE, TIMES, Standing
from server.cases.state import FACTS, RECORDED
from server.db import Connection, queries

__all__ = ["Break", "Event", "commitment", "verify_case", "verify_events", "verify_range", "verify_slice"]

sql = queries(__file__, "chain.sql")
LAST_ID = uuid.UUID(int=(1 << 128) - 1)
SLICE = 1000


def verify_case(conn: Connection, case_id: uuid.UUID) -> Break | None:
    """The first broken link of one case, or None when its chain is whole."""
    return next(iter(verify_range(conn, uuid.UUID(int=case_id.int - 1), case_id)[2]), None)


def verify_slice(conn: Connection, after: uuid.UUID, limit: int) -> tuple[uuid.UUID | None, int, list[Break]]:
    """Verifies up to `limit` cases after id `after`: the last id (None at the end), how many, and what is broken."""
    end = sql.slice_end(conn, after=after, limit=limit)
    last = end["last"] if end["cases"] == limit else None
    cases, _events, broken = verify_range(conn, after, last or LAST_ID)
    return last, cases, broken


def verify_range(conn: Connection, after: uuid.UUID, last: uuid.UUID) -> tuple[int, int, list[Break]]:
    """Verifies all cases with after < id <= last, and events there that have no case.

    Returns how many cases and how many events there are, and what is broken. Each table is read once by a range of its
    key, as plain tuples; a range should hold some thousand cases at most.
    """
    standings = _standings(conn, after, last)
    links: dict[str, list[Link]] = {case_id: [] for case_id in standings}
    for link in _read(conn, sql.links.sql, after, last):
        links.setdefault(link[0], []).append(link)
    erased: dict[str, list[int]] = {}
    for case_id, n in _read(conn, sql.erased_words.sql, after, last):
        erased.setdefault(case_id, []).append(n)
    broken = []
    for case_id, chain in links.items():
        standing = standings.get(case_id)
        number = standing.number if standing else case_id
        found = verify_events(number, standing, chain, erased.get(case_id, ()))
        if found or standing is None:
            broken.append(found or Break(number, len(chain), NO_CASE))
    return len(standings), sum(map(len, links.values())), broken


def _standings(conn: Connection, after: uuid.UUID, last: uuid.UUID) -> dict[str, Standing]:
    clocks: dict[str, dict[tuple[int, str], tuple[Any, ...]]] = {}
    for row in _read(conn, sql.clocks_between.sql, after, last):
        clocks.setdefault(row[0], {})[row[1], row[2]] = row[3:]
    cycles: dict[str, dict[int, dict[str, Any]]] = {}
    photos: dict[str, dict[str, tuple[str, str]]] = {}
    for case_id, photo, *shown in _read(conn, sql.photos_between.sql, after, last):
        photos.setdefault(case_id, {})[photo] = (shown[0], shown[1])
    names = (*FACTS, *CYCLE_PLACE)
    of_cycles = sql.cycles_between.sql.replace("n from", f"n, {', '.join(names)} from")
    for case_id, cycle, *facts in _read(conn, of_cycles, after, last):
        cycles.setdefault(case_id, {})[cycle] = dict(zip(names, facts, strict=True))
    statement = sql.cases_between.sql.replace("closed_at", f"closed_at, {', '.join(RECORDED)}", 1)
    return {
        case_id: Standing(
            number,
            version,
            state,
            last_hash,
            (more[0], more[1]),
            dict(zip(TIMES, more[2:6], strict=True)),
            dict(zip(RECORDED, more[6:], strict=True)),
            cycles.get(case_id, {}),
            clocks.get(case_id, {}),
            photos.get(case_id, {}),
        )
        for case_id, number, version, state, last_hash, *more in _read(conn, statement, after, last)
    }


def _read(conn: Connection, statement: str, after: uuid.UUID, last: uuid.UUID) -> Sequence[tuple[Any, ...]]:
    with conn.cursor(cursor_factory=plain_cursor) as cursor:
        cursor.execute(statement, {"after": after, "last": last})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
