"""Commands about cases: import history or another system's cases, and prove the chains."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from server.cases import chain
from server.cases.csv_rows import FIELDS, CaseFile
from server.cases.importer import Rejects, Summary, district_of, rejects_path
from server.cases.importer import import_cases as import_rows
from server.cluster import database_of
from server.db import Connection, Database, queries
from server.errors import BadInput
from server.locale import gettext_for
from server.settings import settings

SQL = queries(__file__, "chain.sql")
_ = gettext_for(settings().lang)
FAULT = 1
SLICE = 500
FIRST_ID = UUID(int=0)


def register(app: typer.Typer) -> None:
    """Adds these commands to `python -m server`."""
    app.command(
        "import-cases", help=_("Imports cases from FILE.csv or FILE.csv.gz, each outside number once.")
    )(import_cases)
    app.command("verify-chain", help=_("Recomputes every hash of every case; names the first broken link."))(
        verify_chain
    )


def import_cases(
    file: Annotated[Path, typer.Argument(help=_("CSV, UTF-8, with a header; may be gzipped."))],
    source: Annotated[str, typer.Option(help=_("Name of the system that the numbers come from."))],
    district: Annotated[
        str | None, typer.Option(help=_("Code of the district; needed where there are several."))
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help=_("COLUMN=FIELD where a column is called otherwise.") + " " + ", ".join(FIELDS)
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Prints one line of JSON."))] = False,
) -> None:
    if not source.strip():
        raise BadInput(_("The source needs a name."))
    if not file.is_file():
        raise BadInput("{file} does not exist.", file=file)
    names = _names(map_ or [])
    with _database() as database:
        with database.read() as conn:
            into = district_of(conn, district)
        rows = CaseFile(file, into.timezone, names)
        with Rejects(rejects_path(file), _) as rejects, _bar(file.stat().st_size, _("Importing")) as advance:
            summary = import_rows(
                database,
                rows,
                source.strip(),
                into,
                lambda: datetime.now(UTC),
                rejects,
                lambda done, read: advance(read),
            )
    print(json.dumps(asdict(summary), ensure_ascii=False) if as_json else _told(summary))
    if summary.rejected:
        raise typer.Exit(FAULT)


def _names(pairs: list[str]) -> dict[str, str]:
    names = {}
    for pair in pairs:
        column, equals, field = pair.rpartition("=")
        if not equals or not column:
            raise BadInput("--map wants COLUMN=FIELD, not {given}.", given=pair)
        names[column.strip()] = field.strip()
    return names


def _told(summary: Summary) -> str:
    sentence = _(
        "{rows} rows: {new} new, {changed} changed, {unchanged} unchanged, {rejected} rejected;"
        " {outside} of the new ones lie outside every grid."
    ).format(**asdict(summary))
    if summary.rejects_file:
        sentence += "\n" + _("The rejected rows with their reasons: {file}").format(file=summary.rejects_file)
    return sentence


def verify_chain(
    case: Annotated[str | None, typer.Option(help=_("Only the case with this number."))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Prints one line of JSON."))] = False,
) -> None:
    with _database() as database, database.read() as conn:
        checked, broken = _verify_one(conn, case) if case else _verify_all(conn)
    if as_json:
        print(json.dumps({"checked": checked, "broken": [asdict(b) for b in broken]}, ensure_ascii=False))
    elif broken:
        first = broken[0]
        sentence = _("Case {number}, event {n}: {why}.").format(
            number=first.number, n=first.n, why=_(first.why)
        )
        print(sentence, file=sys.stderr)
        print(
            _("{broken} of {checked} cases are broken.").format(broken=len(broken), checked=checked),
            file=sys.stderr,
        )
    else:
        print(_("{checked} cases checked, every chain is whole.").format(checked=checked))
    if broken:
        raise typer.Exit(FAULT)


def _verify_one(conn: Connection, number: str) -> tuple[int, list[chain.Break]]:
    row = SQL.case_id_of(conn, number=number)
    if row is None:
        raise BadInput("There is no case {number}.", number=number)
    found = chain.verify_case(conn, row["case_id"])
    return 1, [found] if found else []


def _verify_all(conn: Connection) -> tuple[int, list[chain.Break]]:
    total = SQL.cases_count(conn)
    checked = 0
    broken: list[chain.Break] = []
    after: UUID | None = FIRST_ID
    with _bar(total, _("Checking")) as advance:
        while after is not None:
            after, count, found = chain.verify_slice(conn, after, SLICE)
            checked += count
            broken += found
            advance(checked)
    return checked, broken


@contextmanager
def _database() -> Iterator[Database]:
    with database_of(settings()) as dsn:
        database = Database(dsn, size=2)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def _bar(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, nothing elsewhere; yields a function that takes how much is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)
