"""The home of an installation is used by one run, or one restore, at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.errors import SetupFault


@contextmanager
def only_one_of(home: Path) -> Iterator[None]:
    """One run per home; the lock goes with the process however it ends."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "run.lock").open("a+")
    except OSError as error:
        raise SetupFault(
            "{home} does not let this account write ({reason}). Set XUNGE_HOME to a folder of yours.",
            home=home,
            reason=error.strerror,
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SetupFault(
                "Process {pid} already runs with {home}. End it, or set XUNGE_HOME and XUNGE_PORT for another.",
                pid=lock.read().strip(),
                home=home,
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
