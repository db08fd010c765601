"""The way to PostgreSQL: a guarded pool, transactions with retries at the edge, named queries."""

import select
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import aiosql
import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
import structlog
from psycopg2.extensions import STATUS_READY

from server.errors import BadInput, Busy, SetupFault

log = structlog.get_logger()
T = TypeVar("T")
APPLICATION_ROLE = "xunge_app"
# A transaction that lost a race is run again from its start: deadlock, serialisation, or the same command
# (or the same case number source) arriving twice at once.
RETRIES = 5
# Changes are told at most so often: nobody sees the difference, and the busier the server, the less an act pays for it.
TOLD_EVERY_S = 0.03
RACING_CONSTRAINTS = {"commands_pkey", "cases_pkey", "case_keys_source_external_id_key", "case_events_pkey"}

psycopg2.extras.register_uuid()


class Rows(psycopg2.extensions.cursor):
    """Gives rows as dicts by column. The library's own kind of dict costs several times what fetching does."""

    _columns: tuple[str, ...] | None = None

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  # the name of the driver
        self._columns = None
        try:
            super().execute(query, vars)
        except ValueError as error:
            # A text that no column can hold: half of a surrogate pair, a NUL. All else is a fault of ours.
            if not isinstance(error, UnicodeEncodeError) and "NUL" not in str(error):
                raise
            raise BadInput("Its text has characters that do not exist.") from None

    def _named(self, row: tuple[Any, ...]) -> dict[str, Any]:
        if self._columns is None:
            self._columns = tuple(column.name for column in self.description or ())
        return dict(zip(self._columns, row, strict=True))

    def fetchone(self) -> Any:
        row = super().fetchone()
        return None if row is None else self._named(row)

    def fetchmany(self, size: int | None = None) -> Any:
        return [self._named(row) for row in super().fetchmany(self.arraysize if size is None else size)]

    def fetchall(self) -> Any:
        return [self._named(row) for row in super().fetchall()]

    def __next__(self) -> Any:
        return self._named(super().__next__())


def array(values: Iterable[float | UUID | None]) -> str:
    """Ids and numbers as the text of an array: a long one costs a tenth of what the driver does value by value."""
    return f"{{{','.join('null' if value is None else str(value) for value in values)}}}"


class Connection(psycopg2.extensions.connection):
    """A connection that remembers which districts changed, so that listeners are told after commit."""

    changed: set[int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.changed = set()


def connect(dsn: str, application: bool = True) -> Connection:
    """One connection in UTC with dict rows; as the application's role unless `application` is false."""
    connection: Connection = psycopg2.connect(
        dsn,
        connection_factory=Connection,
        cursor_factory=Rows,
        application_name="xunge",
        options="-c timezone=UTC -c client_encoding=UTF8",
    )
    if application:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"set role {APPLICATION_ROLE}")
    return connection


class Database:
    """At most `size` connections, kept open; a request that finds none waits, then is told to come again."""

    def __init__(self, dsn: str, size: int = 6, wait_s: float = 10.0) -> None:
        self.dsn = dsn
        self.wait_s = wait_s
        self._free = threading.BoundedSemaphore(size)
        # The one used last first: its plans are warm. Appending and popping are atomic.
        self._idle: list[Connection] = []
        self._closed = False
        self._teller = Teller(self)
        self._put_back(connect(dsn))

    def close(self) -> None:
        """Tells what is still untold, then ends all connections, those in use when they come back."""
        self._teller.close()
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection:
        while self._idle:
            with suppress(IndexError):
                connection = self._idle.pop()
                if not _was_told_something(connection):
                    return connection
                connection.close()
        return connect(self.dsn)

    def _put_back(self, connection: Connection) -> None:
        if self._closed:
            connection.close()
        elif not connection.closed:
            self._idle.append(connection)

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        if not self._free.acquire(timeout=self.wait_s):
            raise Busy
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                # What this connection knew of changes belongs to the request that ends here.
                connection.changed.clear()
                try:
                    _as_it_was(connection)
                finally:
                    self._put_back(connection)
        finally:
            self._free.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that cannot write; one snapshot for all its queries."""
        with self._borrowed() as connection:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """For a single query that only reads, without the round trips of a transaction."""
        with self._borrowed() as connection:
            connection.autocommit = True
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on any error; listeners are told after commit."""
        with self._borrowed() as connection:
            yield connection
            connection.commit()
            if connection.changed:
                self._teller.take(connection.changed)

    def run(self, work: Callable[[Connection], T]) -> T:
        """`work` in one transaction, run again when it lost a race (40001, 40P01, or a twin of a command)."""
        for left in range(RETRIES, -1, -1):
            try:
                with self.transaction() as connection:
                    return work(connection)
            except (psycopg2.errors.DeadlockDetected, psycopg2.errors.SerializationFailure):
                if not left:
                    raise
            except psycopg2.errors.UniqueViolation as error:
                if not left or error.diag.constraint_name not in RACING_CONSTRAINTS:
                    raise
        raise AssertionError("unreachable")


