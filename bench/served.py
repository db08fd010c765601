"""A server of two processes, clients that ask it at once, and recorded SQL to send again."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from bench.stage import Stage
from server.db import Connection, Database, Rows, connect

CLIENTS, WORKERS, PATIENCE_S = 8, 2, 120
# One transaction as it was sent.
Transaction = list[bytes]


class Recorded(Rows):
    """Keeps every statement as it was sent."""

    sent: ClassVar[Transaction] = []

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  # the name of the driver
        try:
            super().execute(query, vars)
        finally:
            Recorded.sent.append(self.query)


def recorded(database: Database, work: Callable[[Connection], object]) -> Transaction:
    """What `work` sends; it is rolled back, so that sending it again does it."""
    with closing(connect(database.dsn)) as conn:
        conn.cursor_factory = Recorded
        Recorded.sent = []
        work(conn)
        conn.rollback()
    return Recorded.sent


def send(connection: Connection, transactions: Sequence[Transaction]) -> None:
    """The floor: the bare SQL, a commit each."""
    with connection.cursor() as cursor:
        for statements in transactions:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _peak(pid: int) -> int:
    said = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2]
    return int(said.split()[0]) * 1024


def at_once(jobs: Sequence[Callable[[], None]]) -> None:
    """All jobs in threads of their own; the first error of any of them is raised."""
    errors: list[Exception] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@dataclass(frozen=True)
class Reply:
    """An answer: `headers` by their names in small letters, the whole `body`."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection that is kept, and just enough HTTP/1.1: clients share the processors with what is measured."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connect()

    def connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        """One request and its answer, which must say how long it is."""
        lines = (f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json",
                 f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items()), "", "")  # fmt: skip
        self._socket.sendall("\r\n".join(lines).encode() + body)
        came = b""
        while (end := came.find(b"\r\n\r\n")) < 0:
            came += self._more()
        first, *rest = came[:end].decode("latin-1").split("\r\n")
        found = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
        whole = end + 4 + int(found["content-length"])
        while len(came) < whole:
            came += self._more()
        return Reply(int(first.split(" ")[1]), found, came[end + 4 :])

    def _more(self) -> bytes:
        part = self._socket.recv(65536)
        assert part, "the server closed the connection"
        return part


class Served:
    """The server on one database, up when this is made, and clients that keep their connection; ends with the bench."""

    def __init__(self, stage: Stage, database: Database) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        environment = {**os.environ, "DATABASE_URL": database.dsn, "XUNGE_HOME": str(stage.home / "served"),
                       "XUNGE_PORT": str(port), "XUNGE_WORKERS": str(WORKERS), "XUNGE_POOL": "4"}  # fmt: skip
        server = self._server = subprocess.Popen([sys.executable, "-m", "server", "serve"], env=environment,
                                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        stage.ends_with(server)
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < until and server.poll() is None, "the server did not start"
                time.sleep(0.05)
        self.clients = [Client(port) for _ in range(CLIENTS)]

    def peaks(self) -> list[int]:
        """The most memory that each process of the server ever took, bytes, largest first."""
        family = [self._server.pid, *_children(self._server.pid)]
        return sorted((_peak(pid) for pid in family), reverse=True)

    def begin(self) -> None:
        """Before each sample: the floor may have taken longer than the server keeps an idle connection."""
        for client in self.clients:
            client.close()
            client.connect()
