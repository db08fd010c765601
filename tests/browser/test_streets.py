"""The street office: every figure stands beside its numerator, denominator and formula, and opens exactly its cases."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.factories import Street


def history(street: Street) -> None:
    """Two closed cases in the first community, one late and open, one open elsewhere, one outside every grid."""
    street.closed()
    street.closed()
    late = street.report(title="逾期")
    street.act("duty", late, "register", condition="any")
    other = street.report(lon=104.065, title="二街道")
    street.act("duty", other, "register", condition="any")
    outside = street.report(lon=105.5, lat=31.0, title="区外")
    street.act("duty", outside, "register", condition="any")


def follow_every_number(desk: Desk, page: Page, path: str) -> int:
    """Opens each figure's link and counts the rows behind it; returns how many links there were."""
    page.goto(desk.url + path)
    links = [
        (a.inner_text().replace(",", ""), a.get_attribute("href"))
        for a in page.locator(".figs a, .st8 td a").all()
    ]
    for count, address in dict.fromkeys(links):
        answer = page.context.request.get(urljoin(desk.url, address))
        assert answer.ok, address
        rows = answer.text().count("<tr data-case=")
        assert rows == int(count), f"{address} lists {rows}, the figure says {count}"
    return len(links)


def test_every_number_opens_exactly_the_cases_that_it_counted(desk: Desk) -> None:
    desk.make(history, days=3)
    page = desk.page("supervise")
    for basis in ("due", "reported"):
        assert follow_every_number(desk, page, f"/streets?basis={basis}") > 20
    assert follow_every_number(desk, page, "/streets/S1?basis=due") > 10


def test_numerator_denominator_and_formula_stand_beside_each_rate(desk: Desk) -> None:
    desk.make(history, days=3)
    page = desk.page("supervise")
    page.goto(desk.url + "/streets?basis=due")
    closure = page.locator(".fg").first
    expect(closure.locator(".bigv")).to_have_text("2 / 5")
    expect(closure).to_contain_text("件数少")
    expect(closure).to_contain_text("÷")
    first = page.locator(".st8 tbody tr", has_text="S1名")
    expect(first.locator("td").first).to_contain_text("2 / 3")
    expect(first.locator("td").first).to_contain_text("件数少")
    expect(page.locator(".st8 tbody tr", has_text="网格外")).to_be_visible()


def test_without_a_question_the_present_month_is_shown_and_stands_in_the_address(desk: Desk) -> None:
    page = desk.page("supervise")
    page.goto(desk.url + "/streets")
    assert "from=" in page.url
    assert "to=" in page.url
    assert "basis=due" in page.url


def test_a_street_office_sees_its_own_street_only(desk: Desk) -> None:
    desk.make(history, days=3)
    page = desk.page("street")
    page.goto(desk.url + "/streets?basis=reported")
    expect(page.locator(".st8")).to_contain_text("S1名")
    expect(page.locator(".st8")).not_to_contain_text("S2名")


def test_a_period_before_anything_happened_divides_nothing(desk: Desk) -> None:
    desk.make(history, days=3)
    page = desk.page("supervise")
    page.goto(desk.url + "/streets?basis=due&from=2020-01-01&to=2020-01-31")
    expect(page.locator(".fg").first.locator(".bigv")).to_have_text("–")


def names(page: Page) -> list[str]:
    """The lines of the table below the sums."""
    return [text.split("\n")[0] for text in page.locator(".st8 tbody tr:not(.tot) th").all_inner_texts()]


def test_read_by_who_is_responsible_the_lines_are_organisations_and_the_numbers_still_open(
    desk: Desk,
) -> None:
    desk.make(history, days=3)
    page = desk.page("supervise")
    page.goto(desk.url + "/streets?basis=due")
    page.get_by_role("link", name="按责任单位").click()
    assert "of=handler" in page.url
    assert names(page) == ["试验区指挥中心", "排水队", "S1街道办事处"]
    expect(page.locator(".st8 tbody tr", has_text="排水队").locator("td").first).to_contain_text("2 / 2")
    assert follow_every_number(desk, page, page.url.removeprefix(desk.url)) > 20


