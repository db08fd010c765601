"""Acting with script: a quick moment fills the field beside it, a long list is narrowed, rare acts stay in the drawer."""

from playwright.sync_api import expect

from tests.browser.conftest import Desk
from tests.factories import COVER, Street


def handling(street: Street) -> str:
    number = street.dispatched()
    street.act("crew", number, "accept")
    return number


def registered(street: Street) -> str:
    number = street.report(category=COVER)
    street.act("duty", number, "register", condition="missing")
    return number


def test_a_quick_moment_fills_the_field_and_typing_takes_it_back(desk: Desk) -> None:
    number = desk.make(handling, minutes=20)
    page = desk.page("supervise")
    page.goto(f"{desk.url}/cases/{number}")
    expect(page.locator("details[data-act=supervise]")).not_to_be_visible()
    page.locator(".more > summary").click()
    expect(page.locator(".group")).to_contain_text(["督办与上下交办"])
    page.locator("details[data-act=supervise] > summary").click()
    form = page.locator("form[action$='/supervise']")
    chip = form.locator("[name='until.pick']").nth(1)
    chip.check()
    expect(form.locator("[name=until]")).to_have_value(chip.get_attribute("value") or "-")
    form.locator("[name=until]").fill("2031-11-24T18:00")
    expect(form.locator("[name='until.pick'][value='']")).to_be_checked()
    form.locator("[name=demand]").fill("下班前办完")
    form.locator("button").click()
    expect(page.locator(".side .facts")).to_contain_text("2031-11-24 18:00")


def test_a_long_list_is_narrowed_by_name_first_letters_or_code(desk: Desk) -> None:
    number = desk.make(registered, minutes=20)
    page = desk.page("duty")
    page.goto(f"{desk.url}/cases/{number}/acts/change")
    chosen = page.locator("#change-category")
    for typed, found in (("暴露", "暴露垃圾"), ("ysjg", "雨水井盖"), ("0137", "路灯")):
        page.fill("[data-narrows='change-category']", typed)
        expect(chosen.locator("option:checked")).to_contain_text(found)
    page.fill("[data-narrows='change-category']", "")
    expect(chosen).to_have_value("")


def test_a_rare_act_is_done_inside_the_drawer(desk: Desk) -> None:
    number = desk.make(registered, minutes=20)
    page = desk.page("dispatch")
    page.goto(f"{desk.url}/map")
    page.locator(f".list li[data-number='{number}'] .ti").click()
    drawer = page.locator(".drawer")
    drawer.locator("a[data-act=split]").click()
    expect(drawer.locator("h1")).to_have_text("分办")
    drawer.locator("#split-parts\\.0\\.matter").select_option("urban/component/0102#missing")
    drawer.locator("form[action$='/split'] > button").click()
    expect(drawer.locator(".errs").first).to_contain_text("至少写两个部分")
    drawer.locator("#split-parts\\.1\\.matter").select_option("urban/event/0110#any")
    drawer.locator("form[action$='/split'] > button").click()
    expect(drawer.locator(".tag.acc").first).to_have_text("分办中")
    assert "/map" in page.url
