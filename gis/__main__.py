"""`python -m gis check | load | route | package | diff | convert | facilities`: boundary files on the command line.

Exit 0: done; 1: the file has faults, nothing was loaded; 2: wrong use.
"""

import typer

from gis.commands.check import check
from gis.commands.convert import convert
from gis.commands.diff import diff
from gis.commands.facilities import facilities
from gis.commands.load import load
from gis.commands.package import package
from gis.commands.route import route

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Boundary files: check, load, route, package, diff,"
                  " convert; layers of facilities.", pretty_exceptions_enable=False, rich_markup_mode=None)  # fmt: skip
for command in (check, load, route, package, diff, convert, facilities):
    app.command()(command)

if __name__ == "__main__":
    app()
