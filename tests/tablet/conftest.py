"""A display of our own, and windows on it: each in a process of its own, because Kivy has one window a process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from server.db import Connection, Database
from server.settings import CHECKOUT
from tests.conftest import serving
from tests.factories import START, Street
from tests.link import here, picture, settle, tablet_of
from tests.tablet.hand import PIN

# Kivy reads these when it is imported, here and in the windows: it must not take over logging, nor keep a folder
os.environ.update(KIVY_NO_ARGS="1", KIVY_NO_CONFIG="1", KIVY_NO_FILELOG="1", KIVY_LOG_MODE="PYTHON")

LANDSCAPE, PORTRAIT = "1280x800", "800x1280"
MOST_S = 240


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """The name of a screen that nobody looks at."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x1400x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def environment(display: str, tmp_path: Path) -> dict[str, str]:
    """What a window's process gets: our screen, no graphics card, nobody's folders."""
    return {
        **os.environ,
        "DISPLAY": display,
        "KIVY_HOME": str(tmp_path / "kivy"),
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "XUNGE_HOME": str(tmp_path / "no-office"),
    }


class Window(Protocol):
    def __call__(self, walk: Callable[..., Any], home: Path, size: str = LANDSCAPE, **given: Any) -> str: ...


@pytest.fixture
def window(environment: dict[str, str]) -> Window:
    """Runs a walk (a function of a test file) in a real window on the tablet core in `home`; what it printed."""

    def look(walk: Callable[..., Any], home: Path, size: str = LANDSCAPE, **given: Any) -> str:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.tablet.hand",
                f"{walk.__module__}:{walk.__name__}",
                size,
                str(home),
                json.dumps(given),
            ],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=MOST_S,
        )
        assert done.returncode == 0, f"{walk.__name__} at {size}:\n{done.stderr}"
        return done.stdout

    return look


@pytest.fixture
def lived_in(database: Database, tmp_path: Path) -> Path:
    """A tablet in use: a case to inspect, one of its own, things waiting, and no office in reach."""
    district = settle(database)
    folder = tmp_path / "tablet"

    def live_a_morning(conn: Connection) -> str:
        return Street(conn, district, tmp_path / "blobs", START).handled()

    database.run(live_a_morning)
    with serving(database, tmp_path / "office") as live:
        tablet = tablet_of(live, "worker", folder)
        tablet.choose_pin(PIN)
        tablet.report("urban/event/0110", "any", here(), "三栋西侧垃圾袋堆在绿地边", [], False)
        tablet.sync_now()
        photo = tablet.take_in(picture(), "before")
        tablet.report("urban/component/0102", "broken", here(), "井盖裂开缺一角", [photo.photo_id], False)
        tablet.close()
    return folder
