"""The command line of sync: taking in what a tablet saved as a file."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import typer

from server.locale import gettext_for
from server.people.cli import AS_JSON, in_database
from server.settings import settings
from server.sync.outbox_file import take_file

_ = gettext_for(settings().lang)
FILE = typer.Argument(..., metavar="FILE", help=_("The archive that the tablet wrote."), show_default=False)


def take_outbox(file: Path = FILE, as_json: bool = AS_JSON) -> None:
    config = settings()
    taken = in_database(lambda conn: take_file(conn, config, file, config.lang, datetime.now(UTC)))
    if as_json:
        print(json.dumps(asdict(taken), ensure_ascii=False))
        return
    told = ", ".join(f"{outcome} {count}" for outcome, count in sorted(taken.outcomes.items())) or "0"
    print(
        _(
            "Commands: {told}. Photos taken in: {photos}, not: {refused}. What is new waits on the board of held acts."
        ).format(told=told, photos=taken.photos, refused=taken.refused)
    )


def register(app: typer.Typer) -> None:
    """Adds the command to `python -m server`."""
    app.command(
        "take-outbox",
        help=_("Takes in what a tablet with a damaged memory saved as a file; all of it is held."),
    )(take_outbox)
