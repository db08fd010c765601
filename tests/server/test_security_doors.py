"""What the doors of the real server let in: cookies, API tokens, forms of our own pages, tablets."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import requests

from server.db import Connection, Database
from server.people.enrolment import enrol, make_enrol_code
from server.people.tokens import make_token
from server.security import SESSION_COOKIE, Viewer, sign_in
from server.security.tokens import token_hash
from tests.conftest import LiveServer
from tests.server.small_district import PASSWORD, SmallDistrict, make_small_district

TABLET = UUID(int=7)
DAY = timedelta(days=1)


@pytest.fixture
def district(database: Database) -> SmallDistrict:
    return database.run(make_small_district)


Call = Callable[..., requests.Response]


@pytest.fixture
def call(live_server: LiveServer, district: SmallDistrict) -> Call:
    """Sends one request as nobody, or with a bearer token or a session."""

    def send(method: str, path: str, **more: Any) -> requests.Response:
        headers = {"accept-language": "en"} | more.pop("headers", {})
        if bearer := more.pop("bearer", None):
            headers["authorization"] = f"Bearer {bearer}"
        if session := more.pop("session", None):
            more["cookies"] = {SESSION_COOKIE: session}
        return requests.request(method, live_server.url + path, headers=headers, timeout=10, **more)

    return send


def signed_in(database: Database, login: str) -> tuple[str, Viewer]:
    return sign_in(database, login, PASSWORD, "127.0.0.1", datetime.now(UTC))


def api_token(database: Database, login: str) -> str:
    return database.run(lambda conn: make_token(conn, login, "test", datetime.now(UTC)))


def tablet_token(database: Database, login: str = "worker") -> str:
    now = datetime.now(UTC)
    code = database.run(lambda conn: make_enrol_code(conn, login, now))
    return enrol(database, code, TABLET, "T10", "0.1.0", now).device_token


def change(database: Database, statement: str) -> None:
    def run(conn: Connection) -> None:
        with conn.cursor() as cursor:
            cursor.execute(statement)

    database.run(run)


def logged(database: Database) -> list[str]:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select what from security_log order by id")
        return [row["what"] for row in cursor.fetchall()]


def test_nobody_is_asked_to_sign_in(call: Call, district: SmallDistrict) -> None:
    answer = call("GET", "/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "sign_in_needed"


def test_a_session_and_a_token_are_two_ways_to_be_the_same_person(call: Call, database: Database) -> None:
    by_session = call("GET", "/api/v1/me", session=signed_in(database, "duty")[0]).json()
    by_token = call("GET", "/api/v1/me", bearer=api_token(database, "duty")).json()
    assert by_session == by_token
    assert by_token["duties"] == ["duty"]
    assert by_token["scope"] == ["D"]


def test_forged_expired_and_withdrawn_tokens_get_one_sentence_and_a_log_row_each(
    call: Call, database: Database
) -> None:
    expired, withdrawn = api_token(database, "duty"), api_token(database, "intake")
    change(database, "update api_tokens set expires_at = now() where person_id = "
           "(select id from people where login = 'duty')")  # fmt: skip
    change(database, "update api_tokens set revoked_at = now() where person_id = "
           "(select id from people where login = 'intake')")  # fmt: skip
    answers = [call("GET", "/api/v1/me", bearer=token) for token in ("xunge_api_forged", expired, withdrawn)]
    assert {(answer.status_code, answer.json()["detail"]) for answer in answers} == {(401, "Please sign in.")}
    assert logged(database).count("api_token_refused") == 3


def test_a_token_of_somebody_who_left_opens_nothing(call: Call, database: Database) -> None:
    token = api_token(database, "duty")
    change(database, "update memberships set valid_to = now() - interval '1 hour'")
    assert call("GET", "/api/v1/me", bearer=token).status_code == 401


def test_a_bad_bearer_token_is_not_rescued_by_a_good_cookie(call: Call, database: Database) -> None:
    session, _ = signed_in(database, "duty")
    assert call("GET", "/api/v1/me", bearer="forged", session=session).status_code == 401


def test_a_tablets_token_is_no_api_token_and_an_api_token_no_tablets(call: Call, database: Database) -> None:
    tablet, api = tablet_token(database), api_token(database, "worker")
    assert call("GET", "/api/v1/me", bearer=tablet).status_code == 401
    refused = call("GET", "/sync/v1/changes", bearer=api)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_expired")
    assert "device_token_refused" in logged(database)


def test_an_expired_session_is_sent_away_and_written_down(call: Call, database: Database) -> None:
    session, _ = signed_in(database, "duty")
    change(database, "update web_sessions set expires_at = now() - interval '1 second'")
    assert call("GET", "/api/v1/me", session=session).status_code == 401
    assert logged(database)[-1] == "session_expired"


@pytest.mark.parametrize("header", [{}, {"x-csrf-token": ""}, {"x-csrf-token": "of-another-session"}])
def test_a_session_changes_nothing_without_its_own_csrf_token(
    call: Call, database: Database, header: dict[str, str]
) -> None:
    session, _ = signed_in(database, "admin")
    answer = call("POST", "/api/v1/people/worker/enrol-code", session=session, headers=header)
    assert answer.status_code == 403
    assert "code" not in answer.json() or answer.json()["code"] == "not_allowed"
    assert logged(database)[-1] == "csrf_refused"


def test_a_session_changes_things_with_its_csrf_token_and_a_bearer_token_needs_none(
    call: Call, database: Database
) -> None:
    session, viewer = signed_in(database, "admin")
    headers = {"x-csrf-token": viewer.csrf}
    assert (
        call("POST", "/api/v1/people/worker/enrol-code", session=session, headers=headers).status_code == 201
    )
    bearer = api_token(database, "admin")
    assert call("POST", "/api/v1/people/worker/enrol-code", bearer=bearer).status_code == 201


@pytest.mark.parametrize(
    "header",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)
def test_another_sites_page_changes_nothing_even_with_the_csrf_token(
    call: Call, database: Database, header: dict[str, str]
) -> None:
    session, viewer = signed_in(database, "admin")
    headers = {"x-csrf-token": viewer.csrf or "", **header}
    answer = call("POST", "/api/v1/people/worker/enrol-code", session=session, headers=headers)
    assert answer.status_code == 403
    assert logged(database)[-1] == "foreign_page_refused"


def test_a_withdrawn_tablet_and_a_leavers_tablet_are_let_in_marked_so_that_nothing_captured_is_lost(
    database: Database, district: SmallDistrict
) -> None:
    from fastapi import FastAPI, Request

    from server.security import require_device

    app = FastAPI()
    app.state.database = database

    def come(token: str) -> tuple[str, bool, str]:
        scope = {"type": "http", "app": app, "method": "GET", "path": "/", "query_string": b"", "client": ("::1", 1),
                 "headers": [(b"authorization", f"Bearer {token}".encode())]}  # fmt: skip
        device = require_device(Request(scope))
        return device.state, device.trusted, device.viewer.login

    token = tablet_token(database)
    assert come(token) == ("active", True, "worker")
    change(database, "update people set active = false where login = 'worker'")
    assert come(token) == ("former", False, "worker")
    change(database, "update devices set state = 'revoked'")
    assert come(token) == ("revoked", False, "worker")
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select seen_at from devices where token_hash = %s", (token_hash(token),))
        assert cursor.fetchone()["seen_at"] is not None


def test_the_session_cookie_is_for_this_site_only_and_out_of_reach_of_scripts(
    live_server: LiveServer, call: Call, database: Database
) -> None:
    browser = requests.Session()
    browser.get(f"{live_server.url}/login", timeout=10)
    form = {"login": "duty", "password": PASSWORD, "csrf": browser.cookies["xunge_form"]}
    answer = browser.post(f"{live_server.url}/login", data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 303
    given = next(h for h in answer.raw.headers.getlist("set-cookie") if h.startswith(SESSION_COOKIE))
    assert "HttpOnly" in given
    assert "SameSite=lax" in given
    assert "Path=/" in given
    assert call("GET", "/api/v1/me", session=browser.cookies[SESSION_COOKIE]).json()["login"] == "duty"


def test_only_the_auditor_reads_the_log_newest_first_page_by_page(call: Call, database: Database) -> None:
    auditor, admin = api_token(database, "auditor"), api_token(database, "admin")
    for _ in range(3):
        call("GET", "/api/v1/me", bearer="forged")
    assert call("GET", "/api/v1/audit", bearer=admin).status_code == 403
    first = call("GET", "/api/v1/audit?limit=2", bearer=auditor).json()
    rest = call("GET", f"/api/v1/audit?after={first['next']}", bearer=auditor).json()
    whats = [item["what"] for item in first["items"] + rest["items"]]
    assert whats == ["api_token_refused"] * 3 + ["api_token_made"] * 2
    assert rest["next"] is None
    only = call("GET", "/api/v1/audit?what=api_token_made", bearer=auditor).json()["items"]
    assert [item["login"] for item in only] == ["admin", "auditor"]


def test_an_auditor_does_not_read_of_another_districts_people(call: Call, database: Database) -> None:
    database.run(lambda conn: make_small_district(conn, "E"))
    api_token(database, "e-duty")
    auditor = api_token(database, "auditor")
    items = call("GET", "/api/v1/audit", bearer=auditor).json()["items"]
    assert [item["login"] for item in items] == ["auditor"]


def test_the_log_cannot_be_rewritten_by_the_application(database: Database) -> None:
    import psycopg2.errors

    for statement in ("update security_log set what = ''", "delete from security_log"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            change(database, statement)
