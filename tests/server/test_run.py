"""`make run`'s watchman: up, told to end, found again; and the children that end with it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from server.children import Child
from server.cluster import Cluster
from server.errors import SetupFault
from server.settings import CHECKOUT

PATIENCE_S = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


class Run:
    """One `python -m server.run` without demo people and walk."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server.run"],
            cwd=CHECKOUT,
            env={
                **os.environ,
                "XUNGE_HOME": str(home),
                "XUNGE_PORT": str(port),
                "XUNGE_DEMO": "0",
                "XUNGE_LANG": "en",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("READY "):
                return dict(json.loads(line.removeprefix("READY ")))
        raise AssertionError(self.process.communicate()[1])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode


@contextmanager
def running(home: Path, port: int) -> Iterator[Run]:
    run = Run(home, port)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.end()


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="xunge-run-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"


def get(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return bytes(answer.read())


def children_of(pid: int) -> dict[int, str]:
    """Process ids and command lines of the children that live."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(re.sub(r".*\) ", "", (folder / "stat").read_text()).split()[1])
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if parent == pid and words:
            found[int(folder.name)] = words
    return found


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() == b""
    except OSError:
        return True


def wait_until(true: Any) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until, "it did not come true"


def test_a_run_loads_the_district_serves_and_ends_everything_at_sigterm(home: Path) -> None:
    with running(home, free_port()) as run:
        ready = run.ready()
        assert ready == {
            "url": f"http://127.0.0.1:{run.port}",
            "logins": [],
            "enrol_code": None,
            "case": None,
        }
        assert json.loads(get(run.port, "/healthz")) == {"status": "ok"}
        children = children_of(run.process.pid)
        assert sorted(re.sub(r".* -m ", "", words).strip() for words in children.values()) == [
            "server serve",
            "tasks",
        ]
        again = Run(home, free_port())
        _, words = again.process.communicate(timeout=PATIENCE_S)
        assert again.process.returncode == 1
        assert f"Process {run.process.pid} already runs" in words
        assert run.end() == 0
    assert all(gone(pid) for pid in children)
    assert not Cluster(home).running()


def test_after_kill_9_the_children_end_and_the_next_run_finds_the_data(home: Path) -> None:
    with running(home, free_port()) as run:
        run.ready()
        children = children_of(run.process.pid)
        run.end(signal.SIGKILL)
        wait_until(lambda: all(gone(pid) for pid in children))
        assert Cluster(home).running(), "PostgreSQL outlives its watchman"
    with running(home, free_port()) as run:
        run.ready()
        with urllib.request.urlopen(f"http://127.0.0.1:{run.port}/readyz") as answer:
            assert answer.status == 200
        assert run.end(signal.SIGINT) == 0
    assert not Cluster(home).running()


def test_a_database_that_is_killed_is_started_again_and_the_server_goes_on(home: Path) -> None:
    port = free_port()
    with running(home, port) as run:
        run.ready()
        server = next(pid for pid, words in children_of(run.process.pid).items() if "server serve" in words)
        postmaster = Cluster(home).data / "postmaster.pid"
        killed = int(postmaster.read_text().splitlines()[0])
        os.kill(killed, signal.SIGKILL)

        def answers_again() -> bool:
            try:
                return int(postmaster.read_text().splitlines()[0]) != killed and b'"ready"' in get(
                    port, "/readyz"
                )
            except (OSError, ValueError, IndexError):
                return False

        wait_until(answers_again)
        assert not gone(server)
        assert run.end() == 0


def test_a_home_that_may_not_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    told = Run(tmp_path / "file" / "home", free_port()).process
    assert "Set XUNGE_HOME to a folder of yours" in told.communicate(timeout=PATIENCE_S)[1]
    assert told.returncode == 1


def test_a_database_that_does_not_answer_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"host={tmp_path} dbname=nothing")
    told = Run(tmp_path / "home", free_port()).process
    assert told.communicate(timeout=PATIENCE_S)[1].startswith("The database does not answer: ")
    assert told.returncode == 1


@pytest.mark.parametrize(
    ("word", "code", "said"), [("--help", 0, "environment variables"), ("--prot", 2, "unrecognized")]
)
def test_who_asks_how_to_run_it_is_told_and_nothing_is_started(
    tmp_path: Path, word: str, code: int, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server.run", word],
        cwd=CHECKOUT,
        env={**os.environ, "XUNGE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True)
    assert not (tmp_path / "home").exists()


def test_a_port_that_is_taken_is_told_before_anything_is_made(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        run = Run(home, other.getsockname()[1])
        _, words = run.process.communicate(timeout=PATIENCE_S)
    assert run.process.returncode == 1
    assert "Set XUNGE_PORT to a free one" in words
    assert not (home / "cluster").exists()


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    child = Child("sleeper", ["-c", "import signal; signal.pause()"], os.environ, tmp_path / "log")
    child.start()
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(child.dead)
    child.keep()
    assert not child.dead()
    assert child.pid != first
    child.ask_to_end()
    child.end()
    assert child.dead()


def test_a_child_that_only_dies_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    child = Child("loser", ["-c", "raise SystemExit('no luck today')"], os.environ, tmp_path / "log")
    child.start()
    with pytest.raises(SetupFault, match=r"loser keeps dying: no luck today"):
        wait_until(lambda: child.keep())
