"""Rates as fractions with the cases behind them: counted over cycles, by place or by who is responsible."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from server.db import Connection, queries
from server.errors import BadInput
from server.locale import gettext_for
from server.packs import current
from server.reports.counted import Counted, read_counted
from server.reports.measures import BASE_WORDS, BASES, BY, DUE, FEW, HANDLE_DUE, LEVELS, MEASURES, Measure
from server.security import Viewer

SQL = queries(__file__)


@dataclass(frozen=True)
class Row:
    """One line of a report. `key` None: outside every grid, or given to no crew. `rate` None: nothing to divide by."""

    key: str | None
    name: str
    numerator: int
    denominator: int
    cases_link: str
    numerator_link: str

    @property
    def rate(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def few(self) -> bool:
        """A rate of so few cases is noise: show the counts."""
        return self.denominator < FEW


@dataclass(frozen=True)
class Definition:
    """What is printed beside the numbers, in the reader's language; `basis` is a code."""

    name: str
    formula: str
    basis: str


@dataclass(frozen=True)
class Report:
    """The lines by key (the one without a key last) and their sum, as of a moment."""

    items: list[Row]
    total: Row
    definition: Definition
    as_of: datetime


def closure(
    conn: Connection,
    viewer: Viewer,
    now: datetime,
    *,
    by: str = "street",
    basis: str | None = None,
    measure: str = "closure",
    from_: str | date | None = None,
    to: str | date | None = None,
    of: str = "place",
    grid: str | None = None,
    as_of: str | datetime | None = None,
) -> Report:
    """A measure of the viewer's scope, a line for each `by`; every line says which cases it counted.

    basis `due` counts the cycles whose whole deadline lies in the period, `reported` those opened in it. `of=handler`
    reads by the responsible crew instead of by place. Facts later than `as_of` count as not yet there.
    Raises BadInput for words that are not known and NotFound for a grid that is not of the viewer's district.
    """
    _check("by", by, BY)
    _check("of", of, ("place", "handler"))
    _check("measure", measure, tuple(MEASURES))
    if basis is not None:
        _check("basis", basis, BASES)
    if of == "handler" and by in LEVELS:
        by = "crew"
    wanted = MEASURES[measure]
    whole = read_counted(
        conn, viewer, now, basis=_basis(wanted, basis), from_=from_, to=to, as_of=as_of, grid=grid
    )
    counts = list(
        SQL.counts(
            conn,
            by=by,
            timezone=whole.timezone,
            numerator=wanted.numerator,
            denominator=wanted.denominator,
            **whole.params(viewer),
        )
    )
    lines = LINES.get(by, _places)(conn, viewer, whole, counts, by)
    items = [_row(whole.only(**words), wanted, key, name, count) for key, name, words, count in lines]
    say = gettext_for(viewer.lang)
    total = Row(
        grid,
        say("Total"),
        sum(r.numerator for r in items),
        sum(r.denominator for r in items),
        whole.link(wanted.denominator),
        whole.link(wanted.numerator),
    )
    formula = say(wanted.formula).format(base=say(BASE_WORDS[whole.basis]))
    public_basis = DUE if whole.basis == HANDLE_DUE else whole.basis
    return Report(items, total, Definition(say(wanted.name), formula, public_basis), whole.as_of)


def _check(field: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadInput("{field} must be one of {choices}.", field=field, choices=", ".join(choices))


def _basis(measure: Measure, asked: str | None) -> str:
    """The basis to count on: the measure's own when none is asked for; "due" of handling is the handling deadline."""
    if asked is None or (measure.bases == (HANDLE_DUE,) and asked == DUE):
        return measure.bases[0]
    if asked not in measure.bases:
        raise BadInput(
            "The measure {measure} is not counted on the basis {basis}.", measure=measure.code, basis=asked
        )
    return asked


def _row(
    cases: Counted, measure: Measure, key: str | None, name: str, count: Mapping[str, Any] | None
) -> Row:
    return Row(
        key,
        name,
        count["numerator"] if count else 0,
        count["denominator"] if count else 0,
        cases.link(measure.denominator),
        cases.link(measure.numerator),
    )


Line = tuple[str | None, str, dict[str, Any], Mapping[str, Any] | None]


def _places(conn: Connection, viewer: Viewer, whole: Counted, counts: list[Any], by: str) -> list[Line]:
    """A line for every place of the level in scope, with or without cases; the cases outside every grid come last."""
    level = LEVELS[by]
    found = {row["node"]: row for row in counts}
    roots = [whole.node] if whole.node else sorted(viewer.nodes)
    places = {row["id"]: row for row in SQL.places(conn, level=level, roots=roots)}
    gone = [node for node in found if node is not None and node not in places]
    places |= {row["id"]: row for row in SQL.former_places(conn, ids=gone)} if gone else {}
    if not viewer.nodes or (whole.node and not _covers(viewer, whole)):
        places = {node: row for node, row in places.items() if node in found}
    lines: list[Line] = [
        (row["code"], row["name"], {"grid": row["code"], "node": node, "level": level}, found.get(node))
        for node, row in sorted(places.items(), key=lambda item: item[1]["code"])
    ]
    if None in found:
        lines.append((None, gettext_for(viewer.lang)("Outside every grid"), {"outside": True}, found[None]))
    return lines


def _covers(viewer: Viewer, whole: Counted) -> bool:
    """Whether the viewer's office surely covers the grid that was asked for: then its empty places are shown too."""
    return viewer.district is not None or whole.node in viewer.nodes


def _categories(conn: Connection, viewer: Viewer, whole: Counted, counts: list[Any], by: str) -> list[Line]:
    _, pack = current(conn, whole.district_id)

    def name(key: str) -> str:
        category = pack.category(*key.rsplit("/", 1))
        return category.name(viewer.lang) if category else key

    return [(row["word"], name(row["word"]), {"category": row["word"]}, row) for row in _by_word(counts)]


def _days(conn: Connection, viewer: Viewer, whole: Counted, counts: list[Any], by: str) -> list[Line]:
    days = [(row, date.fromisoformat(row["word"])) for row in _by_word(counts)]
    return [(row["word"], row["word"], {"first": day, "last": day}, row) for row, day in days]


def _crews(conn: Connection, viewer: Viewer, whole: Counted, counts: list[Any], by: str) -> list[Line]:
    found = {row["node"]: row for row in counts}
    crews = SQL.crews(conn, ids=[crew for crew in found if crew is not None])
    lines: list[Line] = [
        (crew["code"], crew["name"], {"crew": crew["code"], "handler": crew["id"]}, found[crew["id"]])
        for crew in sorted(crews, key=lambda crew: crew["code"])
    ]
    if None in found:
        lines.append(
            (None, gettext_for(viewer.lang)("Given to no crew"), {"undispatched": True}, found[None])
        )
    return lines


def _by_word(counts: list[Any]) -> list[Any]:
    return sorted(counts, key=lambda row: row["word"])


LINES: dict[str, Callable[[Connection, Viewer, Counted, list[Any], str], list[Line]]] = {
    "category": _categories,
    "day": _days,
    "crew": _crews,
}
