"""Codes for tablets on the console: made for a person, shown once, listed without the code, withdrawn, logged."""

import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
import requests
import segno

from server.console.residents import qr
from server.db import Database
from server.errors import EnrolRefused
from server.people.enrolment import enrol, make_enrol_code
from server.protocol.ticket import Ticket, read_ticket
from server.settings import CHECKOUT
from tests.conftest import LiveServer
from tests.server.plain_forms import Clerk, Forms, Office, PlainForm
from tests.server.small_district import make_small_district

LINE = re.compile(r'value="(xunge-enrol [^"]+)"')


@pytest.fixture
def office(live_server: LiveServer) -> Office:
    return Office(live_server)


def form_to(text: str, action: str) -> PlainForm:
    return next(form for form in Forms(text).found if re.fullmatch(action, form.action))


def made(clerk: Clerk, login: str) -> requests.Response:
    return clerk.send(form_to(clerk.get("/devices"), "/devices/codes").fill(person=login))


def ticket_on(page: str) -> Ticket:
    found = LINE.search(page)
    assert found, "no line"
    ticket = read_ticket(found[1])
    assert ticket
    return ticket


def log(database: Database) -> list[tuple[str, Any, Any]]:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute(
            "select l.what, p.login, l.detail from security_log l left join people p on p.id = l.person_id"
            " where l.what like 'enrol%' order by l.id"
        )
        return [(row["what"], row["login"], row["detail"]) for row in cursor.fetchall()]


def comes_in(database: Database, ticket: Ticket) -> str:
    return enrol(database, ticket.code, UUID(int=7), "T10", "0.1.0", datetime.now(UTC)).viewer.login


def test_a_code_is_shown_once_with_address_and_qr_and_brings_its_persons_tablet_in(office: Office) -> None:
    admin = office.clerk("admin")
    shown = made(admin, "worker").text
    ticket = ticket_on(shown)
    assert ticket.server == office.server.url
    assert f'src="{qr(ticket.line)}"' in shown
    assert shown.count(ticket.code) == 2, "large, and in the line"
    listed = admin.get("/devices")
    assert ticket.code not in listed
    assert "worker岗" in listed
    assert comes_in(office.server.database, ticket) == "worker"
    assert "/withdraw" not in admin.get("/devices"), "a used code is no open one"
    assert log(office.server.database) == [
        ("enrol_code_made", "admin", {"login": "worker"}),
        ("enrolled", "worker", {"device": str(UUID(int=7))}),
    ]


def test_an_open_code_says_for_whom_by_whom_and_how_long(office: Office) -> None:
    admin = office.clerk("admin")
    made(admin, " Worker ")
    office.server.database.run(lambda conn: make_enrol_code(conn, "head", datetime.now(UTC)))
    rows = re.findall(r"<tr><td><b>(.+?)</b>.*?</tr>", admin.get("/devices"))
    assert sorted(rows) == ["head岗", "worker岗"]
    first, second = re.findall(r"<tr>(?:(?!</tr>).)*?/withdraw.*?</tr>", admin.get("/devices"))
    assert "服务器管理人员" in first
    assert "admin岗" in second


def test_a_withdrawn_code_brings_nobody_in_and_the_log_says_who_withdrew_it(office: Office) -> None:
    admin, database = office.clerk("admin"), office.server.database
    shown = made(admin, "worker").text
    answer = admin.send(form_to(shown, r"/devices/codes/\d+/withdraw"))
    assert "登记码已作废" in answer.text
    with pytest.raises(EnrolRefused):
        comes_in(database, ticket_on(shown))
    assert log(database)[1] == ("enrol_code_withdrawn", "admin", {"login": "worker"})


def test_a_used_code_and_another_districts_cannot_be_withdrawn(office: Office) -> None:
    admin, database = office.clerk("admin"), office.server.database
    shown = made(admin, "worker").text
    withdrawing = form_to(shown, r"/devices/codes/\d+/withdraw")
    database.run(lambda conn: make_small_district(conn, "E"))
    stranger = Clerk(office.server, "e-admin")
    csrf = form_to(stranger.get("/devices"), "/devices/codes").sent["csrf"]
    assert "worker岗" not in re.sub(r"<datalist.*?</datalist>", "", stranger.get("/devices"))
    assert stranger.send(PlainForm(withdrawing.action, {"csrf": csrf})).status_code == 404
    assert comes_in(database, ticket_on(shown)) == "worker"
    assert admin.send(withdrawing).status_code == 404


