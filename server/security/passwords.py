"""Passwords: argon2id, equal time for unknown names, and a bound on how many are checked at once."""

import threading
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.errors import Busy

_HASHER = PasswordHasher()
# One check takes 64 MiB and a fifth of a second on purpose: a flood of sign-ins must not take the machine.
_AT_ONCE = 2
_PATIENCE_S = 8.0
checking = threading.BoundedSemaphore(_AT_ONCE)


class OneOfFew:
    """Holds one of the few places for checking passwords; `Busy` when none comes free in time."""

    def __enter__(self) -> None:
        if not checking.acquire(timeout=_PATIENCE_S):
            raise Busy

    def __exit__(self, *_: object) -> None:
        checking.release()


def hash_password(password: str) -> str:
    """The argon2id hash with its salt and parameters, as stored."""
    return _HASHER.hash(password)


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """A hash that no password opens, checked for unknown names so that both answers take equal time."""
    return _HASHER.hash("nobody's password \x00")


def is_right(stored: str, password: str) -> bool:
    """Whether `password` opens `stored`; a damaged stored hash opens for nobody."""
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's and should be made anew."""
    return _HASHER.check_needs_rehash(stored)
