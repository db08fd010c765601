"""The demo's people: who is there after `make run`, and that a second run changes nothing."""

import json
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from server.crews.permission import Register, bars
from server.db import Database
from server.demo import DISTRICT, PASSWORD, make_demo_people
from server.errors import SetupFault
from server.packs import read_folder
from server.protocol.pack import read_pack
from server.security import load_viewer, sign_in
from server.settings import CHECKOUT
from tests.server.small_district import NOW


def server(dsn: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": dsn, "XUNGE_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def loaded(databases: Any) -> Any:
    with databases.fresh() as dsn:
        done = server(dsn, "gis", "load", "grids.geojson")
        assert done.returncode == 0, done.stderr
        database = Database(dsn)
        database.run(make_demo_people)
        try:
            yield database
        finally:
            database.close()


def ask(database: Database, query: str) -> list[dict[str, Any]]:
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def test_every_role_is_there_and_every_street_and_community_has_its_office(loaded: Database) -> None:
    people = loaded.run(make_demo_people)
    roles = Counter(person["role"] for person in people)
    assert (roles["street"], roles["community"], roles["crew"]) == (8, 42, 10)
    assert roles["worker"] > 30
    assert set(roles) == {
        "admin",
        "auditor",
        "centre",
        "street",
        "community",
        "worker",
        "crew",
        "resident-service",
    }
    logins = [person["login"] for person in people]
    assert {
        "intake1",
        "duty1",
        "dispatch1",
        "supervisor1",
        "worker1",
        "crew1",
        "street1",
        "community1",
    } <= set(logins)
    assert len(set(logins)) == len(logins)


def test_every_duty_of_the_centre_is_in_another_pair_of_hands(loaded: Database) -> None:
    rows = ask(loaded, "select duties from memberships where role = 'centre'")
    assert sorted(row["duties"] for row in rows) == [["dispatcher"], ["duty"], ["intake"], ["supervisor"]]


def test_workers_have_two_or_three_grids_of_one_community_and_every_street_has_one(loaded: Database) -> None:
    rows = ask(
        loaded,
        "select m.person_id, count(*) as grids, count(distinct g.parent_id) as communities,"
        " min(c.parent_id) as street from memberships m"
        " join grids g on g.node_id = m.grid_id and g.current"
        " join grids c on c.node_id = g.parent_id and c.current"
        " where m.role = 'worker' and g.level = 3 group by m.person_id",
    )
    assert {row["communities"] for row in rows} == {1}
    assert {row["grids"] for row in rows} <= {2, 3}
    assert len({row["street"] for row in rows}) == 8


def test_one_street_is_fully_staffed_and_no_grid_has_two_workers(loaded: Database) -> None:
    (row,) = ask(
        loaded,
        "select count(*) as grids, count(m.id) as workers, count(distinct m.grid_id) as staffed"
        " from grids g join grids c on c.node_id = g.parent_id and c.current"
        " join grid_nodes s on s.id = c.parent_id and s.code = '510199001'"
        " left join memberships m on m.grid_id = g.node_id and m.role = 'worker'"
        " where g.current and g.level = 3",
    )
    assert row["grids"] == row["workers"] == row["staffed"]


def test_every_condition_of_the_pack_has_a_crew_that_is_permitted_and_qualified(loaded: Database) -> None:
    rows = ask(
        loaded,
        "select '2026-11-22' as day, r.* from organisations o, register_on(o.id, '2026-11-22') r where kind = 'crew'",
    )
    crews = [Register.of(row) for row in rows]
    for category in read_pack(read_folder("urban")).categories:
        for condition in category.conditions:
            able = (not list(bars(crew, category.key, condition.requires)) for crew in crews)
            assert any(able), (category.key, condition.code)


def test_the_demo_people_sign_in_with_the_password_that_is_printed(loaded: Database) -> None:
    for login in ("duty1", "worker1", "crew7", "hotline1"):
        assert sign_in(loaded, login, PASSWORD, "127.0.0.1", NOW)[1].login == login


def test_a_second_run_changes_nothing_even_what_somebody_renamed(loaded: Database) -> None:
    def counts() -> list[dict[str, Any]]:
        return ask(loaded, "select (select count(*) from people) p, (select count(*) from organisations) o,"
                           " (select count(*) from memberships) m")  # fmt: skip

    before = counts()
    with loaded.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("update organisations set name = '改名', capacity = 99 where code = 'crew-road'")
    loaded.run(make_demo_people)
    assert counts() == before
    (crew,) = ask(loaded, "select name, capacity from organisations where code = 'crew-road'")
    assert (crew["name"], crew["capacity"]) == ("改名", 99)


def test_without_the_demos_grids_it_says_so(database: Database) -> None:
    with pytest.raises(SetupFault, match=DISTRICT):
        database.run(make_demo_people)


def test_the_command_line_lists_people_as_json_with_role_and_scope(loaded: Database) -> None:
    done = server(loaded.dsn, "server", "people", "--json")
    assert done.returncode == 0, done.stderr
    people = {person["login"]: person for person in json.loads(done.stdout)}
    assert people["duty1"]["scope"] == [DISTRICT]
    worker = people["worker1"]
    assert worker["role"] == "worker"
    assert len(worker["scope"]) in (2, 3)
    assert {"login", "name", "role", "organisation", "scope"} <= set(worker)


def test_the_command_line_makes_a_token_and_a_tablet_code(loaded: Database) -> None:
    token = json.loads(server(loaded.dsn, "server", "token", "duty1", "--json").stdout)["token"]
    code = json.loads(server(loaded.dsn, "server", "enrol-code", "worker1", "--json").stdout)["code"]
    assert token
    assert len(code) == 14
    rows = ask(loaded, "select what, person_id from security_log order by id desc limit 2")
    assert [row["what"] for row in rows] == ["enrol_code_made", "api_token_made"]
    with loaded.read() as conn:
        viewer = load_viewer(conn, rows[1]["person_id"], NOW)
    assert viewer is not None
    assert viewer.login == "duty1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("token", "ghost"), "There is nobody with the login ghost."),
        (("enrol-code", "ghost", "--json"), "There is nobody with the login ghost."),
        (("token",), "Missing"),
        (("nonsense",), "nonsense"),
    ],
)
def test_wrong_use_of_the_command_line_is_one_sentence_on_stderr_and_exit_2(
    loaded: Database, words: tuple[str, ...], said: str
) -> None:
    done = server(loaded.dsn, "server", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_database_that_does_not_answer_is_one_sentence_and_exit_1(databases: Any) -> None:
    done = server(databases.cluster.dsn("no_such_database"), "server", "people")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
