"""`python -m tasks`: the scheduler, the list of tasks, or one task once."""

import json
import signal
import threading
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from server.cluster import open_database
from server.db import Database
from server.errors import BadInput, XungeError
from server.locale import gettext_for
from server.logs import write_json_logs
from server.settings import settings
from tasks.schedule import TASKS, Scheduler
from tasks.task import SQL, perform

CONNECTIONS = 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    show: Annotated[
        bool, typer.Option("--list", help="Show the tasks, their rhythm and their last run.")
    ] = False,
    once: Annotated[str | None, typer.Option(metavar="NAME", help="Run one task once and end.")] = None,
    now: Annotated[
        str | None, typer.Option(metavar="ISO", help="With --once: the time to act as of, with its zone.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for machines.")] = False,
) -> None:
    """Runs what the system does by itself. Without options: the scheduler, until SIGTERM or Ctrl-C."""
    known = {task.name: task for task in TASKS}
    try:
        moment = instant(now, once)
        if once is not None and once not in known:
            raise BadInput("There is no task {name}. Known: {names}.", name=once, names=", ".join(known))
        with open_database(settings(), CONNECTIONS) as database:
            if show:
                print_tasks(database, as_json)
            elif once is not None:
                done = perform(database, known[once], moment)
                typer.echo(json.dumps({"task": once, "result": done}) if as_json else f"{once}: {done}")
            else:
                keep_running(database)
    except XungeError as error:
        typer.echo(error.text(gettext_for(settings().lang)), err=True)
        raise typer.Exit(2 if isinstance(error, BadInput) else 1) from error


def instant(text: str | None, once: str | None) -> datetime:
    """The time of --now, else the present; wrong use ends with 2."""
    if text is None:
        return datetime.now(UTC)
    if once is None:
        raise BadInput("--now goes with --once: the scheduler lives in the present.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("{text} is not a time like 2026-03-01T08:00:00+08:00.", text=text) from None
    if moment.tzinfo is None:
        raise BadInput("{text} has no time zone: add one, like +08:00 or Z.", text=text)
    return moment.astimezone(UTC)


def print_tasks(database: Database, as_json: bool) -> None:
    with database.read() as conn:
        runs = {row["name"]: row for row in SQL.last_task_runs(conn)}
    rows = [
        {
            "name": task.name,
            "every_s": int(task.every.total_seconds()),
            "purpose": task.purpose,
            **{key: runs.get(task.name, {}).get(key) for key in ("started", "ended", "result", "error")},
        }
        for task in TASKS
    ]
    if as_json:
        typer.echo(json.dumps(rows, default=lambda value: value.isoformat()))
        return
    table = Table("task", "every", "does", "last run", "result")
    for row in rows:
        last = row["started"].isoformat(timespec="seconds") if row["started"] else "-"
        result = row["error"] or ("-" if row["result"] is None else str(row["result"]))
        table.add_row(row["name"], f"{row['every_s']} s", row["purpose"], last, result)
    Console().print(table)


def keep_running(database: Database) -> None:
    write_json_logs()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = Scheduler(database)
    scheduler.start()
    stop.wait()
    scheduler.stop()


if __name__ == "__main__":
    app(prog_name="python -m tasks")
