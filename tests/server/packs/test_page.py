"""The page of packs without script: what is in force, and an administrator who puts another in its place."""

from collections.abc import Iterator
from html import unescape

import pytest
import requests

from server import packs
from tests.conftest import LiveServer
from tests.server.packs.written import SMALL, line_of
from tests.server.small_district import SmallDistrict, make_small_district
from tests.server.test_console_pages import hidden, signed_in


class Office:
    """A running server with the small district, and an administrator who sends files."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.district: SmallDistrict = server.database.run(make_small_district)
        self.admin = signed_in(server, "admin", "/packs")

    def page(self) -> str:
        return unescape(self.admin.get(f"{self.server.url}/packs").text)

    def send(
        self, content: bytes | str, name: str = "mine.toml", session: requests.Session | None = None
    ) -> requests.Response:
        secret = hidden(self.admin.get(f"{self.server.url}/packs").text, "csrf")
        return (session or self.admin).post(
            f"{self.server.url}/packs", {"csrf": secret}, files={"file": (name, content, "application/toml")}
        )

    def code(self) -> str:
        with self.server.database.read() as conn:
            return packs.current(conn, self.district.id)[1].code


@pytest.fixture
def office(live_server: LiveServer) -> Iterator[Office]:
    yield Office(live_server)


def test_the_page_shows_categories_with_conditions_limits_and_whom_they_fall_to(office: Office) -> None:
    page = office.page()
    row = page[page.index("污水井盖") :][:900]
    for words in ("缺失", "2 紧急工作时", "井盖补齐", "排水", "城镇排水与污水处理条例", "4 工作时"):
        assert words in row
    assert "部件 · 公用设施" in page


def test_an_administrator_downloads_changes_and_puts_back_the_pack(office: Office) -> None:
    text = office.admin.get(f"{office.server.url}/packs/pack.toml").text
    assert "暴露垃圾" in text
    answer = office.send(text.replace('"暴露垃圾"', '"垃圾暴露"'))
    assert answer.url.endswith("/packs?done=put")
    page = unescape(answer.text)
    assert "垃圾暴露" in page and "mine.toml" in page


def test_a_faulty_pack_stands_on_the_page_with_file_line_and_reason(office: Office) -> None:
    text = SMALL.replace('payer = "public"', 'payer = "you"').replace("extensions = 2", 'extensions = "2"')
    answer = office.send(text)
    page = unescape(answer.text)
    assert answer.status_code == 422
    assert "2 处错误" in page and "现行配置不变" in page
    for words in ('payer = "you"', "extensions"):
        assert f'<td class="r">{line_of(text, words)}</td>' in page
    assert "categories[0].payer" in page
    assert office.code() == "urban"


def test_a_file_that_is_no_pack_is_refused_with_a_sentence(office: Office) -> None:
    for content, words in ((b"", "请先选择"), ("名".encode("gb18030"), "UTF-8"), (b"PK\x03\x04", "TOML")):
        answer = office.send(content)
        assert (answer.status_code, words in unescape(answer.text)) == (422, True), words
    assert office.code() == "urban"


def test_a_name_of_a_file_cannot_lead_elsewhere_or_become_markup(office: Office) -> None:
    answer = office.send(SMALL, "../../<b>x.toml")
    assert "&lt;b&gt;x.toml" in answer.text and "<b>x" not in answer.text
    assert office.code() == "small"


def test_somebody_else_reads_but_does_not_change(office: Office) -> None:
    duty = signed_in(office.server, "duty", "/packs")
    page = duty.get(f"{office.server.url}/packs").text
    assert "污水井盖" in page and 'type="file"' not in page
    secret = hidden(duty.get(f"{office.server.url}/me").text, "csrf")
    answer = duty.post(f"{office.server.url}/packs", {"csrf": secret}, files={"file": ("x.toml", SMALL)})
    assert answer.status_code == 403
    assert office.code() == "urban"


def test_a_form_from_elsewhere_changes_nothing(office: Office) -> None:
    answer = office.admin.post(
        f"{office.server.url}/packs", {"csrf": "wrong"}, files={"file": ("x.toml", SMALL)}
    )
    assert answer.status_code == 403
    assert office.code() == "urban"


def test_an_administrator_goes_back_to_a_pack_of_the_program(office: Office) -> None:
    office.send(SMALL)
    assert office.code() == "small"
    secret = hidden(office.admin.get(f"{office.server.url}/packs").text, "csrf")
    answer = office.admin.post(f"{office.server.url}/packs/follow", {"csrf": secret, "code": "social"})
    assert answer.url.endswith("/packs?done=follow")
    assert office.code() == "social"
    assert "矛盾调解" in answer.text
