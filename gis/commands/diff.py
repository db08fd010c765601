"""`python -m gis diff OLD [NEW]`: what differs between two files, or between the stored version and a file."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg2.errors
import typer

from gis.areas import Area, faults
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
    must_exist,
    print_findings,
    progress,
    sound,
    told,
    words,
)  # fmt: skip
from gis.compare import KINDS, Change, Comparison, compare
from gis.fields import Fields
from gis.prepare import Wanted, prepare
from gis.read import read
from gis.topology import seam
from server.cluster import database_of
from server.db import Database
from server.errors import SetupFault
from server.settings import settings

REFUSAL = "Nothing was compared: {file} has {count} faults."


def diff(
    old: Annotated[Path, typer.Argument(help="Boundary file; alone it is compared with what is stored.")],
    new: Annotated[Path | None, typer.Argument(help="The file to compare it with.")] = None,
    code_field: CodeField = None,
    name_field: NameField = None,
    parent_field: ParentField = None,
    level_field: LevelField = None,
    district: Annotated[
        str | None, typer.Option(help="Code of the district, if the file has no level 0.")
    ] = None,
    crs: Crs = None,
    layer: Layer = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="GeoJSON to write: the ground that changes hands, for QGIS."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is added, removed, renamed, moved, split and merged, with areas."""
    fields = Fields(code_field, name_field, parent_field, level_field)
    with told(), progress(None, "diff"):
        must_exist(old, *([new] if new else []))
        found = (
            compare(_seamless(old, fields, crs, layer), _seamless(new, fields, crs, layer))
            if new
            else _against_stored(old, fields, crs, layer, district)
        )
        if report:
            report.write_text(json.dumps(found.as_geojson(), ensure_ascii=False), encoding="utf-8")
    if as_json:
        document = {**found.as_json(), "changes": [change.as_json() for change in found.changes]}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        _print(found)


def _seamless(file: Path, fields: Fields, crs: str | None, layer: str | None) -> Sequence[Area]:
    return seam(sound(file, fields, crs, layer, REFUSAL).areas)[0]


def _against_stored(
    file: Path, fields: Fields, crs: str | None, layer: str | None, district: str | None
) -> Comparison:
    boundaries = read(file, fields, crs, layer)
    with database_of(settings()) as dsn:
        database = Database(dsn, size=1)
        try:
            with database.read() as conn:
                made = prepare(conn, boundaries, Wanted(district=district, crs=crs), datetime.now(UTC))
        except psycopg2.errors.UndefinedTable as error:
            raise SetupFault("The database has no tables yet; run: python -m server migrate") from error
        finally:
            database.close()
    if made.refused:
        found = faults(made.findings)
        print_findings([finding.as_json(words()) for finding in found])
        errors.print(words()(REFUSAL).format(file=file, count=len(found)))
        raise typer.Exit(FAULTY)
    return made.comparison


def _print(found: Comparison) -> None:
    say = words()
    if found.nothing:
        typer.echo(say("Nothing differs."))
    for kind in KINDS:
        changes = found.of(kind)
        for change in changes[:SHOWN_OF_A_KIND]:
            typer.echo(say("level {level} {code} {name}: {what}").format(
                level=change.level, code=change.code, name=change.name, what=_what(change)))  # fmt: skip
        if len(changes) > SHOWN_OF_A_KIND:
            typer.echo("  " + say("… and {count} more of the kind {code}; --json lists all").format(
                count=len(changes) - SHOWN_OF_A_KIND, code=kind))  # fmt: skip


def _what(change: Change) -> str:
    say = words()
    sentences = {
        "added": say("added, {after} m²"),
        "removed": say("removed, {before} m²; its ground is now {now}"),
        "recoded": say("new code, was {was}"),
        "renamed": say("renamed, was {was}"),
        "moved": say("borders moved: {gained} m² gained, {lost} m² lost"),
        "regrouped": say("belongs to {now}, was {was}"),
        "recounted": say("{now} households, were {was}"),
        "retyped": say("kind {now}, was {was}"),
        "split": say("split into {now}"),
        "merged": say("merged of {was}, {after} m²"),
    }
    return sentences[change.kind].format(
        was=", ".join(change.was) or "–", now=", ".join(change.now) or "–", before=f"{change.before_m2:,.0f}",
        after=f"{change.after_m2:,.0f}", gained=f"{change.gained_m2:,.0f}", lost=f"{change.lost_m2:,.0f}",
    )  # fmt: skip
