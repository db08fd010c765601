"""Every act on the road as a plain form: JavaScript is off, and nothing is missing."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.factories import COVER, picture


def plain(desk: Desk, login: str) -> Page:
    return desk.page(login, java_script_enabled=False)


def do(page: Page, action: str, **fields: str) -> None:
    """Opens the act's form on the case page, fills it in and sends it."""
    form = page.locator(f"form[action$='/actions/{action}']")
    for around in form.locator("xpath=ancestor::details").all():
        if around.get_attribute("open") is None:
            around.locator("> summary").click()
    for name, value in fields.items():
        field = form.locator(f"[name='{name}']").first
        if field.get_attribute("type") == "radio":
            form.locator(f"[name='{name}'][value='{value}']").check()
        else:
            field.fill(value)
    form.locator("button:not([value])").click()


def state_of(desk: Desk, number: str) -> str:
    return str(desk.make(lambda street: street.case(number))["state"])


def test_a_case_goes_the_whole_road_by_plain_forms(desk: Desk, tmp_path: Path) -> None:
    photo = tmp_path / "after.jpg"
    photo.write_bytes(picture("green"))

    intake = plain(desk, "intake")
    intake.goto(desk.url + "/cases/new")
    intake.check("[name=category][value='urban/component/0102']")
    intake.fill("[name=title]", "井盖缺失")
    intake.fill("[name=place]", "104.005, 30.005")
    intake.click("form[action='/cases'] button.pri")
    number = re.search(r"/cases/([^?]+)", intake.url)[1]  # type: ignore[index]
    expect(intake.locator(".said")).to_contain_text("上报")

    duty = plain(desk, "duty")
    duty.goto(f"{desk.url}/cases/{number}")
    do(duty, "register", condition="missing")
    assert state_of(desk, number) == "registered"

    dispatcher = plain(desk, "dispatch")
    dispatcher.goto(f"{desk.url}/map?open={number}")
    dispatcher.click(".prop.first button")
    expect(dispatcher.locator(".drawer .tag.acc")).to_have_text("待接单")
    assert "/map" in dispatcher.url, "back to where the form stood"

    crew = plain(desk, "crew")
    crew.goto(desk.url + "/crews")
    do(crew, "accept")
    assert state_of(desk, number) == "handling"
    form = crew.locator("form[action$='/actions/handle']")
    crew.locator("details[data-act=handle] summary").click()
    form.locator("[name=done]").fill("换新井盖")
    form.locator("[name=attachments]").set_input_files(photo)
    form.locator("button").click()
    assert state_of(desk, number) == "handled"

    worker = plain(desk, "worker")
    worker.goto(f"{desk.url}/cases/{number}")
    expect(worker.locator(".cond")).to_contain_text("与路面齐平")
    assert worker.locator(".photos img").first.evaluate("image => image.naturalWidth") == 64
    do(worker, "pass", close_kind="fixed")
    assert state_of(desk, number) == "inspected"

    duty.goto(f"{desk.url}/cases/{number}")
    do(duty, "close")
    assert state_of(desk, number) == "closed"
    expect(duty.locator(".tl tbody tr")).to_have_count(7)
    do(duty, "reopen", reason="又松动了")
    assert state_of(desk, number) == "registered"
    do(duty, "comment", text="请先围挡")
    expect(duty.locator(".tl")).to_contain_text("请先围挡")


def test_a_crew_asks_to_return_and_the_duty_officer_refuses_then_upholds(desk: Desk) -> None:
    number = desk.make(lambda street: street.dispatched(attachments=[street.photo("before")]), minutes=30)
    crew = plain(desk, "crew")
    for answer, state in (("refuse_return", "dispatched"), ("uphold_return", "registered")):
        crew.goto(desk.url + "/crews")
        do(crew, "ask_return", reason="不属于本队")
        duty = plain(desk, "duty")
        duty.goto(f"{desk.url}/cases/{number}")
        do(duty, answer, reason="已核对")
        assert state_of(desk, number) == state


def test_a_failed_inspection_names_the_condition_that_is_not_met(desk: Desk) -> None:
    number = desk.make(lambda street: street.handled(), minutes=60)
    worker = plain(desk, "worker")
    worker.goto(f"{desk.url}/cases/{number}")
    do(worker, "fail", unmet="缺防坠网")
    assert state_of(desk, number) == "handling"
    expect(worker.locator(".tl")).to_contain_text("缺防坠网")


def test_a_blank_required_field_is_said_at_the_top_and_at_its_place_and_nothing_typed_is_lost(
    desk: Desk,
) -> None:
    number = desk.make(
        lambda street: street.report(category=COVER, attachments=[street.photo("before")]), minutes=3
    )
    duty = plain(desk, "duty")
    duty.goto(f"{desk.url}/cases/{number}")
    response = duty.context.request.post(
        f"{desk.url}/cases/{number}/actions/decline",
        form={
            "csrf": duty.locator("form[action$='/decline'] [name=csrf]").get_attribute("value") or "",
            "command_id": duty.locator("form[action$='/decline'] [name=command_id]").get_attribute("value")
            or "",
            "version": "1",
            "reason": "   ",
        },
    )
    assert response.status == 422
    text = response.text()
    assert "有 1 处要填" in text
    assert 'href="#decline-reason"' in text
    assert state_of(desk, number) == "reported"


def test_filters_and_paging_live_in_the_address(desk: Desk) -> None:
    desk.make(lambda street: [street.report(title=f"垃圾 {n}") for n in range(55)], minutes=3)
    page = plain(desk, "duty")
    page.goto(desk.url + "/cases?state=open")
    assert page.locator(".tb tbody tr").count() == 50
    page.click("a[rel=next]")
    assert page.locator(".tb tbody tr").count() == 5
    page.goto(desk.url + "/cases")
    page.select_option("[name=category]", "urban/component/0102")
    page.click(".filters button")
    assert "category=urban" in page.url
    expect(page.locator(".nothing")).to_be_visible()
