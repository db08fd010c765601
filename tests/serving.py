"""A real server in a process of its own that can be killed at any moment and stands up again at once.

A parent process imports the product once and forks a server for each life; the listening socket stays with the
parent, so that the address is the same in every life and a request that comes in between waits for the next one.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.db import Database
from server.settings import CHECKOUT, Settings

PR_SET_PDEATHSIG = 1


class MortalServer:
    """`url` answers while it lives; `log` is what all its lives have said."""

    def __init__(self, database: Database, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.database, self.log = database, home / "server.log"
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with self.log.open("wb") as log:
                self._parent = subprocess.Popen(
                    [sys.executable, "-m", "tests.serving", database.dsn, str(home), str(listening.fileno())],
                    cwd=CHECKOUT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    pass_fds=[listening.fileno()],
                    text=True,
                )
        self.start()

    def start(self) -> None:
        """Another life."""
        self._say("start")

    def kill(self) -> None:
        """SIGKILL: whatever it was doing is cut off."""
        self._say("kill")

    def restart(self) -> None:
        """Killed, and up again: who asked in between is answered by the next life."""
        self.kill()
        self.start()

    def close(self) -> None:
        assert self._parent.stdin is not None and self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.wait(20)
        self._parent.stdout.close()

    def _say(self, word: str) -> None:
        assert self._parent.stdin is not None and self._parent.stdout is not None
        self._parent.stdin.write(f"{word}\n")
        self._parent.stdin.flush()
        assert self._parent.stdout.readline() == f"{word}\n", self.log.read_text(encoding="utf-8")

    def faults(self) -> str:
        """What it said of faults of its own; empty while there were none."""
        said = self.log.read_text(encoding="utf-8", errors="replace")
        return said if "Exception in ASGI" in said or "unexpected" in said else ""


@contextmanager
def mortal(database: Database, home: Path) -> Iterator[MortalServer]:
    """A server until the block ends."""
    server = MortalServer(database, home)
    try:
        yield server
    finally:
        server.close()


def _live(dsn: str, home: Path, listening: socket.socket) -> None:
    """One life, in a process of its own that ends with its parent."""
    import uvicorn

    from server.app import create_app

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what it logs is not the parent's word
    settings = Settings(home=home, port=listening.getsockname()[1], database_url=dsn, demo=False)
    application = create_app(Database(dsn, size=4), settings)
    uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="on")).run(sockets=[listening])


def _parent(dsn: str, home: Path, descriptor: int) -> None:
    import server.app  # noqa: F401 (each life finds it imported)

    listening, child = socket.socket(fileno=descriptor), 0
    for word in sys.stdin:
        if word == "start\n":
            child = os.fork()
            if not child:
                _live(dsn, home, listening)
                os._exit(0)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        sys.stdout.write(word)
        sys.stdout.flush()
    os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    _parent(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
