"""The street office: every figure stands beside its numerator, denominator and formula, and opens exactly its cases."""

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
    expect(closure.locator(".nd2")).to_have_text("2 / 5")
    expect(closure.locator(".bigv")).to_have_text("40.00%")
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
