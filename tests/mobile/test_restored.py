"""A server that was restored from a backup has forgotten a day; the tablets give it back."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from mobile.core.tablet import Tablet
from mobile.sim.wire import BadWire
from server.db import Database
from tests.conftest import Databases, LiveServer, serving
from tests.link import code_for, here, picture, rows, settle

RUBBISH, COVER = "urban/event/0110", "urban/component/0102"


class Backup:
    """An installation that is copied at one moment and put back from that copy at a later one, photos too."""

    def __init__(self, databases: Databases, home: Path) -> None:
        self._databases, self._home = databases, home
        self._name, self._port = databases.make(), 0

    @contextmanager
    def up(self) -> Iterator[LiveServer]:
        database = Database(self._databases.cluster.dsn(self._name))
        try:
            with serving(database, self._home, self._port) as live:
                self._port = int(live.url.rpartition(":")[2])
                yield live
        finally:
            database.close()

    def copy(self) -> str:
        name = f"{self._name}_copy"
        self._databases._administer(f"create database {name} template {self._name} strategy file_copy")
        return name

    def restore(self, copy: str) -> None:
        """As `restore` does it: the data of the backup under another epoch; no photo that came later."""
        self._databases.drop(self._name)
        self._name = copy
        with psycopg2.connect(self._databases.cluster.dsn(copy)) as owner, owner.cursor() as cursor:
            cursor.execute("update epoch set epoch = gen_random_uuid()")
        owner.close()
        for blob in (self._home / "blobs").rglob("*"):
            if blob.is_file():
                blob.unlink()

    def close(self) -> None:
        self._databases.drop(self._name)


@pytest.fixture
def backup(databases: Databases, tmp_path: Path) -> Iterator[Backup]:
    made = Backup(databases, tmp_path / "home")
    yield made
    made.close()


def day(backup: Backup, home: Path, wire: BadWire) -> tuple[Tablet, list[str], str]:
    """A morning that is in the backup and an afternoon that is not: the tablet, its commands, the backup."""
    with backup.up() as live:
        settle(live.database)
        tablet = Tablet(home, transport=wire)
        tablet.enrol(live.url, code_for(live.database, "worker"))
        commands = [tablet.report(RUBBISH, "any", here(), "上午", [], False)]
        tablet.sync_now()
    wire.close()
    copy = backup.copy()
    with backup.up() as live:
        photo = tablet.take_in(picture(1), "before").photo_id
        commands.append(tablet.report(COVER, "missing", here(), "下午", [photo], False))
        tablet.sync_now()
        assert tablet.outbox().waiting == ()
        (row,) = [
            row
            for row in tablet.cases("mine").rows
            if row.case_id == tablet._outbox.entry(commands[1]).case_id
        ]
        commands.append(tablet.act(row.case_id, "comment", {"text": "又看了一次"}))
        tablet.sync_now()
        assert len(rows(live, "select 1 from case_events")) == 3
    wire.close()
    return tablet, commands, copy


def nothing_is_missing(live: LiveServer, tablet: Tablet, commands: list[str]) -> None:
    stored = rows(live, "select command_id, outcome from commands where origin = 'tablet' order by seq")
    assert [(str(row["command_id"]), row["outcome"]) for row in stored] == [
        (name, "applied") for name in commands
    ]
    events = rows(live, "select command_id from case_events")
    assert sorted(str(event["command_id"]) for event in events) == sorted(commands)
    assert rows(live, "select bytes from blobs where stored_at is not null") == [{"bytes": len(picture(1))}]
    assert tablet.outbox().waiting == tablet.outbox().needs_you == ()
    assert len(tablet.cases("mine").rows) == 2


@pytest.mark.parametrize(
    "plan", [[], ["", "drop_answer"], ["", "", "cut"]], ids=["at once", "answer lost", "cut"]
)
def test_what_was_answered_after_the_backup_is_offered_again_before_what_builds_on_it(
    backup: Backup, tmp_path: Path, plan: list[str]
) -> None:
    wire = BadWire()
    tablet, commands, copy = day(backup, tmp_path / "tablet", wire)
    case_id = tablet._outbox.entry(commands[1]).case_id
    commands.append(tablet.act(case_id, "comment", {"text": "恢复之后"}))
    backup.restore(copy)
    with backup.up() as live:
        assert len(rows(live, "select 1 from cases")) == 1
        wire.plan = list(plan)
        for _ in range(3):
            tablet.sync_now()
        nothing_is_missing(live, tablet, commands)
    tablet.close()
    wire.close()


def test_a_tablet_that_the_restored_server_does_not_know_gives_everything_back_when_it_is_enrolled_again(
    backup: Backup, tmp_path: Path
) -> None:
    wire = BadWire()
    tablet, commands, copy = day(backup, tmp_path / "tablet", wire)
    backup.restore(copy)
    with backup.up() as live:
        live.database.run(
            lambda conn: conn.cursor().execute(
                "update devices set token_hash = sha256('other'), last_seq = 0"
            )
        )
        assert tablet.sync_now().state == "stopped"
        tablet.enrol(live.url, code_for(live.database, "worker"))
        for _ in range(2):
            tablet.sync_now()
        nothing_is_missing(live, tablet, commands)
    tablet.close()
    wire.close()


def test_a_word_that_a_restored_server_takes_back_is_shown(backup: Backup, tmp_path: Path) -> None:
    wire = BadWire()
    tablet, commands, _ = day(backup, tmp_path / "tablet", wire)
    entry, other = tablet._outbox.entry(commands[1]), {"outcome": "held", "reason": {"sentence": "待定"}}
    with pytest.raises(sqlite3.IntegrityError, match="the server has spoken"):
        tablet._outbox.heard_again([entry], {entry.command_id: other})
    tablet._outbox.offer_again()
    tablet._outbox.heard_again([entry], {entry.command_id: other})
    (item,) = tablet.outbox().needs_you
    assert (item.command_id, item.why) == (entry.command_id, "待定")
    tablet.close()
    wire.close()
