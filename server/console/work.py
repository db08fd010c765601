"""What waits for the reader: by what is to be done, each case with the acts that it waits for and what was asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from server.cases import acts, lists, service
from server.cases.filters import Filters
from server.console.case import done_word
from server.console.desk import Desk, desk
from server.console.doors import reader
from server.console.errors import PageRoute
from server.errors import NotAllowed
from server.locale import gettext_for
from server.security import Viewer

router = APIRouter(route_class=PageRoute)
ROWS = 20


def _(msgid: str) -> str:
    return msgid


@dataclass(frozen=True)
class Queue:
    """Cases that wait for one of some acts. `asks`: acts whose words stand beside the case, to be judged."""

    heading: str
    filters: Filters
    acts: tuple[str, ...]
    asks: tuple[str, ...] = ()


CALLED = Queue(_("Called to the spot, or asked for help"), Filters(board="called"), ("arrive", "answer_help"))
TAKEN = Queue(_("May be taken by yourselves"), Filters(state=("registered",)), ("take",))
VERIFIED = Queue(_("To be verified"), Filters(state=("verifying",)), ("verify",))
INSPECTED = Queue(_("To be inspected"), Filters(state=("handled",)), ("pass", "fail"))
OWN_HANDS = Queue(_("In your own hands"), Filters(state=("handling",)), ("handle",))
# By role or duty, in the order in which they press.
QUEUES: dict[str, tuple[Queue, ...]] = {
    "duty": (
        Queue(
            _("To be judged"),
            Filters(board="returned"),
            ("uphold_return", "refuse_return", "grant_extension", "refuse_extension", "suspend", "refuse_suspension",
             "uphold_appeal", "reject_appeal"),
            ("ask_return", "ask_extension", "ask_suspension", "appeal"),
        ),
        Queue(_("To be registered or declined"), Filters(state=("reported",)), ("register", "decline", "merge")),
        Queue(_("To be closed"), Filters(state=("inspected",)), ("close", "send_back")),
    ),
    "dispatcher": (Queue(_("To be dispatched"), Filters(state=("registered",)), ("dispatch", "dispatch_down")),),
    "intake": (
        Queue(_("Waiting for the reporter's answer"), Filters(state=("waiting",)), ("answer",)),
        Queue(_("A reply is owed"), Filters(board="replies"), ("reply", "callback")),
    ),
    "supervisor": (Queue(_("Whole case overdue"), Filters(board="overdue"), ("supervise",)), INSPECTED),
    "resident-service": (Queue(_("A reply is owed"), Filters(board="replies"), ("reply", "callback")),),
    "street": (CALLED, INSPECTED, OWN_HANDS, TAKEN),
    "community": (CALLED, VERIFIED, INSPECTED, OWN_HANDS, TAKEN),
}  # fmt: skip


@router.get("/work", response_class=HTMLResponse)
def work(request: Request, done: str = "", outcome: str = "", viewer: Viewer = Depends(reader)) -> Response:
    """The reader's queues; crews have a page of their own."""
    wanted = queues_of(viewer)
    if not wanted:
        raise NotAllowed
    with desk(request, viewer) as page:
        sections = [section(page, queue) for queue in wanted]
        return page.page("work.html", sections=sections, back="/work", done_word=done_word(done, page.lang),
                         outcome=outcome)  # fmt: skip


def queues_of(viewer: Viewer) -> list[Queue]:
    """What waits for somebody with this role and these duties."""
    keys = [key for key in QUEUES if key == viewer.role or key in viewer.duties]
    return list(dict.fromkeys(queue for key in keys for queue in QUEUES[key]))


def section(page: Desk, queue: Queue) -> dict[str, Any]:
    """One queue with its first cases."""
    found = lists.list_cases(page.conn, page.viewer, queue.filters, ROWS, None, page.now)
    cases = list(_with_acts(page, queue, found.items))
    asked = asked_of(page, [case["id"] for case in cases], queue.asks) if queue.asks else {}
    return {
        "heading": gettext_for(page.lang)(queue.heading),
        "cases": [case | {"asked": asked.get(case["id"], ())} for case in cases],
        "query": queue.filters.to_query(),
        "more": found.next is not None,
    }


def _with_acts(page: Desk, queue: Queue, cases: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The cases on which the reader may do one of the queue's acts, with these."""
    for case in cases:
        offers = acts.offers(page.conn, page.viewer, case, page.now)
        fitting = [offer for offer in offers if offer.action in queue.acts]
        if fitting:
            yield case | {"acts": sorted(fitting, key=lambda offer: queue.acts.index(offer.action))}


def asked_of(page: Desk, ids: list[str], asks: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """What was asked last on each case, by act: who asked, when, and why."""
    timelines = service.timelines(page.conn, [UUID(one) for one in ids], page.lang)
    return {
        str(case_id): list({event["action"]: event for event in events if event["action"] in asks}.values())
        for case_id, events in timelines.items()
    }
