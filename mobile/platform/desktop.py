"""The desktop's adapters: a place given at the start, photographs out of a folder, a thread for the errand.

A desktop has neither a receiver nor a camera in the hand, and nothing here pretends to: without a place the worker
puts the pin by hand, and without a folder the picture is a card that says that it is one.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO
from itertools import cycle
from pathlib import Path

from PIL import Image, ImageDraw

from mobile.core.views import Position
from mobile.platform.ports import Errand

CARD = (1280, 960)
OPENERS = ("xdg-open", "open")


class FixedPlace:
    """The receiver of a machine that does not move: always the same fix, or none."""

    def __init__(self, position: Position | None = None) -> None:
        self.fix = position

    def position(self) -> Position | None:
        return self.fix

    def resume(self) -> None:
        """It is where it is."""

    def pause(self) -> None:
        """Nothing was listening."""


class FolderCamera:
    """The pictures of a folder (*.jpg) in turn by name; a test card when there is no folder."""

    def __init__(self, folder: Path | None = None) -> None:
        found = sorted(folder.glob("*.jpg")) if folder else []
        self._next: Iterator[Path] | None = cycle(found) if found else None

    def shoot(self, done: Callable[[bytes | None], None]) -> None:
        done(next(self._next).read_bytes() if self._next else test_card(datetime.now().astimezone()))


class ClipboardScanner:
    """A desktop has no camera to hold before a code: what the code says is copied from the console's page."""

    looks = False

    def __init__(self, copied: Callable[[], str]) -> None:
        self._copied = copied

    def scan(self, done: Callable[[str | None], None]) -> None:
        done(self._copied() or None)


class SystemViewer:
    """A copy in a folder that only its owner can read, opened by whatever this desktop opens such files with."""

    def __init__(self, folder: Path, opens: Callable[[Path], bool] | None = None) -> None:
        self._folder, self._opens = folder, opens or opened_by_the_system

    def show(self, name: str, mime: str, data: bytes) -> bool:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy = self._folder / (Path(name).name or "document")
        copy.unlink(missing_ok=True)
        with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        return self._opens(copy)

    def put_away(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def opened_by_the_system(path: Path) -> bool:
    """Hands a file to the desktop; whether it has something that takes it."""
    program = next((found for name in OPENERS if (found := shutil.which(name))), None)
    if program is None:
        return False
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    threading.Thread(target=subprocess.run, args=([program, str(path)],), kwargs=quiet, daemon=True).start()
    return True


class OpenNetwork:
    """A desktop's network costs nothing, and nothing tells when it comes up: the errand finds out by itself."""

    def metered(self) -> bool:
        return False

    def listen(self, hint: Callable[[], None]) -> None:
        """Nothing will ever be told."""


class ThreadBackground:
    """The errand in a thread of this process: it goes on while a screen is up, and ends with the window."""

    def __init__(self) -> None:
        self._running: tuple[threading.Thread, Errand] | None = None

    @property
    def runs(self) -> bool:
        return self._running is not None

    def start(self, errand: Errand) -> None:
        if self._running is None:
            errand.begin()
            thread = threading.Thread(target=errand.run, name="xunge-sync", daemon=True)
            self._running = thread, errand
            thread.start()

    def stop(self) -> None:
        if self._running:
            thread, errand = self._running
            errand.stop()
            thread.join()
            self._running = None

    def leave(self, waiting: int) -> None:
        """A desktop has nothing that goes on: what waits is sent when the window is opened again."""


def test_card(now: datetime) -> bytes:
    """A JPEG that nobody can take for evidence: bars, and when it was made."""
    card = Image.new("RGB", CARD, "#C9C4B8")
    draw = ImageDraw.Draw(card)
    for number, shade in enumerate(("#8E8C84", "#A9A69C", "#66665F", "#B9B5AA", "#4A4B4D")):
        draw.rectangle((number * 256, 320, number * 256 + 255, 640), fill=shade)
    draw.text((60, 60), f"DESKTOP TEST CARD\n{now:%Y-%m-%d %H:%M:%S}", fill="#1B1C1E", font_size=64)
    jpeg = BytesIO()
    card.save(jpeg, "JPEG", quality=85)
    return jpeg.getvalue()
