"""The log of exchanges: one row a call by a token, written beside the call and never in its way."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from server.db import Database
from server.people.tokens import make_token
from server.security import SESSION_COOKIE, sign_in
from server.telling.exchanges import Exchange, Recorder
from tests.conftest import LiveServer
from tests.server.small_district import PASSWORD, SmallDistrict, make_small_district


class System:
    """Another system with a token of one of the cast."""

    def __init__(self, server: LiveServer, login: str) -> None:
        self.server = server
        token = server.database.run(lambda conn: make_token(conn, login, "test", datetime.now(UTC)))
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return requests.request(method, self.server.url + path, headers=headers, timeout=20, **more)

    def log(self, **asked: Any) -> list[dict[str, Any]]:
        answer = self.call("GET", "/api/v1/exchanges", params=asked)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])


@pytest.fixture
def district(live_server: LiveServer) -> Iterator[SmallDistrict]:
    yield live_server.database.run(make_small_district)


def test_each_call_of_a_token_is_one_row_with_its_case_and_without_its_query(
    live_server: LiveServer, district: SmallDistrict
) -> None:
    hotline = System(live_server, "hotline")
    new = {"source": "hotline", "external_id": "A-7", "lon": 104.005, "lat": 30.005, "category": "垃圾"}
    made = hotline.call("POST", "/api/v1/cases", json=new, headers={"X-Request-Id": "call-1"})
    assert made.status_code == 201, made.text
    assert made.headers["X-Request-Id"] == "call-1"
    number = made.json()["number"]
    hotline.call("GET", f"/api/v1/cases/{number}?secret=1")
    hotline.call("GET", "/api/v1/cases/20990101-000000")
    missing, seen, first = hotline.log()
    assert (first["method"], first["path"], first["status"]) == ("POST", "/api/v1/cases", 201)
    assert (first["request_id"], first["number"], first["external_id"]) == ("call-1", number, "A-7")
    assert first["person"] == "hotline"
    assert first["bytes_in"] > 50
    assert first["bytes_out"] == len(made.content)
    assert (seen["path"], seen["number"]) == (f"/api/v1/cases/{number}", number)
    assert (missing["status"], missing["error"]) == (404, "not_found")


def test_a_console_session_and_a_stranger_are_not_in_the_log(
    live_server: LiveServer, district: SmallDistrict
) -> None:
    browser = requests.Session()
    token, _ = sign_in(live_server.database, "admin", PASSWORD, "", datetime.now(UTC))
    browser.cookies.set(SESSION_COOKIE, token)
    assert browser.get(live_server.url + "/api/v1/cases", timeout=20).status_code == 200
    assert requests.get(live_server.url + "/api/v1/cases", timeout=20).status_code == 401
    assert System(live_server, "admin").log() == []


def test_a_system_reads_its_own_calls_the_auditor_all_of_the_district_page_by_page(
    live_server: LiveServer, district: SmallDistrict
) -> None:
    hotline, dispatch, auditor = (System(live_server, login) for login in ("hotline", "dispatch", "auditor"))
    for _ in range(3):
        hotline.call("GET", "/api/v1/me")
    dispatch.call("GET", "/api/v1/me")
    assert {row["person"] for row in hotline.log()} == {"hotline"}
    assert len(dispatch.log()) == 1
    newest = auditor.log(limit=2)
    older = auditor.log(limit=2, after=newest[-1]["id"])
    assert max(row["id"] for row in older) < min(row["id"] for row in newest)
    assert {row["person"] for row in auditor.log(limit=200)} == {"hotline", "dispatch", "auditor"}


def test_rows_that_wait_are_written_when_the_server_ends_in_good_order(
    database: Database, tmp_path: Any
) -> None:
    from tests.conftest import serving

    with serving(database, tmp_path / "home") as server:
        server.database.run(make_small_district)
        System(server, "hotline").call("GET", "/api/v1/me")
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select path from exchanges")
        assert [row["path"] for row in cursor.fetchall()] == ["/api/v1/me"]


def test_rows_wait_while_no_connection_is_free_and_are_written_when_one_is(dsn: str) -> None:
    database = Database(dsn, size=1, wait_s=0.05)
    district = database.run(make_small_district)
    recorder = Recorder(database)
    with database.read():
        recorder.note(Exchange(datetime.now(UTC), "in", district.id, "GET", "/api/v1/me", 200, 3, "r"))
        recorder.flush()
    recorder.close()
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select path from exchanges")
        assert [row["path"] for row in cursor.fetchall()] == ["/api/v1/me"]
    database.close()
