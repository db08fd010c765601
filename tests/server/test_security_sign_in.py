"""Signing in: one sentence for every wrong try, a growing lock-out, sessions that end, and a log that stays."""

import statistics
import time
from datetime import datetime, timedelta
from typing import Any

import argon2
import pytest

from server.db import Database
from server.errors import LockedOut, WrongCredentials
from server.security import sign_in, sign_out
from server.security.sessions import lock_minutes, viewer_of_session
from server.security.tokens import token_hash
from tests.server.small_district import NOW, PASSWORD, SmallDistrict, make_small_district

ADDRESS = "192.0.2.7"


@pytest.fixture
def district(database: Database) -> SmallDistrict:
    return database.run(make_small_district)


def logged(database: Database) -> list[tuple[str, int | None]]:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select what, person_id from security_log order by id")
        return [(row["what"], row["person_id"]) for row in cursor.fetchall()]


def stored(database: Database, query: str) -> list[dict[str, Any]]:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def fail(database: Database, login: str, times: int, now: datetime = NOW) -> None:
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            sign_in(database, login, "wrong", ADDRESS, now)


def test_the_right_password_opens_a_session_of_which_only_the_hash_is_kept(
    database: Database, district: SmallDistrict
) -> None:
    token, viewer = sign_in(database, " Duty ", PASSWORD, ADDRESS, NOW)
    assert (viewer.login, viewer.how, viewer.duties) == ("duty", "session", frozenset({"duty"}))
    (row,) = stored(database, "select token_hash, csrf from web_sessions")
    assert bytes(row["token_hash"]) == token_hash(token)
    assert row["csrf"] == viewer.csrf
    again = viewer_of_session(database, token, ADDRESS, NOW + timedelta(hours=1))
    assert again == viewer
    assert logged(database) == [("signed_in", district.people["duty"])]


def test_unknown_name_wrong_password_and_no_office_get_the_same_sentence_and_a_row_each(
    database: Database, district: SmallDistrict
) -> None:
    with database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "update memberships set valid_to = %s where person_id = %s", (NOW, district.people["crew"])
        )
    sentences = set()
    for login, password in (("nobody", "x"), ("duty", "x"), ("crew", PASSWORD)):
        with pytest.raises(WrongCredentials) as refused:
            sign_in(database, login, password, ADDRESS, NOW)
        sentences.add(str(refused.value))
    assert len(sentences) == 1
    people = [None, district.people["duty"], district.people["crew"]]
    assert logged(database) == [("sign_in_refused", person) for person in people]


def test_what_was_typed_as_an_unknown_name_is_not_kept_readably(database: Database) -> None:
    fail(database, "my-secret-password", 1)
    (row,) = stored(database, "select detail::text as detail from security_log")
    assert "secret" not in str(row["detail"])


@pytest.mark.parametrize("login", ["duty", "nobody"])
def test_five_failures_lock_a_name_whether_it_exists_or_not_and_each_further_one_doubles_the_wait(
    database: Database, district: SmallDistrict, login: str
) -> None:
    fail(database, login, 5)
    with pytest.raises(LockedOut) as locked:
        sign_in(database, login, PASSWORD, ADDRESS, NOW + timedelta(seconds=30))
    assert locked.value.params == {"minutes": 1}
    later = NOW + timedelta(minutes=1, seconds=1)
    fail(database, login, 1, later)
    with pytest.raises(LockedOut) as locked:
        sign_in(database, login, PASSWORD, ADDRESS, later)
    assert locked.value.params == {"minutes": 2}
    assert [what for what, _ in logged(database)].count("sign_in_locked") == 2


def test_the_wait_grows_to_an_hour_and_no_further() -> None:
    assert [lock_minutes(n) for n in (0, 4, 5, 6, 7, 10, 11, 1000)] == [0, 0, 1, 2, 4, 32, 60, 60]


def test_after_the_wait_the_right_password_opens_and_forgets_the_failures(
    database: Database, district: SmallDistrict
) -> None:
    fail(database, "duty", 5)
    later = NOW + timedelta(minutes=2)
    sign_in(database, "duty", PASSWORD, ADDRESS, later)
    fail(database, "duty", 4, later)
    sign_in(database, "duty", PASSWORD, ADDRESS, later)


def test_failures_of_yesterday_are_forgotten(database: Database, district: SmallDistrict) -> None:
    fail(database, "duty", 4)
    fail(database, "duty", 4, NOW + timedelta(hours=25))
    sign_in(database, "duty", PASSWORD, ADDRESS, NOW + timedelta(hours=25))


