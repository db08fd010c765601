"""A real Chromium before the real server, with a small district whose cases went through the real acts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.small_district import PASSWORD, SmallDistrict, make_small_district

FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a worker."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield made
        made.close()


@dataclass
class Faults:
    """What a page must never do: complain on the console, throw, or ask anybody outside."""

    origin: str
    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("request", self._request)

    def _note(self, kind: str, text: str) -> None:
        # A refused form answers with its status on purpose; Chromium says so on the console.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.found.append(f"{kind}: {text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.found.append(f"outside: {request.url}")


@dataclass
class Desk:
    """The running desk: its district, a way to make cases, and browsers for its people."""

    server: LiveServer
    browser: Browser
    district: SmallDistrict
    contexts: list[BrowserContext] = field(default_factory=list)
    faults: list[Faults] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url

    def make(self, work: Callable[[Street], Any], **ago: float) -> Any:
        """Does `work` on the street, its clock standing `ago` before now, and commits it."""

        def in_transaction(conn: Any) -> Any:
            now = datetime.now(UTC) - timedelta(**ago)
            street = Street(conn, self.district, self.server.settings.blobs, now)
            return work(street)

        return self.server.database.run(in_transaction)

    def page(self, login: str | None = None, size: tuple[int, int] = (1366, 768), **context: Any) -> Page:
        """A watched page, signed in as `login`."""
        made = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="zh-CN", **context
        )
        self.contexts.append(made)
        page = made.new_page()
        faults = Faults(self.url)
        faults.watch(page)
        self.faults.append(faults)
        if login:
            sign_in(page, self.url, login)
        return page


def sign_in(page: Page, url: str, login: str, password: str = PASSWORD) -> None:
    """Through the form, as people do."""
    page.goto(f"{url}/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", password)
    page.click("form.bx button.pri")
    page.wait_for_load_state()


@pytest.fixture
def desk(live_server: LiveServer, browser: Browser) -> Iterator[Desk]:
    """A desk with a fresh district; at the end no page may have complained or asked outside."""
    made = Desk(live_server, browser, live_server.database.run(make_small_district))
    yield made
    for context in made.contexts:
        context.close()
    assert [fault for faults in made.faults for fault in faults.found] == []
