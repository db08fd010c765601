"""The desk's side of a waiting resident: the clock of the reply, the board, the slip, the phone desk and the API."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from server.cases import boards, lists, parties
from server.cases.filters import Filters
from server.db import Connection
from server.errors import BadInput
from server.people.tokens import make_token
from server.protocol.wire import uuid7
from server.public import cli
from server.security import Viewer
from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.public.conftest import CONTACT, House, close, report_by_phone
from tests.server.test_console_pages import hidden, signed_in


def clocks(street: Street, number: str) -> dict[str, Any]:
    return {clock["kind"]: clock for clock in street.case(number)["deadlines"]}


def board(street: Street, login: str = "duty") -> tuple[int, list[str]]:
    """How many replies the board counts, and the numbers of the list behind it."""
    viewer = street.viewer(login)
    counted = next(b.count for b in boards.boards(street.conn, viewer, street.now) if b.key == "replies")
    page = lists.list_cases(street.conn, viewer, Filters(board="replies"), 50, None, street.now)
    return counted, [case["number"] for case in page.items]


def test_a_worker_who_reports_for_a_resident_starts_the_clock_of_the_reply(house: House) -> None:
    def work(street: Street) -> list[bool]:
        forms: list[dict[str, str]] = [{}, {"on_behalf": "resident"}, CONTACT, {"address": "三号门"}]
        numbers = [street.report("worker", form=form) for form in forms]
        return ["reply" in clocks(street, number) for number in numbers]

    assert house.make(work, minutes=5) == [False, True, True, False]


def test_the_board_has_closed_cases_too_until_the_reporter_was_answered_or_reached(house: House) -> None:
    def work(street: Street) -> None:
        closed, open_, silent = (
            close(street, report_by_phone(street)),
            report_by_phone(street),
            street.report(),
        )
        assert silent not in board(street)[1]
        assert board(street) == (2, [closed, open_])
        street.act("intake", open_, "callback", result="not_reached")
        assert board(street)[0] == 2
        street.act("intake", open_, "callback", result="satisfied", solved="yes")
        assert board(street) == (1, [closed])
        street.act("duty", closed, "reply", text="已办好")
        assert board(street) == (0, [])
        assert board(street, "crew") == (0, [])

    house.make(work, hours=5)


def test_a_page_of_the_board_does_not_ask_for_all_who_wait(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With twenty thousand of them that took a hundred times as long as the page."""
    asked: list[str] = []
    named_by = lists.named_by

    def heard(conn: Connection, viewer: Viewer, board: str, now: datetime) -> Any:
        asked.append(board)
        return named_by(conn, viewer, board, now)

    def work(street: Street) -> None:
        number = report_by_phone(street)
        monkeypatch.setattr(lists, "named_by", heard)
        assert board(street) == (1, [number])
        assert asked == []
        found = lists.question(street.conn, street.viewer("duty"), Filters(board="replies"), street.now)
        assert found is not None and [str(one) for one in found["held"]] == [street.case(number)["id"]]
        assert asked == ["replies"], "the map asks by them"

    house.make(work)


def test_the_board_is_paged_by_the_day_on_which_the_reply_is_owed_and_stays_in_scope(house: House) -> None:
    def work(street: Street) -> None:
        numbers = []
        for _ in range(5):
            numbers.append(report_by_phone(street))
            street.later(hours=2)
        viewer, seen, after = street.viewer("street"), [], None
        while True:
            page = lists.list_cases(street.conn, viewer, Filters(board="replies"), 2, after, street.now)
            seen += [case["number"] for case in page.items]
            assert all(case["reply"]["words"] for case in page.items)
            after = page.next
            if after is None:
                break
        assert seen == numbers
        other = lists.list_cases(
            street.conn, street.viewer("head"), Filters(board="replies"), 9, None, street.now
        )
        assert other.items == []

    house.make(work, hours=12)


