"""What the system does by itself on real cases: escalating, tidying up, proving."""

import uuid
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from server.cases.blobs import blob_path
from server.db import Connection, Database
from server.settings import Settings
from server.sync import uploads
from tasks import escalate_overdue, expire_uploads, schedule, verify_blobs, verify_chains
from tasks.task import SQL, Task, perform
from tests.factories import Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def task(name: str) -> Task:
    return next(one for one in schedule.TASKS if one.name == name)


def escalations_of(street: Street, number: str, clock: str) -> int:
    with street.conn.cursor() as cursor:
        cursor.execute(
            "select escalations from deadlines join case_keys k using (case_id) where k.number = %s and kind = %s",
            (number, clock),
        )
        return int(cursor.fetchone()["escalations"])


def actions(street: Street, number: str) -> list[str]:
    with street.conn.cursor() as cursor:
        cursor.execute(
            "select e.action from case_events e join case_keys k using (case_id) where k.number = %s order by n",
            (number,),
        )
        return [row["action"] for row in cursor.fetchall()]


def test_a_case_not_handled_in_time_is_escalated_and_again_after_one_more_limit_and_then_no_more(
    street: Street,
) -> None:
    number = street.dispatched()
    assert escalate_overdue.run(street.conn, street.now) == 0
    with street.conn.cursor() as cursor:
        cursor.execute("select due_at, limit_min from deadlines where kind = 'handle'")
        clock = cursor.fetchone()
    limit = timedelta(minutes=clock["limit_min"])
    assert escalate_overdue.run(street.conn, clock["due_at"]) == 0
    escalated = []
    for waited in (timedelta(seconds=1), timedelta(seconds=2), limit + timedelta(seconds=1), 5 * limit):
        escalate_overdue.run(street.conn, clock["due_at"] + waited)
        escalated.append(escalations_of(street, number, "handle"))
    assert escalated == [1, 1, 2, 2]


def test_an_escalation_is_the_systems_own_act_in_the_chain(street: Street) -> None:
    number = street.dispatched()
    assert escalate_overdue.run(street.conn, street.later(days=30)) > 0
    with street.conn.cursor() as cursor:
        cursor.execute(
            "select e.actor, e.n, c.version from case_events e join cases c on c.id = e.case_id"
            " where c.number = %s and e.action = 'escalate' order by n desc limit 1",
            (number,),
        )
        row = cursor.fetchone()
    assert row["actor"] is None
    assert row["n"] == row["version"]


def test_a_closed_case_is_not_escalated(street: Street) -> None:
    number = street.closed()
    escalate_overdue.run(street.conn, street.later(days=60))
    assert "escalate" not in actions(street, number)


def test_an_upload_that_nobody_went_on_with_is_removed_with_its_bytes(
    street: Street, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = Settings(home=tmp_path)
    monkeypatch.setattr(expire_uploads, "settings", lambda: chosen)
    upload = uuid.uuid4()
    with street.conn.cursor() as cursor:
        cursor.execute(
            "insert into uploads (id, attachment_id, device_id, bytes, sha256, expires_at)"
            " values (%s, %s, %s, 9, %s, %s)",
            (upload, uuid.uuid4(), uuid.uuid4(), "0" * 64, street.now + uploads.KEPT),
        )
    chosen.uploads.mkdir(parents=True)
    piece = chosen.uploads / upload.hex
    piece.write_bytes(b"half")
    assert expire_uploads.run(street.conn, street.now) == 0
    assert piece.exists()
    assert expire_uploads.run(street.conn, street.now + uploads.KEPT + timedelta(seconds=1)) == 1
    assert not piece.exists()


def test_chains_are_proved_slice_by_slice_and_from_the_start_again(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_chains, "SLICE", 2)
    for _ in range(3):
        street.report()
    runs = [verify_chains.run(street.conn, street.now) for _ in range(4)]
    assert runs == [2, 1, 2, 1]
    assert alarms(street.conn) == []


def test_a_broken_link_is_named_in_the_security_log(database: Database, tmp_path: Path) -> None:
    with database.transaction() as conn:
        street = Street.open(conn, tmp_path)
        number = street.report()
    with closing(psycopg2.connect(database.dsn)) as owner, owner.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute("update case_events set body = replace(body, '{', '{ ')")
        owner.commit()
    assert perform(database, task("verify_chains"), street.now) == 1
    with database.read() as conn:
        (alarm,) = alarms(conn)
        assert SQL.task_position(conn, name="verify_chains") == ""
    assert alarm["case"] == number
    assert alarm["event"] == 1
    # Every round finds it again; it is told once a day, and another one at once.
    for hours, told in ((0.1, 1), (23, 1), (24.1, 2), (24.2, 2)):
        assert perform(database, task("verify_chains"), street.now + timedelta(hours=hours)) == 1
        with database.read() as conn:
            assert len(alarms(conn)) == told, hours
    with closing(psycopg2.connect(database.dsn)) as owner, owner.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute("update cases set state = 'declined'")
        cursor.execute("update case_events set body = replace(body, '{ ', '{')")
        owner.commit()
    assert perform(database, task("verify_chains"), street.now + timedelta(hours=24.3)) == 1
    with database.read() as conn:
        assert len(alarms(conn)) == 3


def test_a_photo_that_was_altered_on_disk_is_named_in_the_security_log_once(
    street: Street, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(verify_blobs, "settings", lambda: Settings(home=tmp_path))
    street.folder = tmp_path / "blobs"
    number = street.handled()
    sha256 = street.case(number)["attachments"][0]["sha256"]
    assert (verify_blobs.run(street.conn, street.now), alarms(street.conn, "photo_damaged")) == (1, [])
    with blob_path(street.folder, sha256).open("ab") as file:
        file.write(b"!")
    for _ in range(3):
        assert verify_blobs.run(street.conn, street.now) == 1
    assert alarms(street.conn, "photo_damaged") == [{"sha256": sha256, "why": "changed"}]
    assert street.case(number)["attachments"][0]["damaged"] is True


def alarms(conn: Connection, what: str = "chain_broken") -> list[dict[str, Any]]:
    with conn.cursor() as cursor:
        cursor.execute("select detail from security_log where what = %s order by id", (what,))
        return [row["detail"] for row in cursor.fetchall()]