class Teller:
    """Tells other processes which districts changed: at once when nothing was told lately, else all of them together.

    A NOTIFY in the writing transaction would serialise all commits, and one after each of them is a round trip and a
    transaction more for every act. Who listens also looks by itself now and then (server/stream), so one that is lost
    with its process costs a moment and nothing else.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._untold: set[int] = set()
        self._lock = threading.Lock()
        self._wake, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, districts: Iterable[int]) -> None:
        """Districts that a committed transaction changed."""
        with self._lock:
            self._untold.update(districts)
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, name="xunge-teller", daemon=True)
                self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """Returns when all is told, or when the database refused."""
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _go_on(self) -> None:
        while not self._ended.is_set():
            self._wake.wait()
            self._wake.clear()
            self._tell()
            self._ended.wait(TOLD_EVERY_S)
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            districts, self._untold = sorted(self._untold), set()
        if districts:
            try:
                with self._database.glance() as connection, connection.cursor() as cursor:
                    cursor.execute(
                        "select set_config('synchronous_commit', 'off', true), pg_notify('xunge_changes', d::text)"
                        " from unnest(%s) d",
                        (districts,),
                    )
            except (psycopg2.Error, Busy) as error:
                # Those who listen find it when they next look by themselves.
                log.warning("changes_untold", districts=districts, error=str(error).strip())


def refusal_of(error: psycopg2.Error) -> SetupFault:
    """What the database refused, as a sentence for whoever installs it."""
    reason = str(error).strip().partition("\n")[0]
    if isinstance(error, psycopg2.errors.InsufficientPrivilege):
        return SetupFault(
            "The owner of the database may not do this ({reason}). Have a superuser run, in that database:"
            " create extension if not exists postgis; alter role OWNER createrole;",
            reason=reason,
        )
    # The application's role comes with the first migration, the tables too.
    if isinstance(error, (psycopg2.errors.InvalidParameterValue, psycopg2.errors.UndefinedTable)):
        return SetupFault("The database has no schema yet: run `python -m server migrate`.")
    if isinstance(error, psycopg2.OperationalError):
        return SetupFault("The database does not answer: {reason}", reason=reason)
    return SetupFault("The database refused ({reason}). `python -m server doctor` says more.", reason=reason)


def _as_it_was(connection: Connection) -> None:
    """Ends what is open; the next transaction begins in PostgreSQL's own way. No round trip where nothing is open."""
    if connection.closed:
        return
    if connection.status != STATUS_READY:
        connection.rollback()
    if connection.autocommit:
        connection.autocommit = False
    elif connection.readonly is not None:
        connection.set_session(isolation_level="DEFAULT", readonly="DEFAULT")


def _was_told_something(connection: Connection) -> bool:
    """Whether the server sent something to an idle connection: as good as always its farewell."""
    if connection.closed:
        return True
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


@lru_cache(maxsize=32)
def queries(beside: str, name: str = "queries.sql") -> Any:
    """The named queries of the file `name` in the folder of the file `beside` (pass `__file__`)."""
    return aiosql.from_path(Path(beside).parent / name, "psycopg2", mandatory_parameters=False)
