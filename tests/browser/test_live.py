"""The map and the list follow what happens without moving what the eye is on; two tabs share one stream."""

from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.factories import Street


def reported(street: Street) -> str:
    return street.report("intake", title="路边垃圾")


def test_a_change_shows_in_its_row_and_what_is_new_is_offered_above(desk: Desk) -> None:
    number = desk.make(reported, minutes=5)
    page = desk.page("duty")
    page.goto(f"{desk.url}/map")
    page.wait_for_selector("html[data-live=true]", timeout=60_000)
    row = page.locator(f'.list li[data-number="{number}"]')
    expect(row).to_contain_text("待受理")
    desk.make(lambda street: street.act("duty", number, "register"))
    expect(row).to_contain_text("待派遣", timeout=60_000)
    expect(page.locator("[data-fresh]")).to_be_hidden()
    desk.make(reported)
    fresh = page.locator("[data-fresh]")
    expect(fresh).to_have_text("有 1 件新案件，点此显示", timeout=60_000)
    expect(page.locator(".list li[data-number]")).to_have_count(1)
    fresh.click()
    expect(page.locator(".list li[data-number]")).to_have_count(2)

    page.goto(f"{desk.url}/cases?state=open")
    page.wait_for_selector("html[data-live=true]", timeout=60_000)
    second = page.context.new_page()
    second.goto(f"{desk.url}/cases?state=open")
    second.wait_for_selector("html[data-live=true]", timeout=60_000)
    with desk.server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(
            "select count(*) as n from pg_stat_activity where application_name = 'xunge stream' and datname = current_database()"
        )
        assert cursor.fetchone()["n"] == 1
    desk.make(reported)
    page.bring_to_front()
    expect(page.locator("[data-fresh]")).to_be_visible(timeout=60_000)
