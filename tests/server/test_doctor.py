"""The doctor: a healthy installation passes, and each fault is told in a sentence."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest

from server.db import Database
from server.doctor import Finding, examine
from server.settings import Settings


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


def test_everything_but_the_missing_boundaries_is_well(installation: Settings) -> None:
    assert [one.what for one in examine(installation) if not one.well] == ["districts"]


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
