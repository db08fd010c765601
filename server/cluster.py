"""The private PostgreSQL with PostGIS under XUNGE_HOME: made once, found again, shared by its users.

It listens on a unix socket only, in a folder that nobody but its owner can enter. Whoever uses it holds a
shared lock on the home; the last one to leave stops it. `DATABASE_URL` replaces all of this.
"""

import fcntl
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
from pathlib import Path
from types import TracebackType

import psycopg2
from psycopg2 import sql

from server.db import Database, refusal_of
from server.errors import SetupFault
from server.postgres import ENVIRONMENT, SETTINGS, Account, programs, run
from server.settings import Settings

OWNER = "xunge"
SYSTEM_ACCOUNT = "postgres"
ELSEWHERE = Path("/var/lib/xunge")
# sun_path holds 108 bytes with its closing zero, and a home may be as long as it likes: hence /tmp. Never
# tempfile.gettempdir(): two processes with different environments must find the same socket.
SOCKETS = Path("/tmp")
DEADLINE_S = 60.0
POLL_S = 0.02
ORPHANS = "shared memory block"
NO_PROCESS = 2**31 - 1
ACCEPTS, STARTING, SILENT = 0, 1, 2  # of pg_isready


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
                with suppress(OSError):
                    self.sockets.rmdir()
            finally:
                os.close(self._use)
                self._use = None

    def keep(self) -> None:
        """Starts it again if it died, of a kill or of a lack of memory."""
        if self._postmaster() is None:
            self.start()

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
        run(
            programs().initdb,
            account,
            [self.place / "start.log"],
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
            f"{place}\nThe database is kept there: the account {SYSTEM_ACCOUNT} cannot enter this folder.\n",
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
                "{folder} belongs to {owner}, not to {account}: the database would not be private."
                " Remove it.",
                folder=self.sockets,
                owner=Account(status.st_uid, status.st_gid).name,
                account=account.name,
            )
        self.sockets.chmod(0o700)

    def _launch(self, account: Account) -> None:
        self._end()
        self._disown_leftovers()
        self._write_settings(account)
        tools = programs((self.data / "PG_VERSION").read_text().strip())
        log = self.place / "start.log"
        logs = [*sorted((self.data / "log").glob("*.log")), log]
        arguments = (f"--pgdata={self.data}", f"--log={log}", f"--timeout={DEADLINE_S:.0f}")
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                return run(tools.pg_ctl, account, logs, *arguments, "--wait", "--silent", "start")
            except SetupFault as fault:
                # After a kill -9 the old sessions need a moment to notice that their server is gone.
                if ORPHANS not in str(fault) or time.monotonic() > deadline:
                    raise
            time.sleep(POLL_S)

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
            pid = int((self.data / "postmaster.pid").read_bytes().partition(b"\n")[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._is_our_server(pid) else None

    def _is_our_server(self, pid: int) -> bool:
        """From its command line: everybody may read it, while /proc/PID/cwd is closed in many containers."""
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            return b"-D" in words and Path(os.fsdecode(words[words.index(b"-D") + 1])).samefile(self.data)
        except OSError:
            return False

    def _answer(self) -> int:
        """What `pg_isready` says. A server whose connections are all taken accepts: it must not be ended."""
        if not (self.sockets / f".s.PGSQL.{self.port}").exists():
            return SILENT
        where = f"--host={self.sockets}", f"--port={self.port}"
        asking = [str(programs().pg_isready), "--quiet", "--timeout=5", *where]
        return subprocess.run(asking, env=ENVIRONMENT, check=False).returncode

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
        deadline = time.monotonic() + DEADLINE_S
        while self._is_our_server(pid):
            if time.monotonic() > deadline:
                raise SetupFault("The PostgreSQL of {home} does not end.", home=self.home)
            time.sleep(POLL_S)

    def _disown_leftovers(self) -> None:
        """Makes files that a dead server left name a process that cannot exist.

        PostgreSQL clears them away itself after a look at its shared memory, but refuses to start when, as
        often after a reboot, the old number belongs to some other program now.
        """
        for leftover in self.sockets.glob(".s.PGSQL.*"):
            leftover.unlink()
        lock = self.data / "postmaster.pid"
        if lock.exists():
            _, _, rest = lock.read_bytes().partition(b"\n")
            lock.write_bytes(b"%d\n" % NO_PROCESS + rest)


@contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """The data source of an installation: DATABASE_URL, else the private cluster while it is used."""
    if settings.database_url:
        yield settings.database_url
        return
    with Cluster(settings.home) as cluster:
        cluster.ensure_database()
        yield cluster.dsn()


@contextmanager
def open_database(settings: Settings, size: int = 2) -> Iterator[Database]:
    """The migrated database of an installation, with a pool of `size`, for commands of one process.

    Raises SetupFault when it does not answer or has no schema yet.
    """
    with database_of(settings) as dsn:
        try:
            database = Database(dsn, size)
        except psycopg2.Error as error:
            raise refusal_of(error) from error
        try:
            yield database
        finally:
            database.close()
