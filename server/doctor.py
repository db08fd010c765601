"""`python -m server doctor`: looks at everything an installation needs and says in sentences what is wrong."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import psycopg2
import typer
from rich.console import Console

from server.cluster import Cluster, database_of
from server.db import APPLICATION_ROLE, connect, refusal_of
from server.errors import XungeError
from server.locale import FOLDER as WORDS
from server.locale import gettext_for
from server.migrate import MIGRATIONS
from server.package import tiles
from server.postgres import programs
from server.settings import Settings, settings

VENDOR = Path(__file__).parent / "console" / "static" / "vendor"
LEAST_FREE = 1_000_000_000
TASKS_SILENT_S = 600
CLOCKS_APART_S = 5
LOCAL = {"127.0.0.1", "::1", "localhost"}
BACKUP_AGE = timedelta(days=7)
# A demo, or the first days: what was typed in an afternoon.
WORTH_A_BACKUP = 2_000

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
    yield address(chosen)
    yield map_pictures(chosen)
    try:
        if not chosen.database_url and not Cluster(chosen.home).data.exists():
            yield Finding("database", False, _("There is no database yet: run `make run`."))
            return
        with (
            database_of(chosen) as dsn,
            closing(connect(dsn, application=False)) as connection,
            connection.cursor() as cursor,
        ):
            yield from database(cursor)
    except XungeError as error:
        yield Finding("database", False, error.text(_))
    except psycopg2.Error as error:
        yield Finding("database", False, refusal_of(error).text(_))
    except PermissionError as error:
        words = _("{file} cannot be read by this account. Run as the account that ran `make run`.")
        yield Finding("database", False, words.format(file=error.filename))


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
    try:
        nearest = next(place for place in (folder, *folder.parents) if place.exists())
        writes = os.access(nearest, os.W_OK | os.X_OK, effective_ids=True)
    except PermissionError:
        writes = False
    if not writes:
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


def address(chosen: Settings) -> Finding:
    """Whether passwords would travel unprotected: open to other machines, and cookies for http."""
    if chosen.host not in LOCAL and not chosen.cookie_secure:
        words = _(
            "The server listens on {host} for everybody, without TLS: let it listen on 127.0.0.1 behind a proxy"
            " that speaks TLS, and set XUNGE_COOKIE_SECURE=1."
        )
        return Finding("address", False, words.format(host=chosen.host))
    return Finding("address", True, f"{chosen.host}:{chosen.port}")


def map_pictures(chosen: Settings) -> Finding:
    """What tablets take along under their grids; a file that cannot be used keeps them from nothing else."""
    if chosen.mbtiles is None:
        return Finding("map pictures", True, _("None for tablets (XUNGE_MBTILES)."))
    try:
        told = tiles.checked(chosen.mbtiles)
    except XungeError as error:
        return Finding("map pictures", False, error.text(_))
    return Finding("map pictures", True, f"{chosen.mbtiles}, {told['format']}")


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
    # Most of what follows asks tables that older schemas lack.
    yield (found := schema(cursor))
    if found.well:
        for look in (durability, clock, privileges, districts, people, year, tasks, photos, backups):
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


def durability(cursor: Any) -> Finding:
    """What was acknowledged must be on the disk; damage there must be noticed."""
    cursor.execute(
        "select name, setting from pg_settings where setting = 'off'"
        " and name in ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums') order by name"
    )
    off = [row["name"] for row in cursor.fetchall()]
    if set(off) - {"data_checksums"}:
        words = _("{settings} off: what was acknowledged would be lost with the power. Switch on.")
        return Finding("durability", False, words.format(settings=", ".join(off)))
    if off:
        return Finding("durability", True, _("On; damage on the disk is not noticed (no data checksums)."))
    return Finding("durability", True, _("Commits are on the disk, with checksums."))


def clock(cursor: Any) -> Finding:
    """Deadlines are computed by the server's clock, rows are stamped by the database's."""
    cursor.execute("select clock_timestamp() as at")
    apart = abs((cursor.fetchone()["at"] - datetime.now(UTC)).total_seconds())
    words = _("The clocks of server and database are {seconds} s apart.").format(seconds=round(apart))
    return Finding("clock", apart < CLOCKS_APART_S, words)


def people(cursor: Any) -> Finding:
    cursor.execute(
        "select count(*) as n from memberships m join people p on p.id = m.person_id"
        " join credentials c on c.person_id = p.id"
        " where m.role = 'admin' and p.active and (m.valid_to is null or m.valid_to > now())"
    )
    count = cursor.fetchone()["n"]
    if not count:
        return Finding(
            "people", False, _("No administrator can sign in: run `python -m server first-admin LOGIN`.")
        )
    return Finding("people", True, _("{count} can sign in as administrator.").format(count=count))


def year(cursor: Any) -> Finding:
    """The state declares the next year in November; without it deadlines that reach it are provisional."""
    cursor.execute(
        "select count(*) as n from districts d"
        " where exists (select from calendar_years y where y.district_id = d.id) and not exists"
        " (select from calendar_years y where y.district_id = d.id and y.year = extract(year from now()))"
    )
    if cursor.fetchone()["n"]:
        words = _(
            "This year's holidays are not entered: deadlines are provisional. Enter them under /calendar."
        )
        return Finding("calendar", False, words)
    return Finding("calendar", True, _("This year's holidays are entered, where they are used."))


def backups(cursor: Any) -> Finding:
    cursor.execute("select max(at) as last from security_log where what = 'backup_taken'")
    last = cursor.fetchone()["last"]
    cursor.execute("select count(*) > %s as much from cases", (WORTH_A_BACKUP,))
    if last is None and not cursor.fetchone()["much"]:
        return Finding("backup", True, _("None yet, and little to lose."))
    if last is None or datetime.now(UTC) - last > BACKUP_AGE:
        words = _("No backup in the last week: run `python -m server backup DIR`, every night.")
        return Finding("backup", False, words)
    return Finding("backup", True, last.isoformat(timespec="seconds"))


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
        " min(sha256) filter (where damaged_at is not null) as first from originals"
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
