"""Handling crews: a crew's own work with its buttons, fit for a phone; for offices the list of crews."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from server.cases import lists
from server.cases.filters import Filters
from server.console.arranged import arranged
from server.console.case import done_word
from server.console.casefile import open_case
from server.console.desk import Desk, desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.console.register import in_words
from server.crews import service
from server.errors import NotAllowed
from server.grids import service as grids
from server.packs import current
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
# The page stays small enough for a weak network: few cases, and what is rarely done on a page of its own.
OWN, ROWS = 8, 100
IN_HAND = ("dispatched", "handling", "suspended", "enforcing")
REPORTED_BACK = ("handled", "inspected")
# What a crew does all day stands in front, however many other acts the table allows.
OWN_ACTS = ("accept", "handle", "ask_return", "ask_extension")


@router.get("/crews", response_class=HTMLResponse)
def crews(
    request: Request, after: str = "", done: str = "", outcome: str = "", viewer: Viewer = Depends(reader)
) -> Response:
    """A crew sees its work, everybody else the crews of the district."""
    with desk(request, viewer) as page:
        if viewer.role == "crew":
            return own_work(page, after, done, outcome)
        found = service.crews_page(page.conn, viewer, ROWS, after)
        pack = current(page.conn, viewer.district_id)[1]
        names = {category.key: category.name(viewer.lang) for category in pack.categories}
        places = {
            code: grids.grid(page.conn, code, viewer.district_id)["name"]
            for code in {crew["serves"] for crew in found["items"]}
        }
        return page.page("crews.html", crews=found["items"], next=found["next"], names=names, places=places,
                         kinds=in_words(pack.qualifications, page.lang))  # fmt: skip


@router.get("/crews/{number}", response_class=HTMLResponse)
def job(
    request: Request, number: str, done: str = "", outcome: str = "", viewer: Viewer = Depends(reader)
) -> Response:
    """One case on a crew's phone, with everything that the crew may do."""
    if viewer.role != "crew":
        raise NotAllowed
    with desk(request, viewer) as page:
        return job_page(page, own_case(page, number), done=done, outcome=outcome)


def job_page(
    page: Desk, opened: dict[str, Any], status: int = 200, done: str = "", outcome: str = ""
) -> Response:
    """The page of one case for its crew."""
    number = opened["case"]["number"]
    return page.page("crew_job.html", status, o=own_acts_first(opened), back=f"/crews/{quote(number, safe='')}",
                     done_word=done_word(done, page.lang), outcome=outcome)  # fmt: skip


def own_work(page: Desk, after: str, done: str, outcome: str) -> Response:
    """What is in the crew's hands, by deadline, each with what it may do now; then what it may help with or claim."""
    found = listed(page, Filters(state=IN_HAND), after)
    # Open to claims is what a crew sees of what nobody was sent to yet.
    others = {
        "called": listed(page, Filters(board="called")).items,
        "claimable": listed(page, Filters(state=("registered",))).items,
        "waiting": listed(page, Filters(state=REPORTED_BACK)).items,
    }
    mine = [own_case(page, case["number"]) for case in found.items if is_own(page, case)]
    others["called"] = [case for case in others["called"] if not is_own(page, case)]
    return page.page("crew_work.html", mine=mine, others=others, next=found.next, back="/crews",
                     done_word=done_word(done, page.lang), outcome=outcome)  # fmt: skip


def listed(page: Desk, filters: Filters, after: str = "") -> lists.Page:
    return lists.list_cases(page.conn, page.viewer, filters, OWN, after or None, page.now)


def is_own(page: Desk, case: dict[str, Any]) -> bool:
    """Whether the case was given to the reader's crew, not only shown to it as a helper."""
    return bool(case["handler"]) and case["handler"]["code"] == page.viewer.organisation_code


def own_case(page: Desk, number: str) -> dict[str, Any]:
    """The case with the crew's own acts in front."""
    return own_acts_first(open_case(page, number))


def own_acts_first(opened: dict[str, Any]) -> dict[str, Any]:
    case = opened["case"]
    danger = case["severity"] == "emergency"
    return opened | {"arranged": arranged(opened["offers"], case["state"], danger, first=OWN_ACTS)}
