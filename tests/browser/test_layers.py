"""Facilities on the map and their page: a layer is fetched when it is switched on, and its readers are one form."""

from playwright.sync_api import expect

from server.facilities import service
from tests.browser.conftest import Desk
from tests.browser.test_map import map_of
from tests.factories import Street
from tests.server.test_facilities import CAMERAS, LAMPS, lamp

HERE = (104.005, 30.005)


def two_layers(street: Street) -> None:
    for wanted, codes in ((LAMPS, ("L1", "L2")), (CAMERAS, ("C1",))):
        things = [lamp(code, east=0.0004 * n) for n, code in enumerate(codes)]
        service.put(street.conn, street.district.id, wanted, things, ("demo.geojson", ""), street.now)


def test_a_layer_is_asked_for_when_it_is_switched_on_and_not_before(desk: Desk) -> None:
    desk.make(two_layers)
    page = map_of(desk)
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/tiles/facilities/" in request.url else None
    )
    page.evaluate("() => document.querySelector('.things').open = true")
    expect(page.locator(".things label")).to_have_text(["监控1", "路灯2"])
    assert asked == []
    with page.expect_response(lambda response: "/tiles/facilities/" in response.url) as answered:
        page.check(".things input[value=lamps]")
        for _ in range(5):
            page.click("[data-zoom=in]")
    assert answered.value.status == 200 and "layer=lamps" in answered.value.url
    assert not [url for url in asked if "cameras" in url]


def test_the_administrator_says_who_sees_a_layer_and_the_others_learn_nothing_of_it(desk: Desk) -> None:
    desk.make(two_layers)
    street = desk.page("street")
    street.goto(f"{desk.url}/layers")
    expect(street.locator("section h2")).to_have_text(["路灯 lamps"])
    expect(street.locator("form[action^='/layers']")).to_have_count(0)
    admin = desk.page("admin")
    admin.goto(f"{desk.url}/layers")
    form = admin.locator("section").filter(has=admin.locator("h2", has_text="lamps"))
    form.locator("summary").click()
    form.locator("input[value=street]").uncheck()
    form.get_by_role("button", name="保存").click()
    expect(admin.locator(".said")).to_have_text("图层已修改。")
    street.reload()
    expect(street.locator("section h2")).to_have_count(0)
