"""A tablet comes in by a code that works once, and stays known by its id."""

import re
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from server.db import Database
from server.errors import BadInput, EnrolRefused, NotAllowed, NotFound
from server.people.enrolment import (
    ALPHABET,
    EnrolResult,
    devices_page,
    enrol,
    make_code_for,
    make_enrol_code,
    revoke_device,
)
from server.security import Viewer, load_viewer
from tests.server.small_district import NOW, SmallDistrict, make_small_district

TABLET, OTHER_TABLET = UUID(int=1), UUID(int=2)
ADDRESS = "192.0.2.9"


@pytest.fixture
def district(database: Database) -> SmallDistrict:
    return database.run(make_small_district)


def code_for(database: Database, login: str = "worker") -> str:
    return database.run(lambda conn: make_enrol_code(conn, login, NOW))


def come_in(database: Database, code: str, device: UUID = TABLET, **more: Any) -> EnrolResult:
    given = {"model": "T10", "app_version": "0.1.0", "now": NOW, "address": ADDRESS} | more
    return enrol(database, code, device, **given)


def viewer_of(database: Database, district: SmallDistrict, login: str) -> Viewer:
    with database.read() as conn:
        viewer = load_viewer(conn, district.people[login], NOW)
    assert viewer is not None
    return viewer


def rows(database: Database, query: str) -> list[dict[str, Any]]:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def logged(database: Database) -> list[str]:
    return [row["what"] for row in rows(database, "select what from security_log order by id")]


def test_a_code_is_three_groups_of_four_signs_that_nobody_confuses(
    database: Database, district: SmallDistrict
) -> None:
    codes = {code_for(database) for _ in range(20)}
    assert len(codes) == 20
    assert all(re.fullmatch(rf"([{ALPHABET}]{{4}}-){{2}}[{ALPHABET}]{{4}}", code) for code in codes)
    assert not set("0O1IL") & set(ALPHABET)
    assert len(ALPHABET) ** 12 > 2**50


def test_only_the_hash_of_a_code_is_kept(database: Database, district: SmallDistrict) -> None:
    code = code_for(database)
    (row,) = rows(database, "select encode(code_hash, 'escape') as kept from enrol_codes")
    assert code not in row["kept"]
    assert code.replace("-", "") not in row["kept"]


def test_nobody_gets_a_code_for_a_login_that_does_not_exist(
    database: Database, district: SmallDistrict
) -> None:
    with pytest.raises(BadInput, match="nobody with the login ghost"):
        code_for(database, "ghost")


def test_enrolling_tells_the_tablet_whose_it_is_its_grids_and_where_its_seq_starts(
    database: Database, district: SmallDistrict
) -> None:
    result = come_in(database, code_for(database))
    assert (result.viewer.login, result.viewer.how) == ("worker", "device")
    assert result.scope == ["S1C1G1", "S1C1G2"]
    assert result.next_seq == 1
    (device,) = rows(database, "select * from devices")
    assert (device["id"], device["state"], device["model"]) == (TABLET, "active", "T10")
    assert result.device_token.encode() not in bytes(device["token_hash"])
    assert logged(database) == ["enrol_code_made", "enrolled"]


@pytest.mark.parametrize("typed", [str.lower, lambda code: f" {code.replace('-', ' ')} ",
                                   lambda code: "".join(chr(ord(c) + 0xFEE0) for c in code)])  # fmt: skip
def test_a_code_works_as_people_and_chinese_input_methods_type_it(
    database: Database, district: SmallDistrict, typed: Any
) -> None:
    assert come_in(database, typed(code_for(database))).viewer.login == "worker"


def test_wrong_spent_expired_and_a_leavers_code_get_one_and_the_same_sentence_and_a_row_each(
    database: Database, district: SmallDistrict
) -> None:
    spent, late, leaver = code_for(database), code_for(database), code_for(database, "crew")
    come_in(database, spent)
    with database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("update people set active = false where login = 'crew'")
    refused = []
    for code, now in (
        ("AAAA-BBBB-CCCC", NOW),
        ("", NOW),
        (spent, NOW),
        (late, NOW + timedelta(hours=24)),
        (leaver, NOW),
    ):
        with pytest.raises(EnrolRefused) as refusal:
            come_in(database, code, OTHER_TABLET, now=now)
        refused.append((refusal.value.status, refusal.value.code, str(refusal.value)))
    assert len(set(refused)) == 1
    assert logged(database).count("enrol_refused") == 5
    assert [row["id"] for row in rows(database, "select id from devices")] == [TABLET]