def test_lines_are_sorted_by_a_heading_and_lines_without_a_rate_come_last(desk: Desk) -> None:
    desk.make(history, days=3)
    desk.make(
        lambda street: [street.report() for _ in range(25)] + [street.report(lon=104.065) for _ in range(25)]
    )
    page = desk.page("supervise", java_script_enabled=False)
    page.goto(desk.url + "/streets?basis=reported&measure=closure&measure=rework")
    assert names(page) == ["S1名", "S2名", "落在网格外"]
    heading = page.locator(".st8 thead").get_by_role("link", name="结案率")
    assert heading.get_attribute("title") == "结案数 ÷ 期内上报数"
    heading.click()
    assert names(page) == ["S1名", "S2名", "落在网格外"]
    expect(page.locator(".st8 th[aria-sort=descending]")).to_contain_text("结案率")
    page.locator(".st8 thead").get_by_role("link", name="结案率").click()
    assert names(page) == ["S2名", "S1名", "落在网格外"]
    expect(page.locator(".st8 th[aria-sort=ascending]")).to_contain_text("结案率")


def test_other_measures_are_picked_without_script_and_stand_in_the_address(desk: Desk) -> None:
    desk.make(history, days=3)
    page = desk.page("supervise", java_script_enabled=False)
    page.goto(desk.url + "/streets?basis=reported")
    page.locator(".pick summary").click()
    page.locator(".pick [value=closure]").uncheck()
    page.locator(".pick [value=overdue_open]").check()
    page.locator(".filters button").click()
    assert "measure=overdue_open" in page.url
    headings = page.locator(".fg b").all_inner_texts()
    assert "超期未结案" in headings
    assert "结案率" not in headings
    assert page.goto(desk.url + "/streets?basis=due&measure=luck").status == 422  # type: ignore[union-attr]


def test_the_period_before_stands_beside_the_present_one_as_it_was_when_as_old(desk: Desk) -> None:
    desk.make(lambda street: street.closed(), days=40)
    desk.make(lambda street: street.closed(), days=9)
    today = datetime.now(UTC).date()
    first, last = today - timedelta(days=29), today
    page = desk.page("supervise")
    page.goto(f"{desk.url}/streets?basis=reported&from={first}&to={last}&measure=closure")
    expect(page.locator(".fg .was")).to_have_text("上期 1 / 1")
    page.goto(desk.url + "/streets?basis=reported&measure=closure")
    expect(page.locator(".fg .was")).to_have_count(0)


def test_one_street_stands_beside_its_district_for_those_who_may_see_it(desk: Desk) -> None:
    desk.make(history, days=3)
    page = desk.page("supervise")
    page.goto(desk.url + "/streets/S1?basis=due")
    assert page.locator(".st8 .tot th").all_inner_texts() == ["S1名", "D名"]
    expect(page.locator(".st8 .tot").nth(1)).to_contain_text("2 / 5")
    page = desk.page("street")
    page.goto(desk.url + "/streets/S1?basis=due")
    assert page.locator(".st8 .tot th").all_inner_texts() == ["S1名"]


def test_what_is_suspended_stands_beside_the_closure_rate_and_opens_its_cases(desk: Desk) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()

    def suspend(street: Street) -> None:
        number = street.dispatched()
        street.act("crew", number, "accept")
        street.act("crew", number, "ask_suspension", reason="等配件", until=until)
        street.act("duty", number, "suspend", reason="等配件", until=until)

    desk.make(suspend, minutes=30)
    page = desk.page("supervise")
    page.goto(desk.url + "/streets?basis=reported&measure=closure")
    expect(page.locator(".fg")).to_contain_text("挂账 1")
    expect(page.locator(".fg .nd2")).to_have_text("0 / 0")
    page.locator(".fg a", has_text="1").click()
    expect(page.locator(".tb tbody tr[data-case]")).to_have_count(1)
