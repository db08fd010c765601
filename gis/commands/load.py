"""`python -m gis load FILE`: one district's boundaries as a new version, all or nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg2.errors
import typer

from gis.areas import Boundaries, faults
from gis.commands.frame import (
    FAULTY,
    SHOWN_OF_A_KIND,
    AsJson,
    CodeField,
    Crs,
    Layer,
    LevelField,
    NameField,
    ParentField,
    errors,
    levels,
    must_exist,
    print_findings,
    progress,
    told,
    words,
)  # fmt: skip
from gis.fields import Fields
from gis.load import Loaded, renew_statistics
from gis.load import load as load_boundaries
from gis.prepare import SQL, Wanted
from gis.read import read
from server.cluster import database_of
from server.db import Connection, Database
from server.errors import SetupFault
from server.settings import settings


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
    layer: Layer = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend rings, spikes and thin gaps; report each.")
    ] = False,
    valid_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Since when they hold.")
    ] = None,
    reroute: Annotated[
        bool, typer.Option("--reroute", help="Let open cases follow: a task moves them, an event each.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, then undo it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load or replace one district's boundaries as a new version, all or nothing."""
    wanted = Wanted(district, district_name, timezone, valid_from.date() if valid_from else None, repair, crs)
    with told():
        must_exist(file)
        boundaries = read(file, Fields(code_field, name_field, parent_field, level_field), crs, layer)
        with progress(None, "load"), database_of(settings()) as dsn:
            loaded = _load(dsn, boundaries, wanted, reroute, dry_run)
    _print_loaded(loaded, file, dry_run, as_json)
    if loaded.refused:
        raise typer.Exit(FAULTY)


class _Undone(Exception):
    def __init__(self, loaded: Loaded) -> None:
        super().__init__()
        self.loaded = loaded


def _load(dsn: str, boundaries: Boundaries, wanted: Wanted, reroute: bool, dry_run: bool) -> Loaded:
    def work(conn: Connection) -> Loaded:
        loaded = load_boundaries(conn, boundaries, wanted, datetime.now(UTC))
        if reroute and loaded.version is not None:
            SQL.let_cases_follow(conn, version=loaded.version)
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
    print_findings(findings)
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
    counted = levels({str(level): count for level, count in loaded.counts.items()})
    done = (
        say("District {code}: would load {levels}.") if dry_run else say("District {code}: loaded {levels}.")
    )
    typer.echo(done.format(code=loaded.district, levels=counted))
    numbers = {what: len(codes) for what, codes in change.items()}
    typer.echo(say("added {added}, changed {changed}, removed {removed}, split {split}").format(**numbers))
    for code, parts in change["split"].items():
        typer.echo("  " + say("split: {code} → {parts}").format(code=code, parts=", ".join(parts)))
    for code in change["removed"][:SHOWN_OF_A_KIND]:
        typer.echo("  " + say("removed: {code}").format(code=code))
