"""The pages of telling work without scripts: the bell, reading, letters, and what other systems get."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import requests

from server.db import Connection
from server.telling import service
from server.telling.service import Notice
from tests.conftest import LiveServer
from tests.factories import START, Street
from tests.server.test_console_pages import hidden, signed_in


@pytest.fixture
def office(live_server: LiveServer) -> Iterator[LiveServer]:
    live_server.settings.webhook_private = True
    live_server.database.run(lambda conn: Street.open(conn, Path()))
    yield live_server


def told(office: LiveServer, login: str, times: int = 1, action: str = "supervise") -> str:
    """Commits messages to one person; the case's number."""

    def work(conn: Connection) -> str:
        with conn.cursor() as cursor:
            cursor.execute(
                "select id, (select id from people where login = %s) as person from districts", (login,)
            )
            row = cursor.fetchone()
        from tests.server.small_district import SmallDistrict

        street = Street(conn, SmallDistrict(row["id"]), Path(), START)
        with conn.cursor() as cursor:
            cursor.execute("select login, id from people")
            street.district.people = {one["login"]: one["id"] for one in cursor.fetchall()}
        number = street.report()
        case_id = UUID(street.case(number)["id"])
        service.put(
            conn,
            [
                Notice(row["id"], case_id, number, 100 + n, action, "person", row["person"])
                for n in range(times)
            ],
            START,
        )
        return number

    return office.database.run(work)


def rows(office: LiveServer, query: str) -> list[dict[str, Any]]:
    with office.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(query)
        return [dict(row) for row in cursor.fetchall()]


def bell(page: str) -> str:
    found = re.search(r'class="bell"[^>]*>(.*?)</a>', page)
    assert found
    return re.sub(r"<[^>]+>", "", found[1]).strip()


def test_the_bell_counts_what_is_new_until_it_was_marked_as_read(office: LiveServer) -> None:
    session = signed_in(office, "crew")
    assert bell(session.get(f"{office.url}/me").text) == "消息"
    number = told(office, "crew", 3)
    assert bell(session.get(f"{office.url}/cases").text) == "消息 3未读"
    page = session.get(f"{office.url}/messages").text
    assert page.count("案件被督办。") == 3
    assert f'href="/cases/{number}"' in page
    ids = re.findall(r'name="message" value="(\d+)"', page)
    after = session.post(
        f"{office.url}/messages/read", {"csrf": hidden(page, "csrf", "/messages/read"), "message": ids}
    )
    assert after.url == f"{office.url}/messages"
    assert bell(after.text) == "消息"
    assert "督办" in after.text, "what was read stays"


def test_nobody_marks_or_reads_anothers_messages(office: LiveServer) -> None:
    told(office, "crew")
    session = signed_in(office, "worker")
    page = session.get(f"{office.url}/messages").text
    assert "督办" not in page
    (message,) = rows(office, "select id from messages where action = 'supervise'")
    me = session.get(f"{office.url}/me").text
    session.post(f"{office.url}/messages/read", {"csrf": hidden(me, "csrf"), "message": message["id"]})
    assert rows(office, "select * from message_reads") == []


def test_messages_are_paged_by_key(office: LiveServer) -> None:
    told(office, "crew", 120)
    session, seen, path = signed_in(office, "crew"), [], "/messages"
    while path:
        page = session.get(office.url + path).text
        seen += re.findall(r'name="message" value="(\d+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 120
    assert bell(session.get(f"{office.url}/me").text) == "消息 99+未读"


def test_letters_are_asked_for_changed_and_ended_by_a_plain_form(office: LiveServer) -> None:
    session = signed_in(office, "crew", "/messages/letters")
    wish = {"mail": "crew@example.org", "every_min": "120", "quiet_from": "22:00", "quiet_to": "06:30"}

    def send(**changed: str) -> requests.Response:
        page = session.get(f"{office.url}/messages/letters").text
        return session.post(
            f"{office.url}/messages/letters",
            wish | changed | {"csrf": hidden(page, "csrf", "/messages/letters")},
        )

    assert send(mail="nobody").status_code == 422
    assert send(quiet_to="").status_code == 422
    assert send(every_min="7").status_code == 422
    assert rows(office, "select * from contacts") == []
    kept = send()
    assert kept.status_code == 200
    assert 'value="crew@example.org"' in kept.text
    assert 'value="22:00"' in kept.text
    (row,) = rows(office, "select mail, every_min from contacts")
    assert row == {"mail": "crew@example.org", "every_min": 120}
    send(end="yes")
    assert rows(office, "select mail, active from contacts") == [{"mail": "", "active": False}]


def test_a_webhooks_secret_stands_on_the_answer_only_and_others_are_kept_out(office: LiveServer) -> None:
    session = signed_in(office, "admin", "/webhooks")
    page = session.get(f"{office.url}/webhooks").text
    new = {"csrf": hidden(page, "csrf", "/webhooks"), "source": "hotline", "url": "http://127.0.0.1:9/hook"}
    assert session.post(f"{office.url}/webhooks", new | {"url": "http://example.org/"}).status_code == 422
    made = session.post(f"{office.url}/webhooks", new)
    (row,) = rows(office, "select id, secret from webhooks")
    assert row["secret"] in made.text
    assert row["secret"] not in session.get(f"{office.url}/webhooks").text
    assert [r["what"] for r in rows(office, "select what from security_log where what like 'webhook%'")] == [
        "webhook_made"
    ]
    session.post(f"{office.url}/webhooks/{row['id']}/ping", {"csrf": new["csrf"]})
    assert len(rows(office, "select from outbox where case_id is null")) == 1
    session.post(f"{office.url}/webhooks/{row['id']}/remove", {"csrf": new["csrf"]})
    assert rows(office, "select active from webhooks") == [{"active": False}]
    assert len(rows(office, "select from outbox where given_up_at is not null")) == 1
    assert "该回传地址已停用。" in session.get(f"{office.url}/undelivered").text
    for login in ("duty", "worker", "crew", "auditor"):
        other = signed_in(office, login)
        assert other.get(f"{office.url}/webhooks", headers={"accept": "text/html"}).status_code == 403
    for path in ("/exchanges", "/undelivered"):
        assert signed_in(office, "auditor").get(office.url + path).status_code == 200
        assert (
            signed_in(office, "duty").get(office.url + path, headers={"accept": "text/html"}).status_code
            == 403
        )
