"""The scheduler and its command line."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from server.db import Connection, Database
from server.settings import CHECKOUT, settings
from tasks.__main__ import app
from tasks.schedule import TASKS, Scheduler
from tasks.task import SQL, Task
from tests.conftest import Databases

PATIENCE_S = 20


class Counter:
    """A task that counts its runs for whoever waits."""

    def __init__(self) -> None:
        self.ran = threading.Event()

    def task(self) -> Task:
        return Task("count_stars", timedelta(seconds=0.05), "counts stars", self.run)

    def run(self, conn: Connection, now: datetime) -> int:
        self.ran.set()
        return 0


def test_of_two_schedulers_one_works_and_the_other_takes_over_when_it_stops(database: Database) -> None:
    at_first, at_second = Counter(), Counter()
    first, second = Scheduler(database, [at_first.task()]), Scheduler(database, [at_second.task()])
    first.start()
    assert at_first.ran.wait(PATIENCE_S)
    second.start()
    at_first.ran.clear()
    assert at_first.ran.wait(PATIENCE_S), "it goes on while the other waits"
    assert not at_second.ran.is_set()
    first.stop()
    assert at_second.ran.wait(PATIENCE_S)
    second.stop()


def test_a_task_that_fails_is_tried_again_at_its_next_turn(database: Database) -> None:
    failed, succeeded = threading.Event(), threading.Event()

    def run(conn: Connection, now: datetime) -> int:
        if failed.is_set():
            succeeded.set()
            return 1
        failed.set()
        raise OSError("the disk is full")

    scheduler = Scheduler(database, [Task("count_stars", timedelta(seconds=0.05), "counts stars", run)])
    scheduler.start()
    assert succeeded.wait(PATIENCE_S)
    scheduler.stop()


def tasks(dsn: str, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tasks", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": dsn, "XUNGE_HOME": str(home), "XUNGE_LANG": "en"},
        capture_output=True,
        text=True,
    )


def test_the_list_names_every_task_with_its_rhythm_and_last_run(dsn: str, tmp_path: Path) -> None:
    assert tasks(dsn, tmp_path, "--once", "expire_uploads").returncode == 0
    listed = {row["name"]: row for row in json.loads(tasks(dsn, tmp_path, "--list", "--json").stdout)}
    assert (
        set(listed)
        == {task.name for task in TASKS}
        >= {"escalate_overdue", "expire_uploads", "verify_chains"}
    )
    assert listed["expire_uploads"]["result"] == 0
    assert listed["verify_chains"]["started"] is None
    assert "expire_uploads" in tasks(dsn, tmp_path, "--list").stdout


@pytest.fixture
def ask(quiet_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """The command in this process: starting Python anew for each would cost more than what is tried."""
    for name, value in {"DATABASE_URL": quiet_dsn, "XUNGE_HOME": str(tmp_path), "XUNGE_LANG": "en"}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield lambda *arguments: CliRunner().invoke(app, list(arguments))
    settings.cache_clear()


@pytest.fixture(scope="module")
def quiet_dsn(databases: Databases) -> Iterator[str]:
    """One empty database for all commands that leave it as it is, but for the rows of their runs."""
    with databases.fresh() as source:
        yield source


@pytest.mark.parametrize("name", [task.name for task in TASKS])
def test_every_task_can_be_run_once_on_an_empty_database(ask: Callable[..., Result], name: str) -> None:
    done = ask("--once", name, "--now", "2026-03-01T08:00:00+08:00", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"task": name, "result": 0}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--once", "sweep"], "There is no task sweep"),
        (["--now", "2026-03-01T08:00:00Z"], "--now goes with --once"),
        (["--once", "expire_uploads", "--now", "tomorrow"], "tomorrow is not a time"),
        (["--once", "expire_uploads", "--now", "2026-03-01T08:00:00"], "has no time zone"),
    ],
)
def test_wrong_use_ends_with_2_and_a_sentence(
    ask: Callable[..., Result], arguments: list[str], sentence: str
) -> None:
    done = ask(*arguments)
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_a_database_that_does_not_answer_is_told_in_a_sentence(tmp_path: Path) -> None:
    done = tasks(f"host={tmp_path} dbname=nothing", tmp_path, "--list")
    assert done.returncode == 1
    assert done.stderr.startswith("The database does not answer")


def test_sigterm_ends_the_scheduler_in_good_order(database: Database, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tasks"],
        cwd=CHECKOUT,
        env={**os.environ, "DATABASE_URL": database.dsn, "XUNGE_HOME": str(tmp_path)},
    ) as scheduler:
        until = time.monotonic() + PATIENCE_S
        ended: set[str] = set()
        while ended != {task.name for task in TASKS} and time.monotonic() < until:
            with database.read() as conn:
                ended = {row["name"] for row in SQL.last_task_runs(conn) if row["ended"]}
        scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(PATIENCE_S) == 0
    assert ended == {task.name for task in TASKS}, "every task runs at once when the scheduler starts"
