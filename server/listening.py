"""The socket that each process of the server listens on: one of its own, all at one address.

Of one socket that all share, the process that wakes first takes every connection that waits: eight clients that came
together stood at one process, and the other had nothing to do. Of many, the kernel chooses one for each connection.
"""

import socket
from collections.abc import Callable


class OwnSocket:
    """Handed to another process it arrives there as that process's own socket, bound to host and port."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)

    def __reduce__(self) -> tuple[Callable[[str, int], socket.socket], tuple[str, int]]:
        return bound, self._address


def bound(host: str, port: int) -> socket.socket:
    """A socket at an address that others of ours are bound to as well."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((host, port))
    return made
