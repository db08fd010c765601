"""The doctor: a healthy installation passes, and each fault is told in a sentence."""

import os
import pwd
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest

from server.calendar.service import seed_all
from server.db import Database
from server.doctor import Finding, examine
from server.settings import Settings
from tests.server.small_district import make_small_district


@pytest.fixture
def installation(database: Database, tmp_path: Path) -> Settings:
    """A migrated database with a district and a task that ran just now."""
    with database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute(
            "insert into task_runs (name, started, ended, result) values ('sweep', now(), %s, 0)",
            (datetime.now(UTC),),
        )
    return Settings(home=tmp_path, database_url=database.dsn, lang="en")


def findings(chosen: Settings) -> dict[str, Finding]:
    return {one.what: one for one in examine(chosen)}


def execute(dsn: str, statement: str) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        connection.commit()


def test_all_is_well_but_what_this_installation_lacks(installation: Settings) -> None:
    """Boundaries, people, and the tests' cluster trades durability for speed."""
    lacking = {one.what for one in examine(installation) if not one.well}
    assert lacking == {"districts", "people", "durability"}
    assert "fsync" in findings(installation)["durability"].sentence


def test_an_administrator_who_can_sign_in_is_needed(database: Database, installation: Settings) -> None:
    district = database.run(make_small_district)
    assert findings(installation)["people"].well
    with database.transaction() as conn, conn.cursor() as cursor:
        cursor.execute("update people set active = false where id = %s", (district.people["admin"],))
    assert not findings(installation)["people"].well


def test_an_address_open_to_all_without_secure_cookies_is_a_fault(installation: Settings) -> None:
    assert not findings(installation.model_copy(update={"host": "0.0.0.0"}))["address"].well
    behind_tls = {"host": "0.0.0.0", "cookie_secure": True}
    assert findings(installation.model_copy(update=behind_tls))["address"].well


def test_an_old_backup_is_a_fault_and_a_new_one_is_none(installation: Settings, dsn: str) -> None:
    taken = "insert into security_log (at, what, address, detail) values (now() - interval '{}', 'backup_taken', '', '{{}}')"
    execute(dsn, taken.format("8 days"))
    assert not findings(installation)["backup"].well
    execute(dsn, taken.format("1 day"))
    assert findings(installation)["backup"].well


def test_a_year_that_nobody_entered_is_a_fault_where_years_are_used(
    database: Database, installation: Settings, dsn: str
) -> None:
    database.run(make_small_district)
    assert findings(installation)["calendar"].well, "this district uses none"
    database.run(lambda conn: seed_all(conn, datetime.now(UTC)))
    assert findings(installation)["calendar"].well
    execute(dsn, "delete from calendar_years where year = extract(year from now())")
    assert not findings(installation)["calendar"].well


def test_a_home_of_another_account_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    """As an account without rights: root may read everything."""
    home = tmp_path / "home"
    (home / "cluster").mkdir(parents=True)
    home.chmod(0o000)
    before = os.geteuid()
    if before == 0:
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        found = findings(Settings(home=home, database_url=None, lang="en"))
    finally:
        os.seteuid(before)
        home.chmod(0o700)
    assert [what for what, one in found.items() if not one.well] == ["home", "database"]


def test_events_that_the_application_could_change_are_a_fault(installation: Settings, dsn: str) -> None:
    execute(dsn, "grant update on case_events to xunge_app")
    assert not findings(installation)["privileges"].well


def test_a_missing_migration_is_named(installation: Settings, dsn: str) -> None:
    execute(dsn, "delete from migrations where name = '0001_ground.sql'")
    found = findings(installation)["schema"]
    assert not found.well
    assert "0001_ground.sql" in found.sentence


def test_silent_and_failing_tasks_are_faults(installation: Settings, dsn: str) -> None:
    execute(dsn, "update task_runs set ended = now() - interval '1 hour'")
    assert not findings(installation)["tasks"].well
    execute(dsn, "update task_runs set ended = now(), error = 'OSError: the disk is full'")
    assert findings(installation)["tasks"].sentence == "sweep: OSError: the disk is full"


def test_photos_that_lost_their_fingerprint_are_counted(installation: Settings, dsn: str) -> None:
    assert findings(installation)["photos"].well
    execute(
        dsn,
        f"insert into blobs (sha256, bytes, mime, damaged_at) values ('{'a' * 64}', 1, 'image/jpeg', now())",
    )
    found = findings(installation)["photos"]
    assert not found.well
    assert "a" * 64 in found.sentence


def test_a_database_without_schema_is_a_fault(installation: Settings, dsn: str) -> None:
    execute(dsn, "alter table migrations rename to elsewhere")
    assert not findings(installation)["schema"].well


def test_a_database_that_does_not_answer_is_a_fault(tmp_path: Path) -> None:
    found = findings(Settings(home=tmp_path, database_url=f"host={tmp_path} dbname=nothing"))
    assert not found["database"].well


def test_a_new_home_has_no_database_yet_and_none_is_made_by_looking(tmp_path: Path) -> None:
    found = findings(Settings(home=tmp_path / "home", database_url=None))
    assert not found["database"].well
    assert not (tmp_path / "home").exists()


def test_map_pictures_that_tablets_cannot_draw_are_a_fault_and_none_at_all_is_none(
    installation: Settings, tmp_path: Path
) -> None:
    assert findings(installation)["map pictures"].well
    named = installation.model_copy(update={"mbtiles": tmp_path / "district.mbtiles"})
    assert "district.mbtiles" in findings(named)["map pictures"].sentence
    with closing(sqlite3.connect(tmp_path / "district.mbtiles")) as conn, conn:
        conn.execute("create table metadata (name text, value text)")
        conn.execute("insert into metadata values ('format', 'pbf')")
        conn.execute("create table tiles (zoom_level, tile_column, tile_row, tile_data)")
    assert "pbf" in findings(named)["map pictures"].sentence
    with closing(sqlite3.connect(tmp_path / "district.mbtiles")) as conn, conn:
        conn.execute("update metadata set value = 'png'")
    assert findings(named)["map pictures"].well
