"""The private cluster: made, found again, shared, ended, whatever the home, the account and the environment."""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from server.cluster import Cluster
from server.errors import SetupFault
from server.settings import CHECKOUT

FAST = {"fsync": "off", "shared_buffers": "16MB"}
AS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home whose cluster was made once and is not running: copying it is quicker than making another."""
    folder = Path(tempfile.mkdtemp(prefix="xunge-made-", dir="/tmp"))
    folder.chmod(0o755)
    with Cluster(folder / "home", FAST):
        pass
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def home(made: Path, place: Path) -> Path:
    """A home of this test's own with a cluster that is not running."""
    subprocess.run(["cp", "--archive", made, place / "home"], check=True)
    return place / "home"


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account may enter; pytest's own is closed."""
    folder = Path(tempfile.mkdtemp(prefix="xunge-cluster-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def ask(cluster: Cluster, question: str, database: str = "postgres") -> str:
    with closing(psycopg2.connect(cluster.dsn(database))) as connection, connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
        assert row is not None
        return str(row[0])


def write_down(cluster: Cluster, word: str) -> None:
    cluster.ensure_database("xunge")
    with closing(psycopg2.connect(cluster.dsn())) as connection, connection.cursor() as cursor:
        cursor.execute("create table words (word text)")
        cursor.execute("insert into words values (%s)", (word,))
        connection.commit()


def server_of(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def test_a_cluster_has_utf8_checksums_utc_and_no_network_and_commits_for_good(place: Path) -> None:
    with Cluster(place / "home") as cluster:
        cluster.ensure_database("xunge")
        assert ask(cluster, "show server_encoding", "xunge") == "UTF8"
        assert ask(cluster, "select datcollate from pg_database where datname = 'xunge'") == "C.UTF-8"
        assert ask(cluster, "show data_checksums") == "on"
        assert ask(cluster, "show timezone") == "UTC"
        assert ask(cluster, "show listen_addresses") == ""
        assert ask(cluster, "show synchronous_commit") == "on"
        assert ask(cluster, "show fsync") == "on"
        assert cluster.sockets.stat().st_mode & 0o077 == 0
    assert not cluster.running()


def test_postgis_can_be_installed_in_it(home: Path) -> None:
    with Cluster(home, FAST) as cluster:
        cluster.ensure_database("xunge")
        with closing(psycopg2.connect(cluster.dsn())) as connection, connection.cursor() as cursor:
            cursor.execute("create extension postgis")
            cursor.execute("select ST_AsText(ST_Point(121.5, 31.2))")
            assert cursor.fetchone() == ("POINT(121.5 31.2)",)


def test_a_home_of_150_characters_works(place: Path) -> None:
    home = place / ("long" * 40)[: 150 - len(str(place)) - 1]
    assert len(str(home)) == 150
    with Cluster(home, FAST) as cluster:
        assert ask(cluster, "select 1") == "1"


def test_two_homes_live_side_by_side(place: Path) -> None:
    with Cluster(place / "one", FAST) as one, Cluster(place / "two", FAST) as two:
        write_down(one, "one")
        write_down(two, "two")
        assert ask(one, "select word from words", "xunge") == "one"
        assert ask(two, "select word from words", "xunge") == "two"


def test_data_stay_from_one_start_to_the_next(home: Path) -> None:
    with Cluster(home, FAST) as cluster:
        write_down(cluster, "kept")
    with Cluster(home, FAST) as again:
        assert ask(again, "select word from words", "xunge") == "kept"


def test_after_kill_9_it_is_found_again_with_what_was_committed(home: Path) -> None:
    with Cluster(home) as cluster:
        write_down(cluster, "committed")
        open_session = psycopg2.connect(cluster.dsn())
        os.kill(server_of(cluster), signal.SIGKILL)
        cluster.start()
        open_session.close()
        assert ask(cluster, "select word from words", "xunge") == "committed"


def test_after_a_reboot_the_socket_folder_is_made_again(home: Path) -> None:
    with Cluster(home, FAST) as cluster:
        write_down(cluster, "kept")
        os.kill(server_of(cluster), signal.SIGKILL)
        shutil.rmtree(cluster.sockets)
        cluster.start()
        assert ask(cluster, "select word from words", "xunge") == "kept"


def test_a_process_number_that_another_program_took_over_does_not_stop_the_start(home: Path) -> None:
    with Cluster(home, FAST) as cluster:
        os.kill(server_of(cluster), signal.SIGKILL)
        lock = cluster.data / "postmaster.pid"
        owner = lock.stat().st_uid
        with subprocess.Popen(["sleep", "60"], user=owner if AS_ROOT else None) as other:
            lock.write_text(lock.read_text().replace(str(server_of(cluster)), str(other.pid), 1))
            cluster.start()
            other.kill()
        assert ask(cluster, "select 1") == "1"


def test_a_socket_folder_removed_under_a_running_server_is_put_back(home: Path) -> None:
    with Cluster(home, FAST) as cluster:
        write_down(cluster, "kept")
        shutil.rmtree(cluster.sockets)
        cluster.start()
        assert ask(cluster, "select word from words", "xunge") == "kept"


def test_a_first_start_that_was_cut_off_is_begun_again(home: Path) -> None:
    cluster = Cluster(home, FAST)
    with cluster:
        pass
    (cluster.data).rename(cluster.place / "data.new")
    (cluster.place / "data.new" / "global" / "pg_control").unlink()
    with cluster:
        assert ask(cluster, "select 1") == "1"


def test_the_last_user_to_leave_stops_it_and_nobody_before(home: Path) -> None:
    first, second = Cluster(home, FAST), Cluster(home, FAST)
    first.start()
    second.start()
    first.stop()
    assert ask(second, "select 1") == "1"
    second.stop()
    assert not second.running()
    assert not second.sockets.exists()
    assert not (second.data / "postmaster.pid").exists()


def test_a_killed_user_does_not_keep_it_running_for_ever(home: Path) -> None:
    with Cluster(home, FAST) as cluster:
        code = "import sys; from pathlib import Path; from server.cluster import Cluster;"
        code += "c = Cluster(Path(sys.argv[1])); c.start(); print('up', flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", code, str(cluster.home)],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"up\n"
            other.kill()
    assert not cluster.running()


def test_two_who_start_a_new_home_at_once_get_one_server(place: Path) -> None:
    code = "import sys; from pathlib import Path; from server.cluster import Cluster;"
    code += "c = Cluster(Path(sys.argv[1])); c.start(); c.ensure_database();"
    code += (
        "print((c.data / 'postmaster.pid').read_text().split()[0], flush=True); sys.stdin.read(); c.stop()"
    )
    users = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(place / "home")],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    said = [user.stdout.readline() for user in users if user.stdout]
    for user in users:
        user.communicate()
        assert user.returncode == 0
    assert len(set(said)) == 1
    assert not Cluster(place / "home").running()


@pytest.mark.parametrize("environment", [{"LANG": "C", "LC_ALL": "C"}, {}], ids=["LANG=C", "empty"])
def test_neither_a_C_locale_nor_an_empty_environment_changes_the_encoding(
    place: Path, environment: dict[str, str]
) -> None:
    code = "import sys; from pathlib import Path; import psycopg2; from server.cluster import Cluster\n"
    code += "with Cluster(Path(sys.argv[1])) as c:\n c.ensure_database(); x = psycopg2.connect(c.dsn())\n"
    code += " k = x.cursor(); k.execute('show server_encoding'); print(k.fetchone()[0]); x.close()"
    done = subprocess.run(
        [sys.executable, "-c", code, str(place / "家")],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("UTF8\n", "")
    assert not Cluster(place / "家").running()


def test_a_home_that_cannot_be_made_is_refused_with_a_sentence(place: Path) -> None:
    (place / "file").write_text("not a folder")
    with pytest.raises(SetupFault, match=r"file/home cannot be made"):
        Cluster(place / "file" / "home").start()


def test_an_unwilling_server_says_why(home: Path) -> None:
    cluster = Cluster(home, {"work_mem": "plenty"})
    with pytest.raises(SetupFault, match="work_mem"):
        cluster.start()
    cluster.sockets.rmdir()


def test_a_socket_folder_prepared_by_somebody_else_is_refused(home: Path) -> None:
    cluster = Cluster(home, FAST)
    cluster.sockets.symlink_to(home)
    try:
        with pytest.raises(SetupFault, match="would not be private"):
            cluster.start()
    finally:
        cluster.sockets.unlink()


def test_who_waits_for_the_lock_starts_nothing_meanwhile(place: Path) -> None:
    home = place / "home"
    home.mkdir()
    with (home / "cluster.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code = "import sys; from pathlib import Path; from server.cluster import Cluster;"
        code += "print('asking', flush=True); Cluster(Path(sys.argv[1])).start(); print('up', flush=True)"
        with subprocess.Popen(
            [sys.executable, "-c", code, str(home)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "asking\n"
            with pytest.raises(subprocess.TimeoutExpired):
                other.wait(0.5)
            assert not (home / "cluster").exists()
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert other.stdout.readline() == "up\n"
    with Cluster(home) as left_running:
        assert left_running.running()


if AS_ROOT:
    STRANGER = pwd.getpwnam("nobody")

    def test_for_root_the_server_runs_under_another_account(home: Path) -> None:
        with Cluster(home, FAST) as cluster:
            assert Path(f"/proc/{server_of(cluster)}").stat().st_uid == pwd.getpwnam("postgres").pw_uid

    def test_root_in_a_home_that_others_cannot_enter_keeps_the_data_elsewhere_with_a_note(
        place: Path,
    ) -> None:
        closed = place / "closed"
        closed.mkdir(mode=0o700)
        cluster = Cluster(closed / "home", FAST)
        with cluster:
            write_down(cluster, "kept")
            note = (closed / "home" / "cluster-is-elsewhere.txt").read_text()
            assert str(cluster.place) in note
            assert closed not in cluster.place.parents
        with Cluster(closed / "home", FAST) as again:
            assert ask(again, "select word from words", "xunge") == "kept"
        shutil.rmtree(cluster.place)

    def test_root_serves_the_home_of_an_ordinary_person_as_that_person(place: Path) -> None:
        home = place / "home"
        home.mkdir()
        os.chown(home, STRANGER.pw_uid, STRANGER.pw_gid)
        as_person(STRANGER, home)
        with Cluster(home, FAST) as cluster:
            assert Path(f"/proc/{server_of(cluster)}").stat().st_uid == STRANGER.pw_uid

    def test_an_ordinary_person_is_refused_the_home_of_another_with_a_sentence(home: Path) -> None:
        done = as_person(STRANGER, home, check=False)
        assert "belongs to postgres" in done.stderr

    def test_a_socket_folder_of_a_foreign_owner_is_refused(home: Path) -> None:
        cluster = Cluster(home, FAST)
        cluster.sockets.mkdir()
        os.chown(cluster.sockets, STRANGER.pw_uid, STRANGER.pw_gid)
        with pytest.raises(SetupFault, match="belongs to nobody"):
            cluster.start()
        cluster.sockets.rmdir()

    def as_person(
        person: pwd.struct_passwd, home: Path, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Starts and stops the cluster of `home` as `person`, who may not be able to enter this checkout.

        All that Python needs is therefore loaded before root's rights are given up.
        """
        code = (
            "import os, sys, encodings.ascii; from pathlib import Path; from server.cluster import Cluster\n"
            "os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[3]))\n"
            "with Cluster(Path(sys.argv[1])) as c: c.ensure_database()"
        )
        return subprocess.run(
            [sys.executable, "-c", code, str(home), str(person.pw_gid), str(person.pw_uid)],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=check,
        )
