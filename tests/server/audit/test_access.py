"""Reading personal data: masked everywhere, shown once to somebody who says why, and every reading is a row."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from server.audit import access, service
from server.cases import service as cases
from server.cases.unmask import unmask_case
from server.cases.view import whole_cases
from server.db import Connection, Database
from server.errors import BadInput, NotAllowed, NotFound
from server.people.service import people_page, unmask_phone
from server.people.tokens import make_token
from tests.conftest import LiveServer
from tests.factories import START, Street
from tests.server.test_console_pages import hidden, signed_in

TOLD = "张女士 13912345678 反映"


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def rows(conn: Connection, login: str, street: Street) -> list[dict[str, Any]]:
    return list(service.access_page(conn, street.viewer(login), 50)["items"])


def test_a_number_in_peoples_words_is_masked_on_case_list_and_timeline_and_not_on_the_sealed_tablet(
    street: Street,
) -> None:
    number = street.report(title=TOLD, description=f"{TOLD}井盖响")
    street.act("worker", number, "comment", text=f"已回电 {TOLD}")
    case, events = street.case(number), cases.events(street.conn, street.viewer("duty"), number)
    shown = [case["title"], case["description"], *(event["text"] for event in events)]
    assert case["masked"] is True
    assert all("139****5678" in text and "13912345678" not in text for text in shown)
    row = cases.get_row(street.conn, street.viewer("worker"), number)
    bare = whole_cases(street.conn, [row], "zh-CN", street.now, bare=True)[0]
    assert (bare["title"], bare["masked"]) == (TOLD, False)


def test_private_answers_of_a_form_are_masked_and_others_are_not(street: Street) -> None:
    number = street.report(form={"contact_phone": "13912345678", "contact_address": "3栋1501"})
    assert [(answer["private"], answer["value"]) for answer in street.case(number)["form"]] == [
        (True, "139****5678"),
        (True, "****"),
    ]


def test_a_case_without_personal_data_has_nothing_to_unmask(street: Street) -> None:
    assert street.case(street.report(title="井盖响"))["masked"] is False


def test_unmasking_shows_everything_once_and_writes_down_who_when_what_and_why(street: Street) -> None:
    number = street.report(description=TOLD, form={"contact_phone": "13912345678"})
    bare = unmask_case(street.conn, street.viewer("duty"), number, " 回访  当事人 ", "192.0.2.7", street.now)
    assert (bare["description"], bare["form"][0]["value"]) == (TOLD, "13912345678")
    assert TOLD in bare["said"][0]["text"]
    (row,) = rows(street.conn, "auditor", street)
    assert (row["what"], row["login"], row["number"], row["reason"], row["address"], row["rows"]) == (
        "unmask", "duty", number, "回访 当事人", "192.0.2.7", 1,
    )  # fmt: skip
    assert "13912345678" not in str(row)


@pytest.mark.parametrize("reason", ["", " ", "？"])
def test_without_a_reason_nothing_is_shown_and_nothing_is_written(street: Street, reason: str) -> None:
    number = street.report(description=TOLD)
    with pytest.raises(BadInput):
        unmask_case(street.conn, street.viewer("duty"), number, reason, "", street.now)
    assert rows(street.conn, "auditor", street) == []


@pytest.mark.parametrize(
    ("login", "refusal"),
    [("admin", NotAllowed), ("auditor", NotAllowed), ("crew", NotFound), ("head", NotFound)],
)
def test_who_has_no_case_to_work_on_unmasks_none(
    street: Street, login: str, refusal: type[Exception]
) -> None:
    number = street.report(description=TOLD)
    with pytest.raises(refusal):
        unmask_case(street.conn, street.viewer(login), number, "看看", "", street.now)


def test_a_persons_telephone_is_masked_in_the_list_and_shown_to_the_administrator_who_says_why(
    street: Street,
) -> None:
    with street.conn.cursor() as cursor:
        cursor.execute(
            "update people_private set phone = '13812345678' where person_id = %s",
            (street.district.people["worker"],),
        )
    listed = people_page(street.conn, street.district.id, street.now, 50)["items"]
    assert {p["phone"] for p in listed} == {"", "138****5678"}
    shown = unmask_phone(street.conn, street.viewer("admin"), "worker", "通知培训", "", street.now)
    assert shown == {"login": "worker", "phone": "13812345678"}
    assert rows(street.conn, "auditor", street)[0]["subject"] == "worker"
    with pytest.raises(NotAllowed):
        unmask_phone(street.conn, street.viewer("duty"), "worker", "通知培训", "", street.now)


def test_rows_follow_on_by_hash_and_two_at_once_follow_one_another(
    database: Database, tmp_path: Path
) -> None:
    street = database.run(lambda conn: Street.open(conn, tmp_path))
    for reason in ("一", "二", "三"):
        database.run(
            lambda conn, why=reason: access.read_personal(
                conn, Street(conn, street.district, tmp_path).viewer("duty"), access.READ, why, START
            )
        )
    with database.read() as conn:
        assert access.verify_access(conn) == (3, None)


def test_the_log_is_read_by_the_auditor_alone_and_of_the_own_district(street: Street) -> None:
    access.read_personal(street.conn, street.viewer("duty"), access.READ, "", street.now)
    for login in ("admin", "duty", "street", "worker"):
        with pytest.raises(NotAllowed):
            rows(street.conn, login, street)
    with street.conn.cursor() as cursor:
        cursor.execute("select count(*) as n from access_log where district_id <> %s", (street.district.id,))
        assert cursor.fetchone()["n"] == 0
    assert len(rows(street.conn, "auditor", street)) == 1


def test_the_log_is_filtered_and_paged_by_key(street: Street) -> None:
    for n in range(5):
        access.read_personal(
            street.conn,
            street.viewer("duty" if n % 2 else "intake"),
            access.READ,
            str(n),
            street.later(hours=20),
        )
    auditor = street.viewer("auditor")
    first = service.access_page(street.conn, auditor, 3)
    rest = service.access_page(street.conn, auditor, 3, first["next"])
    assert [row["reason"] for row in (*first["items"], *rest["items"])] == ["4", "3", "2", "1", "0"]
    wanted = service.Wanted("read", "duty", since=START)
    assert [row["reason"] for row in service.access_page(street.conn, auditor, 9, None, wanted)["items"]] == [
        "3",
        "1",
    ]
    days = service.Wanted(since=street.now, until=None)
    assert [row["reason"] for row in service.access_page(street.conn, auditor, 9, None, days)["items"]] == [
        "4"
    ]


@pytest.fixture
def office(live_server: LiveServer, tmp_path: Path) -> Iterator[tuple[LiveServer, str]]:
    number = live_server.database.run(lambda conn: Street.open(conn, tmp_path).report(description=TOLD))
    yield live_server, number


def test_the_desk_asks_why_and_shows_once(office: tuple[LiveServer, str]) -> None:
    server, number = office
    session = signed_in(server, "duty")
    case = session.get(f"{server.url}/cases/{number}").text
    assert "139****5678" in case and "13912345678" not in case and f"/cases/{number}/unmask" in case
    page = session.get(f"{server.url}/cases/{number}/unmask")
    assert "13912345678" not in page.text
    form = {"csrf": hidden(page.text, "csrf"), "reason": ""}
    refused = session.post(page.url, form)
    assert (refused.status_code, "13912345678" in refused.text) == (422, False)
    assert session.post(page.url, {**form, "csrf": "x", "reason": "回访"}).status_code == 403
    shown = session.post(page.url, {**form, "reason": "回访"})
    assert (shown.status_code, TOLD in shown.text, shown.headers["cache-control"]) == (200, True, "no-store")
    auditor = signed_in(server, "auditor")
    log = auditor.get(f"{server.url}/audit?log=access&login=duty").text
    assert "回访" in log and number in log and "13912345678" not in log


def test_a_log_leaves_as_a_file_that_says_who_took_it_and_taking_it_is_a_row(
    office: tuple[LiveServer, str],
) -> None:
    server, _number = office
    auditor = signed_in(server, "auditor")
    file = auditor.get(f"{server.url}/audit.csv?log=security&what=signed_in")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("id,at,what,login")
    assert lines[-1].startswith("auditor 20")
    log = auditor.get(f"{server.url}/audit?log=access").text
    assert "signed_in" in log
    assert signed_in(server, "duty").get(f"{server.url}/audit.csv").status_code == 403


def test_another_system_unmasks_by_the_api_with_a_reason(office: tuple[LiveServer, str]) -> None:
    server, number = office
    token = server.database.run(lambda conn: make_token(conn, "duty", "", START))
    session = requests.Session()
    session.headers["authorization"] = f"Bearer {token}"
    url = f"{server.url}/api/v1/cases/{number}/unmask"
    assert session.post(url, json={}, timeout=20).status_code == 422
    assert session.post(url, json={"reason": "回访"}, timeout=20).json()["description"] == TOLD


def test_two_who_read_at_once_follow_one_another_in_the_log(database: Database, tmp_path: Path) -> None:
    """The second one waits for the first, whose row its own one must follow; neither is turned away."""
    street = database.run(lambda conn: Street.open(conn, tmp_path))
    reader = access.Reader(street.district.people["duty"], None, street.district.id)
    numbers: list[int] = []

    def reads(conn: Connection) -> int:
        return access.read_personal(conn, reader, access.READ, "", START)

    second = threading.Thread(target=lambda: numbers.append(database.run(reads)))
    with database.transaction() as conn:
        numbers.append(reads(conn))
        second.start()
        with conn.cursor() as cursor:
            waits = False
            while second.is_alive() and not waits:
                cursor.execute(
                    "select exists (select from pg_locks where not granted"
                    " and pg_backend_pid() = any (pg_blocking_pids(pid))) as waits"
                )
                waits = cursor.fetchone()["waits"]
    second.join()
    assert numbers == [1, 2]
    with database.read() as conn:
        assert access.verify_access(conn) == (2, None)
