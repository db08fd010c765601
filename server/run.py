"""`make run`: brings everything up, walks one incident through the whole chain, and keeps watch until told to end.

The database, the demo district and the demo people are made when they are missing and kept when they are there.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import nullcontext
from datetime import UTC, datetime
from string import digits
from types import FrameType
from typing import Any

import psycopg2
from rich.console import Console

from server.children import Child
from server.cluster import Cluster
from server.db import Database, refusal_of
from server.errors import SetupFault, XungeError
from server.home import only_one_of
from server.locale import gettext_for
from server.migrate import migrate
from server.settings import CHECKOUT, Settings, settings

GRIDS = CHECKOUT / "grids.geojson"
# Layers of the demo district: code, name, category.
FACILITIES = (("lamps", "路灯", "urban/component/0137"), ("hydrants", "消火栓", ""))
ANSWER_S = 30.0
POLL_S = 0.05
WATCH_S = 1.0
NO_DEMO: dict[str, Any] = {"logins": [], "enrol_code": None, "case": None}


class Told(BaseException):
    """Somebody said stop: Ctrl-C or SIGTERM. Not an error, so nothing may catch it on the way."""


def listen_for_the_end() -> None:
    def told(number: int, frame: FrameType | None) -> None:
        for again in (signal.SIGINT, signal.SIGTERM):
            signal.signal(again, signal.SIG_IGN)
        raise Told

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)


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
    """Loads `grids.geojson` and the facilities of its district unless it is there; whether it was loaded now."""
    with GRIDS.open(encoding="utf-8") as file:
        district = next(
            one["properties"] for one in json.load(file)["features"] if one["properties"]["level"] == 0
        )
    with database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select 1 from grid_nodes where level = 0 and code = %s", (district["code"],))
        if cursor.fetchone():
            return False
    _gis(environment, "load", str(GRIDS))
    for layer, name, category in FACILITIES:
        things = str(GRIDS.parent / "gis" / f"{layer}.geojson")
        _gis(environment, "facilities", things, "--layer", layer, "--name", name, "--category", category)
    return True


def _gis(environment: dict[str, str], *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gis", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise SetupFault("The demo district was not loaded: {reason}", reason=said[-1] if said else "")


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
    """From a database that answers to a product that is used; the slow parts side by side."""
    _ = gettext_for(chosen.lang)
    begun = datetime.now(UTC)
    environment = {**os.environ, "DATABASE_URL": dsn, "XUNGE_HOME": str(chosen.home.absolute())}
    names = migrate(dsn)
    if names:
        console.print(_("Database: {count} migrations applied").format(count=len(names)))
    logs = chosen.home.absolute() / "logs"
    server = Child("server", ["-m", "server", "serve"], environment, logs / "server.log")
    tasks = Child("tasks", ["-m", "tasks"], environment, logs / "tasks.log")
    children += [server, tasks]
    url = address_of(chosen)
    database = Database(dsn, size=2)
    try:
        server.start()
        if load_demo_district(database, environment):
            console.print(_("Demo district loaded from {file}").format(file=GRIDS.name))
        demo = Demo(database, chosen) if chosen.demo else None
        wait_for_answer(url, server)
        tasks.start()
        ready = {"url": url, **(demo.show(url) if demo else NO_DEMO)}
        wait_for_beat(database, begun, tasks)
    finally:
        database.close()
    announce(console, chosen, ready)


class Demo:
    """The demo people, and what is shown with them. Making it loads the tablet's core while the server loads."""

    def __init__(self, database: Database, chosen: Settings) -> None:
        from server.demo import make_demo_people
        from server.demo_cases import make_demo_cases
        from server.people.enrolment import make_enrol_code
        from server.walk import walk

        self._database, self._chosen = database, chosen
        self._make_code, self._walk = make_enrol_code, walk
        self.logins: list[dict[str, Any]] = database.run(make_demo_people)
        database.run(lambda conn: make_demo_cases(conn, chosen.blobs, datetime.now(UTC)))

    def show(self, url: str) -> dict[str, Any]:
        """Walks one incident; its case, the logins, and a tablet code for the first grid worker."""
        case = self._walk(url, self._chosen.home.absolute(), self._database, self._chosen.lang)
        worker = next(one["login"] for one in self.logins if one["role"] == "worker")
        code = self._database.run(lambda conn: self._make_code(conn, worker, datetime.now(UTC)))
        return {"logins": self.logins, "enrol_code": code, "case": case}


def wait_for_beat(database: Database, since: datetime, tasks: Child) -> None:
    """Until a task ran, so that `/readyz` says yes from the start."""
    deadline = time.monotonic() + ANSWER_S
    while True:
        with database.read() as conn, conn.cursor() as cursor:
            cursor.execute("select 1 from task_runs where ended >= %s", (since,))
            if cursor.fetchone():
                return
        if tasks.dead() or time.monotonic() > deadline:
            raise SetupFault(
                "The tasks did not start: {words} (log: {log})", words=tasks.last_words(), log=tasks.log
            )
        time.sleep(POLL_S)


def announce(console: Console, chosen: Settings, ready: dict[str, Any]) -> None:
    """What a person needs to go on, and the same in one line for a machine."""
    _ = gettext_for(chosen.lang)
    console.print()
    console.print(_("Xunge is running: {url}").format(url=ready["url"]), style="bold")
    first_of_each = {one["login"].rstrip(digits): one for one in reversed(ready["logins"])}
    for one in reversed(first_of_each.values()):
        console.print(f"  {one['login']:<12} {one['password']:<12} {one['name']} · {one['organisation']}")
    if len(ready["logins"]) > len(first_of_each):
        more = len(ready["logins"]) - len(first_of_each)
        console.print(_("  and {count} more: .venv/bin/python -m server people").format(count=more))
    if ready["enrol_code"]:
        console.print(_("Tablet code (once, for a day): {code}").format(code=ready["enrol_code"]))
    console.print(_("Logs: {folder}. Ctrl-C ends everything.").format(folder=chosen.home.absolute() / "logs"))
    print(f"READY {json.dumps(ready, ensure_ascii=False)}", flush=True)


def watch(children: list[Child], cluster: Cluster | None) -> None:
    while True:
        if cluster:
            cluster.keep()
        for child in children:
            child.keep()
        time.sleep(WATCH_S)


def source_of(chosen: Settings, cluster: Cluster | None) -> str:
    """Where the database is; that of the private cluster is made when it is missing."""
    if cluster is None:
        return str(chosen.database_url)
    cluster.ensure_database()
    return cluster.dsn()


def main() -> int:
    chosen = settings()
    console = Console(highlight=False, soft_wrap=True)
    children: list[Child] = []
    try:
        listen_for_the_end()
        with only_one_of(chosen.home.absolute()):
            check_port(chosen)
            cluster = None if chosen.database_url else Cluster(chosen.home)
            with cluster or nullcontext():
                try:
                    bring_up(chosen, source_of(chosen, cluster), children, console)
                    watch(children, cluster)
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
    except psycopg2.Error as error:
        print(refusal_of(error).text(gettext_for(chosen.lang)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    argparse.ArgumentParser(
        prog="python -m server.run",
        description=__doc__,
        epilog="It takes no arguments; settings are environment variables (docs/operators.md).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    sys.exit(main())
