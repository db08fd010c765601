"""Pages without a browser: headers, sign-in, forms that prove where they come from, refusals, files."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from server.console.errors import safe_next
from server.console.headers import POLICY
from server.db import Connection
from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.small_district import PASSWORD, SmallDistrict, make_small_district


@pytest.fixture
def office(live_server: LiveServer) -> Iterator[LiveServer]:
    live_server.database.run(make_small_district)
    yield live_server


def hidden(text: str, name: str, form: str = "") -> str:
    """The value of a hidden field, of the form whose action ends in `form`."""
    part = text[text.index(f'{form}"') :] if form else text
    found = re.search(rf'name="{name}" value="([^"]*)"', part)
    assert found, f"no {name}"
    return found[1]


def signed_in(office: LiveServer, login: str, goal: str = "/me") -> requests.Session:
    session = requests.Session()
    page = session.get(f"{office.url}/login?next={goal}")
    answer = session.post(
        f"{office.url}/login",
        {
            "login": login,
            "password": PASSWORD,
            "csrf": hidden(page.text, "csrf"),
            "next": hidden(page.text, "next"),
        },
    )
    assert answer.url == office.url + goal, answer.text
    return session


def test_every_page_carries_the_strict_policy_word_for_word(office: LiveServer) -> None:
    for path in ("/login", "/nowhere"):
        answer = requests.get(office.url + path, headers={"accept": "text/html"}, timeout=20)
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert "'unsafe" not in POLICY
    assert "http" not in POLICY


def test_no_page_has_inline_script_or_style(office: LiveServer) -> None:
    session = signed_in(office, "duty")
    for path in (
        "/login",
        "/map",
        "/cases",
        "/streets",
        "/grids",
        "/crews",
        "/me",
        "/cases/new",
        "/conflicts",
        "/calendar",
        "/packs",
    ):
        text = session.get(office.url + path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", text), path


def test_a_page_asks_to_sign_in_and_then_goes_where_somebody_wanted(office: LiveServer) -> None:
    answer = requests.get(office.url + "/cases?state=closed", allow_redirects=False, timeout=20)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fcases%3Fstate%3Dclosed"
    session = signed_in(office, "duty", "/cases?state=closed")
    assert session.get(office.url + "/", allow_redirects=False).headers["location"] == "/map"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", None, "/a\nb"],
)
def test_after_sign_in_nobody_is_led_elsewhere(target: str | None) -> None:
    assert safe_next(target) == "/"


def test_a_wrong_password_keeps_the_name_and_says_nothing_more(office: LiveServer) -> None:
    for login in ("duty", "nobody"):
        session = requests.Session()
        page = session.get(f"{office.url}/login")
        answer = session.post(
            f"{office.url}/login",
            {"login": login, "password": "wrong", "csrf": hidden(page.text, "csrf"), "next": "/"},
        )
        assert answer.status_code == 401
        assert f'value="{login}"' in answer.text
        assert answer.text.count("errs") == 1


def test_a_form_of_another_page_or_an_old_one_changes_nothing(office: LiveServer) -> None:
    session = signed_in(office, "duty")
    for fields in ({"lang": "en"}, {"lang": "en", "csrf": "guess"}):
        assert session.post(office.url + "/me", fields).status_code == 403
    assert 'lang="zh-CN"' in session.get(office.url + "/me").text
    answer = requests.post(
        office.url + "/login", {"login": "duty", "password": PASSWORD, "csrf": "guess"}, timeout=20
    )
    assert answer.status_code == 403


def test_the_language_is_kept_with_the_person_and_the_theme_with_the_browser(office: LiveServer) -> None:
    session = signed_in(office, "duty")
    csrf = hidden(session.get(office.url + "/me").text, "csrf")
    page = session.post(office.url + "/me", {"csrf": csrf, "lang": "en", "theme": "night"})
    assert '<html lang="en" data-theme="night">' in page.text
    elsewhere = signed_in(office, "duty").get(office.url + "/me").text
    assert '<html lang="en" data-theme="day">' in elsewhere


def test_signing_out_ends_the_session_on_the_server(office: LiveServer) -> None:
    session = signed_in(office, "duty")
    kept = session.cookies.copy()
    session.post(office.url + "/logout", {"csrf": hidden(session.get(office.url + "/me").text, "csrf")})
    answer = requests.get(office.url + "/me", cookies=kept, allow_redirects=False, timeout=20)
    assert answer.headers["location"].startswith("/login")


def test_a_case_of_another_scope_is_not_there(office: LiveServer) -> None:
    session = signed_in(office, "duty")
    answer = session.get(office.url + "/cases/20261122-999999")
    assert answer.status_code == 404
    assert "没有" in answer.text


def test_machines_get_problem_json_where_people_get_pages(office: LiveServer) -> None:
    answer = requests.get(office.url + "/api/v1/cases", headers={"accept": "text/html"}, timeout=20)
    assert answer.headers["content-type"] == "application/problem+json"
    page = requests.get(office.url + "/nowhere", headers={"accept": "text/html"}, timeout=20)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")


def test_only_an_administrator_sees_people_and_tablets_and_only_an_auditor_the_log(
    office: LiveServer,
) -> None:
    seen = {
        login: [
            signed_in(office, login).get(office.url + path).status_code
            for path in ("/people", "/devices", "/audit")
        ]
        for login in ("admin", "auditor", "duty")
    }
    assert seen == {"admin": [200, 200, 403], "auditor": [403, 403, 200], "duty": [403, 403, 403]}


def test_our_files_are_kept_for_a_year_under_an_address_that_changes_with_them(office: LiveServer) -> None:
    page = requests.get(office.url + "/login", timeout=20).text
    address = re.search(r'href="(/static/css/desk\.css\?v=\w+)"', page)
    assert address
    answer = requests.get(office.url + address[1], timeout=20)
    assert "immutable" in answer.headers["cache-control"]
    assert (
        requests.get(office.url + "/static/css/desk.css", timeout=20).headers["cache-control"] == "no-cache"
    )
    assert requests.get(office.url + "/static/../login.py", timeout=20).status_code == 404


def test_no_file_of_ours_names_a_colour_that_is_no_token() -> None:
    folder = Path(__file__).parents[2] / "server" / "console"
    for path in [*folder.glob("static/css/*.css"), *folder.glob("templates/*.html")]:
        if path.name != "tokens.css":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r":\s*#[0-9a-fA-F]{3,8}\b|rgb\(", text), path.name


def test_a_rate_of_few_cases_is_shown_as_counts_in_the_headline_as_in_the_table(
    office: LiveServer, tmp_path: Path
) -> None:
    now = datetime.now(UTC)

    def close_one(conn: Connection) -> None:
        district = SmallDistrict(1)
        with conn.cursor() as cursor:
            cursor.execute("select login, id from people")
            district.people = {row["login"]: row["id"] for row in cursor.fetchall()}
        Street(conn, district, tmp_path, now - timedelta(days=2)).closed()

    office.database.run(close_one)
    period = {"from": str((now - timedelta(days=4)).date()), "to": str(now.date())}
    page = signed_in(office, "duty").get(f"{office.url}/streets", params=period).text
    headline = page[page.index('class="figs"') : page.index("<table")]
    shown = dict(re.findall(r'<b class="t13">([^<]+)</b>(.*?)</div>', headline, re.DOTALL))
    assert "件数少，不算率" in shown["结案率"] and ">1</a>" in shown["结案率"]
    assert "%" not in re.sub(r"<[^>]+>", "", headline)
