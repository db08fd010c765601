"""The commands `backup` and `restore`."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from server.backup.restore import restore
from server.backup.take import take
from server.cases.terminal import progress
from server.cluster import database_of
from server.errors import BadInput
from server.home import only_one_of
from server.locale import gettext_for
from server.settings import settings

_ = gettext_for(settings().lang)
FAULT = 1
AS_JSON = typer.Option(False, "--json", help=_("Prints one line of JSON."))


def register(app: typer.Typer) -> None:
    """Adds these commands to `python -m server`."""
    app.command("backup", help=_("Copies database and photos, as of one moment, into a folder."))(backup)
    app.command("restore", help=_("Brings a backup back into an empty installation."))(restore_set)


def bar(total: int, what: str) -> AbstractContextManager[Callable[[int], None]]:
    """A progress bar for one of the two long parts."""
    return progress(total, {"database": _("Database"), "photos": _("Photos")}[what])


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help=_("New, empty, or that of an earlier backup."))
    ],
    as_json: bool = AS_JSON,
) -> None:
    """See the command's help; the server may go on running."""
    chosen = settings()
    with database_of(chosen) as dsn:
        made = take(dsn, chosen, folder, datetime.now(UTC), bar)
    if as_json:
        print(json.dumps(asdict(made), ensure_ascii=False))
    else:
        sentence = _("{cases} cases and {photos} photos ({megabytes} MB) as of {time} lie in {folder}.")
        numbers = {"cases": made.cases, "photos": made.photos, "megabytes": made.photo_bytes // 1_000_000}
        print(sentence.format(**numbers, time=made.made_at, folder=folder))
    if made.missing:
        lacking = _(
            "{count} photos are missing or changed on disk and not in the backup, the first is {sha256}."
        )
        typer.echo(lacking.format(count=len(made.missing), sha256=made.missing[0]), err=True)
        raise typer.Exit(FAULT)


def restore_set(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Where `backup` put it."))],
    erasures: Annotated[
        Path | None,
        typer.Option(help=_("A newer erasures.jsonl that was kept elsewhere.")),
    ] = None,
    as_json: bool = AS_JSON,
) -> None:
    """Server and tasks must not be running."""
    chosen = settings()
    if erasures and not erasures.is_file():
        raise BadInput("There is no file {file}.", file=erasures)
    with only_one_of(chosen.home.absolute()), database_of(chosen) as dsn:
        done = restore(dsn, chosen, folder, datetime.now(UTC), bar, erasures)
    if as_json:
        print(json.dumps(asdict(done), ensure_ascii=False))
    else:
        for sentence in (
            _(
                "{cases} cases and {photos} photos are back as of {made_at}; {erasures} erasures were done again."
            ),
            _(
                "Tablets fetch everything anew, and everybody signs in again. Now: `python -m server verify-chain`."
            ),
            *(
                [_("Anchors made after the backup were moved to {anchors_aside}.")]
                if done.anchors_aside
                else []
            ),
        ):
            print(sentence.format(**asdict(done)))
    if done.missing:
        lacking = _("{missing} photos were not in the backup: their cases say so.")
        typer.echo(lacking.format(missing=done.missing), err=True)
        raise typer.Exit(FAULT)
