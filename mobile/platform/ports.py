"""The ports: where am I, a photograph or a code of what is before me, who shows a file, the network, the errand."""

from collections.abc import Callable
from typing import Protocol

from mobile.core.views import Position


class Gps(Protocol):
    """Knows the place of the tablet when it is asked, and remembers no way that was walked."""

    def position(self) -> Position | None:
        """The last fix with its age, None while there is none."""
        ...

    def resume(self) -> None:
        """The window is there: listen from now on."""
        ...

    def pause(self) -> None:
        """The window went away: listen no more."""
        ...


class Camera(Protocol):
    """Takes one photograph; `done` gets JPEG bytes, or None when the person changed their mind."""

    def shoot(self, done: Callable[[bytes | None], None]) -> None: ...


class Scanner(Protocol):
    """Reads the text of a QR code that the office holds out."""

    looks: bool
    """Whether it looks through a camera; else it takes what was copied."""

    def scan(self, done: Callable[[str | None], None]) -> None:
        """`done` gets the text, None when there was none to be read."""
        ...


class Viewer(Protocol):
    """Gives a file to the program that shows such files here, as a copy in the open that is taken away again."""

    def show(self, name: str, mime: str, data: bytes) -> bool:
        """Whether there is such a program."""
        ...

    def put_away(self) -> None:
        """Nothing that was given out lies in the open any more."""
        ...


class Network(Protocol):
    """What the platform says about the network: hints and prices, never whether the office can be reached."""

    def metered(self) -> bool:
        """Whether bytes cost money on the link that is used now."""
        ...

    def listen(self, hint: Callable[[], None]) -> None:
        """Calls `hint`, from any thread, whenever the platform thinks that a network came up."""
        ...


class Errand(Protocol):
    """What goes on without the worker: `run` returns only after `stop`."""

    def begin(self) -> None: ...
    def run(self) -> None: ...
    def stop(self) -> None: ...


class Background(Protocol):
    """Where the errand runs: beside the window while it is there, and without it where the platform allows that."""

    def start(self, errand: Errand) -> None:
        """Runs it from now on and returns at once; one that runs already goes on."""
        ...

    def stop(self) -> None:
        """Ends it; a round that is under way is finished first."""
        ...

    def leave(self, waiting: int) -> None:
        """The window goes away while so many things wait to be sent."""
        ...
