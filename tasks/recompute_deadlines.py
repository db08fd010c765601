"""Computes the deadlines of open cases anew when a calendar or a pack's limits changed, slice by slice."""

from datetime import datetime
from uuid import UUID

from server.calendar import service as calendars
from server.cases.recompute import recompute_slice, rounds
from server.db import Connection, queries

SLICE = 500
NAME = "recompute_deadlines"
START = UUID(int=0)

SQL = queries(__file__)


def run(conn: Connection, now: datetime) -> int:
    """Looks at the next 500 open cases of districts whose deadlines are out of date; how many were looked at.

    Where it stands is written down with what it is working towards, so that a change in between begins anew.
    """
    looked = 0
    for wanted in rounds(conn, now):
        goal, _, last = (SQL.task_position(conn, name=NAME) or "").rpartition(" ")
        after = UUID(last) if goal == wanted.goal else START
        ids = recompute_slice(conn, wanted, after, SLICE - looked, now)
        looked += len(ids)
        if looked == SLICE:
            SQL.keep_task_position(conn, name=NAME, now=now, position=f"{wanted.goal} {ids[-1]}")
            break
        calendars.recomputed(conn, wanted.district_id, wanted.stamp, wanted.pack_version)
    return looked
