"""The filter bar: what may be chosen, and the choice put into words. The question itself lives in the URL."""

from collections.abc import Callable
from typing import Any

from server.cases.filters import OPEN, Filters
from server.cases.lists import boards
from server.console.desk import Desk
from server.db import queries
from server.locale import gettext_for
from server.packs import current
from server.protocol.words import SOURCE_WORDS, STATE_WORDS

Words = Callable[[str], str]
SQL = queries(__file__)


def board_words(_: Words) -> dict[str, str]:
    """The lists that must not be forgotten."""
    return {
        "unverified": _("To be registered"),
        "soon": _("Due soon"),
        "overdue": _("Whole case overdue"),
        "returned": _("Return asked"),
        "held": _("Waiting for a decision"),
        "outside": _("Outside every grid"),
        "photos": _("Photos missing"),
        "replies": _("Replies owed"),
    }


def bar(desk: Desk, filters: Filters) -> dict[str, Any]:
    """What the filter bar shows: the boards, and each choice as (name, label, options, value)."""
    _ = gettext_for(desk.lang)
    pack = current(desk.conn, desk.viewer.district_id)[1]
    places = [(row["code"], row["name"]) for row in SQL.places_in_scope(desk.conn, **scope_of(desk))]
    crews = [
        (row["code"], row["name"]) for row in SQL.crews_of(desk.conn, district_id=desk.viewer.district_id)
    ]
    state = "open" if filters.state == OPEN else ",".join(filters.state)
    every = ("", _("all"))
    choices = [
        (
            "state",
            _("State"),
            [every, ("open", _("open")), *((k, _(w)) for k, w in STATE_WORDS.items())],
            state,
        ),
        (
            "category",
            _("Category"),
            [every, *((c.key, c.name(desk.lang)) for c in pack.categories)],
            filters.category,
        ),
        ("grid", _("Area"), [every, *places], filters.grid),
        ("source", _("Source"), [every, *((k, _(w)) for k, w in SOURCE_WORDS.items())], filters.source),
        ("crew", _("Crew"), [every, *crews], filters.crew),
    ]
    words = board_words(_)
    return {
        "choices": [choice for choice in choices if len(choice[2]) > 1],
        "from_": filters.from_.isoformat() if filters.from_ else "",
        "to": filters.to.isoformat() if filters.to else "",
        "boards": [
            {**vars(b), "word": words[b.key], "on": b.key == filters.board}
            for b in boards(desk.conn, desk.viewer, desk.now)
        ],
        "asked": asked(filters, choices, words, _),
    }


def asked(filters: Filters, choices: list[Any], boards_: dict[str, str], _: Words) -> list[str]:
    """The question in words, for the heading and for an empty answer."""
    found = [boards_[filters.board]] if filters.board else []
    for _name, label, options, value in choices:
        if value:
            known = dict(options)
            parts = [known.get(part, part) for part in ([value] if value in known else value.split(","))]
            found.append(f"{label} {'/'.join(parts)}")
    if filters.overdue is not None:
        found.append(_("overdue") if filters.overdue else _("not overdue"))
    if filters.outside and not filters.board:
        found.append(_("outside every grid"))
    if filters.from_ or filters.to:
        found.append(_("from {first} to {last}").format(first=filters.from_ or "…", last=filters.to or "…"))
    if filters.q:
        found.append(_("with “{words}”").format(words=filters.q))
    return found


def scope_of(desk: Desk) -> dict[str, Any]:
    """Which part of the tree the reader's office covers, for the list of areas."""
    viewer = desk.viewer
    return {"district_id": viewer.district_id, "root": viewer.district or viewer.street or viewer.community}
