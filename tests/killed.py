"""A tablet's process that is really killed between two statements of its core, and what it had told until then."""

import os
import pickle
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import mobile.core
from mobile.core.clockwork import Clock
from mobile.core.tablet import Tablet
from mobile.core.transport import HttpTransport, Reply
from mobile.sim.wire import BadWire, Request

CORE = str(Path(mobile.core.__file__).parent)
Deed = Callable[[Tablet], Any]


@dataclass
class Left:
    """What a process left behind: what its deed gave back (if it came so far), and requests still in the network."""

    killed: bool = True
    gave: list[Any] = field(default_factory=list)
    late: list[Request] = field(default_factory=list)


class _Watched(BadWire):
    """Tells at each request what is still in the network: that outlives the tablet."""

    def __init__(self, wire: BadWire, tell: Callable[[str, Any], None]) -> None:
        self.__dict__.update(wire.__dict__)
        self.inner = HttpTransport()  # a connection is not shared with another process
        self._tell = tell

    def send(self, *request: Any) -> Reply:
        try:
            return super().send(*request)
        finally:
            self._tell("late", self.late)


def run(home: Path, clock: Clock, wire: BadWire, deed: Deed, dies_at: int) -> Left:
    """Opens the tablet of `home` in a new process, does the deed, and kills it before the core's `dies_at`-th line, or
    before the statement to SQLite of that number where it is negative.

    A deed that takes fewer is done, and the process then ends without closing anything. Nobody else may have the
    tablet open. An error in the deed is raised here.
    """
    hears, tells = os.pipe()
    child = os.fork()
    if not child:
        with os.fdopen(tells, "wb", buffering=0) as pipe:
            _do(home, clock, wire, deed, dies_at, pipe)
    os.close(tells)
    with os.fdopen(hears, "rb") as pipe:
        left = _heard(pipe)
    _, status = os.waitpid(child, 0)
    left.killed = os.WIFSIGNALED(status)
    assert not left.killed or os.WTERMSIG(status) == signal.SIGKILL
    return left


def _heard(pipe: BinaryIO) -> Left:
    left = Left()
    while True:
        try:
            what, told = pickle.load(pipe)  # noqa: S301 (our own child wrote it)
        except EOFError:
            return left
        assert what != "error", told
        if what == "gave":
            left.gave.append(told)
        else:
            left.late = told


def _do(home: Path, clock: Clock, wire: BadWire, deed: Deed, dies_at: int, pipe: Any) -> None:
    def tell(what: str, told: Any) -> None:
        pipe.write(pickle.dumps((what, told)))

    try:
        (_die_at if dies_at > 0 else _die_at_statement)(abs(dies_at))
        tablet = Tablet(home, clock=clock, transport=_Watched(wire, tell))
        tell("gave", deed(tablet))
    except BaseException:
        tell("error", traceback.format_exc())
    finally:
        os._exit(0)


def _die_at_statement(number: int) -> None:
    left, connect = number, sqlite3.connect

    def passing(statement: str) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(*told: Any, **named: Any) -> sqlite3.Connection:
        made = connect(*told, **named)
        made.set_trace_callback(passing)
        return made

    sqlite3.connect = watched  # type: ignore[misc,assignment]  # in a process that ends with this deed


def _die_at(line: int) -> None:
    left = line

    def passing(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return passing

    def entering(frame: FrameType, event: str, arg: object) -> Any:
        return passing if frame.f_code.co_filename.startswith(CORE) else None

    sys.settrace(entering)