def test_of_many_tablets_that_send_one_code_at_once_exactly_one_comes_in(
    database: Database, district: SmallDistrict
) -> None:
    code, start = code_for(database), threading.Barrier(5)
    came_in: list[int] = []
    refused: list[int] = []

    def race(number: int) -> None:
        start.wait()
        try:
            come_in(database, code, UUID(int=number))
            came_in.append(number)
        except EnrolRefused:
            refused.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(came_in), len(refused)) == (1, 4)
    assert [row["id"] for row in rows(database, "select id from devices")] == [UUID(int=came_in[0])]


def test_a_tablet_enrolled_again_goes_on_counting_and_its_old_token_is_dead(
    database: Database, district: SmallDistrict
) -> None:
    first = come_in(database, code_for(database))
    with database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("update devices set last_seq = 41, state = 'revoked'")
    again = come_in(database, code_for(database))
    assert again.next_seq == 42
    assert again.device_token != first.device_token
    (device,) = rows(database, "select state, last_seq from devices")
    assert (device["state"], device["last_seq"]) == ("active", 41)


def test_a_tablet_may_change_hands_and_the_log_says_whose_it_was(
    database: Database, district: SmallDistrict
) -> None:
    come_in(database, code_for(database))
    assert come_in(database, code_for(database, "head")).viewer.login == "head"
    (row,) = rows(database, "select person_id, detail from security_log where what = 'device_changed_hands'")
    assert row["person_id"] == district.people["head"]
    assert row["detail"]["before"] == {"person": district.people["worker"], "state": "active"}


def test_who_tries_many_codes_is_refused_even_the_right_one_for_ten_minutes(
    database: Database, district: SmallDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.people.enrolment.ADDRESS_REFUSALS", 3)
    right = code_for(database)
    for _ in range(3):
        with pytest.raises(EnrolRefused):
            come_in(database, "AAAA-BBBB-CCCC")
    with pytest.raises(EnrolRefused):
        come_in(database, right)
    assert come_in(database, right, now=NOW + timedelta(minutes=11)).next_seq == 1


def test_an_administrator_withdraws_a_tablet_of_the_own_district_only(
    database: Database, district: SmallDistrict
) -> None:
    other = database.run(lambda conn: make_small_district(conn, "E"))
    come_in(database, code_for(database))
    here, there = viewer_of(database, district, "admin"), viewer_of(database, other, "admin")
    with pytest.raises(NotFound):
        database.run(lambda conn: revoke_device(conn, there, TABLET, ADDRESS, NOW))
    with pytest.raises(NotAllowed):
        worker = viewer_of(database, district, "duty")
        database.run(lambda conn: revoke_device(conn, worker, TABLET, ADDRESS, NOW))
    assert database.run(lambda conn: devices_page(conn, there, 10))["items"] == []
    database.run(lambda conn: revoke_device(conn, here, TABLET, ADDRESS, NOW))
    (shown,) = database.run(lambda conn: devices_page(conn, here, 10))["items"]
    assert (shown["login"], shown["state"]) == ("worker", "revoked")
    assert logged(database)[-1] == "device_revoked"


def test_an_administrator_makes_codes_for_people_of_the_own_district_only(
    database: Database, district: SmallDistrict
) -> None:
    database.run(lambda conn: make_small_district(conn, "E"))
    admin = viewer_of(database, district, "admin")
    code = database.run(lambda conn: make_code_for(conn, admin, "worker", ADDRESS, NOW)).code
    assert come_in(database, code).viewer.login == "worker"
    with pytest.raises(NotFound):
        database.run(lambda conn: make_code_for(conn, admin, "e-worker", ADDRESS, NOW))
