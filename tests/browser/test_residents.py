"""Residents and outside parties before a real browser: without JavaScript, on a small telephone, on paper, and by axe."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server.cases import guests
from server.settings import CHECKOUT
from tests.browser.conftest import Desk
from tests.factories import Street, picture
from tests.server.public.conftest import close, report_by_phone
from tests.server.public.test_outside import forwarded, with_party

AXE = CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
TELEPHONES = [(390, 844), (320, 568)]


def resident_path(desk: Desk, number: str) -> str:
    case_id = desk.make(lambda street: street.case(number))["id"]
    now = datetime.now(UTC)
    link: Any = desk.server.database.run(lambda conn: guests.make_resident(conn, case_id, now, None))
    return str(link.path)


def party_path(desk: Desk, number: str) -> str:
    case_id = desk.make(lambda street: street.case(number))["id"]
    link: Any = desk.server.database.run(lambda conn: guests.make_outside(conn, case_id, datetime.now(UTC)))
    return str(link.path)


def public_pages(desk: Desk) -> dict[str, str]:
    """One page of each kind, by what it shows."""

    def asked(street: Street) -> str:
        number = report_by_phone(street)
        street.act("duty", number, "ask", question="在几号门口？")
        return number

    desk.make(with_party)
    closed = desk.make(lambda s: close(s, report_by_phone(s, attachments=[s.photo("before")])), hours=20)
    return {
        "entry": "/public",
        "street": "/public/streets/S1",
        "nothing": "/public/cases/forged",
        "reported": resident_path(desk, desk.make(report_by_phone, minutes=5)),
        "asked": resident_path(desk, desk.make(asked, minutes=5)),
        "closed": resident_path(desk, closed),
        "party": party_path(desk, desk.make(forwarded, minutes=5)),
    }


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found["violations"]]


@pytest.mark.parametrize("size", TELEPHONES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_axe_finds_nothing_and_nothing_scrolls_sideways_on_a_telephone(
    desk: Desk, size: tuple[int, int]
) -> None:
    faults = {}
    page = desk.page(None, size)
    for name, path in public_pages(desk).items():
        answered = page.goto(desk.url + path)
        assert answered is not None
        assert answered.status == (404 if name == "nothing" else 200), name
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if found := violations(page) + ([f"{wide} px too wide"] if wide > 0 else []):
            faults[name] = found
    assert faults == {}
    assert page.context.cookies() == []


def test_buttons_and_fields_are_large_enough_for_any_finger_and_words_for_old_eyes(desk: Desk) -> None:
    page = desk.page(None, (390, 844))
    for path in public_pages(desk).values():
        page.goto(desk.url + path)
        small = page.evaluate(
            "[...document.querySelectorAll('button, summary, textarea, input:not([type=radio]):not([type=hidden]), .stars label')]"
            ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 48).map(e => e.outerHTML)"
        )
        assert small == []
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18


def test_a_resident_rates_and_disputes_without_javascript(desk: Desk) -> None:
    number = desk.make(lambda s: close(s, report_by_phone(s)), hours=20)
    page = desk.page(None, (390, 844), java_script_enabled=False)
    page.goto(desk.url + resident_path(desk, number))
    expect(page.locator("h1")).to_have_text("已经结案。")
    page.check("[name=stars][value='2']")
    page.click("text=提交评价")
    expect(page.locator(".said")).to_have_text("谢谢您的评价。")
    expect(page.locator(".dates")).to_contain_text("不满意")
    page.click("summary:has-text('没有办好')")
    page.fill("form[action*='/reopen'] textarea", "井盖又松了")
    page.click("text=要求重新办理")
    expect(page.locator("h1")).to_have_text("您反映的事已经立案。")
    assert desk.make(lambda street: street.case(number))["cycle"] == 2
    page.click("text=English")
    expect(page.locator("h1")).to_have_text("It has been accepted.")
    page.click("summary:has-text('Tell us something more')")
    page.fill("form[action*='/comment'] textarea", "thank you")
    page.click("form[action*='/comment'] button")
    expect(page.locator(".said")).to_have_text("Thank you. What you wrote has arrived.")


def test_number_and_code_of_a_slip_are_typed_without_javascript(desk: Desk) -> None:
    number = desk.make(report_by_phone, minutes=5)
    office = desk.page("hotline", java_script_enabled=False)
    office.goto(f"{desk.url}/cases/{number}")
    office.click("#resident summary")
    office.click("text=生成回执")
    code = office.locator(".slip dd").nth(1).inner_text()
    page = desk.page(None, (390, 844), java_script_enabled=False)
    page.goto(desk.url + "/public")
    page.fill("[name=number]", number)
    page.fill("[name=code]", "000 000 0000")
    page.click("button.go")
    expect(page.locator(".fault")).to_contain_text("不一致")
    expect(page.locator("[name=number]")).to_have_value(number)
    page.fill("[name=code]", code)
    page.click("button.go")
    expect(page.locator("h1")).to_have_text("您的反映已收到。")


def test_an_outside_party_answers_with_a_photo_without_javascript(desk: Desk, tmp_path: Path) -> None:
    photo = tmp_path / "after.jpg"
    photo.write_bytes(picture("green"))
    desk.make(with_party)
    number = desk.make(forwarded, minutes=20)
    page = desk.page(None, (390, 844), java_script_enabled=False)
    page.goto(desk.url + party_path(desk, number))
    page.fill("[name=done]", "已装新井盖")
    page.set_input_files("[name=attachments]", photo)
    page.click("button.go")
    expect(page.locator("h1")).to_have_text("谢谢，您的回复已收到。")
    assert desk.make(lambda street: street.case(number))["state"] == "handled"


def test_the_slip_fits_half_a_sheet_of_paper(desk: Desk) -> None:
    number = desk.make(report_by_phone, minutes=5)
    page = desk.page("hotline")
    page.goto(f"{desk.url}/cases/{number}")
    page.click("#resident summary")
    page.click("text=生成回执")
    assert violations(page) == []
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", paper)) == 1
    assert re.search(rb"/MediaBox\s*\[0 0 (419|420)", paper), "A5"
    # What stands on it can be read by a camera: black on white, with a margin.
    assert page.locator(".keys img").evaluate("image => image.naturalWidth") > 100
