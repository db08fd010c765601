"""`python -m gis package --grid CODE --out FILE`: the tablet's offline package of one scope."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gis.commands.frame import AsJson, told, words
from gis.package import write_package
from server.cluster import database_of
from server.db import Database
from server.settings import settings


def package(
    grid: Annotated[str, typer.Option("--grid", help="Code of the grid, community, street or district.")],
    out: Annotated[Path, typer.Option("--out", help="File to write (SQLite).")],
    district: Annotated[str | None, typer.Option(help="District, if several share the code.")] = None,
    role: Annotated[str, typer.Option(help="Whose layers of facilities go along: worker, crew …")] = "worker",
    mbtiles: Annotated[
        Path | None, typer.Option(help="Map pictures to take along (MBTiles, raster).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the tablet's offline package of one scope."""
    with told(), database_of(settings()) as dsn:
        database = Database(dsn, size=1)
        try:
            with database.read() as conn:
                sizes = write_package(conn, grid, district, role, out, mbtiles or settings().mbtiles)
        finally:
            database.close()
    sentence = words()(
        "{file}: {nodes} nodes, {neighbours} neighbours, {basemap} basemap features, {facilities} facilities,"
        " {tiles} map pictures, {bytes} bytes"
    )
    typer.echo(json.dumps({"file": str(out), **sizes}) if as_json else sentence.format(file=out, **sizes))
