"""`python -m gis check | load | route | package`: boundary files on the command line.

Exit 0: done; 1: the file has faults, nothing was loaded; 2: wrong use.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg2.errors
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gis.areas import FAULT, Boundaries, Finding, faults
from gis.checks import check as check_areas
from gis.fields import Fields
from gis.geojson import UnreadableError
from gis.load import Loaded, renew_statistics
from gis.load import load as load_boundaries
from gis.package import write_package
from gis.points import Tally, route_file
from gis.prepare import Wanted, WrongUseError
from gis.read import read
from gis.route import Router
from server.cluster import database_of
from server.db import Connection, Database
from server.errors import BadInput, SetupFault, XungeError
from server.locale import chosen, gettext_for
from server.settings import settings

SHOWN_OF_A_KIND = 20
FAULTY, WRONG_USE = 1, 2

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Boundary files: check, load, route, package.",
                  pretty_exceptions_enable=False, rich_markup_mode=None)  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
CodeField = Annotated[str | None, typer.Option(help="Field that holds the code.")]
NameField = Annotated[str | None, typer.Option(help="Field that holds the name.")]
ParentField = Annotated[str | None, typer.Option(help="Field that holds the parent's code.")]
LevelField = Annotated[str | None, typer.Option(help="Field that holds the level, 0 to 3.")]
Crs = Annotated[
    str | None, typer.Option(help="Coordinate system, if the file does not say it: EPSG:…, GCJ-02.")
]
errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def words() -> Callable[[str], str]:
    """The language of the installation (XUNGE_LANG)."""
    return gettext_for(chosen(settings().lang))


@contextmanager
def told() -> Iterator[None]:
    """Every refusal as one sentence on stderr, with the exit code that fits."""
    try:
        yield
    except XungeError as error:
        errors.print(error.text(words()))
        wrong = isinstance(error, (WrongUseError, BadInput))
        raise typer.Exit(WRONG_USE if wrong and not isinstance(error, UnreadableError) else FAULTY) from error


def _must_exist(*files: Path) -> None:
    for file in files:
        if not file.is_file():
            raise WrongUseError("There is no file {file}.", file=str(file))


@app.command()
def check(
    files: Annotated[
        list[Path], typer.Argument(help="Boundary files of any kind that GDAL reads, zipped or not.")
    ],
    code_field: CodeField = None,
    name_field: NameField = None,
    parent_field: ParentField = None,
    level_field: LevelField = None,
    crs: Crs = None,
    as_json: AsJson = False,
) -> None:
    """List every fault of boundary FILES with feature code and place; exit 1 if one would not load."""
    fields, reports = Fields(code_field, name_field, parent_field, level_field), []
    with told():
        _must_exist(*files)
    with _progress(len(files), "check") as step:
        for path in files:
            reports.append(_report(path, fields, crs))
            step(1)
    if as_json:
        typer.echo(json.dumps(reports if len(reports) > 1 else reports[0], ensure_ascii=False, indent=1))
    else:
        for report in reports:
            _print_report(report)
    if not all(report["loads"] for report in reports):
        raise typer.Exit(FAULTY)


def _report(path: Path, fields: Fields, crs: str | None) -> dict[str, Any]:
    say = words()
    try:
        boundaries = read(path, fields, crs)
        findings = boundaries.findings + check_areas(boundaries.areas)
        counts = Counter(str(area.level) for area in boundaries.areas)
    except UnreadableError as error:
        findings, counts = [Finding(error.code, FAULT, error.sentence, error.params)], Counter()
    return {"file": str(path), "loads": not faults(findings), "areas": dict(sorted(counts.items())),
            "findings": [finding.as_json(say) for finding in findings]}  # fmt: skip


def _print_report(report: dict[str, Any]) -> None:
    say = words()
    levels = _levels(report["areas"])
    verdict = say("loads") if report["loads"] else say("would not load")
    typer.echo(f"{report['file']}: {verdict}" + (f" ({levels})" if levels else ""))
    _print_findings(report["findings"])


def _levels(counts: dict[str, int]) -> str:
    say = words()
    return ", ".join(
        say("level {level}: {count}").format(level=level, count=n) for level, n in counts.items()
    )


def _print_findings(findings: list[dict[str, Any]]) -> None:
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


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="Boundary file of one district.")],
    code_field: CodeField = None,
    name_field: NameField = None,
    parent_field: ParentField = None,
    level_field: LevelField = None,
    district: Annotated[
        str | None, typer.Option(help="Code of the district, if the file has no level 0.")
    ] = None,
    district_name: Annotated[str | None, typer.Option(help="Name of the district.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Time zone of the district, e.g. Asia/Shanghai.")
    ] = None,
    crs: Crs = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend thin overlaps and edges, and report each.")
    ] = False,
    valid_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Since when they hold.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, then undo it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load or replace one district's boundaries as a new version, all or nothing."""
    wanted = Wanted(district, district_name, timezone, valid_from.date() if valid_from else None, repair, crs)
    with told():
        _must_exist(file)
        boundaries = read(file, Fields(code_field, name_field, parent_field, level_field), crs)
        with _progress(None, "load"), database_of(settings()) as dsn:
            loaded = _load(dsn, boundaries, wanted, dry_run)
    _print_loaded(loaded, file, dry_run, as_json)
    if loaded.refused:
        raise typer.Exit(FAULTY)


