"""Child processes that end with their parent, write to a log, and are started again when they die."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from server.errors import SetupFault

PR_SET_PDEATHSIG = 1
GRACE_S = 10.0
# A child that dies at once dies of something that a restart does not mend.
MOST_RESTARTS = 5
RESTART_WINDOW_S = 60.0


class Child:
    """One process of ours in a session of its own, so that Ctrl-C on the terminal reaches only the parent."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        self._arguments = [sys.executable, *arguments]
        self._environment = dict(environment)
        self._starts: list[float] = []
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        parent = os.getpid()

        def end_with_parent() -> None:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self._starts.append(time.monotonic())

    @property
    def pid(self) -> int | None:
        """The process as it runs now; another one after a restart."""
        return self._process.pid if self._process else None

    def dead(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def last_words(self) -> str:
        """The last line of its log that says something."""
        lines = (
            self.log.read_text(encoding="utf-8", errors="replace").split("\n") if self.log.exists() else []
        )
        return next((line.strip() for line in reversed(lines) if line.strip()), "no words")

    def keep(self) -> None:
        """Starts it again if it died. Raises SetupFault when it does nothing but die."""
        if not self.dead():
            return
        since = time.monotonic() - RESTART_WINDOW_S
        self._starts = [start for start in self._starts if start > since]
        if len(self._starts) > MOST_RESTARTS:
            raise SetupFault("{name} keeps dying: {words}", name=self.name, words=self.last_words())
        self.start()

    def ask_to_end(self) -> None:
        if self._process is not None and not self.dead():
            self._process.terminate()

    def end(self) -> None:
        """Waits for its orderly end, and cuts a long wait short."""
        if self._process is None:
            return
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
