"""`python -m bench`: prints the performance table and writes build/bench.json. Exit 1 when a figure fails."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.harness import PAIRS, QUICK_PAIRS, Measured, figures, measure
from bench.stage import stage
from server.errors import BadInput, XungeError
from server.settings import CHECKOUT

BUSY = 20.0
RESULT = CHECKOUT / "build" / "bench.json"
WRONG_USE = 2


def main(
    only: Annotated[
        list[str] | None, typer.Option(help="Only the figures with this name (more than once: several).")
    ] = None,
    quick: Annotated[
        bool, typer.Option(help="Little data, one pair: shows that every figure runs, measures nothing.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where the JSON goes.")] = RESULT,
) -> None:
    """Every figure beside its floor, measured in turn."""
    screen = Console(stderr=True, highlight=False)
    try:
        chosen = {name: kind for name, kind in figures().items() if name in (only or figures())}
        if unknown := set(only or ()) - set(chosen):
            raise BadInput(
                "There is no figure {names}. Figures: {choices}.",
                names=", ".join(sorted(unknown)),
                choices=", ".join(figures()),
            )
        found = []
        with stage(quick) as made:
            for name, kind in chosen.items():
                with screen.status(name):
                    count = max(2, kind.count // 50) if quick else kind.count
                    found.append(measure(kind(made), QUICK_PAIRS if quick else PAIRS, count))
    except XungeError as refused:
        screen.print(refused.text())
        raise typer.Exit(WRONG_USE if isinstance(refused, BadInput) else 1) from refused
    Console(width=None if Console().is_terminal else 160).print(table(found, quick))
    write(out, found, quick)


def table(found: list[Measured], quick: bool) -> Table:
    """The performance table."""
    made = Table("figure", "what", "a second", "each", "floor", "each", "× floor", "CPU pressure",
                 title="quick: shows that it runs, not how fast" if quick else None)  # fmt: skip
    for one in found:
        busy = (
            "–"
            if one.pressure is None
            else f"{one.pressure:.0f} %" + (" busy" if one.pressure > BUSY else "")
        )
        made.add_row(one.name, one.what, rate(one.figure.a_second), span(one.figure.median), one.floor_is,
                     span(one.floor.median), f"{one.ratio:.1f}", busy)  # fmt: skip
        for what, told in one.beside.items():
            made.add_row("", what, "", told if isinstance(told, str) else span(told))
    return made


def rate(a_second: float) -> str:
    return f"{a_second:,.0f}" if a_second >= 10 else f"{a_second:.2f}"


def span(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def write(out: Path, found: list[Measured], quick: bool) -> None:
    """The same for machines, with every sample."""
    out.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "figures": [one.as_json() for one in found],
    }
    out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
