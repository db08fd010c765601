"""A code for a tablet in a real browser: what a camera sees of its QR code is what the office wrote into it."""

from io import BytesIO

import segno
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.test_accessible import violations

BORDER = 2


def modules_seen(page: Page) -> list[list[bool]]:
    """The QR code as it stands on the screen, read at the middle of each of its fields: True is dark."""
    shown = page.locator(".ticket img")
    count = segno.make(line(page), error="m", micro=False).symbol_size(border=BORDER)[0]
    with Image.open(BytesIO(shown.screenshot())) as picture:
        grey = picture.convert("L")
    step = grey.width / count
    inside = [round((place + 0.5) * step) for place in range(BORDER, count - BORDER)]
    return [[grey.getpixel((x, y)) < 128 for x in inside] for y in inside]  # type: ignore[operator]


def line(page: Page) -> str:
    return page.locator("input[readonly]").input_value()


def make(page: Page, desk: Desk) -> None:
    page.goto(desk.url + "/people")
    page.click("a[href='/devices?person=worker']")
    page.click("form[action='/devices/codes'] button")
    expect(page.locator(".slip h1")).to_contain_text("worker岗")


def test_the_qr_code_on_the_screen_says_address_and_code_by_day_by_night_and_on_a_telephone(
    desk: Desk,
) -> None:
    for theme, size in (("day", (1366, 768)), ("night", (1366, 768)), ("day", (390, 844))):
        page = desk.page("admin", size)
        page.context.add_cookies([{"name": "xunge_theme", "value": theme, "url": desk.url}])
        make(page, desk)
        assert line(page).startswith(f"xunge-enrol {desk.url} ")
        matrix = segno.make(line(page), error="m", micro=False).matrix
        assert modules_seen(page) == [[bool(field) for field in row] for row in matrix]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []


def test_a_code_is_made_and_withdrawn_without_script(desk: Desk) -> None:
    page = desk.page("admin", java_script_enabled=False)
    make(page, desk)
    page.goto(desk.url + "/devices")
    row = page.locator("tr", has=page.locator("form[action$='/withdraw']"))
    expect(row).to_have_count(1)
    row.locator("button").click()
    expect(page.locator(".said")).to_be_visible()
    expect(row).to_have_count(0)


def test_axe_finds_nothing_on_the_page_of_tablets(desk: Desk) -> None:
    page = desk.page("admin")
    make(page, desk)
    page.goto(desk.url + "/devices")
    assert violations(page) == []
