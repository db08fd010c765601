"""`python -m gis facilities FILE --layer CODE`: a layer of points or lines in place of its last content."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import psycopg2.errors
import typer

from gis.areas import faults
from gis.commands.frame import (
    FAULTY,
    SHOWN_OF_A_KIND,
    AsJson,
    CodeField,
    Crs,
    NameField,
    errors,
    must_exist,
    print_findings,
    progress,
    told,
    words,
)  # fmt: skip
from gis.facilities import Laid, Layer, lay, read_layer
from server.cluster import database_of
from server.db import Connection, Database
from server.errors import SetupFault
from server.facilities.service import Wanted
from server.settings import settings


class Shape(StrEnum):
    """What a layer holds."""

    point = "point"
    line = "line"


def facilities(
    file: Annotated[Path, typer.Argument(help="File of points or lines, of any kind that GDAL reads.")],
    layer: Annotated[str, typer.Option("--layer", help="Code of the layer: lamps, hydrants, cameras …")],
    name: Annotated[str, typer.Option("--name", help="Name of the layer for people, e.g. 路灯.")] = "",
    shape: Annotated[Shape, typer.Option("--shape", help="What it holds.")] = Shape.point,
    category: Annotated[
        str, typer.Option("--category", help="What stands there, as the pack says it: urban/component/0137.")
    ] = "",
    seen_by: Annotated[
        list[str] | None, typer.Option("--seen-by", help="A role that may see it (more than once: several).")
    ] = None,
    tablets: Annotated[
        bool | None, typer.Option("--tablets/--no-tablets", help="Whether tablets carry it.")
    ] = None,
    district: Annotated[str | None, typer.Option(help="Code of the district, if there are several.")] = None,
    code_field: CodeField = None,
    name_field: NameField = None,
    crs: Crs = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, then undo it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a layer of facilities in place of its last content, all or nothing, each tied to its grid."""
    wanted = Wanted(layer, name, shape.value, category, seen_by, tablets)
    with told():
        must_exist(file)
        read = read_layer(file, shape.value, code_field, name_field, crs)
        with progress(None, "facilities"), database_of(settings()) as dsn:
            laid = _lay(dsn, district, read, wanted, dry_run)
    _print_laid(laid, file, dry_run, as_json)
    if laid.refused:
        raise typer.Exit(FAULTY)


class _Undone(Exception):
    def __init__(self, laid: Laid) -> None:
        super().__init__()
        self.laid = laid


def _lay(dsn: str, district: str | None, layer: Layer, wanted: Wanted, dry_run: bool) -> Laid:
    def work(conn: Connection) -> Laid:
        laid = lay(conn, district, layer, wanted, datetime.now(UTC))
        if dry_run or laid.refused:
            raise _Undone(laid)
        return laid

    database = Database(dsn, size=1)
    try:
        return database.run(work)
    except _Undone as undone:
        return undone.laid
    except psycopg2.errors.UndefinedTable as error:
        raise SetupFault("The database has no tables yet; run: python -m server migrate") from error
    finally:
        database.close()


def _print_laid(laid: Laid, file: Path, dry_run: bool, as_json: bool) -> None:
    say = words()
    findings = [finding.as_json(say) for finding in laid.findings]
    put = laid.put
    if as_json:
        changes = (
            {what: getattr(put, what) for what in ("added", "changed", "removed", "outside")} if put else {}
        )
        typer.echo(json.dumps({
            "file": str(file), "layer": laid.layer, "loaded": put is not None and not dry_run, "dry_run": dry_run,
            "facilities": put.facilities if put else 0, **changes, "findings": findings,
        }, ensure_ascii=False, indent=1))  # fmt: skip
        return
    print_findings(findings)
    if put is None:
        errors.print(say("Nothing was loaded: {file} has {count} faults.").format(
            file=file, count=len(faults(laid.findings))))  # fmt: skip
        return
    sentence = (
        say("Layer {code}: would hold {count} facilities.")
        if dry_run
        else say("Layer {code}: holds {count} facilities.")
    )
    typer.echo(sentence.format(code=laid.layer, count=f"{put.facilities:,}"))
    numbers = {what: len(getattr(put, what)) for what in ("added", "changed", "removed")}
    typer.echo(say("added {added}, changed {changed}, removed {removed}").format(**numbers))
    for code in put.removed[:SHOWN_OF_A_KIND]:
        typer.echo("  " + say("removed: {code}").format(code=code))
