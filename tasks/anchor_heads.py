"""Anchors the heads of all chains once a day, into the table and into files under XUNGE_HOME/anchors."""

from datetime import datetime

from server.cases import anchors
from server.db import Connection
from server.settings import settings


def run(conn: Connection, now: datetime) -> int:
    """Makes the anchor of the day unless it is there; how many were made."""
    if anchors.anchored(conn, now):
        return 0
    anchors.make_anchor(conn, settings().anchors, now)
    return 1
