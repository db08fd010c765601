"""The calendar page by plain forms: the administrator enters, others read, and what cannot be meant is told."""

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import requests

from server.calendar import service
from server.clock import Calendar
from server.db import Connection
from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.small_district import SmallDistrict, make_small_district
from tests.server.test_console_pages import hidden, signed_in

MORNINGS = ["08:00-12:00"] * 5 + ["", ""]


class Office:
    """A running server with the small district, and an administrator who sends the page's forms."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.district: SmallDistrict = server.database.run(make_small_district)
        self.admin = signed_in(server, "admin", "/calendar?year=2027")

    def page(self, year: int = 2027, login: str = "admin") -> str:
        session = self.admin if login == "admin" else signed_in(self.server, login)
        return session.get(f"{self.server.url}/calendar?year={year}").text

    def send(self, form: str, **fields: object) -> requests.Response:
        secret = hidden(self.page(), "csrf", "/calendar/hours")
        return self.admin.post(
            f"{self.server.url}/calendar/{form}", {"csrf": secret, "year": "2027", **fields}
        )

    def calendar(self) -> Calendar:
        with self.server.database.read() as conn:
            return service.calendar_of(conn, self.district.id)

    def log(self) -> list[dict[str, object]]:
        with self.server.database.read() as conn, conn.cursor() as cursor:
            cursor.execute("select detail from security_log where what = 'calendar_changed' order by id")
            return [row["detail"] for row in cursor.fetchall()]


@pytest.fixture
def office(live_server: LiveServer) -> Iterator[Office]:
    yield Office(live_server)


def test_the_page_shows_the_year_its_holidays_and_the_days_worked_instead(office: Office) -> None:
    page = office.page(2026)
    row = page[page.index("2026-02-15</b> – 02-23") :]
    assert "春节" in row[:400] and "休息" in row[:400]
    row = page[page.index("2026-10-10") :]
    assert "国庆节" in row[:400] and "上班" in row[:400]
    assert "尚未公布" not in page
    assert "尚未公布" in office.page(2027)


def test_a_year_is_entered_and_declared_and_each_step_is_in_the_log(office: Office) -> None:
    office.send("days", first="2027-02-05", last="2027-02-11", counts_as="free", name="春节")
    office.send("days", first="2027-02-14", counts_as="worked", name="春节")
    office.send("years")
    calendar = office.calendar()
    assert {day: works for day, works in calendar.days.items() if day.year == 2027} == {
        **{date(2027, 2, n): False for n in range(5, 12)},
        date(2027, 2, 14): True,
    }
    assert 2027 in calendar.declared
    assert office.log() == [
        {"from": "2027-02-05", "to": "2027-02-11", "counts_as": "free", "name": "春节"},
        {"from": "2027-02-14", "to": "2027-02-14", "counts_as": "worked", "name": "春节"},
        {"year": 2027, "declared": True},
    ]
    page = office.page()
    assert "由 admin 于" in page and "将在几分钟内重新计算" in page


def test_a_declaration_and_a_day_can_be_taken_back(office: Office) -> None:
    office.send("years", year="2026", declared="no")
    assert 2026 not in office.calendar().declared
    assert date(2026, 10, 1) in office.calendar().days
    answer = office.send("days", first="2026-10-10", counts_as="usual")
    assert answer.url.endswith("/calendar?year=2026&done=days")
    assert date(2026, 10, 10) not in office.calendar().days


def test_hours_are_set_for_each_weekday_and_kind_of_time(office: Office) -> None:
    office.send("hours", time_kind="seat", week=["8:00-20:00"] * 7, keeps_holidays="yes")
    office.send("hours", time_kind="working", week=["09:00—12:00，13:30至18:00"] * 5 + ["", ""])
    hours = office.calendar().hours
    assert hours["seat"].week == (((480, 1200),),) * 7 and hours["seat"].keeps_holidays
    assert hours["working"].week[4:6] == (((540, 720), (810, 1080)), ())
    assert not hours["working"].keeps_holidays
    assert "09:00-12:00 13:30-18:00" in office.page()


@pytest.mark.parametrize(
    ("form", "fields", "sentence"),
    [
        ("years", {"year": "27"}, "请用四位数字填写年份"),
        ("years", {"year": "٢٠٢٧"}, "请用四位数字填写年份"),
        ("years", {"year": "9999"}, "请用四位数字填写年份"),
        ("years", {"year": "2026"}, "2026 年已经确认"),
        ("years", {"year": "2027", "declared": "no"}, "2027 年尚未确认"),
        ("days", {"first": ""}, "请按 年-月-日 填写日期"),
        ("days", {"first": "2027-02-30"}, "请按 年-月-日 填写日期"),
        ("days", {"first": "1900-01-01"}, "请用四位数字填写年份"),
        ("days", {"first": "2027-02-10", "last": "2027-02-09"}, "截止日早于起始日"),
        ("days", {"first": "2027-01-01", "last": "2027-12-31"}, "一次最多录入 31 天"),
        ("days", {"first": "2027-01-01", "counts_as": "free", "name": "节" * 81}, "名称超过 80 个字"),
        ("days", {"first": "2027-03-03", "counts_as": "usual"}, "2027-03-03 本来就按平常星期计算"),
        ("days", {"first": "2027-03-03", "counts_as": "maybe"}, "请选择这些日期是休息、上班还是"),
        ("hours", {"time_kind": "working", "week": [""] * 7}, "一周至少要有一天办公"),
        ("hours", {"time_kind": "working", "week": ["12:00-08:00", *MORNINGS[1:]]}, "不是有效时间"),
        ("hours", {"time_kind": "working", "week": ["08:00-08:00", *MORNINGS[1:]]}, "不是有效时间"),
        ("hours", {"time_kind": "working", "week": ["08:00-24:01", *MORNINGS[1:]]}, "不是有效时间"),
        ("hours", {"time_kind": "working", "week": ["08:60-12:00", *MORNINGS[1:]]}, "不是有效时间"),
        ("hours", {"time_kind": "working", "week": ["上午", *MORNINGS[1:]]}, "“上午”不是有效时间"),
        ("hours", {"time_kind": "working", "week": ["08:00-12:00 11:00-13:00", *MORNINGS[1:]]}, "不是有效时间"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_on_the_page_and_changes_nothing(
    office: Office, form: str, fields: dict[str, object], sentence: str
) -> None:
    before = office.calendar()
    answer = office.send(form, **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "工作日历" in answer.text, "the page stands there again"
    assert office.calendar() == before
    assert office.log() == []


def test_what_was_typed_is_still_there_after_a_refusal(office: Office) -> None:
    answer = office.send("hours", time_kind="working", week=["08:00-12:00", "never", *MORNINGS[2:]])
    assert 'value="never"' in answer.text
    answer = office.send("days", first="2027-02-10", last="2027-02-09", counts_as="worked", name="<b>节 100%")
    assert 'value="&lt;b&gt;节 100%"' in answer.text and 'value="worked" checked' in answer.text


def test_a_name_is_never_taken_for_markup(office: Office) -> None:
    answer = office.send("days", first="2027-02-10", counts_as="free", name="<script>100%s</script>")
    assert answer.status_code == 200
    assert "&lt;script&gt;100%s&lt;/script&gt;" in answer.text


def test_others_read_and_may_not_change(office: Office) -> None:
    page = office.page(2026, "worker")
    assert "2026-10-01" in page and "<form" not in page[page.index("<main") :]
    session = signed_in(office.server, "duty")
    secret = hidden(session.get(office.server.url + "/me").text, "csrf")
    fields = {"csrf": secret, "year": "2027", "first": "2027-01-01", "counts_as": "free", "time_kind": "working",
              "week": MORNINGS}  # fmt: skip
    for form in ("years", "days", "hours"):
        assert session.post(f"{office.server.url}/calendar/{form}", fields).status_code == 403
    assert 2027 not in office.calendar().declared
    assert office.log() == []


def test_a_year_in_the_address_that_is_none_is_a_sentence(office: Office) -> None:
    answer = office.admin.get(office.server.url + "/calendar?year=x")
    assert answer.status_code == 422 and "请用四位数字填写年份" in answer.text


def test_an_auditor_sees_who_changed_the_calendar(office: Office) -> None:
    office.send("years")
    assert "日历变更" in signed_in(office.server, "auditor", "/audit").get(office.server.url + "/audit").text


def test_a_provisional_deadline_is_called_one_in_the_list_and_on_the_case(office: Office) -> None:
    def report(conn: Connection) -> str:
        eve = datetime(2026, 12, 31, 17, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
        street = Street(conn, office.district, office.server.settings.blobs, eve)
        number = street.report()
        street.act("duty", number, "register", condition="any")
        return number

    number = office.server.database.run(report)
    session = signed_in(office.server, "duty")
    assert "总时限暂定" in session.get(office.server.url + "/cases").text
    page = session.get(f"{office.server.url}/cases/{number}").text
    assert "总时限暂定" in page and '<span class="tag">暂定</span>' in page
