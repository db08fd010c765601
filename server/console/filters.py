"""The filter bar: what may be chosen, and the choice put into words. The question itself lives in the URL."""

from collections.abc import Callable
from typing import Any

from server.cases.boards import boards_and_states
from server.cases.filters import OPEN, Filters
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
        "returned": _("To be judged"),
        "held": _("Waiting for a decision"),
        "outside": _("Outside every grid"),
        "photos": _("Photos missing"),
        "replies": _("Replies owed"),
        "called": _("Called or asked"),
        "supervised": _("Supervised"),
        "waiting": _("Waiting for an answer"),
        "suspended": _("Suspended or with the law"),
        "elsewhere": _("Outside or in parts"),
    }


def board_owners(_: Words) -> dict[str, str]:
    """In whose hands each of these lists is."""
    return {
        "unverified": _("The duty officer registers or declines them."),
        "soon": _("Whoever handles them; who holds them looks after it."),
        "overdue": _("Whoever handles them; who holds them answers for it."),
        "returned": _("Returns, more time, suspension, appeals: the duty officer says yes or no."),
        "outside": _("The centre holds them until they have a place."),
        "photos": _("Whoever declared the photo sends it, or says why not."),
        "replies": _("The phone desk answers the reporter."),
        "called": _("Your own organisation was called to the spot or asked for help."),
        "supervised": _("Who holds or handles them answers the supervisor."),
        "waiting": _("The reporter answers; the intake desk asks again."),
        "suspended": _("The crew; the duty officer lets them go on."),
        "elsewhere": _("The outside party, or the crews of the parts."),
    }


def state_groups(_: Words) -> list[tuple[str, tuple[str, ...]]]:
    """The states as they follow on one another, under headings."""
    return [
        (_("Before it is registered"), ("reported", "verifying", "waiting")),
        (_("On its way to a crew"), ("registered", "dispatched")),
        (_("Being worked on"), ("handling", "suspended", "enforcing", "split", "forwarded")),
        (_("To be inspected and closed"), ("handled", "inspected")),
        (_("Ended"), ("closed", "declined", "merged", "cancelled")),
    ]


Options = list[tuple[str, list[tuple[str, str]]]]


def bar(desk: Desk, filters: Filters) -> dict[str, Any]:
    """What the filter bar shows: the boards, and each choice as (name, label, options by heading, value)."""
    _ = gettext_for(desk.lang)
    found, counts = boards_and_states(desk.conn, desk.viewer, desk.now)
    choices = [
        choice
        for choice in choices_of(desk, filters, counts, _)
        if sum(len(some) for __, some in choice[2]) > 1
    ]
    words = board_words(_)
    return {
        "choices": choices,
        "from_": filters.from_.isoformat() if filters.from_ else "",
        "to": filters.to.isoformat() if filters.to else "",
        "boards": [{**vars(b), "word": words[b.key], "on": b.key == filters.board} for b in found],
        "owner": board_owners(_).get(filters.board, ""),
        "asked": asked(filters, choices, words, _),
    }


def choices_of(
    desk: Desk, filters: Filters, counts: dict[str, int], _: Words
) -> list[tuple[str, str, Options, str]]:
    """Each choice; open states with how many cases are in them now."""
    pack = current(desk.conn, desk.viewer.district_id)[1]
    places = [(row["code"], row["name"]) for row in SQL.places_in_scope(desk.conn, **scope_of(desk))]
    crews = [
        (row["code"], row["name"]) for row in SQL.crews_of(desk.conn, district_id=desk.viewer.district_id)
    ]
    every = ("", _("all"))

    def counted(state: str) -> tuple[str, str]:
        word = _(STATE_WORDS[state])
        return state, f"{word} ({counts[state]:,})" if counts.get(state) else word

    states = [(heading, [counted(state) for state in some]) for heading, some in state_groups(_)]
    majors: dict[str, list[tuple[str, str]]] = {}
    for category in pack.categories:
        heading = pack.major_name(category.system, category.major, desk.lang)
        majors.setdefault(heading, []).append((category.key, category.name(desk.lang)))
    state = "open" if filters.state == OPEN else ",".join(filters.state)
    return [
        ("state", _("State"), [("", [every, ("open", _("open"))]), *states], state),
        ("category", _("Category"), [("", [every]), *majors.items()], filters.category),
        ("grid", _("Area"), [("", [every, *places])], filters.grid),
        (
            "source",
            _("Source"),
            [("", [every, *((k, _(w)) for k, w in SOURCE_WORDS.items())])],
            filters.source,
        ),
        ("crew", _("Crew"), [("", [every, *crews])], filters.crew),
    ]


def asked(filters: Filters, choices: list[Any], boards_: dict[str, str], _: Words) -> list[str]:
    """The question in words, for the heading and for an empty answer."""
    found = [boards_[filters.board]] if filters.board else []
    for name, label, options, value in choices:
        if value:
            known = dict(pair for __, some in options for pair in some)
            known |= {key: _(word) for key, word in STATE_WORDS.items()} if name == "state" else {}
            parts = [known.get(part, part) for part in ([value] if value in known else value.split(","))]
            found.append(f"{label} {'/'.join(parts)}")
    if filters.overdue is not None:
        found.append(_("overdue") if filters.overdue else _("not overdue"))
    if filters.outside and not filters.board:
        found.append(_("outside every grid"))
    if filters.from_ or filters.to:
        found.append(_("from {first} to {last}").format(first=filters.from_ or "…", last=filters.to or "…"))
    if filters.bbox:
        found.append(_("in one spot of the map"))
    if filters.q:
        found.append(_("with “{words}”").format(words=filters.q))
    return found


def scope_of(desk: Desk) -> dict[str, Any]:
    """Which part of the tree the reader's office covers, for the list of areas."""
    viewer = desk.viewer
    return {"district_id": viewer.district_id, "root": viewer.district or viewer.street or viewer.community}
