"""`python -m server doctor`: looks at everything an installation needs and says in sentences what is wrong."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg2
import typer
from rich.console import Console

from server.cluster import Cluster, database_of
from server.db import APPLICATION_ROLE, connect
from server.errors import XungeError
from server.locale import FOLDER as WORDS
from server.locale import gettext_for
from server.migrate import MIGRATIONS
from server.postgres import programs
from server.settings import Settings, settings

VENDOR = Path(__file__).parent / "console" / "static" / "vendor"
LEAST_FREE = 1_000_000_000
TASKS_SILENT_S = 600

_ = gettext_for(settings().lang)


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what it is, whether it is well, and a sentence."""

    what: str
    well: bool
    sentence: str


def examine(chosen: Settings) -> Iterator[Finding]:
    """Every finding, from the machine up to the data. The database is started for the look when it is not running."""
    yield postgresql(chosen)
    yield home(chosen)
    yield files()
    if not chosen.database_url and not Cluster(chosen.home).data.exists():
        yield Finding("database", False, _("There is no database yet: run `make run`."))
        return
    try:
        with (
            database_of(chosen) as dsn,
            closing(connect(dsn, application=False)) as connection,
            connection.cursor() as cursor,
        ):
            yield from database(cursor)
    except (XungeError, psycopg2.Error) as error:
        yield Finding("database", False, str(error).strip())


def postgresql(chosen: Settings) -> Finding:
    if chosen.database_url:
        return Finding("postgresql", True, _("DATABASE_URL is used."))
    try:
        found = programs()
    except XungeError as error:
        return Finding("postgresql", False, error.text(_))
    return Finding("postgresql", True, f"PostgreSQL {found.version}, {found.bin}")


def home(chosen: Settings) -> Finding:
    folder = chosen.home.absolute()
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Finding("home", False, _("{home} does not let this account write.").format(home=folder))
    free = shutil.disk_usage(nearest).free
    if free < LEAST_FREE:
        words = _("{home} has only {megabytes} MB left.").format(home=folder, megabytes=free // 1_000_000)
        return Finding("home", False, words)
    words = _("{home}, {gigabytes} GB free").format(home=folder, gigabytes=free // 1_000_000_000)
    return Finding("home", True, words)


def files() -> Finding:
    """Words, web modules: what setup puts in place."""
    missing = [
        path.name
        for path in (VENDOR / "maplibre-gl.mjs", VENDOR / "echarts.esm.min.mjs")
        if not path.exists()
    ]
    missing += [
        str(path.name) for path in WORDS.glob("*/LC_MESSAGES/*.po") if not path.with_suffix(".mo").exists()
    ]
    if missing:
        return Finding(
            "files", False, _("{files} are missing: run `make setup`.").format(files=", ".join(missing))
        )
    return Finding("files", True, _("Web modules and words are in place."))


def database(cursor: Any) -> Iterator[Finding]:
    cursor.execute(
        "select current_setting('server_version') as version, current_setting('server_encoding') as encoding"
    )
    row = cursor.fetchone()
    utf8 = row["encoding"] == "UTF8"
    yield Finding("database", utf8, f"PostgreSQL {row['version']}, {row['encoding']}")
    cursor.execute("select to_regclass('migrations') is not null as made")
    if not cursor.fetchone()["made"]:
        yield Finding("schema", False, _("The database has no schema yet: run `python -m server migrate`."))
        return
    for look in (schema, privileges, districts, tasks, photos):
        yield look(cursor)


def schema(cursor: Any) -> Finding:
    cursor.execute("select name from migrations")
    missing = sorted(
        {path.name for path in MIGRATIONS.glob("*.sql")} - {row["name"] for row in cursor.fetchall()}
    )
    if missing:
        words = _("{names} are not applied: run `python -m server migrate`.").format(names=", ".join(missing))
        return Finding("schema", False, words)
    return Finding("schema", True, _("All migrations are applied."))


def privileges(cursor: Any) -> Finding:
    """The application may add events and never change them, whatever somebody granted by hand."""
    cursor.execute(
        "select has_table_privilege(%(role)s, 'case_events', 'insert') as adds,"
        " has_table_privilege(%(role)s, 'case_events', 'update')"
        " or has_table_privilege(%(role)s, 'case_events', 'delete') as changes",
        {"role": APPLICATION_ROLE},
    )
    row = cursor.fetchone()
    if not row["adds"] or row["changes"]:
        return Finding(
            "privileges", False, _("The application's role may change events, or may not add any.")
        )
    return Finding("privileges", True, _("The application may add events and not change them."))


def districts(cursor: Any) -> Finding:
    cursor.execute("select code from grid_nodes where level = 0 order by code")
    codes = [row["code"] for row in cursor.fetchall()]
    if not codes:
        return Finding("districts", False, _("No boundaries are loaded: run `python -m gis load FILE`."))
    return Finding("districts", True, ", ".join(codes))


def tasks(cursor: Any) -> Finding:
    cursor.execute("select name, ended, error from task_runs order by name")
    rows = cursor.fetchall()
    failed = [row for row in rows if row["error"]]
    if failed:
        return Finding("tasks", False, f"{failed[0]['name']}: {failed[0]['error']}")
    last = max((row["ended"] for row in rows if row["ended"]), default=None)
    if last is None or (datetime.now(UTC) - last).total_seconds() > TASKS_SILENT_S:
        return Finding(
            "tasks", False, _("No task ran in the last ten minutes: is `python -m tasks` running?")
        )
    return Finding("tasks", True, last.isoformat(timespec="seconds"))


def photos(cursor: Any) -> Finding:
    """What the task that reads originals again has found."""
    cursor.execute(
        "select count(*) as kept, count(damaged_at) as damaged,"
        " min(sha256) filter (where damaged_at is not null) as first from blobs"
    )
    row = cursor.fetchone()
    if row["damaged"]:
        words = _(
            "{damaged} photos are missing or changed on disk, the first is {sha256}: restore them from a backup."
        )
        return Finding("photos", False, words.format(damaged=row["damaged"], sha256=row["first"]))
    return Finding("photos", True, _("{kept} photos, none known to be damaged").format(kept=row["kept"]))


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help=_("Answer for machines."))] = False,
) -> None:
    findings = list(examine(settings()))
    if as_json:
        print(json.dumps([asdict(one) for one in findings], ensure_ascii=False))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for one in findings:
            console.print("[green]✓[/]" if one.well else "[red]✗[/]", f"{one.what:<12}", one.sentence)
    if not all(one.well for one in findings):
        sys.stdout.flush()
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds the command to `python -m server`."""
    decorate: Callable[..., Any] = app.command("doctor", help=_("Says what is wrong with this installation."))
    decorate(doctor)
