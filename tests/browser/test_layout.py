"""Every page fits: on a small desk, at 200 % zoom, on a phone; and speaks the reader's language only."""

import re

from playwright.sync_api import Page

from tests.browser.conftest import Desk
from tests.factories import Street

# Two closed cases and one in a crew's hands give every page something to show.
OFFICE = ["/work", "/map", "/cases", "/cases?board=overdue", "/streets?basis=reported", "/streets/S1?basis=due", "/grids",
          "/grids?parent=S1C1", "/crews", "/me", "/cases/new", "/conflicts", "/nowhere", "/messages",
          "/messages/letters"]  # fmt: skip
PAGES = {
    None: ["/login", "/public", "/public/streets/S1", "/public/cases/forged", "/outside/forged"],
    "duty": OFFICE,
    "admin": [
        "/people",
        "/devices",
        "/calendar?year=2026",
        "/webhooks",
        "/exchanges",
        "/undelivered",
        "/packs",
    ],
    "auditor": ["/audit"],
    "crew": ["/crews", "/cases", "/messages"],
    "community": ["/work"],
    "worker": ["/cases", "/calendar"],
}
# 1366 × 768 at 100 % and 200 %, and a phone.
SIZES = [(1366, 768), (683, 384), (390, 844)]


def busy(street: Street) -> str:
    street.closed()
    street.held()
    return street.dispatched()


def every_page(desk: Desk, number: str) -> list[tuple[str | None, list[str]]]:
    of_one = {
        "duty": [f"/cases/{number}", f"/map?open={number}", f"/cases/{number}/acts/change"],
        "crew": [f"/crews/{number}", f"/cases/{number}/acts/ask_return"],
    }
    return [(login, paths + of_one.get(str(login), [])) for login, paths in PAGES.items()]


def words_on(page: Page) -> str:
    """What a person reads or hears on the page, without keys, fingerprints and the names of languages."""
    return str(
        page.evaluate(
            """() => {
            const found = [document.title], skip = "kbd, .mono, script, noscript, [lang]:not(html)";
            for (const element of document.querySelectorAll("html, html *")) {
              if (element.closest(skip)) continue;
              for (const name of ["placeholder", "aria-label", "title", "alt"]) found.push(element.getAttribute(name) ?? "");
              for (const node of element.childNodes) if (node.nodeType === 3) found.push(node.data);
            }
            return found.join("\\n"); }"""
        )
    )


# What the small district's own data says in Latin letters.
DATA = re.compile(r"[\w-]*\d[\w-]*|crew-\w+|\b(centre|street|community)-\w+|(?<=\b)[a-z]+(?=岗)")
# A file's format has one name in every language.
FORMATS = {"TOML", "CSV", "JSON"}
LOGINS = {
    "intake",
    "duty",
    "dispatch",
    "supervise",
    "admin",
    "auditor",
    "hotline",
    "street",
    "community",
    "worker",
    "head",
    "crew",
}


def test_no_page_scrolls_sideways_in_any_window_or_says_an_english_word_in_chinese(desk: Desk) -> None:
    number = desk.make(busy, hours=3)
    wide, english = [], {}
    for login, paths in every_page(desk, number):
        page = desk.page(login)
        for path in paths:
            page.goto(desk.url + path)
            left = set(re.findall(r"[A-Za-z]{2,}", DATA.sub(" ", words_on(page)))) - LOGINS - FORMATS
            if left:
                english[path] = sorted(left)
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                if over > 0:
                    wide.append(f"{path} at {width} × {height} by {over} px")
    assert (wide, english) == ([], {})
