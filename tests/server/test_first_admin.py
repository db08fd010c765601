"""The first administrator: made by a command where there is none, signs in, and adds the others."""

import os
import subprocess
import sys

import pytest

from server.db import Database
from server.errors import BadInput
from server.people.first import make_first_admin
from server.security import load_viewer
from tests.conftest import LiveServer
from tests.server.small_district import NOW, SmallDistrict, make_small_district
from tests.server.small_district import PASSWORD as SECRET
from tests.server.test_console_pages import signed_in


@pytest.fixture
def district(database: Database) -> SmallDistrict:
    """A district whose administrator has left."""
    made = database.run(make_small_district)
    with database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("update people set active = false where id = %s", (made.people["admin"],))
    return made


def test_the_first_administrator_signs_in_and_may_add_people(
    live_server: LiveServer, database: Database, district: SmallDistrict
) -> None:
    command = [sys.executable, "-m", "server", "first-admin", "Chen", "--name", "陈"]
    told = subprocess.run(
        command,
        input=f"{SECRET}\n{SECRET}\n",
        env={**os.environ, "DATABASE_URL": database.dsn, "XUNGE_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.endswith("chen can sign in as administrator.\n")
    assert SECRET not in told.stdout + told.stderr
    session = signed_in(live_server, "chen")
    assert session.get(f"{live_server.url}/people", timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("login", "password", "sentence"),
    [("worker", SECRET, "is taken"), ("chen", "short", "at least 10 characters")],
)
def test_what_does_not_fit_is_refused(
    database: Database, district: SmallDistrict, login: str, password: str, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        database.run(lambda conn: make_first_admin(conn, login, "", password, None, NOW))


def test_a_district_that_has_an_administrator_gets_no_second_one_this_way(
    database: Database, district: SmallDistrict
) -> None:
    person = database.run(lambda conn: make_first_admin(conn, "chen", "", SECRET, None, NOW))
    with database.read() as conn:
        viewer = load_viewer(conn, person, NOW)
    assert viewer is not None and viewer.role == "admin"
    with pytest.raises(BadInput, match="already has an administrator \\(chen\\)"):
        database.run(lambda conn: make_first_admin(conn, "li", "", SECRET, None, NOW))
