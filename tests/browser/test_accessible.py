"""Axe finds nothing on the pages where people act: WCAG 2.2 AA, by day and by night, with every form open."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from server.content import service as content
from server.content.service import Draft
from server.settings import CHECKOUT
from tests.browser.conftest import Desk
from tests.factories import Street, picture
from tests.pdfs import pdf

AXE = Path(CHECKOUT / "node_modules" / "axe-core" / "axe.min.js")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OPEN_ALL = "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
RUN = "(tags) => axe.run(document, { runOnly: tags }).then((found) => found.violations)"


def violations(page: Page) -> list[str]:
    """What axe finds, one line each: the rule and where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN, TAGS)
    return [
        f"{page.url} {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def in_every_hand(street: Street) -> dict[str, str]:
    """Cases in the states that have the most to do."""
    street.held()
    number = street.dispatched(attachments=[street.photo("before")])
    street.act("crew", number, "accept")
    street.act("street", number, "whistle", called=["crew-any"], reason="共同到场")
    street.act("crew", number, "ask_suspension", reason="列入改造", until="2031-01-01T00:00:00Z")
    registered = street.report(title="井盖没了", category={"system": "urban/component", "code": "0102"})
    street.act("duty", registered, "register", condition="missing")
    numbers = {"handling": number, "registered": registered, "closed": street.closed()}
    return numbers | {"document": str(published(street))}


def published(street: Street) -> int:
    """A safety notice with a picture and a PDF, for everybody below the street."""
    files = [("围挡示意.jpg", picture("green")), ("防汛预案.pdf", pdf())]
    draft = Draft("汛期安全作业提醒", "各网格：\n暴雨期间不得单人下井。", files)
    viewer = street.viewer("street")
    id_ = content.write(street.conn, viewer, street.folder, "notice", True, draft, street.now)
    content.publish(street.conn, viewer, id_, ["S1"], street.now)
    return id_


def test_axe_finds_nothing_where_people_act(desk: Desk) -> None:
    numbers = desk.make(in_every_hand, minutes=90)
    paths = {
        "duty": [
            "/work",
            "/conflicts",
            "/cases/{handling}/redact",
            "/cases?board=returned",
            "/cases/{handling}",
            "/cases/{registered}/acts/change",
            "/cases/{closed}",
        ],
        "dispatch": ["/cases/{registered}", "/cases/{registered}/acts/split", "/map?open={registered}"],
        "street": [
            "/documents",
            "/documents/new",
            "/documents/{document}",
            "/work",
            "/cases/{handling}/acts/whistle",
        ],
        "community": ["/documents/{document}"],
        "crew": ["/crews", "/crews/{handling}", "/cases/{handling}/acts/ask_help"],
    }
    found = []
    for login, own in paths.items():
        page = desk.page(login, (390, 844) if login == "crew" else (1366, 768))
        for theme in ("day", "night"):
            page.context.add_cookies([{"name": "xunge_theme", "value": theme, "url": desk.url}])
            for path in own:
                page.goto(desk.url + path.format(**numbers))
                page.evaluate(OPEN_ALL)
                found += violations(page)
    assert found == []
