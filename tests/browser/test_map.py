"""Home of the command centre in a real browser: map, list, drawer, keys, and dispatch without leaving the map."""

import math

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.factories import COVER, Street


def registered(street: Street) -> str:
    number = street.report(
        category=COVER, condition="missing", title="井盖缺失", attachments=[street.photo("before")]
    )
    street.later(minutes=2)
    street.act("duty", number, "register", condition="missing")
    return number


def map_of(desk: Desk, login: str = "dispatch", path: str = "/map") -> Page:
    page = desk.page(login)
    page.goto(desk.url + path)
    page.wait_for_selector("#map[data-ready]", timeout=30_000)
    return page


def test_the_map_draws_grids_and_cases_under_the_strict_policy_and_asks_nobody_outside(desk: Desk) -> None:
    desk.make(registered, minutes=5)
    page = map_of(desk)
    page.wait_for_timeout(500)
    drawn = page.evaluate(
        """() => { const c = document.querySelector('.maplibregl-canvas'), d = document.createElement('canvas');
        d.width = c.width; d.height = c.height; const x = d.getContext('2d'); x.drawImage(c, 0, 0);
        const seen = new Set(), p = x.getImageData(0, 0, d.width, d.height).data;
        for (let i = 0; i < p.length; i += 64) seen.add(p[i] + ',' + p[i + 1] + ',' + p[i + 2]); return seen.size; }"""
    )
    assert drawn > 20, "an empty map has one colour"


def test_a_click_on_a_row_opens_the_case_beside_the_map_and_the_address_says_so(desk: Desk) -> None:
    number = desk.make(registered, minutes=5)
    page = map_of(desk)
    page.click(f"li[data-number='{number}']")
    expect(page.locator(".drawer h1")).to_have_text("井盖缺失")
    assert f"open={number}" in page.url
    page.keyboard.press("Escape")
    expect(page.locator(".drawer")).to_be_hidden()
    assert "open=" not in page.url


def test_one_click_in_the_drawer_dispatches_to_the_first_proposal(desk: Desk) -> None:
    number = desk.make(registered, minutes=5)
    page = map_of(desk)
    page.click(f"li[data-number='{number}']")
    page.click(".prop.first button")
    expect(page.locator(".drawer .said")).to_contain_text("派遣")
    expect(page.locator(".drawer .tag.acc")).to_have_text("待接单")
    case = desk.make(lambda street: street.case(number))
    assert case["state"] == "dispatched"
    assert case["handler"]["code"] == "crew-drain", "permitted for sewer covers, and its depot is the nearest"
    expect(page.locator(f"li[data-number='{number}']")).to_contain_text("待接单")


def test_a_crew_that_may_not_take_the_case_is_shown_with_the_rule_and_without_a_button(desk: Desk) -> None:
    number = desk.make(registered, minutes=5)
    page = map_of(desk, path=f"/map?open={number}")
    refused = page.locator(".prop", has_text="环卫队")
    expect(refused.locator(".why .no").first).to_be_visible()
    expect(refused.locator("button")).to_have_count(0)


def test_j_k_enter_and_d_do_what_the_mouse_does(desk: Desk) -> None:
    first = desk.make(registered, minutes=9)
    second = desk.make(registered, minutes=5)
    page = map_of(desk)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator(".drawer .dh")).to_contain_text(first)
    page.keyboard.press("d")
    expect(page.locator(".drawer .tag.acc")).to_have_text("待接单")
    states = desk.make(lambda street: [street.case(number)["state"] for number in (first, second)])
    assert states == ["dispatched", "registered"]


def test_keys_are_off_inside_fields(desk: Desk) -> None:
    desk.make(registered, minutes=5)
    page = map_of(desk)
    page.keyboard.press("/")
    page.keyboard.type("jkd?")
    expect(page.locator("#find")).to_have_value("jkd?")
    expect(page.locator(".drawer")).to_be_hidden()
    expect(page.locator(".keys")).to_be_hidden()


def test_a_case_that_somebody_else_dispatched_first_is_not_dispatched_twice(desk: Desk) -> None:
    number = desk.make(registered, minutes=5)
    page = map_of(desk, path=f"/map?open={number}")
    desk.make(lambda street: street.act("dispatch", number, "dispatch", crew="crew-any"))
    page.click(".prop.first button")
    expect(page.locator(".drawer")).to_contain_text("您打开表单之后，案件有了变化")
    case = desk.make(lambda street: street.case(number))
    assert case["handler"]["code"] == "crew-any"


def test_the_list_has_the_cases_of_the_boards_and_each_board_counts_them(desk: Desk) -> None:
    desk.make(lambda street: street.report(title="新上报"), minutes=3)
    desk.make(registered, minutes=5)
    desk.make(lambda street: street.report(lon=105.5, lat=31.5, title="在网格外"), minutes=3)
    page = desk.page("duty")
    page.goto(desk.url + "/map")
    counts = {a.get_attribute("href"): a.locator(".n").inner_text() for a in page.locator(".boards a").all()}
    assert counts["/map?board=unverified"] == "2"
    assert counts["/map?board=outside"] == "1"
    for address, count in counts.items():
        if address.startswith("/map"):
            page.goto(desk.url + address)
            assert page.locator(".list li[data-number]").count() == int(count), address


def test_a_clusters_number_opens_the_list_of_exactly_its_cases_and_the_map_can_still_be_zoomed(
    desk: Desk,
) -> None:
    def made(street: Street) -> None:
        for step in range(3):
            street.report(lon=104.005 + step / 1e5, title=f"垃圾袋{step}")
        street.report(lon=104.075, title="远处")

    desk.make(made, minutes=5)
    page = map_of(desk, "duty", "/map?board=unverified")
    assert page.locator(".list li[data-number]").count() == 4
    page.mouse.click(*spot(page, 104.00501, 30.005))
    popup = page.locator(".maplibregl-popup.cell")
    expect(popup).to_contain_text("此处 3 件案件")
    expect(popup).to_contain_text("将到期 3")
    page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    page.mouse.click(*spot(page, 104.00501, 30.005))
    popup.get_by_role("link", name="列出这些案件").click()
    page.wait_for_selector("#map[data-ready]")
    assert sorted(page.locator(".list .ti").all_inner_texts()) == ["垃圾袋0", "垃圾袋1", "垃圾袋2"]
    assert "board=unverified" in page.url and "bbox=" in page.url
    expect(page.locator(".lhead")).to_contain_text("地图上的一处")
    page.get_by_role("link", name="整张地图").click()
    page.wait_for_url("**/map?board=unverified")
    assert page.locator(".list li[data-number]").count() == 4
    page.wait_for_selector("#map[data-ready]")
    width = page.locator("#map .scale").inner_text()
    page.mouse.click(*spot(page, 104.00501, 30.005))
    popup.get_by_role("button", name="放大").click()
    expect(popup).to_have_count(0)
    expect(page.locator("#map .scale")).not_to_have_text(width)


def spot(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Where on the page a place lies while the map shows the whole district."""
    west, south, east, north = map(float, str(page.get_attribute("#map", "data-extent")).split(","))
    box = page.locator("#map .canvas").bounding_box()
    assert box
    down = {at: math.asinh(math.tan(math.radians(at))) for at in (south, north, lat)}
    across = math.radians(east - west)
    pixels = min((box["width"] - 48) / across, (box["height"] - 48) / (down[north] - down[south]))
    return (
        box["x"] + box["width"] / 2 + math.radians(lon - (west + east) / 2) * pixels,
        box["y"] + box["height"] / 2 - (down[lat] - (down[south] + down[north]) / 2) * pixels,
    )