@pytest.mark.parametrize("login", ["ghost", "e-worker", "gone", ""])
def test_nobody_gets_a_code_who_is_not_of_the_district(office: Office, login: str) -> None:
    database = office.server.database
    database.run(lambda conn: make_small_district(conn, "E"))
    with database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("update people set active = false, login = 'gone' where login = 'crew'")
    answer = made(office.clerk("admin"), login)
    assert answer.status_code == 422
    assert f"没有登录名为 {login} 的人员。" in answer.text
    assert log(database) == []


@pytest.mark.parametrize("login", ["duty", "auditor", "community", "worker"])
def test_only_who_administers_makes_and_withdraws_codes(office: Office, login: str) -> None:
    form_to(made(office.clerk("admin"), "worker").text, r"/devices/codes/\d+/withdraw")
    clerk = office.clerk(login)
    csrf = next(form.sent["csrf"] for form in Forms(clerk.get("/me")).found if "csrf" in form.sent)
    for action in ("/devices/codes", "/devices/codes/1/withdraw"):
        asked = PlainForm(action, {"csrf": csrf, "person": "worker"})
        assert clerk.send(asked).status_code == 403
    assert len(log(office.server.database)) == 1


def test_a_form_from_elsewhere_makes_no_code(office: Office) -> None:
    admin = office.clerk("admin")
    assert admin.send(PlainForm("/devices/codes", {"person": "worker"})).status_code == 403
    assert log(office.server.database) == [], "no code"


def command(database: Database, *more: str, **given: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "server", "enrol-code", "worker", *more],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "DATABASE_URL": database.dsn,
            "XUNGE_LANG": "en",
            "XUNGE_PUBLIC_URL": "https://office.example/",
        },
        **given,
    )


def test_the_command_shows_the_qr_code_to_a_terminal_and_the_bare_code_to_a_pipe(office: Office) -> None:
    ours, theirs = pty.openpty()
    database = office.server.database
    with command(database, stdout=theirs) as running:
        os.close(theirs)
        told = b""
        while part := _more(ours):
            told += part
        assert running.wait(30) == 0
    os.close(ours)
    text = told.decode().replace("\r\n", "\n")
    code = re.search(r"Enrolment code \(once, for a day\): (\S+)", text)
    assert code
    ticket = Ticket("https://office.example", code[1])
    drawn = StringIO()
    segno.make(ticket.line, error="m", micro=False).terminal(drawn, compact=True)
    assert drawn.getvalue() in text
    assert ticket.server in text
    assert comes_in(database, ticket) == "worker"
    with command(database, stdout=subprocess.PIPE) as piped:
        bare = piped.communicate(timeout=30)[0].decode()
    assert re.fullmatch(r"(\w{4}-){2}\w{4}\n", bare)


def _more(terminal: int) -> bytes:
    """What a terminal still says; the end of the other side is an error there."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


@pytest.mark.parametrize(
    "text",
    [
        "xunge-enrol https://office.example 7KQX-2M9D-VH4T",
        "  XUNGE-ENROL\thttps://office.example\n7KQX-2M9D-VH4T \n",
    ],
)
def test_a_line_is_read_whatever_blanks_stand_in_it(text: str) -> None:
    assert read_ticket(text) == Ticket("https://office.example", "7KQX-2M9D-VH4T")
    assert read_ticket(Ticket("http://10.0.0.5:8800/x", "A").line) == Ticket("http://10.0.0.5:8800/x", "A")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7KQX-2M9D-VH4T",
        "https://office.example 7KQX-2M9D-VH4T",
        "xunge-enrol https://office.example",
        "xunge-enrol javascript:alert(1) 7KQX",
        "xunge-enrol file:///etc/passwd 7KQX",
        "xunge-enrol https:// 7KQX",
        "xunge-enrol http://[bad 7KQX",
        "xunge-enrol https://office.example 7KQX and more",
        "xunge-enrol https://office.example/" + "x" * 2000 + " 7KQX",
    ],
)
def test_what_is_no_line_of_an_office_is_none(text: str) -> None:
    assert read_ticket(text) is None
