"""One leader among all schedulers of a database: an advisory lock on a connection of its own.

The lock goes with the connection, so a scheduler that dies, or loses the database, is replaced by the next that
asks. Two leaders for a moment do no harm: tasks are idempotent.
"""

import threading
from contextlib import suppress

import psycopg2

from server.db import Connection, connect

LEADER_LOCK = 7_206_002


class Leader:
    """This process's claim to lead."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Connection | None = None
        self._asking = threading.RLock()

    def leads(self) -> bool:
        """Whether this process leads now; asks for the lock when nobody holds it. False without a database."""
        with self._asking:
            try:
                return self._holds_lock()
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                self.resign()
                return False

    def _holds_lock(self) -> bool:
        if self._connection is None:
            self._connection = connect(self._dsn)
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            # Held already by this session: the lock would count a second time, so it is only looked for.
            cursor.execute(
                "select exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
                " and objid = %(lock)s and granted) or pg_try_advisory_lock(%(lock)s) as leads",
                {"lock": LEADER_LOCK},
            )
            row = cursor.fetchone()
            return bool(row and row["leads"])

    def resign(self) -> None:
        """Lets another lead, from this moment on.

        The lock is given back by name: a closed connection's backend ends in its own time, and the lock with it.
        """
        with self._asking:
            if self._connection is not None:
                with suppress(psycopg2.Error), self._connection, self._connection.cursor() as cursor:
                    cursor.execute("select pg_advisory_unlock_all()")
                with suppress(psycopg2.Error):
                    self._connection.close()
                self._connection = None
