"""Rates as fractions with the cases behind them: one measure, or several side by side with the same lines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from server.db import Connection, queries
from server.errors import BadInput
from server.locale import gettext_for
from server.packs import current
from server.reports.counted import Counted, read_counted
from server.reports.lines import Key, Line, grouping, lines
from server.reports.measures import (
    BASES,
    BY,
    FEW,
    HANDLER,
    MEASURES,
    OF,
    PLACE,
    Measure,
    base_words,
    measure_of,
)
from server.reports.measures import public_basis as public
from server.security import Viewer

SQL = queries(__file__)
# How many measures the query `counts` takes in one reading.
SLOTS = 4
UNUSED = ""


@dataclass(frozen=True)
class Row:
    """One line of a report. `key` None: outside every grid, or given to no crew. `rate` None: nothing to divide by.

    `kind`: of an organisation, else "".
    """

    key: str | None
    name: str
    numerator: int
    denominator: int
    cases_link: str
    numerator_link: str
    kind: str = ""

    @property
    def rate(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def few(self) -> bool:
        """A rate of so few cases is noise: show the counts."""
        return self.denominator < FEW


@dataclass(frozen=True)
class Definition:
    """What is printed beside the numbers, in the reader's language; `basis` is a code, `count`: no rate is meant."""

    name: str
    formula: str
    basis: str
    count: bool = False


@dataclass(frozen=True)
class Report:
    """The lines by key (the one without a key last) and their sum, as of a moment."""

    items: list[Row]
    total: Row
    definition: Definition
    as_of: datetime


@dataclass(frozen=True)
class Reading:
    """How one measure is counted: the set of cycles that it is narrowed from, and what stands above and below."""

    measure: Measure
    whole: Counted

    @property
    def shared(self) -> tuple[Any, ...]:
        """Measures that agree in this are counted in one reading."""
        return (self.whole.basis, self.measure.within, self.whole.unexcused)


def closure(
    conn: Connection,
    viewer: Viewer,
    now: datetime,
    *,
    measure: str = "closure",
    basis: str | None = None,
    by: str = "street",
    of: str = PLACE,
    **asked: Any,
) -> Report:
    """A measure of the viewer's scope, a line for each `by`; every line says which cases it counted.

    `asked`: from_, to, grid, system, as_of as `read_counted` takes them. Basis `due` counts the cycles whose deadline
    lies in the period, `reported` those opened in it. `of=handler` reads by the responsible organisation instead of by
    place: the handler, or the holder of what nobody handles; what an upheld appeal excused leaves the measures of
    time. Facts later than `as_of` count as not yet there. Raises BadInput for words that are not known and NotFound
    for a grid that is not of the viewer's district.
    """
    _check("measure", measure, tuple(MEASURES))
    if basis is not None:
        _check("basis", basis, BASES)
        if MEASURES[measure].basis(basis) is None:
            raise BadInput(
                "The measure {measure} is not counted on the basis {basis}.", measure=measure, basis=basis
            )
    return side_by_side(conn, viewer, now, (measure,), basis=basis, by=by, of=of, **asked)[measure]


def side_by_side(
    conn: Connection,
    viewer: Viewer,
    now: datetime,
    measures: Iterable[str],
    *,
    basis: str | None = None,
    by: str = "street",
    of: str = PLACE,
    **asked: Any,
) -> dict[str, Report]:
    """Several measures with the same lines in the same order; one that makes no sense on `basis` keeps its own."""
    _check("by", by, BY)
    _check("of", of, OF)
    measures = tuple(measures)
    for code in measures:
        _check("measure", code, tuple(MEASURES))
    whole = read_counted(conn, viewer, now, basis=BASES[0], **asked)
    _number, pack = current(conn, whole.district_id)
    readings = [_reading(measure_of(code, pack), whole, basis, of) for code in measures]
    grouped = grouping(by, of)
    alone = len(readings) == 1
    counts = {
        reading.measure.code: count
        for group in _groups(readings)
        for reading, count in zip(group, _count(conn, viewer, group, grouped, alone), strict=True)
    }
    found: set[Key] = {key for count in counts.values() for key in count}
    made = lines(conn, viewer, whole, grouped, found)
    return {r.measure.code: _report(viewer, r, made, counts[r.measure.code]) for r in readings}


def _check(field: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadInput("{field} must be one of {choices}.", field=field, choices=", ".join(choices))


def _reading(measure: Measure, whole: Counted, basis: str | None, of: str) -> Reading:
    chosen = measure.basis(basis) or measure.bases[0]
    return Reading(measure, replace(whole, basis=chosen, unexcused=of == HANDLER and measure.timely))


def _groups(readings: list[Reading]) -> list[list[Reading]]:
    """The readings by what they share, at most SLOTS together."""
    ordered = sorted(readings, key=lambda reading: reading.shared)
    shared = [list(group) for _, group in groupby(ordered, key=lambda reading: reading.shared)]
    return [group[at : at + SLOTS] for group in shared for at in range(0, len(group), SLOTS)]


Counts = Mapping[Key, tuple[int, int]]


def _count(conn: Connection, viewer: Viewer, group: list[Reading], grouped: str, alone: bool) -> list[Counts]:
    """Numerator and denominator by key of each reading of a group. `alone`: only what the denominator has."""
    whole, first = group[0].whole, group[0].measure
    slots = [(r.measure.numerator, r.measure.denominator) for r in group]
    slots += [(UNUSED, UNUSED)] * (SLOTS - len(slots))
    sets = {
        f"{side}_{n}": word for n, pair in enumerate(slots) for side, word in zip(("above", "below"), pair, strict=True)
    }  # fmt: skip
    rows = list(
        SQL.counts(
            conn,
            by=grouped,
            timezone=whole.timezone,
            among=first.denominator if alone else first.within,
            **sets,
            **whole.params(viewer),
        )
    )
    return [{_key(row): (row[f"above_{n}"], row[f"below_{n}"]) for row in rows} for n in range(len(group))]


def _key(row: Mapping[str, Any]) -> Key:
    return row["node"] if row["word"] is None else str(row["word"])


def _report(viewer: Viewer, reading: Reading, made: list[Line], counts: Counts) -> Report:
    say, measure, whole = gettext_for(viewer.lang), reading.measure, reading.whole
    items = [_row(whole.only(**line.only), measure, line, counts.get(line.found, (0, 0))) for line in made]
    above, below = (sum(side) for side in zip((0, 0), *counts.values(), strict=True))
    total = Row(
        whole.grid, say("Total"), above, below, whole.link(measure.denominator), whole.link(measure.numerator)
    )
    formula = say(measure.formula).format(base=say(base_words(measure, whole.basis)))
    definition = Definition(say(measure.name), formula, public(whole.basis), measure.count)
    return Report(items, total, definition, whole.as_of)


def _row(cases: Counted, measure: Measure, line: Line, count: tuple[int, int]) -> Row:
    below, above = cases.link(measure.denominator), cases.link(measure.numerator)
    return Row(line.key, line.name, *count, cases_link=below, numerator_link=above, kind=line.kind)
