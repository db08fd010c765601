"""Proves the event chains of all cases, a slice at each run, and once a round access log and anchors.

A broken link goes to the security log, once a day: a small district is proved every few minutes.
"""

import json
from datetime import datetime, timedelta
from uuid import UUID

from server.audit import service as audit
from server.cases import anchored, chain
from server.db import Connection, queries

SLICE = 500
AGAIN = timedelta(days=1)
NAME = "verify_chains"
START = UUID(int=0)

SQL = queries(__file__)


def run(conn: Connection, now: datetime) -> int:
    """Verifies the next 500 cases in order of id, and begins again at the end; how many were verified."""
    position = SQL.task_position(conn, name=NAME)
    last, verified, broken = chain.verify_slice(conn, UUID(position) if position else START, SLICE)
    if not position:
        broken += anchored.verify_records(conn).broken
    for link in broken:
        detail = {"case": link.number, "event": link.n, "why": str(link)}
        if not SQL.alarm_since(conn, since=now - AGAIN, detail=json.dumps(detail, ensure_ascii=False)):
            audit.log(conn, "chain_broken", None, detail=detail, at=now)
    SQL.keep_task_position(conn, name=NAME, now=now, position=str(last) if last else "")
    return verified
