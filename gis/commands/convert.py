"""`python -m gis convert FILE OUT`: the same areas in another format or coordinate system, mended if asked."""

import json
from pathlib import Path
from typing import Annotated

import shapely
import typer

from gis.areas import NOTE, Area, Finding
from gis.commands.frame import (
    AsJson,
    CodeField,
    Crs,
    Layer,
    LevelField,
    NameField,
    ParentField,
    print_findings,
    progress,
    sound,
    told,
    words,
)  # fmt: skip
from gis.fields import Fields
from gis.topology import seam, simplified
from gis.write import WGS84, write


def convert(
    file: Annotated[Path, typer.Argument(help="Boundary file of any kind that GDAL reads, zipped or not.")],
    out: Annotated[
        Path, typer.Argument(help="File to write: .geojson, .gpkg, .zip (Shapefile), .fgb, .kml, .gml, .csv.")
    ],
    to: Annotated[
        str, typer.Option("--to", help="Coordinate system to write: EPSG:…, GCJ-02, BD-09.")
    ] = WGS84,
    code_field: CodeField = None,
    name_field: NameField = None,
    parent_field: ParentField = None,
    level_field: LevelField = None,
    crs: Crs = None,
    layer: Layer = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend rings, spikes and thin gaps; report each.")
    ] = False,
    simplify: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=1000, help="Leave out corners smaller than so many metres; borders stay shared."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write FILE as OUT; with --repair or --simplify neighbours share their borders exactly afterwards."""
    say = words()
    with told(), progress(None, "convert"):
        fields = Fields(code_field, name_field, parent_field, level_field)
        boundaries = sound(
            file, fields, crs, layer, "Nothing was written: {file} has {count} faults.", repair
        )
        areas, notes = list(boundaries.areas), list(boundaries.findings)
        if repair or simplify:
            areas, more = seam(areas, close_gaps=repair)
            notes += more
        if simplify:
            before = _vertices(areas)
            areas, moved = simplified(areas, simplify)
            after = _vertices(areas)
            sentence = (
                "Simplified: {before} vertices became {after}; no border moved by more than {metres} m."
            )
            notes.append(Finding("simplified", NOTE, sentence, {"before": f"{before:,}", "after": f"{after:,}",
                                                                "metres": f"{moved:.1f}"}))  # fmt: skip
        write(areas, out, to)
    findings = [note.as_json(say) for note in notes]
    if as_json:
        document = {
            "file": str(file),
            "out": str(out),
            "system": to,
            "areas": len(areas),
            "findings": findings,
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
        return
    print_findings(findings)
    typer.echo(say("{out}: {count} areas in {system}").format(out=out, count=len(areas), system=to))


def _vertices(areas: list[Area]) -> int:
    return int(shapely.get_num_coordinates([area.shape for area in areas]).sum())