def test_an_address_that_tries_many_names_is_slowed_for_every_name(
    database: Database, district: SmallDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.security.sessions.ADDRESS_FAILURES", 3)
    for name in ("a", "b", "c"):
        fail(database, name, 1)
    with pytest.raises(LockedOut):
        sign_in(database, "duty", PASSWORD, ADDRESS, NOW)
    sign_in(database, "duty", PASSWORD, "198.51.100.1", NOW)


def test_an_unknown_name_takes_as_long_as_a_wrong_password(
    database: Database, district: SmallDistrict
) -> None:
    def seconds(login: str) -> float:
        started = time.perf_counter()
        fail(database, login, 1)
        return time.perf_counter() - started

    seconds("warm-up")
    pairs = [(seconds("duty"), seconds("nobody")) for _ in range(4)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert known / 2 < unknown < known * 2


def test_signing_in_ends_the_session_that_the_browser_had_before(
    database: Database, district: SmallDistrict
) -> None:
    planted, _ = sign_in(database, "crew", PASSWORD, ADDRESS, NOW)
    token, _ = sign_in(database, "duty", PASSWORD, ADDRESS, NOW, previous=planted)
    assert token != planted
    assert viewer_of_session(database, planted, ADDRESS, NOW) is None
    assert viewer_of_session(database, token, ADDRESS, NOW) is not None


def test_a_session_token_that_the_server_did_not_make_never_becomes_one(
    database: Database, district: SmallDistrict
) -> None:
    chosen = "a-token-chosen-by-a-thief"
    token, _ = sign_in(database, "duty", PASSWORD, ADDRESS, NOW, previous=chosen)
    assert token != chosen
    assert viewer_of_session(database, chosen, ADDRESS, NOW) is None
    assert logged(database)[-1] == ("session_unknown", None)


def test_a_session_ends_after_twelve_idle_hours(database: Database, district: SmallDistrict) -> None:
    token, _ = sign_in(database, "duty", PASSWORD, ADDRESS, NOW)
    assert viewer_of_session(database, token, ADDRESS, NOW + timedelta(hours=11)) is not None
    assert viewer_of_session(database, token, ADDRESS, NOW + timedelta(hours=22)) is not None
    assert viewer_of_session(database, token, ADDRESS, NOW + timedelta(hours=34, minutes=1)) is None
    assert logged(database)[-1] == ("session_expired", district.people["duty"])
    assert stored(database, "select * from web_sessions") == []


def test_a_session_ends_after_seven_days_however_busy_it_is(
    database: Database, district: SmallDistrict
) -> None:
    token, _ = sign_in(database, "duty", PASSWORD, ADDRESS, NOW)
    for hours in range(10, 168, 10):
        assert viewer_of_session(database, token, ADDRESS, NOW + timedelta(hours=hours)) is not None
    assert viewer_of_session(database, token, ADDRESS, NOW + timedelta(days=7)) is None


def test_who_leaves_loses_the_open_session_at_once(database: Database, district: SmallDistrict) -> None:
    token, _ = sign_in(database, "duty", PASSWORD, ADDRESS, NOW)
    with database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("update people set active = false where login = 'duty'")
    assert viewer_of_session(database, token, ADDRESS, NOW) is None
    with pytest.raises(WrongCredentials):
        sign_in(database, "duty", PASSWORD, ADDRESS, NOW)


def test_signing_out_ends_the_session_for_good(database: Database, district: SmallDistrict) -> None:
    token, _ = sign_in(database, "duty", PASSWORD, ADDRESS, NOW)
    sign_out(database, token, ADDRESS, NOW)
    sign_out(database, token, ADDRESS, NOW)
    assert viewer_of_session(database, token, ADDRESS, NOW) is None
    whats = [what for what, _ in logged(database)]
    assert whats == ["signed_in", "signed_out", "session_unknown"]


def test_a_password_hashed_with_old_parameters_is_hashed_anew_at_sign_in(
    database: Database, district: SmallDistrict
) -> None:
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "update credentials set password_hash = %s where person_id = %s", (weak, district.people["duty"])
        )
    sign_in(database, "duty", PASSWORD, ADDRESS, NOW)
    query = f"select password_hash from credentials where person_id = {district.people['duty']}"
    (row,) = stored(database, query)
    assert row["password_hash"] != weak
    assert "m=65536" in str(row["password_hash"])
    sign_in(database, "duty", PASSWORD, ADDRESS, NOW)


def test_a_flood_of_refusals_from_one_address_stops_filling_the_log(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.audit.service.FLOOD_ROWS", 3)
    for _ in range(5):
        assert viewer_of_session(database, "forged", ADDRESS, NOW) is None
    assert viewer_of_session(database, "forged", "198.51.100.1", NOW) is None
    assert len(logged(database)) == 4