def test_the_phone_desk_takes_the_callers_name_and_hands_out_a_slip_once(house: House) -> None:
    desk, url = signed_in(house.server, "hotline"), house.server.url
    page = desk.get(f"{url}/cases/new").text
    fields = {
        "csrf": hidden(page, "csrf"),
        "command_id": str(uuid7()),
        "category": "urban/component/0102",
        "place": "104.005, 30.005",
        **CONTACT,
    }
    case = desk.post(f"{url}/cases", fields)
    number = re.search(r"/cases/([\d-]+)", case.url)[1]  # type: ignore[index]
    assert "待答复" in case.text
    assert CONTACT["contact_phone"] not in case.text
    assert "138****5678" in case.text
    slip = desk.post(f"{url}/cases/{number}/slip", {"csrf": fields["csrf"]})
    code = re.search(r"<dd>(\d{3} \d{3} \d{4})</dd>", slip.text)[1]  # type: ignore[index]
    assert "data:image/svg+xml" in slip.text
    assert CONTACT["contact_name"] not in slip.text
    assert "前答复您" in slip.text
    assert house.post("/public", number=number, code=code).status_code == 200
    newer = desk.post(f"{url}/cases/{number}/slip", {"csrf": fields["csrf"], "alone": "1"})
    assert code not in newer.text
    assert house.post("/public", number=number, code=code).status_code == 404, "the lost slip has ended"
    logged = house.rows("select detail from security_log where what = 'resident_link_made' order by id")
    assert [row["detail"]["alone"] for row in logged] == [False, True]
    assert not any(code.replace(" ", "") in str(row) for row in house.rows("select * from security_log"))


def test_a_crew_makes_no_slip_and_nobody_makes_one_of_a_case_out_of_sight(house: House) -> None:
    number = house.make(lambda street: street.dispatched(), minutes=30)
    for login, status in (("crew", 403), ("head", 404)):
        desk = signed_in(house.server, login)
        csrf = hidden(desk.get(f"{house.server.url}/me").text, "csrf")
        sent = desk.post(f"{house.server.url}/cases/{number}/slip", {"csrf": csrf})
        assert (login, sent.status_code) == (login, status)
    assert house.rows("select 1 from public_links") == []


def bearer(server: LiveServer, login: str) -> dict[str, str]:
    token = server.database.run(lambda conn: make_token(conn, login, "test", datetime.now(UTC)))
    return {"authorization": f"Bearer {token}"}


def test_a_system_that_brings_a_resident_gets_the_link_once_with_the_case(house: House) -> None:
    url, head = house.server.url, bearer(house.server, "hotline")
    new = {
        "source": "12345",
        "external_id": "A1",
        "lon": 104.005,
        "lat": 30.005,
        "category": "urban/event/0110",
    }
    made = requests.post(f"{url}/api/v1/cases", json=new, headers=head, timeout=20)
    assert made.status_code == 201
    link = made.json()["resident_link"]
    assert house.get(link["url"].removeprefix(url)).status_code == 200
    assert house.post("/public", number=made.json()["number"], code=link["code"]).status_code == 200
    again = requests.post(f"{url}/api/v1/cases", json=new, headers=head, timeout=20)
    assert (again.status_code, "resident_link" in again.json()) == (200, False)
    other = requests.post(
        f"{url}/api/v1/cases/{made.json()['number']}/resident-link", headers=head, timeout=20
    )
    assert (other.status_code, other.json()["url"] != link["url"]) == (201, True)
    sensor = new | {"source": "sensor", "external_id": "B1"}
    plain = requests.post(f"{url}/api/v1/cases", json=sensor, headers=head, timeout=20)
    assert (plain.status_code, "resident_link" in plain.json()) == (201, False)
    contact = sensor | {"external_id": "B2", "form": CONTACT}
    named = requests.post(f"{url}/api/v1/cases", json=contact, headers=head, timeout=20)
    assert "resident_link" in named.json()
    assert CONTACT["contact_phone"] not in named.text


def test_the_operator_adds_a_party_and_the_telephone_of_slips_and_wrong_ones_are_refused(
    house: House,
) -> None:
    now, database = datetime.now(UTC), house.server.database

    def put(code: str, name: str, mail: str) -> None:
        home = house.district.id
        database.run(lambda conn: parties.put(conn, home, "D", code, name, mail, None, "", now))

    put("power-co", "供电公司", "duty@power.example")
    put("power-co", "供电局", "")
    kept = house.rows(
        "select o.name, c.mail from organisations o join contacts c on c.organisation_id = o.id"
    )
    assert kept == [{"name": "供电局", "mail": "duty@power.example"}], "its address stays"
    with pytest.raises(BadInput, match="another organisation"):
        put("crew-drain", "供电局", "")
    database.run(lambda conn: cli.put_phone(conn, "centre", "028-8765 4321", None))
    for code, phone in (("centre", "<script>"), ("nobody", "12345")):
        with pytest.raises(BadInput):
            database.run(lambda conn, code=code, phone=phone: cli.put_phone(conn, code, phone, None))
    page = house.get(house.link(house.make(report_by_phone, minutes=5)).path)
    assert 'href="tel:028-87654321"' in page.text
