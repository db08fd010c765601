"""One at a time: locks on files, so that the app and the process that goes on without it keep apart.

The system takes a lock back when its process ends, however it ends.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # no such lock on this platform, and no second process either
    fcntl = None  # type: ignore[assignment]


class FileTurn:
    """Whose turn it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def hold(self) -> bool:
        """Takes it until `release`; False when somebody else has it."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if fcntl:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Whether it was free; then nobody else has it inside the block."""
        free = self.hold()
        try:
            yield free
        finally:
            if free:
                self.release()
