"""Backup and restore: what was there comes back whole, what was erased stays erased, tablets begin anew and lose nothing."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from mobile.sim.wire import BadWire
from server.backup.restore import SPARE_NUMBERS, restore
from server.backup.take import take
from server.cases.anchors import make_anchor
from server.cases.blobs import blob_path
from server.cases.proving import prove_all
from server.cases.terminal import progress
from server.content.papers import keep_paper
from server.db import Database, connect
from server.errors import BackupRefused, RestoreRefused
from server.people import erasure
from server.schema import dump as schema_of
from server.settings import Settings
from tests.conftest import Databases, serving
from tests.factories import START, Street
from tests.link import here, picture, rows, settle, tablet_of
from tests.pdfs import pdf

NOW = START + timedelta(days=1)
ORIGINALS = ("blobs", "papers")
SAID = "住在三楼的陈女士来电"


@contextmanager
def empty(databases: Databases) -> Iterator[str]:
    """The data source of a database in which there is nothing at all."""
    name = f"test_{os.getpid()}_empty"
    databases.cluster.ensure_database(name)
    try:
        yield databases.cluster.dsn(name)
    finally:
        databases.drop(name)


@pytest.fixture
def nothing(databases: Databases) -> Iterator[str]:
    with empty(databases) as dsn:
        yield dsn


@dataclass(frozen=True)
class Kept:
    """A backup of an installation with a closed case, a photo, an anchor and a case whose words were not yet erased."""

    dsn: str
    settings: Settings
    folder: Path
    closed: str
    told: str


@pytest.fixture(scope="module")
def kept(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with databases.fresh() as dsn:
        place = tmp_path_factory.mktemp("kept")
        settings = Settings(home=place / "home", database_url=dsn, lang="en")
        with closing(connect(dsn)) as conn:
            street = Street.open(conn, settings.blobs)
            closed, told = street.closed(), street.report(description=SAID)
            keep_paper(conn, settings.blobs, pdf(), START)
            make_anchor(conn, settings.anchors, START)
            conn.commit()
        take(dsn, settings, place / "backup", NOW, progress)
        yield Kept(dsn, settings, place / "backup", closed, told)


def at(home: Path, dsn: str) -> Settings:
    return Settings(home=home, database_url=dsn, lang="en")


def one(dsn: str, question: str) -> object:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
        return row[0] if row else None


def test_everything_comes_back_whole_and_can_be_proved(kept: Kept, nothing: str, tmp_path: Path) -> None:
    done = restore(nothing, at(tmp_path, nothing), kept.folder, NOW, progress)
    assert (done.cases, done.photos, done.missing, done.erasures) == (2, 2, 0, 0)
    assert schema_of(nothing) == schema_of(kept.dsn)
    for table in ("case_events", "cases", "event_private", "commands", "deadlines", "grids", "memberships"):
        sum_of = f"select md5(string_agg(t::text, '' order by t::text)) from {table} t"
        assert one(nothing, sum_of) == one(kept.dsn, sum_of), table
    with closing(Database(nothing)) as database:
        assert prove_all(database, lambda done: None).broken == []
        with database.read() as conn:
            photo, paper = (str(conn_one(conn, f"select sha256 from {table}")) for table in ORIGINALS)
    for sha256 in (photo, paper):
        assert (
            blob_path(tmp_path / "blobs", sha256).read_bytes()
            == blob_path(kept.settings.blobs, sha256).read_bytes()
        )
    assert sorted(path.name for path in (tmp_path / "anchors").iterdir()) == sorted(
        path.name for path in kept.settings.anchors.iterdir()
    )


def conn_one(conn: object, question: str) -> object:
    with conn.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(question)
        return next(iter(cursor.fetchone().values()))


def test_the_epoch_is_new_sessions_are_over_and_no_number_is_given_out_twice(
    kept: Kept, nothing: str, tmp_path: Path
) -> None:
    restore(nothing, at(tmp_path, nothing), kept.folder, NOW, progress)
    assert one(nothing, "select epoch from epoch") != one(kept.dsn, "select epoch from epoch")
    assert one(nothing, "select count(*) from web_sessions") == 0
    before = int(str(one(kept.dsn, "select last_value from case_numbers")))
    assert one(nothing, "select nextval('case_numbers')") == before + SPARE_NUMBERS + 1
    assert one(nothing, "select count(*) from security_log where what = 'restored'") == 1
    assert one(kept.dsn, "select count(*) from security_log where what = 'backup_taken'") == 1


def test_what_was_erased_after_the_backup_is_erased_when_the_data_become_visible(
    kept: Kept, nothing: str, tmp_path: Path
) -> None:
    case_id = one(kept.dsn, f"select case_id from case_keys where number = '{kept.told}'")
    list_kept_elsewhere = tmp_path / "newer.jsonl"
    erasure.keep(
        list_kept_elsewhere,
        [erasure.Erasure.of_words(case_id, 1, NOW, None, "当事人要求")],  # type: ignore[arg-type]
    )
    home = tmp_path / "home"
    done = restore(nothing, at(home, nothing), kept.folder, NOW, progress, list_kept_elsewhere)
    assert done.erasures == 1
    assert one(kept.dsn, f"select count(*) from cases where description = '{SAID}'") == 1
    assert one(nothing, f"select count(*) from cases where description = '{SAID}'") == 0
    assert one(nothing, f"select count(*) from event_private p where p::text like '%{SAID}%'") == 0
    assert list_kept_elsewhere.read_text() in (home / "erasures.jsonl").read_text()


def test_a_restore_that_breaks_off_leaves_an_empty_database_and_can_be_done_again(
    kept: Kept, nothing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(*of: object) -> int:
        raise OSError("no more power")

    chosen = at(tmp_path, nothing)
    with monkeypatch.context() as patched:
        patched.setattr("server.backup.restore.erase_again", breaks_off)
        with pytest.raises(OSError, match="no more power"):
            restore(nothing, chosen, kept.folder, NOW, progress)
    assert one(nothing, "select to_regclass('cases')") is None
    assert restore(nothing, chosen, kept.folder, NOW, progress).cases == 2


@pytest.mark.parametrize("table", ORIGINALS)
def test_an_original_that_was_lost_is_named_when_backed_up_and_marked_when_restored(
    kept: Kept, nothing: str, tmp_path: Path, table: str
) -> None:
    sha256 = str(one(kept.dsn, f"select sha256 from {table}"))
    blobs = tmp_path / "blobs-with-a-changed-original"
    shutil.copytree(kept.settings.blobs, blobs)
    blob_path(blobs, sha256).write_bytes(b"something else")
    home = tmp_path / "home"
    home.mkdir()
    blobs.rename(home / "blobs")
    made = take(kept.dsn, at(home, kept.dsn), tmp_path / "backup", NOW, progress)
    assert (made.missing, made.photos) == ([sha256], 1)
    done = restore(nothing, at(tmp_path / "new", nothing), tmp_path / "backup", NOW, progress)
    assert (done.missing, done.photos) == (1, 1)
    assert (
        one(nothing, "select string_agg(sha256, ' ') from originals where damaged_at is not null") == sha256
    )


def test_a_second_backup_into_the_same_folder_replaces_the_first_and_keeps_no_photo_that_was_given_up(
    kept: Kept, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    shutil.copytree(kept.folder, folder)
    given_up = blob_path(folder / "blobs", "ab" * 32)
    given_up.parent.mkdir(parents=True)
    given_up.write_bytes(b"of somebody")
    made = take(kept.dsn, kept.settings, folder, NOW + timedelta(days=1), progress)
    assert [path.name for path in folder.glob("*.dump")] == [made.dump]
    assert not given_up.exists()
    assert made.photos == 2


def test_anchors_of_after_the_backup_are_put_aside_not_thrown_away(
    kept: Kept, nothing: str, tmp_path: Path
) -> None:
    (tmp_path / "anchors").mkdir()
    (tmp_path / "anchors" / "000002-2026-11-23.json").write_text("{}")
    done = restore(nothing, at(tmp_path, nothing), kept.folder, NOW, progress)
    assert done.anchors_aside is not None
    assert [path.name for path in Path(done.anchors_aside).iterdir()] == ["000002-2026-11-23.json"]
    assert any((tmp_path / "anchors").glob("000001-*.json"))


def test_nothing_is_ever_restored_over_data(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(RestoreRefused, match="not empty"):
        restore(kept.dsn, at(tmp_path, kept.dsn), kept.folder, NOW, progress)
    assert not (tmp_path / "blobs").exists()


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda folder: (folder / "backup.json").unlink(), "not a whole backup"),
        (lambda folder: (folder / "backup.json").write_text("{"), "cannot be read"),
        (lambda folder: next(folder.glob("*.dump")).write_bytes(b"PGDMP"), "missing or was damaged"),
        (
            lambda folder: (folder / "backup.json").write_text(
                (folder / "backup.json").read_text().replace("0001_ground.sql", "9999_later.sql")
            ),
            "9999_later.sql",
        ),
    ],
)
def test_what_is_no_whole_backup_is_refused_before_anything_is_touched(
    kept: Kept, nothing: str, tmp_path: Path, harm: object, sentence: str
) -> None:
    shutil.copytree(kept.folder, tmp_path / "backup")
    harm(tmp_path / "backup")  # type: ignore[operator]
    with pytest.raises(RestoreRefused, match=sentence):
        restore(nothing, at(tmp_path / "home", nothing), tmp_path / "backup", NOW, progress)
    assert not (tmp_path / "home").exists()


def test_a_backup_goes_neither_into_the_home_nor_among_other_files(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("no backup")
    with pytest.raises(BackupRefused, match="something else than a backup"):
        take(kept.dsn, kept.settings, tmp_path, NOW, progress)
    with pytest.raises(BackupRefused, match="elsewhere"):
        take(kept.dsn, kept.settings, kept.settings.home / "backup", NOW, progress)
    assert (tmp_path / "letter.txt").exists()


def test_a_tablet_begins_anew_after_a_restore_and_sends_what_its_outbox_holds(
    databases: Databases, database: Database, nothing: str, tmp_path: Path
) -> None:
    with serving(database, tmp_path / "home") as live:
        settle(database)
        port = int(live.url.rpartition(":")[2])
        tablet = tablet_of(live, "worker", tmp_path / "tablet", BadWire())
        photo = tablet.take_in(picture(1), "before")
        tablet.report("urban/component/0102", "missing", here(), "备份前", [photo.photo_id], False)
        assert tablet.sync_now().state == "online"
        take(database.dsn, live.settings, tmp_path / "backup", datetime.now(UTC), progress)
        tablet.report("urban/event/0110", "any", here(), "备份后", [], False)
        assert tablet.sync_now().state == "online"
        assert len(tablet.cases("mine").rows) == 2
    waiting = tablet.report("urban/event/0110", "any", here(), "断网时", [], False)
    assert tablet.sync_now().state == "offline"
    home = tmp_path / "new-home"
    restore(nothing, at(home, nothing), tmp_path / "backup", datetime.now(UTC), progress)
    with closing(Database(nothing)) as restored, serving(restored, home, port) as back:
        assert [item.command_id for item in tablet.outbox().waiting] == [waiting]
        assert tablet.sync_now().state == "online"
        said = {str(row["description"]) for row in rows(back, "select description from cases")}
        assert {"备份前", "断网时"} <= said
        ids = {str(row["id"]) for row in rows(back, "select id from cases")}
        assert {row.case_id for row in tablet.cases("mine").rows} == ids
        assert tablet.outbox().waiting == ()
        arrived = rows(back, "select sha256 from attachments where arrived_at is not null")
        assert blob_path(home / "blobs", str(arrived[0]["sha256"])).read_bytes() == picture(1)
        with restored.read() as conn:
            assert conn_one(conn, "select count(*) from case_events") == len(said)
    tablet.close()


def run(*arguments: str, home: Path, lang: str = "en") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XUNGE_HOME": str(home), "XUNGE_LANG": lang}
    command = [sys.executable, "-m", "server", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_the_commands_bring_a_lost_home_back_with_its_private_cluster(kept: Kept, place: Path) -> None:
    home = place / "home"
    first = run("restore", str(kept.folder), "--json", home=home)
    assert (first.returncode, first.stderr) == (0, "")
    assert json.loads(first.stdout)["cases"] == 2
    taken = run("backup", str(place / "backup"), home=home)
    assert (taken.returncode, taken.stdout.startswith("2 cases and 2 photos")) == (0, True)
    again = run("restore", str(kept.folder), home=home)
    assert (again.returncode, again.stdout) == (1, "")
    assert "is not empty" in again.stderr
    assert "Traceback" not in again.stderr
    assert run("restore", home=home).returncode == 2


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account may enter; pytest's own is closed."""
    folder = Path("/tmp") / f"xunge-backup-{os.getpid()}"  # as the other tests of private clusters
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)
