"""`make shots`: pictures of every console page and tablet screen in both languages, from a demo of its own.

    python -m bench.shots [OUT] [--url URL]

Without --url a demo is started in a folder that is thrown away. With --url the pictures are taken of the server there,
signed in with the demo's people.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from server.demo import PASSWORD
from server.settings import CHECKOUT

DESK, PHONE = (1440, 900), (390, 844)
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
LANGUAGES = ("zh-CN", "en")
TABLET_SIZES = ("1280x800", "800x1280")


@dataclass(frozen=True)
class Shot:
    """One picture: its name, who is signed in, where, how large. `{open}`, `{closed}` = numbers of such cases."""

    name: str
    login: str | None
    path: str
    size: tuple[int, int] = DESK
    whole: bool = False
    theme: str = "day"


SHOTS = [
    Shot("login", None, "/login", (1366, 768)),
    Shot("map", "dispatch1", "/map", (1920, 1080)),
    Shot("map-night", "dispatch1", "/map", theme="night"),
    Shot("map-dispatch", "dispatch1", "/map?state=open&open={open}", (1920, 1080)),
    Shot("work", "duty1", "/work", whole=True),
    Shot("work-community", "community1", "/work", PHONE, whole=True),
    Shot("cases", "dispatch1", "/cases?state=open"),
    Shot("cases-empty", "dispatch1", "/cases?board=returned", (1366, 768)),
    Shot("case-open", "dispatch1", "/cases/{open}", whole=True),
    Shot("case-closed", "duty1", "/cases/{closed}", whole=True),
    Shot("new-case", "intake1", "/cases/new", whole=True),
    Shot("streets", "supervisor1", "/streets", whole=True),
    Shot("street", "street1", "/streets/510199001?basis=due", whole=True),
    Shot("grids", "supervisor1", "/grids"),
    Shot("boundaries", "admin1", "/grids/versions", whole=True),
    Shot("layers", "admin1", "/layers", whole=True),
    Shot("crews", "dispatch1", "/crews"),
    Shot("crew-work", "crew1", "/crews", PHONE, whole=True),
    Shot("conflicts", "duty1", "/conflicts"),
    Shot("me", "dispatch1", "/me"),
    Shot("people", "admin1", "/people"),
    Shot("devices", "admin1", "/devices"),
    Shot("audit", "auditor1", "/audit"),
    Shot("error", "dispatch1", "/cases/00000000-000000", (1366, 768)),
]


@contextmanager
def demo() -> Iterator[dict[str, Any]]:
    """A demo on a free port; what it said when it was ready, and its environment."""
    with tempfile.TemporaryDirectory(prefix="xunge-shots-") as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
        environment |= {"XUNGE_HOME": f"{folder}/home", "XUNGE_PORT": str(port), "XUNGE_LANG": "zh-CN"}
        run = subprocess.Popen(
            [sys.executable, "-m", "server.run"], env=environment, stdout=subprocess.PIPE, text=True
        )
        stack.callback(end, run)
        assert run.stdout
        said = next((line for line in run.stdout if line.startswith("READY ")), None)
        if said is None:
            raise SystemExit("The demo did not start.")
        ready = json.loads(said.removeprefix("READY ")) | {"environment": environment, "folder": folder}
        yield ready


def end(process: subprocess.Popen[str]) -> None:
    """Tells the demo to end and waits until it has."""
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def console(url: str, out: Path, browser: Browser) -> None:
    """Every page of the console in both languages."""
    for lang in LANGUAGES:
        folder = out / "console" / lang
        folder.mkdir(parents=True, exist_ok=True)
        for login in dict.fromkeys(shot.login for shot in SHOTS):
            context = browser.new_context(locale=lang, viewport={"width": DESK[0], "height": DESK[1]})
            page = context.new_page()
            page.goto(f"{url}/login")
            page.click(f"[name=lang][value='{lang}']")
            if login:
                enter(page, url, login, lang)
            for shot in (s for s in SHOTS if s.login == login):
                take(page, url, shot, folder)
            context.close()


def enter(page: Page, url: str, login: str, lang: str) -> None:
    """Signs in and chooses the language for the person."""
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("form.bx button.pri")
    page.goto(f"{url}/me")
    page.check(f"[name=lang][value='{lang}']")
    page.click("form[action='/me'] button")


def take(page: Page, url: str, shot: Shot, folder: Path) -> None:
    """One picture, when the map (if there is one) stands still."""
    page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
    page.context.add_cookies([{"name": "xunge_theme", "value": shot.theme, "url": url}])
    page.goto(url + filled(page, url, shot.path))
    if page.locator("#map[data-extent], .spot").count():
        page.wait_for_selector("[data-ready]", timeout=60_000)
        page.wait_for_timeout(1500)
    page.screenshot(path=folder / f"{shot.name}.png", full_page=shot.whole)
    print(folder / f"{shot.name}.png")


def filled(page: Page, url: str, path: str) -> str:
    """The path with numbers of cases that are there now."""
    for word, query in (("open", "state=registered"), ("closed", "state=closed&source=patrol")):
        if f"{{{word}}}" in path:
            page.goto(f"{url}/cases?{query}")
            numbers = page.locator("tr[data-case]")
            number = numbers.first.get_attribute("data-case") if numbers.count() else ""
            path = path.replace(f"{{{word}}}", number or "")
    return path


def tablet(url: str, out: Path, ready: dict[str, Any]) -> None:
    """Every screen of the tablet in both languages, on a display that nobody looks at."""
    reading, writing = os.pipe()
    screen = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x1400x24", "-nolisten", "tcp"]
    display = subprocess.Popen(screen, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        environment = ready["environment"] | {"DISPLAY": f":{number}", "LIBGL_ALWAYS_SOFTWARE": "1",
                                              "KIVY_HOME": f"{ready['folder']}/kivy"}  # fmt: skip
        for lang, size in product(LANGUAGES, TABLET_SIZES):
            folder = out / "tablet" / lang / size
            command = ["-m", "mobile", "--server", url, "--code", ready["enrol_code"], "--lang", lang, "--size", size,
                       "--home", f"{ready['folder']}/tablet", "--shots", str(folder)]  # fmt: skip
            subprocess.run([sys.executable, *command], env=environment, check=True, stdout=subprocess.DEVNULL)
            print(folder)
    finally:
        display.terminate()
        display.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.shots", description=__doc__)
    parser.add_argument(
        "out", nargs="?", type=Path, default=CHECKOUT / "build" / "shots", help="folder for the pictures"
    )
    parser.add_argument(
        "--url", help="of a server that runs already, with the demo's people; no tablet pictures then"
    )
    wanted = parser.parse_args()
    with ExitStack() as stack:
        ready = {"url": wanted.url} if wanted.url else stack.enter_context(demo())
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        console(ready["url"], wanted.out, browser)
        browser.close()
        if "environment" in ready:
            tablet(ready["url"], wanted.out, ready)
    return 0


if __name__ == "__main__":
    sys.exit(main())
