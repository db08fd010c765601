"""The private PostgreSQL with PostGIS under XUNGE_HOME: made once, found again, shared by all who use the home.

It listens on a unix socket only, in a folder that nobody but its owner can enter. Whoever uses it holds a
shared lock on the home; the last one to leave stops it. `DATABASE_URL` replaces all of this.
"""

import fcntl
import grp
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psycopg2
from psycopg2 import sql

from server.errors import SetupFault
from server.postgres_programs import programs
from server.settings import Settings

OWNER = "xunge"
SYSTEM_ACCOUNT = "postgres"
ELSEWHERE = Path("/var/lib/xunge")
# sun_path holds 108 bytes with its closing zero, and a home may be as long as it likes: hence /tmp. Never
# tempfile.gettempdir(): two processes with different environments must find the same socket.
SOCKETS = Path("/tmp")
DEADLINE_S = 60.0
POLL_S = 0.02
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
ACCEPTS, STARTING, SILENT = 0, 1, 2  # of pg_isready

# For two cores and a few gigabytes. Durability is never traded: synchronous_commit stays on.
SETTINGS: dict[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_worker_processes": "8",
    "max_parallel_workers_per_gather": "1",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
}


@dataclass(frozen=True)
class Account:
    """The account of the operating system that PostgreSQL runs under; never root, which it refuses."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    def can_enter(self, folder: Path) -> bool:
        """Whether this account can reach `folder`, through every folder above it."""
        groups = {self.gid, *(group.gr_gid for group in grp.getgrall() if self.name in group.gr_mem)}
        for place in (folder, *folder.parents):
            status = place.stat()
            if status.st_uid == self.uid:
                needed = stat.S_IXUSR
            else:
                needed = stat.S_IXGRP if status.st_gid in groups else stat.S_IXOTH
            if not status.st_mode & needed:
                return False
        return True


class Cluster:
    """One private cluster. `start` and `stop` may be called by many processes at once and more than once."""

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None) -> None:
        self.home = home.absolute()
        self.settings = {**SETTINGS, **(settings or {})}
        self._use: int | None = None

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # where things are

    @property
    def place(self) -> Path:
        """The folder of data, log and settings: in the home, or where the note in the home says."""
        note = self.home / "cluster-is-elsewhere.txt"
        if note.exists():
            return Path(note.read_text(encoding="utf-8").splitlines()[0])
        return self.home / "cluster"

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def sockets(self) -> Path:
        """The socket's folder: short whatever the home, the same for every process that asks."""
        return SOCKETS / f"xunge-{self._hash()[:12]}"

    @property
    def port(self) -> int:
        """Names the socket file; nothing listens on a network."""
        return 20000 + int(self._hash()[:8], 16) % 20000

    def _hash(self) -> str:
        return hashlib.sha256(os.fsencode(self.home.resolve())).hexdigest()

    def dsn(self, database: str = OWNER) -> str:
        """Where to connect, as the cluster's owner."""
        return f"host={self.sockets} port={self.port} user={OWNER} dbname={database}"

    # what a person does with it

    def start(self) -> None:
        """Makes what is missing, starts what is not running, and counts this process as a user.

        Raises SetupFault with a sentence when the machine or the home does not allow it.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupFault(
                "{home} cannot be made: {reason}.", home=self.home, reason=error.strerror
            ) from error
        with self._alone():
            account = self._account()
            self._make(account)
            self._open_sockets(account)
            if self._wait_for_answer() != ACCEPTS:
                self._launch(account)
            if self._use is None:
                self._use = os.open(self.home / "cluster.users", os.O_RDONLY | os.O_CREAT, 0o644)
                fcntl.flock(self._use, fcntl.LOCK_SH)

    def stop(self) -> None:
        """Takes this process off the users; the last one stops the cluster, and all data are on disk."""
        if self._use is None:
            return
        with self._alone():
            try:
                fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            else:
                self._end()
            finally:
                os.close(self._use)
                self._use = None

    def running(self) -> bool:
        """Whether it takes connections."""
        return self._postmaster() is not None and self._answer() == ACCEPTS

    def ensure_database(self, name: str = OWNER) -> None:
        """Makes the database unless it is there; two who ask at once both get it."""
        connection = psycopg2.connect(self.dsn("postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select 1 from pg_database where datname = %s", (name,))
                if cursor.fetchone() is None:
                    make = sql.SQL("create database {} template template0 encoding 'UTF8'")
                    with suppress(psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):
                        cursor.execute(make.format(sql.Identifier(name)))
        finally:
            connection.close()

    # how it is done

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else starts or stops this cluster meanwhile; a killed process lets go by itself."""
        try:
            lock = os.open(self.home / "cluster.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        except PermissionError:
            raise SetupFault("{home} does not let this account write.", home=self.home) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _account(self) -> Account:
        """Whose cluster it is: the data's owner, else this person, or `postgres` for root."""
        me = os.geteuid()
        if self.place.exists():
            status = self.place.stat()
            if me not in (0, status.st_uid):
                raise SetupFault(
                    "The database of {home} belongs to {owner}. Run as that account, or set XUNGE_HOME to a"
                    " folder of your own.",
                    home=self.home,
                    owner=Account(status.st_uid, status.st_gid).name,
                )
            if status.st_uid != 0:
                return Account(status.st_uid, status.st_gid)
        if me != 0:
            return Account(me, os.getegid())
        try:
            entry = pwd.getpwnam(SYSTEM_ACCOUNT)
        except KeyError:
            raise SetupFault(
                "PostgreSQL cannot run as root, and this machine has no account {account}.",
                account=SYSTEM_ACCOUNT,
            ) from None
        return Account(entry.pw_uid, entry.pw_gid)

    def _make(self, account: Account) -> None:
        if not self.place.exists() and not account.can_enter(self.home):
            self._note_elsewhere()
        if (self.data / "PG_VERSION").exists():
            return
        self._folder(self.place, account)
        # initdb that is interrupted leaves a folder that looks made; only a whole one gets the real name.
        draft = self.place / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        self._run(
            programs().initdb,
            account,
            f"--pgdata={draft}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            f"--username={OWNER}",
            "--auth-local=trust",
            "--auth-host=reject",
            "--no-instructions",
        )
        draft.rename(self.data)

    def _note_elsewhere(self) -> None:
        place = ELSEWHERE / self._hash()[:12]
        ELSEWHERE.mkdir(mode=0o755, parents=True, exist_ok=True)
        (self.home / "cluster-is-elsewhere.txt").write_text(
            f"{place}\nThe account {SYSTEM_ACCOUNT} cannot enter this folder, so its database is kept there.\n",
            encoding="utf-8",
        )

    def _folder(self, folder: Path, account: Account) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(folder, account.uid, account.gid)

    def _open_sockets(self, account: Account) -> None:
        """The socket's folder, made anew after a reboot; one that somebody else prepared is refused."""
        try:
            self.sockets.mkdir(mode=0o700)
        except FileExistsError:
            pass
        else:
            if os.geteuid() == 0:
                os.chown(self.sockets, account.uid, account.gid)
        status = self.sockets.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != account.uid:
            raise SetupFault(
                "{folder} belongs to {owner}, not to {account}: the database would not be private. Remove it.",
                folder=self.sockets,
                owner=Account(status.st_uid, status.st_gid).name,
                account=account.name,
            )
        self.sockets.chmod(0o700)

    def _launch(self, account: Account) -> None:
        self._end()
        self._clear_leftovers()
        tools = programs((self.data / "PG_VERSION").read_text(encoding="ascii").strip())
        self._write_settings(account)
        self._run(
            tools.pg_ctl,
            account,
            f"--pgdata={self.data}",
            f"--log={self.place / 'start.log'}",
            f"--timeout={DEADLINE_S:.0f}",
            "--wait",
            "--silent",
            "start",
        )

    def _write_settings(self, account: Account) -> None:
        """All settings in one file, written at each start; initdb's own file only includes it."""
        values = {
            **self.settings,
            "unix_socket_directories": str(self.sockets),
            "port": str(self.port),
        }
        text = "".join(f"{name} = '{value}'\n" for name, value in sorted(values.items()))
        main = self.data / "postgresql.conf"
        included = self.data / "xunge.conf"
        included.write_text(f"# Written at each start; changes belong in postgresql.auto.conf.\n{text}")
        (self.place / "start.log").unlink(missing_ok=True)
        if os.geteuid() == 0:
            os.chown(included, account.uid, account.gid)
        line = "include 'xunge.conf'\n"
        if line not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as file:
                file.write(line)

    def _postmaster(self) -> int | None:
        """The process id of the server of these data; a number that another program took over is not one."""
        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._lives_in_data(pid) else None

    def _lives_in_data(self, pid: int) -> bool:
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", self.data)
        except OSError:
            return False

    def _answer(self) -> int:
        """What `pg_isready` says. A server without a free connection accepts: it must not be ended for that."""
        if not (self.sockets / f".s.PGSQL.{self.port}").exists():
            return SILENT
        return subprocess.run(
            [
                programs().pg_isready,
                "--quiet",
                f"--host={self.sockets}",
                f"--port={self.port}",
                "--timeout=5",
            ],
            env=ENVIRONMENT,
            check=False,
        ).returncode

    def _wait_for_answer(self) -> int:
        """The answer once recovery after a crash, which somebody else may have set off, is over."""
        deadline = time.monotonic() + DEADLINE_S
        while (answer := self._answer()) == STARTING and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return answer

    def _end(self) -> None:
        """Ends the server if there is one: sessions are cut off, everything committed is on disk."""
        pid = self._postmaster()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        self._wait_until_gone()

    def _clear_leftovers(self) -> None:
        """After a kill -9 or a reboot: waits for orphaned sessions, then removes files that name a dead server.

        PostgreSQL refuses to start when the old process number belongs to some other program now.
        """
        self._wait_until_gone()
        for leftover in (self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*")):
            leftover.unlink(missing_ok=True)

    def _wait_until_gone(self) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while any(self._lives_in_data(int(name)) for name in os.listdir("/proc") if name.isdigit()):
            if time.monotonic() > deadline:
                raise SetupFault("The PostgreSQL of {home} does not end.", home=self.home)
            time.sleep(POLL_S)

    def _run(self, program: Path, account: Account, *arguments: str) -> None:
        """Runs one of PostgreSQL's programs as `account`, in an environment of its own."""
        root = os.geteuid() == 0
        done = subprocess.run(
            [program, *arguments],
            cwd="/",
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            user=account.uid if root else None,
            group=account.gid if root else None,
            extra_groups=[] if root else None,
            umask=0o077,
            check=False,
        )
        if done.returncode != 0:
            raise SetupFault(
                "PostgreSQL did not start: {reason}",
                reason=self._reason(done.stderr.decode(errors="replace")),
            )

    def _reason(self, stderr: str) -> str:
        """The line that says most: a FATAL of the log, else what the program itself said last."""
        lines = stderr.splitlines()
        logs = sorted((self.data / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        for log in (*logs[-1:], self.place / "start.log"):
            if log.exists():
                lines += log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        fatal = [line for line in lines if "FATAL" in line or "could not" in line]
        return (fatal or lines or ["no reason given"])[-1].strip()


@contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """The data source of an installation: DATABASE_URL, else the private cluster for as long as it is used."""
    if settings.database_url:
        yield settings.database_url
        return
    with Cluster(settings.home) as cluster:
        cluster.ensure_database()
        yield cluster.dsn()