class _Undone(Exception):
    def __init__(self, loaded: Loaded) -> None:
        super().__init__()
        self.loaded = loaded


def _load(dsn: str, boundaries: Boundaries, wanted: Wanted, dry_run: bool) -> Loaded:
    def work(conn: Connection) -> Loaded:
        loaded = load_boundaries(conn, boundaries, wanted, datetime.now(UTC))
        if dry_run or loaded.refused:
            raise _Undone(loaded)
        return loaded

    database = Database(dsn, size=1)
    try:
        loaded = database.run(work)
        if loaded.version is not None:
            renew_statistics(dsn)
        return loaded
    except _Undone as undone:
        return undone.loaded
    except psycopg2.errors.UndefinedTable as error:
        raise SetupFault("The database has no tables yet; run: python -m server migrate") from error
    finally:
        database.close()


def _print_loaded(loaded: Loaded, file: Path, dry_run: bool, as_json: bool) -> None:
    say = words()
    findings = [finding.as_json(say) for finding in loaded.findings]
    change = loaded.comparison.as_json()
    if as_json:
        typer.echo(json.dumps({
            "file": str(file), "district": loaded.district, "loaded": loaded.version is not None and not dry_run,
            "unchanged": loaded.unchanged, "dry_run": dry_run, "version": None if dry_run else loaded.version,
            "areas": {str(level): count for level, count in loaded.counts.items()}, **change,
            "findings": findings,
        }, ensure_ascii=False, indent=1))  # fmt: skip
        return
    _print_findings(findings)
    if loaded.refused:
        errors.print(say("Nothing was loaded: {file} has {count} faults.").format(
            file=file, count=len(faults(loaded.findings))))  # fmt: skip
        return
    if loaded.unchanged:
        typer.echo(
            say("District {code}: nothing has changed since this file was loaded.").format(
                code=loaded.district
            )
        )
        return
    levels = _levels({str(level): count for level, count in loaded.counts.items()})
    done = (
        say("District {code}: would load {levels}.") if dry_run else say("District {code}: loaded {levels}.")
    )
    typer.echo(done.format(code=loaded.district, levels=levels))
    numbers = {what: len(codes) for what, codes in change.items()}
    typer.echo(say("added {added}, changed {changed}, removed {removed}, split {split}").format(**numbers))
    for code, parts in change["split"].items():
        typer.echo("  " + say("split: {code} → {parts}").format(code=code, parts=", ".join(parts)))
    for code in change["removed"][:SHOWN_OF_A_KIND]:
        typer.echo("  " + say("removed: {code}").format(code=code))


@app.command()
def route(
    grids: Annotated[Path, typer.Argument(help="Boundary file with levels 1 to 3.")],
    points: Annotated[Path, typer.Argument(help="CSV (or .csv.gz) with lon, lat and an id column.")],
    out: Annotated[
        Path, typer.Option("--out", help="CSV to write: id, level1, level2, level3, status, candidates.")
    ],
    crs: Crs = None,
    as_json: AsJson = False,
) -> None:
    """Route POINTS to GRIDS without a database; nothing is dropped, what lies outside says so."""
    with told():
        _must_exist(grids, points)
        boundaries = read(grids, Fields(), crs)
        found = faults(boundaries.findings + check_areas(boundaries.areas))
        if found:
            _print_findings([finding.as_json(words()) for finding in found])
            errors.print(
                words()("Nothing was routed: {file} has {count} faults.").format(file=grids, count=len(found))
            )
            raise typer.Exit(FAULTY)
        router = Router(boundaries.areas)
        with _progress(None, "route") as step:
            tally = route_file(router, points, out, step)
    _print_tally(tally, as_json)


def _print_tally(tally: Tally, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**vars(tally), "points_per_second": round(tally.rate)}, ensure_ascii=False))
        return
    sentence = (
        "{points} points in {seconds} s ({rate} points/s): {inside} inside, {border} on a border,"
        " {nearest} nearest, {outside} outside ({without} of them without a position)"
    )
    typer.echo(words()(sentence).format(
        points=f"{tally.points:,}", seconds=f"{tally.seconds:.2f}", rate=f"{tally.rate:,.0f}", inside=tally.inside,
        border=tally.border, nearest=tally.nearest, outside=tally.outside, without=tally.without_position))  # fmt: skip


@app.command()
def package(
    grid: Annotated[str, typer.Option("--grid", help="Code of the grid, community, street or district.")],
    out: Annotated[Path, typer.Option("--out", help="File to write (gzipped JSON).")],
    district: Annotated[str | None, typer.Option(help="District, if several share the code.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the tablet's offline package of one scope."""
    with told(), database_of(settings()) as dsn:
        database = Database(dsn, size=1)
        try:
            with database.read() as conn:
                sizes = write_package(conn, grid, district, out)
        finally:
            database.close()
    sentence = words()(
        "{file}: {nodes} nodes, {neighbours} neighbours, {basemap} basemap features, {bytes} bytes"
    )
    typer.echo(json.dumps({"file": str(out), **sizes}) if as_json else sentence.format(file=out, **sizes))


@contextmanager
def _progress(total: int | None, what: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; silent elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


if __name__ == "__main__":
    app()
