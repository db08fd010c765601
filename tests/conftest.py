"""What every test may ask for: a database of its own with the schema in place, a connection, a running server.

One private cluster serves all tests and all workers of this checkout. A test's database is a copy of a template
that was migrated once for the present content of the migrations; nothing that a test commits is seen by another.
"""

import fcntl
import hashlib
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg2
import pytest
import uvicorn

from server.cluster import Cluster
from server.db import Connection, Database, connect
from server.migrate import MIGRATIONS, migrate
from server.settings import CHECKOUT, Settings

for name in list(os.environ):
    if name.startswith(("XUNGE_", "PG")) or name == "DATABASE_URL":
        del os.environ[name]
os.environ.setdefault("KIVY_NO_ARGS", "1")

# A test's data need not outlive the machine's power.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}
# Nor need it touch a disk: a copy of the template is seven hundred files, which cost two to five times as much there.
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30
NUMBERS = count(1)


@dataclass(frozen=True)
class Databases:
    """Makes databases by copying the migrated template, and takes them away."""

    cluster: Cluster
    template: str

    def make(self) -> str:
        """The name of a fresh copy; it carries this process's number so that leftovers can be told."""
        name = f"test_{os.getpid()}_{next(NUMBERS)}"
        self._administer(f"create database {name} template {self.template} strategy file_copy")
        return name

    def drop(self, name: str) -> None:
        self._administer(f"drop database {name} with (force)")

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The data source of a copy that lives as long as the block."""
        name = self.make()
        try:
            yield self.cluster.dsn(name)
        finally:
            self.drop(name)

    def clean(self) -> None:
        """Takes away what killed runs left: databases of processes that are no more."""
        with (
            closing(psycopg2.connect(self.cluster.dsn("postgres"))) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("select datname from pg_database where datname like 'test\\_%'")
            names = [name for (name,) in cursor.fetchall()]
        for name in names:
            if not Path(f"/proc/{name.split('_')[1]}").exists():
                self._administer(f"drop database if exists {name} with (force)")

    def _administer(self, statement: str) -> None:
        with closing(psycopg2.connect(self.cluster.dsn("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)


def make_template(cluster: Cluster) -> str:
    """The migrated template for the present migrations and workflow table, made by whoever comes first."""
    digest = hashlib.sha256()
    sources = (
        MIGRATIONS.glob("*.sql"),
        (CHECKOUT / "server" / "protocol").rglob("*.py"),
        (CHECKOUT / "server" / "packs").rglob("*.toml"),
    )
    for path in (path for found in sources for path in sorted(found)):
        digest.update(path.read_bytes())
    template = f"template_{digest.hexdigest()[:16]}"
    with (cluster.home / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with closing(psycopg2.connect(cluster.dsn("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select datname from pg_database where datname like 'template\\_%'")
                if (template,) not in cursor.fetchall():
                    cursor.execute(f"drop database if exists draft_{template}")
                    cluster.ensure_database(f"draft_{template}")
                    migrate(cluster.dsn(f"draft_{template}"))
                    cursor.execute(f"alter database draft_{template} rename to {template}")
    return template


def place_of_clusters() -> Path:
    """In memory where there is room (containers often have next to none), else among the temporary files."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The tests' cluster; the last of all concurrent runs stops it."""
    mark = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:8]
    # Not pytest's own folder: root's is closed to the account that PostgreSQL runs under.
    home = place_of_clusters() / f"xunge-test-{os.geteuid()}-{mark}"
    home.mkdir(mode=0o755, exist_ok=True)
    assert home.stat().st_uid == os.geteuid(), f"{home} was made by somebody else"
    with Cluster(home, FAST) as cluster:
        made = Databases(cluster, make_template(cluster))
        made.clean()
        yield made


@pytest.fixture
def dsn(databases: Databases) -> Iterator[str]:
    """A fresh, migrated, empty database; connecting with it plainly is connecting as its owner."""
    with databases.fresh() as source:
        yield source


@pytest.fixture
def database(dsn: str) -> Iterator[Database]:
    """A fresh database as the application sees it; commits stay in it and die with it."""
    made = Database(dsn)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def shared_dsn(databases: Databases) -> Iterator[str]:
    """One database a worker for tests that never commit."""
    with databases.fresh() as source:
        yield source


@pytest.fixture
def conn(shared_dsn: str) -> Iterator[Connection]:
    """One transaction as the application's role, rolled back at the end. Need commits? Take `database`."""
    with closing(connect(shared_dsn)) as connection:
        yield connection
        connection.rollback()


@dataclass(frozen=True)
class LiveServer:
    """A server that answers on `url`, with its database and its settings (home, port)."""

    url: str
    database: Database
    settings: Settings


@contextmanager
def serving(database: Database, home: Path, port: int = 0) -> Iterator[LiveServer]:
    """The real application under a real uvicorn on `port` (0: a free one), until the block ends."""
    from server.app import create_app

    with socket.create_server(("127.0.0.1", port)) as listening:
        port = listening.getsockname()[1]
        settings = Settings(home=home, port=port, database_url=database.dsn, demo=False)
        application = create_app(database, settings)
        server = uvicorn.Server(
            uvicorn.Config(application, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
        )
        started = threading.Event()
        startup = server.startup

        async def announce(sockets: list[socket.socket] | None = None) -> None:
            await startup(sockets)
            started.set()

        server.startup = announce  # type: ignore[method-assign]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            assert started.wait(20), "the server did not start"
            yield LiveServer(f"http://127.0.0.1:{port}", database, settings)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "the server did not end"


@pytest.fixture
def live_server(database: Database, tmp_path: Path) -> Iterator[LiveServer]:
    """A running server with a fresh, empty database."""
    with serving(database, tmp_path / "home") as server:
        yield server
