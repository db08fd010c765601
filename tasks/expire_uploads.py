"""Removes photos that began to arrive and were given up, or that a system sent and named nowhere; whoever still wants
them sends them again. Packages of tablets that nobody asked for in a while are made again when somebody does."""

from datetime import datetime

from server.db import Connection
from server.package.keeping import Kept
from server.settings import settings
from server.sync import uploads


def run(conn: Connection, now: datetime) -> int:
    """How many such photos and packages had expired by `now`."""
    return uploads.expire(conn, settings(), now) + Kept(settings().packages).forget(now)
