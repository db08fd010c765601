"""Proves the chains of all cases, slice by slice of their key, on every core when there are many."""

import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import get_context

from server.cases.chain import LAST_ID, SLICE, Break, sql, verify_range
from server.db import Connection, Database, connect

FIRST_ID = uuid.UUID(int=0)
# A process of its own costs a second to start; below this many cases it is not worth one.
MANY = 20_000


@dataclass
class Proved:
    """How much was looked at, and what is broken, in the order of case ids."""

    cases: int = 0
    events: int = 0
    broken: list[Break] = field(default_factory=list)


def prove_all(
    database: Database, advance: Callable[[int], None] = lambda done: None, cores: int | None = None
) -> Proved:
    """Proves every case, each slice in a snapshot of its own; `advance` is told how many cases are done."""
    with database.read() as conn:
        ends = [row["id"] for row in sql.slice_ends(conn, size=SLICE)]
    ranges = list(pairwise((FIRST_ID, *ends, LAST_ID)))
    many = len(ends) * SLICE >= MANY
    cores = cores or ((os.cpu_count() or 1) if many else 1)
    found = Proved()
    for cases, events, broken in (
        _in_turn(database, ranges) if cores < 2 else _at_once(database, ranges, cores)
    ):
        found.cases += cases
        found.events += events
        found.broken += broken
        advance(found.cases)
    return found


Range = tuple[uuid.UUID, uuid.UUID]
Part = tuple[int, int, list[Break]]


def _in_turn(database: Database, ranges: list[Range]) -> Iterator[Part]:
    for after, last in ranges:
        with database.read() as conn:
            yield verify_range(conn, after, last)


def _at_once(database: Database, ranges: list[Range], cores: int) -> Iterator[Part]:
    # Fresh processes: a forked one would share this one's connections.
    with ProcessPoolExecutor(cores, get_context("spawn"), _begin, (database.dsn,)) as pool:
        yield from pool.map(_prove, ranges)


class _Worker:
    connection: Connection


def _begin(dsn: str) -> None:
    _Worker.connection = connect(dsn)
    _Worker.connection.set_session(isolation_level="REPEATABLE READ", readonly=True)


def _prove(wanted: Range) -> Part:
    with _Worker.connection as conn:
        return verify_range(conn, *wanted)
