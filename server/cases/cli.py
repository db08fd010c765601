"""The commands that import history or another system's cases, and erase again after a restore."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from server.cases import proof_cli
from server.cases.csv_rows import FIELDS, CaseFile
from server.cases.erasing_again import erase_again
from server.cases.importer import Rejects, Summary, district_of, rejects_path
from server.cases.importer import import_cases as import_rows
from server.cases.terminal import opened, progress
from server.errors import BadInput
from server.locale import gettext_for
from server.settings import settings

_ = gettext_for(settings().lang)
FAULT = 1


def register(app: typer.Typer) -> None:
    """Adds these commands to `python -m server`."""
    app.command(
        "import-cases", help=_("Imports cases from FILE.csv or FILE.csv.gz, each outside number once.")
    )(import_cases)
    proof_cli.register(app)
    app.command("erase-again", help=_("After a restore: erases again all that was erased before."))(
        erase_all_again
    )


def erase_all_again() -> None:
    chosen, now = settings(), datetime.now(UTC)
    with opened() as database:
        done = database.run(lambda conn: erase_again(conn, chosen.blobs, chosen.erasures, now))
    print(_("{erasures} erasures stand again.").format(erasures=done))


def import_cases(
    file: Annotated[Path, typer.Argument(help=_("CSV, UTF-8 or GBK, with a header; may be gzipped."))],
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
    crs: Annotated[
        str, typer.Option(help=_("Coordinate system of lon and lat: EPSG:4326, GCJ-02 or BD-09."))
    ] = "EPSG:4326",
    gbk: Annotated[
        bool, typer.Option("--gbk", help=_("The file is GBK, as Excel in China saves CSV."))
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help=_("Prints one line of JSON."))] = False,
) -> None:
    if not source.strip():
        raise BadInput(_("The source needs a name."))
    if not file.is_file():
        raise BadInput("{file} does not exist.", file=file)
    names = _names(map_ or [])
    with opened() as database:
        with database.read() as conn:
            into = district_of(conn, district)
        rows = CaseFile(file, into.timezone, datetime.now(UTC), names, crs, gbk)
        with (
            Rejects(rejects_path(file), _) as rejects,
            progress(file.stat().st_size, _("Importing")) as advance,
        ):
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
