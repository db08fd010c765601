"""How much of the pace of five-act lifecycles is lost beside many cases: an empty database and filled ones in turn.

`python -m bench.loss` fills databases with one and with ten million cases (twenty minutes and 20 GB), measures all of
them and the empty one within the same minutes, round by round, and prints each rate, its floor and what is lost.
Nothing else may run meanwhile: what is compared are rates of one machine, not ratios to a floor.
"""

import statistics
from time import perf_counter
from typing import Annotated

import typer

from bench.figures.lifecycle_http import Road
from bench.harness import Series, timed
from bench.stage import Stage, stage
from server.db import Database

ROUNDS, COUNT = 11, 60
SIZES = [1_000_000, 10_000_000]


class Beside(Road):
    """The same lifecycles in a district that has `cases` from the year before."""

    def __init__(self, stage: Stage, cases: int, rounds: int, count: int) -> None:
        self.cases, self.count, self.samples = cases, count, rounds + 1
        super().__init__(stage)

    def base(self, stage: Stage) -> Database:
        return stage.after(f"beside{self.cases}", self.cases) if self.cases else stage.road


def main(
    sizes: Annotated[list[int] | None, typer.Option("--cases", help="Cases beside (more than once).")] = None,
    rounds: Annotated[int, typer.Option(help="How often each is measured.")] = ROUNDS,
    count: Annotated[int, typer.Option(help="Lifecycles in one round.")] = COUNT,
) -> None:
    """Prints a line for each size: lifecycles a second, their floor, and what the size costs beside an empty one."""
    with stage(quick=False) as made:
        bases = []
        for cases in (0, *(sizes or SIZES)):
            start = perf_counter()
            bases.append(Beside(made, cases, rounds, count))
            typer.echo(f"{cases:>12,} cases filled in {perf_counter() - start:,.0f} s", err=True)
        own, floor = [Series() for _ in bases], [Series() for _ in bases]
        for number in range(rounds + 1):
            # Back and forth, so that none always comes after the same other.
            for at in (range(len(bases)), reversed(range(len(bases))))[number % 2]:
                for work, series in ((bases[at].floor, floor[at]), (bases[at].figure, own[at])):
                    seconds = timed(work, count)
                    if number:
                        series.seconds.append(seconds)
        for at, base in enumerate(bases):
            lost = statistics.median(
                1 - empty / full for empty, full in zip(own[0].seconds, own[at].seconds, strict=True)
            )
            typer.echo(
                f"{base.cases:>12,} cases: {own[at].a_second:5.1f}/s, {own[at].median * 1e3:.1f} ms each"
                f" (spread {own[at].spread:.2f}), {floor[at].median / own[at].median:.1%} of the floor's"
                f" {floor[at].a_second:.1f}/s; lost {lost:+.1%}"
            )


if __name__ == "__main__":
    typer.run(main)
