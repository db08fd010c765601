"""`make run`: brings everything up, walks one incident through the whole chain, and keeps watch until told to end.

The database, the demo district and the demo people are made when they are missing and kept when they are there.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from server.children import Child
from server.cluster import database_of
from server.db import Database
from server.errors import SetupFault, XungeError
from server.locale import gettext_for
from server.migrate import migrate
from server.settings import CHECKOUT, Settings, settings

GRIDS = CHECKOUT / "grids.geojson"
ANSWER_S = 30.0
POLL_S = 0.05
WATCH_S = 1.0


class Told(BaseException):
    """Somebody said stop: Ctrl-C or SIGTERM. Not an error, so nothing may catch it on the way."""


def listen_for_the_end() -> None:
    def told(number: int, frame: FrameType | None) -> None:
        for again in (signal.SIGINT, signal.SIGTERM):
            signal.signal(again, signal.SIG_IGN)
        raise Told

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)


@contextmanager
def only_one_of(home: Path) -> Iterator[None]:
    """One run per home; the lock goes with the process however it ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SetupFault(
                "Process {pid} already runs with {home}. End it, or set XUNGE_HOME and XUNGE_PORT for another.",
                pid=lock.read().strip(),
                home=home,
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def check_port(chosen: Settings) -> None:
    family = socket.AF_INET6 if ":" in chosen.host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((chosen.host, chosen.port))
        except OSError as error:
            raise SetupFault(
                "{host}:{port} cannot be used ({reason}). Set XUNGE_PORT to a free one.",
                host=chosen.host,
                port=chosen.port,
                reason=error.strerror,
            ) from error


def load_demo_district(database: Database, environment: dict[str, str]) -> bool:
    """Loads `grids.geojson` unless its district is there; whether it was loaded now."""
    with GRIDS.open(encoding="utf-8") as file:
        district = next(
            one["properties"] for one in json.load(file)["features"] if one["properties"]["level"] == 0
        )
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select 1 from grid_nodes where level = 0 and code = %s", (district["code"],))
        if cursor.fetchone():
            return False
    done = subprocess.run(
        [sys.executable, "-m", "gis", "load", str(GRIDS)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise SetupFault("The demo district was not loaded: {reason}", reason=words[-1] if words else "")
    return True


def wait_for_answer(url: str, server: Child) -> None:
    """Until the server answers; a server that dies or stays silent is a fault."""
    deadline = time.monotonic() + ANSWER_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):  # noqa: S310  # our own http address
                return
        except OSError:
            if server.dead() or time.monotonic() > deadline:
                raise SetupFault(
                    "The server did not start: {words} (log: {log})",
                    words=server.last_words(),
                    log=server.log,
                ) from None
            time.sleep(POLL_S)


def address_of(chosen: Settings) -> str:
    """Where a browser on this machine finds the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(chosen.host, chosen.host)  # noqa: S104  # compared only
    return f"http://{host}:{chosen.port}"


def bring_up(chosen: Settings, dsn: str, children: list[Child], console: Console) -> None:
    _ = gettext_for(chosen.lang)
    environment = {**os.environ, "DATABASE_URL": dsn, "XUNGE_HOME": str(chosen.home.absolute())}
    names = migrate(dsn)
    if names:
        console.print(_("Database: {count} migrations applied").format(count=len(names)))
    logs = chosen.home.absolute() / "logs"
    server = Child("server", ["-m", "server", "serve"], environment, logs / "server.log")
    tasks = Child("tasks", ["-m", "tasks"], environment, logs / "tasks.log")
    database = Database(dsn, size=2)
    try:
        # The server needs a second to load; the district and the people are looked after meanwhile.
        children.append(server)
        server.start()
        if load_demo_district(database, environment):
            console.print(_("Demo district loaded from {file}").format(file=GRIDS.name))
        logins = make_people(database) if chosen.demo else []
        children.append(tasks)
        tasks.start()
        url = address_of(chosen)
        wait_for_answer(url, server)
        case = walk_once(url, chosen.home, database, chosen.lang) if chosen.demo else None
        code = new_code(database, logins)
    finally:
        database.close()
    announce(console, chosen, {"url": url, "logins": logins, "enrol_code": code, "case": case})


def make_people(database: Database) -> list[dict[str, Any]]:
    from server.demo import make_demo_people

    return database.run(make_demo_people)


def walk_once(url: str, home: Path, database: Database, lang: str) -> str:
    from server.walk import walk

    return walk(url, home.absolute(), database, lang)


def new_code(database: Database, logins: list[dict[str, Any]]) -> str | None:
    """A single-use tablet code for the first grid worker of the demo."""
    from server.people.enrolment import make_enrol_code

    worker = next((one["login"] for one in logins if one["role"] == "worker"), None)
    if worker is None:
        return None
    return database.run(lambda conn: make_enrol_code(conn, worker, datetime.now(UTC)))


def announce(console: Console, chosen: Settings, ready: dict[str, Any]) -> None:
    """What a person needs to go on, and the same in one line for a machine."""
    _ = gettext_for(chosen.lang)
    console.print()
    console.print(_("Xunge is running: {url}").format(url=ready["url"]), style="bold")
    for one in ready["logins"]:
        console.print("  " + "  ".join(str(value) for value in one.values()), highlight=False)
    if ready["enrol_code"]:
        console.print(_("Tablet code (once, for a day): {code}").format(code=ready["enrol_code"]))
    console.print(_("Logs: {folder}. Ctrl-C ends everything.").format(folder=chosen.home.absolute() / "logs"))
    print(f"READY {json.dumps(ready, ensure_ascii=False)}", flush=True)


def watch(children: list[Child]) -> None:
    while True:
        for child in children:
            child.keep()
        time.sleep(WATCH_S)


def main() -> int:
    chosen = settings()
    console = Console(highlight=False)
    children: list[Child] = []
    try:
        listen_for_the_end()
        with only_one_of(chosen.home.absolute()):
            check_port(chosen)
            with database_of(chosen) as dsn:
                try:
                    bring_up(chosen, dsn, children, console)
                    watch(children)
                finally:
                    for child in children:
                        child.ask_to_end()
                    for child in children:
                        child.end()
    except Told:
        return 0
    except XungeError as error:
        print(error.text(gettext_for(chosen.lang)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
