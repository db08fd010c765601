"""Splitting a grid in a real browser: a line drawn with the mouse fills the form, and the draft shows the ground on a map."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.test_accessible import violations


def draw(page: Page) -> None:
    """From below the grid, through its middle, past its upper border; a second click on the end finishes the line."""
    page.click("[data-draw]")
    box = page.locator("#map").bounding_box()
    assert box
    middle, top, bottom = box["x"] + box["width"] / 2, box["y"] + 70, box["y"] + box["height"] - 8
    for y in (bottom, (top + bottom) / 2, top):
        page.mouse.move(middle, y - 2)
        page.mouse.move(middle, y)
        page.mouse.click(middle, y)
        page.wait_for_timeout(350)  # quicker clicks are one double click to the map
    page.mouse.click(middle, top)


def test_a_line_drawn_with_the_mouse_splits_a_grid_and_the_draft_shows_whom_it_touches(desk: Desk) -> None:
    desk.make(lambda street: [street.report("intake", lon=lon) for lon in (104.012, 104.018)], minutes=9)
    with desk.server.database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("update grids set households = 600 where code = 'S1C1G2'")
    page = desk.page("admin", (1366, 900))
    page.goto(f"{desk.url}/grids/S1C1G2/edit")
    page.wait_for_selector("#map[data-ready]", timeout=30_000)
    draw(page)
    expect(page.locator("[data-part='0']")).to_contain_text("未结 1 件")
    expect(page.locator("[data-part='1']")).to_contain_text("未结 1 件")
    assert page.input_value("[name=line]").count(",") == 3
    assert page.input_value("[name=left_households]") != ""
    assert (page.input_value("[name=right_code]"), violations(page)) == ("S1C1G4", [])
    page.fill("[name=right_name]", "新网格")
    page.click("form[action$='/split'] button.pri")
    page.wait_for_selector("#map[data-ground][data-ready]", timeout=30_000)
    expect(page.locator("tr[data-was='S1C1G2'][data-now='S1C1G4']")).to_contain_text("1")
    assert violations(page) == []
    page.click("form[action$='/confirm'] button")
    expect(page.locator(".said")).to_contain_text("边界已生效")
    assert violations(page) == []
