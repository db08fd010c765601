"""Deciding about a held act with script: its place is chosen on the map, and refusing asks for no field of the form."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.factories import COVER
from tests.server.sync.tablet import enrol


def held_report(desk: Desk) -> Page:
    """A report that the head of the community made on the worker's tablet, open before the duty officer."""
    tablet = enrol(desk.server)
    tablet.send(
        tablet.command(
            person_id=desk.district.people["head"], payload={"category": COVER, "title": "盖子没了"}
        )
    )
    page = desk.page("duty")
    page.goto(f"{desk.url}/conflicts")
    return page


def test_a_click_on_the_map_puts_the_report_elsewhere(desk: Desk) -> None:
    page = held_report(desk)
    page.locator("input[value=change]").check()
    page.locator("details.more > summary").click()
    page.locator("[data-picks]").scroll_into_view_if_needed()
    expect(page.locator("[data-picks]")).to_have_attribute("data-ready", "true", timeout=30_000)
    page.locator("[name='place.grid']").select_option("S1C2G1")
    box = page.locator(".spot canvas").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2)
    expect(page.locator("[name='place.grid']")).to_have_value("")
    written = page.locator("[name='place.point']").input_value()
    lon, lat = (float(part) for part in written.split(","))
    assert 104.005 < lon < 104.0065
    assert abs(lat - 30.005) < 0.0001
    page.fill("[name=said]", "在路口东侧")
    page.locator("button:has-text('裁定')").click()
    expect(page.locator(".said")).to_contain_text("您的操作经修改后已生效。在路口东侧")
    with desk.server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select lon_e7, lat_e7 from cases")
        assert cursor.fetchall() == [{"lon_e7": round(lon * 1e7), "lat_e7": round(lat * 1e7)}]


def test_a_refusal_is_not_stopped_by_a_choice_that_the_correction_would_need(desk: Desk) -> None:
    tablet = enrol(desk.server)
    report = tablet.command(payload={"category": COVER, "condition": "missing"})
    number = tablet.send(report)[0]["case_number"]
    desk.make(lambda street: street.act("duty", number, "register", condition="missing"))
    dispatch = tablet.command("dispatch", case_id=report["case_id"], base_version=2, payload={"crew": "gone"})
    tablet.send(dispatch | {"person_id": desk.district.people["dispatch"]})
    page = desk.page("duty")
    page.goto(f"{desk.url}/conflicts")
    page.locator("details.more > summary").click()
    expect(page.locator("[name=crew][required]").first).to_be_visible()
    expect(page.locator("[name=crew]:checked")).to_have_count(0)
    page.locator("input[value=refuse]").check()
    page.fill("[name=said]", "没有这个队伍")
    page.locator("button:has-text('裁定')").click()
    expect(page.locator(".said")).to_contain_text("没有这个队伍")
