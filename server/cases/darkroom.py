"""Where pictures that nobody vouches for are opened: a process beside the server, one picture at a time."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from server.errors import Busy

PROGRAM = Path(__file__).with_name("developing.py")
PATIENCE_S = 60.0
MOST_WORDS = 10_000
# What a decoder dies of when the file is at fault; anything else (no memory in the machine) is tried again later.
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP}
COSTS = {signal.SIGXCPU, signal.SIGXFSZ}


class NotDeveloped(Exception):
    """The file is not taken; `code` is a key of `blobs.REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Developed:
    """What the file is: its MIME type by content, and the size of its picture in pixels as stored."""

    mime: str
    width: int
    height: int


class Darkroom:
    """Starts the process at the first picture, again when it died, and ends it with the server."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def develop(self, original: Path, copy: Path, thumb: Path) -> Developed:
        """Reads the whole picture and writes its two copies (JPEG); raises NotDeveloped, or Busy: try again later."""
        order = {"original": str(original), "copy": str(copy), "thumb": str(thumb)}
        if not self._turn.acquire(timeout=PATIENCE_S):
            raise Busy
        try:
            told = self._ask(json.dumps(order).encode() + b"\n")
        finally:
            self._turn.release()
        if "refused" in told:
            raise NotDeveloped(told["refused"])
        if "died" in told:
            if told["died"] in FAULTS | COSTS:
                raise NotDeveloped("too_costly" if told["died"] in COSTS else "unreadable")
            raise Busy
        return Developed(told["mime"], told["width"], told["height"])

    def close(self) -> None:
        """Ends the process; a picture that is being developed is given up."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            # Its child stands in its group, and dies with it in any case.
            os.killpg(process.pid, signal.SIGKILL)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        process.wait()

    def _ask(self, line: bytes) -> dict[str, Any]:
        asked, told = self._pipes()
        try:
            asked.write(line)
            asked.flush()
            return dict(json.loads(_line(told.fileno())))
        except (OSError, ValueError):
            self.close()
            raise Busy from None

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """Into the process and out of it; it is started when it does not run."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-W", "ignore", str(PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise Busy
        return self._process.stdin, self._process.stdout


def _line(coming: int) -> bytes:
    """One line, waited for no longer than a picture may take; OSError when none comes."""
    told, until, look = b"", time.monotonic() + PATIENCE_S, select.poll()
    look.register(coming, select.POLLIN)
    while not told.endswith(b"\n"):
        ready = look.poll(max(0.0, until - time.monotonic()) * 1000)
        piece = os.read(coming, MOST_WORDS) if ready else b""
        if not piece or len(told) > MOST_WORDS:
            raise TimeoutError
        told += piece
    return told


darkroom = Darkroom()
atexit.register(darkroom.close)
