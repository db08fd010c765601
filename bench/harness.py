"""Measures a figure against its floor: both in turn within seconds, at least five pairs, medians and their ratio.

A floor is the least that the same work could cost on this machine in this minute (a bare round trip, a bare write).
Absolute numbers swing with the machine; the ratio is what can be compared.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import bench.figures

if TYPE_CHECKING:
    from bench.stage import Stage

PAIRS, QUICK_PAIRS = 5, 1
PRESSURE = Path("/proc/pressure/cpu")


class Figure(Protocol):
    """One file of `bench/figures`: what is measured, and how often it is done in one sample.

    `floor` and `figure` do the work `count` times; the harness takes the time. `setup` is not timed. What measures
    something else than the mean, or must not count its preparations, returns its own seconds for one. A figure may
    have `pairs`, where five samples would take too long, and `beside`: seconds or words of its last sample by name.
    """

    name: str
    what: str
    floor_is: str
    count: int

    def __init__(self, stage: Stage) -> None: ...

    def floor(self, count: int) -> float | None: ...

    def figure(self, count: int) -> float | None: ...


@dataclass
class Series:
    """Seconds for one piece of work, sample by sample."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def a_second(self) -> float:
        return 1 / self.median

    @property
    def spread(self) -> float:
        """The longest sample as a multiple of the shortest: what the machine added."""
        return max(self.seconds) / min(self.seconds)


@dataclass
class Measured:
    """A figure and its floor, measured in the same minute; `pressure` is the CPU pressure meanwhile, per cent."""

    name: str
    what: str
    floor_is: str
    floor: Series
    figure: Series
    pressure: float | None
    beside: dict[str, float | str] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """How many times its floor the work costs; the median over the pairs."""
        pairs = zip(self.figure.seconds, self.floor.seconds, strict=True)
        return statistics.median(figure / floor for figure, floor in pairs)

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name, "what": self.what, "ratio": self.ratio, "pressure": self.pressure, "beside": self.beside,
            "figure": {"seconds": self.figure.median, "a_second": self.figure.a_second, "samples": self.figure.seconds},
            "floor": {"is": self.floor_is, "seconds": self.floor.median, "a_second": self.floor.a_second,
                      "samples": self.floor.seconds},
        }  # fmt: skip


def figures() -> dict[str, type[Figure]]:
    """All figures by name, in the order of their files."""
    modules = (
        import_module(f"bench.figures.{module.name}") for module in iter_modules(bench.figures.__path__)
    )
    return {figure.name: figure for module in modules for figure in module.FIGURES}


def measure(figure: Figure, pairs: int, count: int) -> Measured:
    """Floor and figure in turn, after one round of each that is thrown away."""
    floor, own = Series(), Series()
    warm = max(1, count // 10)
    figure.floor(warm)
    figure.figure(warm)
    with _pressure() as read:
        for _ in range(min(pairs, getattr(figure, "pairs", pairs))):
            floor.seconds.append(timed(figure.floor, count))
            own.seconds.append(timed(figure.figure, count))
        pressure = read()
    beside = getattr(figure, "beside", {})
    return Measured(figure.name, figure.what, figure.floor_is, floor, own, pressure, beside)


def timed(work: Callable[[int], float | None], count: int) -> float:
    """Seconds for one of `count`, by the clock or as the work itself says."""
    start = perf_counter()
    own = work(count)
    return (perf_counter() - start) / count if own is None else own


@contextmanager
def _pressure() -> Iterator[Callable[[], float | None]]:
    """The share of time in which something waited for a CPU, per cent; None where the kernel does not say."""
    start, waited = perf_counter(), _waited()

    def read() -> float | None:
        now = _waited()
        if waited is None or now is None:
            return None
        return 100 * (now - waited) / 1e6 / (perf_counter() - start)

    yield read


def _waited() -> int | None:
    """Microseconds since boot in which some task waited for a CPU."""
    try:
        first = PRESSURE.read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    return int(first.rpartition("total=")[2])
