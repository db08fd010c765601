"""Today and my cases: which cases are shown, in which order, page by page."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from mobile.core.case_words import Telling
from mobile.core.standing import Standing
from mobile.core.views import CaseMapView, CaseMark, CaseRow, CasesView, FilterView
from server.protocol.workflow import ENDED


def _(msgid: str) -> str:
    return msgid


PAGE = 50
LATE = datetime.max.replace(tzinfo=UTC)
FILTERS = {"todo": _("For me"), "mine": _("Reported by me"), "open": _("Open"), "closed": _("Ended")}
EMPTY = {
    "todo": (_("Nothing for you now"), _("Cases to inspect appear here by themselves.")),
    "mine": (_("Nothing reported yet"), _("What you report stays here until it is closed, and after.")),
    "open": (_("No open case in your grids"), _("New ones come down at the next sync.")),
    "closed": (_("No ended case"), _("Closed and declined cases of your grids are kept here for a while.")),
}
NOTHING_FOUND = (_("Nothing found"), _("Try a part of the number, the category or what was written."))

Photo = Callable[[Standing], str]


def todos(standings: Iterable[Standing], telling: Telling) -> list[Standing]:
    """What waits for this person, by deadline, then distance."""
    return sorted(
        (s for s in standings if telling.todo(s)),
        key=lambda s: (telling.due_at(s) or LATE, telling.metres(s) or 0.0, s.case_id),
    )


def chosen_by(code: str, standing: Standing, telling: Telling) -> bool:
    """Whether a case belongs under a filter."""
    if code == "todo":
        return bool(telling.todo(standing))
    if code == "mine":
        return standing.facts.reporter is not None and standing.facts.reporter == telling.actor.person
    return (standing.facts.state in ENDED) == (code == "closed")


def matches(query: str, standing: Standing, telling: Telling) -> bool:
    """Whether every word of the query occurs in number, category, initials, place or what was written."""
    category, _condition = telling.category(standing)
    hay = " ".join(
        [
            standing.body.get("number") or "",
            telling.title(standing),
            telling.place(standing),
            category.initials if category else "",
            standing.body.get("description") or standing.origin.get("description") or "",
        ]
    ).casefold()
    return all(word in hay for word in query.casefold().split())


def cases(
    standings: Iterable[Standing],
    telling: Telling,
    chosen: str,
    query: str,
    after: str,
    place: str,
    photo: Photo,
) -> CasesView:
    """One page of the list under a filter."""
    chosen, by_filter, filters = _filtered(standings, telling, chosen)
    say = telling.speech.say
    found = [s for s in by_filter[chosen] if not query.strip() or matches(query, s, telling)]
    found = todos(found, telling) if chosen == "todo" else _ordered(found, chosen, telling)
    start = next((n + 1 for n, s in enumerate(found) if s.case_id == after), 0) if after else 0
    page = found[start : start + PAGE]
    title, words = NOTHING_FOUND if query.strip() else EMPTY[chosen]
    return CasesView(
        place,
        filters,
        chosen,
        tuple(telling.row(s, photo(s)) for s in page),
        page[-1].case_id if start + PAGE < len(found) else "",
        say(title),
        say(words),
    )


def _filtered(
    standings: Iterable[Standing], telling: Telling, chosen: str
) -> tuple[str, dict[str, list[Standing]], tuple[FilterView, ...]]:
    """The filter that holds, the cases under each, and all filters with their counts."""
    everything, say = list(standings), telling.speech.say
    by_filter = {code: [s for s in everything if chosen_by(code, s, telling)] for code in FILTERS}
    filters = tuple(FilterView(code, say(label), len(by_filter[code])) for code, label in FILTERS.items())
    return (chosen if chosen in FILTERS else "todo"), by_filter, filters


def on_the_map(standings: Iterable[Standing], telling: Telling, chosen: str, place: str) -> CaseMapView:
    """All cases under a filter as marks: a mood and a word each, nothing that only a list needs."""
    chosen, by_filter, filters = _filtered(standings, telling, chosen)
    found = by_filter[chosen]
    marks = tuple(
        CaseMark(s.case_id, *point, telling.deadline(s)[0], telling.title(s).rpartition(" · ")[2])
        for s in found
        if (point := telling.point(s)) is not None
    )
    return CaseMapView(place, filters, chosen, marks, len(found) - len(marks))


def _ordered(found: list[Standing], chosen: str, telling: Telling) -> list[Standing]:
    if chosen == "open":
        return sorted(found, key=lambda s: (telling.due_at(s) or LATE, s.case_id))
    # Identifiers are UUIDv7: the newest first without a look at any date.
    return sorted(found, key=lambda s: s.case_id, reverse=True)


def rows(standings: Iterable[Standing], telling: Telling, photo: Photo) -> tuple[CaseRow, ...]:
    return tuple(telling.row(s, photo(s)) for s in standings)
