"""`python -m mobile` as a person or `make shots` starts it."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from server.settings import CHECKOUT
from tests.tablet.conftest import MOST_S

pytestmark = pytest.mark.xdist_group("window")

SCREENS = {"enrol", "enrol-confirm", "today", "today-night", "today-sun", "today-large", "report-start",
           "report-ready", "report-kept", "report-danger", "report-details", "category", "category-search", "cases", "case-1", "case-fail",
           "case-more", "inspect", "messages", "outbox", "outbox-waiting", "me"}  # fmt: skip


def mobile(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mobile", *words],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=MOST_S,
    )


def test_pictures_of_every_screen_are_made_from_a_real_tablet(
    environment: dict[str, str], lived_in: Path, tmp_path: Path
) -> None:
    out = tmp_path / "shots"
    done = mobile(
        environment, "--shots", str(out), "--home", str(lived_in), "--size", "800x1280", "--lang", "en"
    )
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in out.glob("*.png")} >= SCREENS
    for path in out.glob("*.png"):
        with Image.open(path) as picture:
            assert picture.size == (800, 1280)
            assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 20, f"{path.name} is empty"


def test_a_tablet_of_nobody_gives_no_pictures_but_a_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    server = ("--server", "http://127.0.0.1:9", "--code", "AAAA-BBBB-CCCC")
    done = mobile(environment, "--shots", str(tmp_path / "out"), "--home", str(tmp_path / "empty"), *server)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("。")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words", [("--at", "30"), ("--at", "200,30"), ("--size", "big"), ("--lang", "fr"), ("--nonsense",)]
)
def test_wrong_use_ends_with_two_and_says_how(environment: dict[str, str], words: tuple[str, ...]) -> None:
    done = mobile(environment, *words)
    assert done.returncode == 2
    assert "usage: python -m mobile" in done.stderr
