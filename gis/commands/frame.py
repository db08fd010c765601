"""What all commands share: their options, their language, one sentence for every refusal, a bar, and an end in time."""

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import psycopg2
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gis.areas import Boundaries, faults
from gis.checks import check
from gis.fields import Fields
from gis.geojson import UnreadableError
from gis.prepare import WrongUseError
from gis.read import read
from gis.repair import repair
from server.db import refusal_of
from server.errors import BadInput, XungeError
from server.locale import chosen, gettext_for
from server.settings import settings

SHOWN_OF_A_KIND = 20
FAULTY, WRONG_USE = 1, 2
# No boundary file of a district needs so long; one that does was made to.
LONGEST_S = 900

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
CodeField = Annotated[str | None, typer.Option(help="Field that holds the code.")]
NameField = Annotated[str | None, typer.Option(help="Field that holds the name.")]
ParentField = Annotated[str | None, typer.Option(help="Field that holds the parent's code.")]
LevelField = Annotated[str | None, typer.Option(help="Field that holds the level, 0 to 3.")]
Crs = Annotated[
    str | None, typer.Option(help="Coordinate system, if the file does not say it: EPSG:…, GCJ-02, BD-09.")
]
Layer = Annotated[str | None, typer.Option(help="Layer to read, if the file holds several.")]
Report = Annotated[Path | None, typer.Option("--report", help="GeoJSON of all findings to write, for QGIS.")]
Picture = Annotated[
    Path | None, typer.Option("--picture", help="PNG to write, with each finding at its place.")
]
errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def words() -> Callable[[str], str]:
    """The language of the installation (XUNGE_LANG)."""
    return gettext_for(chosen(settings().lang))


@contextmanager
def told() -> Iterator[None]:
    """Every refusal as one sentence on stderr, with the exit code that fits; and an end when it takes too long."""
    watch = threading.Timer(LONGEST_S, _give_up)
    watch.daemon = True
    watch.start()
    try:
        yield
    except XungeError as error:
        errors.print(error.text(words()))
        wrong = isinstance(error, (WrongUseError, BadInput))
        raise typer.Exit(WRONG_USE if wrong and not isinstance(error, UnreadableError) else FAULTY) from error
    except psycopg2.Error as error:
        errors.print(refusal_of(error).text(words()))
        raise typer.Exit(FAULTY) from error
    finally:
        watch.cancel()


def _give_up() -> None:
    """Ends the process: geometry cannot be interrupted, and what the database was told is undone with it."""
    say = words()
    sys.stderr.write(
        say("This took longer than {seconds} seconds; nothing was changed.").format(seconds=LONGEST_S) + "\n"
    )
    sys.stderr.flush()
    os._exit(FAULTY)


def must_exist(*files: Path) -> None:
    """Raises WrongUseError for a file that is not there."""
    for file in files:
        if file.is_dir():
            raise WrongUseError("{file} is a folder; give a file, or the folder as a .zip.", file=str(file))
        if not file.is_file():
            raise WrongUseError("There is no file {file}.", file=str(file))


def sound(
    file: Path, fields: Fields, crs: str | None, layer: str | None, refusal: str, mend: bool = False
) -> Boundaries:
    """The areas of a file without faults (after mending single shapes); else they are printed with `refusal` ({file},
    {count}), and the end is 1."""
    must_exist(file)
    boundaries = read(file, fields, crs, layer)
    if mend:
        mended, notes = repair(boundaries.areas)
        boundaries = replace(boundaries, areas=mended, findings=boundaries.findings + notes)
    found = faults(boundaries.findings + check(boundaries.areas))
    if found:
        say = words()
        print_findings([finding.as_json(say) for finding in found])
        errors.print(say(refusal).format(file=file, count=len(found)))
        raise typer.Exit(FAULTY)
    return boundaries


def levels(counts: dict[str, int]) -> str:
    """How many areas each level has, as words."""
    say = words()
    return ", ".join(
        say("level {level}: {count}").format(level=level, count=n) for level, n in counts.items()
    )


def print_findings(findings: list[dict[str, Any]]) -> None:
    """A line each, at most SHOWN_OF_A_KIND of a kind."""
    say, shown = words(), Counter[str]()
    marks = {"fault": say("fault"), "warning": say("warning"), "note": say("note")}
    for finding in findings:
        shown[finding["code"]] += 1
        if shown[finding["code"]] > SHOWN_OF_A_KIND:
            continue
        place = "" if finding["lon"] is None else f"{finding['lon']} {finding['lat']}"
        sentence = finding["sentence"] if place in finding["sentence"] else f"{finding['sentence']}, {place}"
        typer.echo(f"  {marks[finding['severity']]}: {sentence}")
    for code, count in shown.items():
        if count > SHOWN_OF_A_KIND:
            typer.echo("  " + say("… and {count} more of the kind {code}; --json lists all").format(
                count=count - SHOWN_OF_A_KIND, code=code))  # fmt: skip


@contextmanager
def progress(total: int | None, what: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; silent elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
