"""A way to another system that ends by the clock: a socket's time-out is one of each read, and bytes may drip in."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_off(after_s: float, wire: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Cuts the connection that `wire` gives once `after_s` seconds are over: whoever reads it gets an error."""
    cut = threading.Timer(after_s, _cut, (wire,))
    cut.daemon = True
    cut.start()
    try:
        yield
    finally:
        cut.cancel()


def _cut(wire: Callable[[], socket.socket | None]) -> None:
    if (connected := wire()) is not None:
        with suppress(OSError):
            # The plain one: that of an encrypted connection would wait for its turn.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)
