"""`python -m gis check FILE…`: every fault with feature and place, as lines, JSON, GeoJSON or a picture."""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from gis.areas import FAULT, Area, Finding, faults
from gis.checks import check as check_areas
from gis.commands.frame import (
    FAULTY,
    AsJson,
    CodeField,
    Crs,
    Layer,
    LevelField,
    NameField,
    ParentField,
    Picture,
    Report,
    levels,
    must_exist,
    print_findings,
    progress,
    told,
    words,
)  # fmt: skip
from gis.fields import Fields
from gis.geojson import UnreadableError
from gis.picture import draw
from gis.prepare import WrongUseError
from gis.read import read
from gis.report import write_report


def check(
    files: Annotated[
        list[Path], typer.Argument(help="Boundary files of any kind that GDAL reads, zipped or not.")
    ],
    code_field: CodeField = None,
    name_field: NameField = None,
    parent_field: ParentField = None,
    level_field: LevelField = None,
    crs: Crs = None,
    layer: Layer = None,
    report: Report = None,
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """List every fault of boundary FILES with feature code and place; exit 1 if one would not load."""
    fields, reports = Fields(code_field, name_field, parent_field, level_field), []
    with told():
        must_exist(*files)
        if len(files) > 1 and (report or picture):
            raise WrongUseError("A report or a picture shows one file; name one.")
        with progress(len(files), "check") as step:
            for path in files:
                areas, findings = _looked_at(path, fields, crs, layer)
                reports.append(_report(path, areas, findings))
                if report:
                    write_report(report, path.name, areas, findings, words())
                if picture:
                    draw(picture, areas, findings, words())
                step(1)
    if as_json:
        typer.echo(json.dumps(reports if len(reports) > 1 else reports[0], ensure_ascii=False, indent=1))
    else:
        for one in reports:
            _print_report(one)
    if not all(one["loads"] for one in reports):
        raise typer.Exit(FAULTY)


def _looked_at(
    path: Path, fields: Fields, crs: str | None, layer: str | None
) -> tuple[list[Area], list[Finding]]:
    try:
        boundaries = read(path, fields, crs, layer)
    except UnreadableError as error:
        return [], [Finding(error.code, FAULT, error.sentence, error.params)]
    return boundaries.areas, boundaries.findings + check_areas(boundaries.areas)


def _report(path: Path, areas: list[Area], findings: list[Finding]) -> dict[str, Any]:
    say, counts = words(), Counter(str(area.level) for area in areas)
    return {"file": str(path), "loads": not faults(findings), "areas": dict(sorted(counts.items())),
            "findings": [finding.as_json(say) for finding in findings]}  # fmt: skip


def _print_report(report: dict[str, Any]) -> None:
    say = words()
    counts = levels(report["areas"])
    verdict = say("loads") if report["loads"] else say("would not load")
    typer.echo(f"{report['file']}: {verdict}" + (f" ({counts})" if counts else ""))
    print_findings(report["findings"])
