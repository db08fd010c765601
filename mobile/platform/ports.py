"""The ports: where am I, and a photograph of what is before me."""

from collections.abc import Callable
from typing import Protocol

from mobile.core.views import Position


class Gps(Protocol):
    """Knows the place of the tablet when it is asked, and remembers no way that was walked."""

    def position(self) -> Position | None:
        """The last fix with its age, None while there is none."""
        ...


class Camera(Protocol):
    """Takes one photograph; `done` gets JPEG bytes, or None when the person changed their mind."""

    def shoot(self, done: Callable[[bytes | None], None]) -> None: ...
