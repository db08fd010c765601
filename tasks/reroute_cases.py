"""Lets open cases follow new boundaries where whoever confirmed them said so, slice by slice, one event a case."""

from datetime import datetime
from uuid import UUID

from server.cases.rerouting import reroute_slice, waiting
from server.db import Connection, queries

SLICE = 500
NAME = "reroute_cases"
START = UUID(int=0)

SQL = queries(__file__)


def run(conn: Connection, now: datetime) -> int:
    """Looks at the next 500 open cases of districts whose cases shall follow; how many were looked at.

    Where it stands is written down with the version it works towards, so that a newer one begins anew.
    """
    looked = 0
    for district, version in waiting(conn):
        goal, _, last = (SQL.task_position(conn, name=NAME) or "").rpartition(" ")
        after = UUID(last) if goal == str(version) else START
        ids = reroute_slice(conn, district, version, after, SLICE - looked, now)
        looked += len(ids)
        if looked == SLICE:
            SQL.keep_task_position(conn, name=NAME, now=now, position=f"{version} {ids[-1]}")
            break
    return looked
