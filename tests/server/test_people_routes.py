"""What the district's administrator does over HTTP, and what everybody else is refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import requests

from server.db import Database
from server.errors import EnrolRefused
from server.people.enrolment import enrol
from server.people.organisations import ensure_centre
from server.people.tokens import make_token
from server.security import sign_in
from tests.conftest import LiveServer
from tests.server.small_district import SmallDistrict, make_small_district

NEW = {"login": "new.worker", "name": "网格员 新", "role": "worker", "organisation": "community-S1C1",
       "grids": ["S1C1G3"], "password": "long enough for one"}  # fmt: skip
Call = Callable[..., requests.Response]


@pytest.fixture
def district(database: Database) -> SmallDistrict:
    return database.run(make_small_district)


@pytest.fixture
def call(live_server: LiveServer, database: Database, district: SmallDistrict) -> Call:
    """Sends a request with an API token of `login` (the administrator's unless said otherwise)."""
    tokens: dict[str, str] = {}

    def send(method: str, path: str, login: str = "admin", **more: Any) -> requests.Response:
        if login not in tokens:
            tokens[login] = database.run(lambda conn: make_token(conn, login, "test", datetime.now(UTC)))
        headers = {"authorization": f"Bearer {tokens[login]}", "accept-language": "en"}
        return requests.request(method, live_server.url + path, headers=headers, timeout=10, **more)

    return send


def test_an_added_person_signs_in_and_works_in_the_grids_that_were_given(
    call: Call, database: Database
) -> None:
    assert call("POST", "/api/v1/people", json=NEW).status_code == 201
    me = call("GET", "/api/v1/me", login="new.worker").json()
    assert me["role"] == "worker"
    assert me["scope"] == ["S1C1G3"]
    assert me["organisation"] == {"kind": "community", "code": "community-S1C1", "name": "S1C1社区"}
    assert sign_in(database, "New.Worker", NEW["password"], "", datetime.now(UTC))[1].login == "new.worker"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"login": "worker"}, "taken"),
        ({"organisation": "nowhere"}, "no organisation"),
        ({"grids": ["S9"]}, "no grid"),
        ({"role": "street"}, "role street"),
        ({"password": "short"}, "password"),
        ({"login": "两个字"}, "login"),
        ({"role": "emperor"}, "role"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_it_is(
    call: Call, database: Database, wrong: dict[str, Any], said: str
) -> None:
    answer = call("POST", "/api/v1/people", json=NEW | wrong)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert len(call("GET", "/api/v1/people").json()["items"]) == 12


def test_the_list_of_people_is_of_the_administrators_district_page_by_page(
    call: Call, database: Database
) -> None:
    database.run(lambda conn: make_small_district(conn, "E"))
    first = call("GET", "/api/v1/people?limit=7").json()
    rest = call("GET", f"/api/v1/people?limit=7&after={first['next']}").json()
    logins = [person["login"] for person in first["items"] + rest["items"]]
    assert logins == ["intake", "duty", "dispatch", "supervise", "admin", "auditor", "hotline", "street", "community",
                      "worker", "head", "crew"]  # fmt: skip
    assert rest["next"] is None
    worker = rest["items"][2]
    assert (worker["login"], worker["scope"], worker["active"]) == ("worker", ["S1C1G1", "S1C1G2"], True)


def test_who_leaves_loses_token_session_and_code_but_stays_in_the_list(
    call: Call, database: Database
) -> None:
    code = call("POST", "/api/v1/people/worker/enrol-code").json()["code"]
    assert call("GET", "/api/v1/me", login="worker").status_code == 200
    assert call("POST", "/api/v1/people/worker/leave").status_code == 204
    assert call("GET", "/api/v1/me", login="worker").status_code == 401
    with pytest.raises(EnrolRefused):
        enrol(database, code, UUID(int=1), "", "", datetime.now(UTC))
    people = {person["login"]: person["active"] for person in call("GET", "/api/v1/people").json()["items"]}
    assert people["worker"] is False


@pytest.mark.parametrize("login", ["duty", "auditor", "street", "worker", "crew", "hotline"])
def test_nobody_but_an_administrator_administers(call: Call, login: str) -> None:
    calls = [
        call("GET", "/api/v1/people", login=login),
        call("POST", "/api/v1/people", login=login, json=NEW),
        call("POST", "/api/v1/people/worker/leave", login=login),
        call("POST", "/api/v1/people/worker/enrol-code", login=login),
        call("GET", "/api/v1/devices", login=login),
        call("POST", "/api/v1/devices/00000000-0000-0000-0000-000000000001/revoke", login=login),
    ]
    assert {answer.status_code for answer in calls} == {403}


def test_an_administrator_of_another_district_reaches_nobody_here(call: Call, database: Database) -> None:
    database.run(lambda conn: make_small_district(conn, "E"))
    for path in ("/api/v1/people/worker/leave", "/api/v1/people/worker/enrol-code"):
        assert call("POST", path, login="e-admin").status_code == 404


def test_crews_are_listed_for_everybody_of_the_district_with_reasons_when_near(call: Call) -> None:
    listed = call("GET", "/api/v1/crews", login="worker").json()["items"]
    drain = next(crew for crew in listed if crew["code"] == "crew-drain")
    assert drain["depot"] == {"lon": 104.005, "lat": 30.005}
    assert (drain["open_cases"], drain["capacity"], drain["serves"]) == (0, 4, "D")
    query = "lon=104.005&lat=30.005&category=urban/component/0102&radius_m=2000"
    near = call("GET", f"/api/v1/crews/near?{query}", login="hotline").json()["items"]
    assert [crew["code"] for crew in near] == ["crew-drain", "crew-any"]
    assert near[0]["distance_m"] == 0
    assert {reason["mark"] for reason in near[0]["reasons"]} == {"ok"}
    assert call("GET", "/api/v1/crews/near?lon=nan&lat=30", login="hotline").status_code == 422


def test_a_district_without_offices_gets_its_centre_once(database: Database, district: SmallDistrict) -> None:
    def bare(conn: Any) -> int:
        with conn.cursor() as cursor:
            cursor.execute("insert into grid_nodes (level, code) values (0, 'chi') returning id")
            district_id = int(cursor.fetchone()["id"])
            cursor.execute("update grid_nodes set district_id = id where id = %s", (district_id,))
            cursor.execute(
                "insert into districts values (%s, 'chi', 'Chicago', 'America/Chicago', 'urban')",
                (district_id,),
            )
        return district_id

    district_id = database.run(bare)
    centre = database.run(lambda conn: ensure_centre(conn, district_id))
    assert database.run(lambda conn: ensure_centre(conn, district_id)) == centre
    assert database.run(lambda conn: ensure_centre(conn, district.id)) == district.organisations["centre"]
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select kind, name, grid_id from organisations where id = %s", (centre,))
        row = cursor.fetchone()
    assert (row["kind"], row["name"], row["grid_id"]) == ("centre", "Chicago command centre", district_id)
