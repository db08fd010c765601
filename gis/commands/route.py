"""`python -m gis route GRIDS POINTS.csv --out OUT.csv`: points to grids without a database."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gis.commands.frame import AsJson, Crs, Layer, must_exist, progress, sound, told, words
from gis.fields import Fields
from gis.points import Tally, route_file
from gis.route import Router


def route(
    grids: Annotated[Path, typer.Argument(help="Boundary file with levels 1 to 3.")],
    points: Annotated[Path, typer.Argument(help="CSV (or .csv.gz) with lon, lat and an id column.")],
    out: Annotated[
        Path, typer.Option("--out", help="CSV to write: id, level1, level2, level3, status, candidates.")
    ],
    crs: Crs = None,
    layer: Layer = None,
    as_json: AsJson = False,
) -> None:
    """Route POINTS to GRIDS without a database; nothing is dropped, what lies outside says so."""
    with told():
        must_exist(grids, points)
        boundaries = sound(grids, Fields(), crs, layer, "Nothing was routed: {file} has {count} faults.")
        router = Router(boundaries.areas)
        with progress(None, "route") as step:
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
