"""The lines of a report: which keys a breakdown has, how they are called, and how each narrows what is counted."""

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from server.db import Connection, queries
from server.locale import gettext_for
from server.packs import current
from server.reports.counted import Counted
from server.reports.measures import HANDLER, LEVELS
from server.security import Viewer

SQL = queries(__file__)
RESPONSIBLE = "responsible"


def _(msgid: str) -> str:
    return msgid


# What has no node of a level: without a point a report may name a street and no more.
OUTSIDE_WORDS = {
    "street": _("Outside every grid"),
    "community": _("In no community"),
    "grid": _("In no grid"),
}
# What the database groups by: an id of a node or organisation, or a word. None: outside, or no crew.
Key = int | str | None


@dataclass(frozen=True)
class Line:
    """One line: `found` is its key in the counts, `key` the one that is shown, `only` what narrows the cycles to it.

    `kind`: of an organisation, else "".
    """

    found: Key
    key: str | None
    name: str
    only: dict[str, Any] = field(default_factory=dict)
    kind: str = ""


def grouping(by: str, of: str) -> str:
    """What is grouped by: read by who is responsible, lines of places become lines of organisations."""
    return RESPONSIBLE if of == HANDLER and by in LEVELS else by


def lines(conn: Connection, viewer: Viewer, whole: Counted, grouped: str, found: Set[Key]) -> list[Line]:
    """The lines of a breakdown with the keys `found` (places also without any), by key; the one without a key last."""
    return LINES.get(grouped, _places)(conn, viewer, whole, grouped, found)


def _places(conn: Connection, viewer: Viewer, whole: Counted, by: str, found: Set[Key]) -> list[Line]:
    level = LEVELS[by]
    roots = [whole.node] if whole.node else sorted(viewer.nodes)
    places = {row["id"]: row for row in SQL.places(conn, level=level, roots=roots)}
    gone = [node for node in found if node is not None and node not in places]
    places |= {row["id"]: row for row in SQL.former_places(conn, ids=gone)} if gone else {}
    if not viewer.nodes or (whole.node and not _covers(viewer, whole)):
        places = {node: row for node, row in places.items() if node in found}
    # A line above the grid that was asked for has only that grid's part of it, and is not narrowed further.
    above = whole.level is not None and whole.level > level
    made = [
        Line(
            node,
            row["code"],
            row["name"],
            {} if above else {"grid": row["code"], "node": node, "level": level},
        )
        for node, row in sorted(places.items(), key=lambda item: item[1]["code"])
    ]
    outside = Line(None, None, gettext_for(viewer.lang)(OUTSIDE_WORDS[by]), {"outside": by})
    return [*made, outside] if None in found else made


def _covers(viewer: Viewer, whole: Counted) -> bool:
    """Whether the viewer's office surely covers the grid that was asked for: then its empty places are shown too."""
    return viewer.district is not None or whole.node in viewer.nodes


def _categories(conn: Connection, viewer: Viewer, whole: Counted, by: str, found: Set[Key]) -> list[Line]:
    _, pack = current(conn, whole.district_id)

    def name(key: str) -> str:
        category = pack.category(*key.rsplit("/", 1))
        return category.name(viewer.lang) if category else key

    return [Line(key, key, name(key), {"category": key}) for key in _words(found)]


def _systems(conn: Connection, viewer: Viewer, whole: Counted, by: str, found: Set[Key]) -> list[Line]:
    _, pack = current(conn, whole.district_id)

    def name(system: str) -> str:
        names = pack.systems.get(system, {})
        return names.get(viewer.lang) or names.get("zh-CN") or system

    return [Line(key, key, name(key), {"system": key}) for key in _words(found)]


def _days(conn: Connection, viewer: Viewer, whole: Counted, by: str, found: Set[Key]) -> list[Line]:
    days = [(word, date.fromisoformat(word)) for word in _words(found)]
    return [Line(word, word, word, {"first": day, "last": day}) for word, day in days]


def _crews(conn: Connection, viewer: Viewer, whole: Counted, by: str, found: Set[Key]) -> list[Line]:
    made = [
        Line(row["id"], row["code"], row["name"], {"crew": row["code"], "handler": row["id"]}, row["kind"])
        for row in _organisations(conn, found)
    ]
    none = Line(None, None, gettext_for(viewer.lang)("Given to no crew"), {"undispatched": True})
    return [*made, none] if None in found else made


def _responsible(conn: Connection, viewer: Viewer, whole: Counted, by: str, found: Set[Key]) -> list[Line]:
    return [
        Line(row["id"], row["code"], row["name"], {"responsible": row["code"], "answers": row["id"]}, row["kind"])
        for row in _organisations(conn, found)
    ]  # fmt: skip


def _organisations(conn: Connection, found: Set[Key]) -> list[dict[str, Any]]:
    rows = SQL.organisations(conn, ids=[key for key in found if key is not None])
    return sorted(rows, key=lambda row: str(row["code"]))


def _words(found: Set[Key]) -> list[str]:
    return sorted(key for key in found if isinstance(key, str))


LINES: dict[str, Callable[[Connection, Viewer, Counted, str, Set[Key]], list[Line]]] = {
    "category": _categories,
    "system": _systems,
    "day": _days,
    "crew": _crews,
    RESPONSIBLE: _responsible,
}
