"""All that drawer and case page say about one case, put together for its reader."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from server.cases import acts, duplicates, redaction, service, view
from server.console.arranged import arranged
from server.console.choices import Choices
from server.console.desk import Desk
from server.crews import service as crews
from server.db import queries
from server.holds import service as holds
from server.locale import gettext_for
from server.packs import current, pack_of_version
from server.protocol.pack import Pack
from server.protocol.stages import lacking
from server.protocol.wire import read_time, uuid7
from server.protocol.words import (
    CHOICE_WORDS,
    CLOCK_WORDS,
    CLOSE_KIND_WORDS,
    SOURCE_WORDS,
    STAGE_WORDS,
    STEP_WORDS,
    deadline_status,
)
from server.protocol.workflow import ENDED, STEPS

Words = Callable[[str], str]
PROPOSALS = 6
# Who hands a link to a resident.
MAY_HAND_OUT = ("centre", "street", "community", "resident-service", "worker")
APART = timedelta(minutes=5)
# Which of the seven steps an act completes.
STEPS_OF_ACT: dict[str, tuple[int, ...]] = {
    "report": (0,), "record": (0,), "self_handle": (0, 4), "part": (0, 1),
    "register": (1,),
    "dispatch": (2,), "assign_anyway": (2,), "split": (2,), "forward": (2,), "take": (2, 3), "claim": (2, 3),
    "accept": (3,),
    "handle": (4,), "enforced": (4,), "parts_done": (4,), "answer_outside": (4,), "recheck": (4,),
    "callback": (6,), "rate": (6,), "sample": (6,),
}  # fmt: skip


def open_case(desk: Desk, number: str) -> dict[str, Any]:
    """The case with its clocks, steps, timeline, offers, proposals and near duplicates. Raises NotFound."""
    conn, viewer, now = desk.conn, desk.viewer, desk.now
    _ = gettext_for(desk.lang)
    row = service.get_row(conn, viewer, number)
    case = view.whole_cases(conn, [row], desk.lang, now)[0]
    ended_as = case["close_kind"]
    events = service.events(conn, viewer, number)
    offers = acts.offers(conn, viewer, case, now)
    dispatching = any(offer.action == "dispatch" for offer in offers)
    kin = service.relatives(conn, viewer, row, now)
    known = {one["number"] for some in kin.values() for one in some}
    near = [one for one in duplicates.nearby(conn, viewer, row) if one["number"] not in known]
    clocks = shown_clocks(case, current(conn, viewer.district_id)[1].soon_minutes, now, _)
    crew_names = {
        row["code"]: row["name"] for row in queries(__file__).crews_of(conn, district_id=viewer.district_id)
    }
    return {
        "case": case,
        "events": [shown_event(event, desk, crew_names) for event in reversed(events)],
        "offers": offers,
        "dispatching": dispatching,
        "proposals": proposals(desk, number) if any(names_crew(offer) for offer in offers) else [],
        "arranged": arranged(offers, case["state"], case["severity"] == "emergency"),
        "choices": Choices(desk, case, row, events, near),
        "near": near,
        "held": holds.of_case(conn, viewer, row["id"]),
        "kin": kin,
        "extensions": extensions(events, case["cycle"]),
        "steps": steps(case, events, _),
        "all_clocks": clocks,
        "clocks": two_clocks(case, clocks),
        "tags": noted(case, pack_of_version(conn, row["pack_version"]), _),
        "source_word": _(SOURCE_WORDS.get(case["source"], case["source"])),
        "payer_word": _(payer) if (payer := CHOICE_WORDS["payer"].get(case["payer"])) else "",
        "close_word": _(CLOSE_KIND_WORDS[ended_as]) if ended_as else "",
        # One id a form and page view: the same form sent twice is one act.
        "command_ids": {offer.action: str(uuid7()) for offer in offers},
        "hands_out": viewer.role in MAY_HAND_OUT,
        "redacts": redaction.may_redact(viewer, row, now),
        "links_party": case["state"] == "forwarded" and "dispatcher" in viewer.duties,
        "reply": next((clock for clock in clocks if clock["kind"] == "reply"), None),
        "given": {},
        "faults": {},
        "tried": "",
        "since": [],
        "kept": {},
    }


def names_crew(offer: acts.Offer) -> bool:
    """Whether the act's form has crews to choose from."""
    return any(need.kind == "crew" for need in offer.needs)


def extensions(events: list[dict[str, Any]], cycle: int) -> int:
    """How many extensions were granted in this cycle."""
    return sum(event["action"] == "grant_extension" and event["cycle"] == cycle for event in events)


def tag_words(_: Words) -> dict[str, str]:
    """What may be noted on a case."""
    return {
        "place_missing": _("place is missing"),
        "photo_missing": _("photo is missing"),
        "duplicate": _("duplicate"),
        "resident_waits": _("a resident waits"),
        "emergency": _("emergency"),
    }


def noted(case: dict[str, Any], pack: Pack, _: Words) -> list[str]:
    """What is noted on a case, in words; of a report that lacks photos, which."""
    category = pack.category(case["category"]["system"], case["category"]["code"]) or pack.other
    came_by = "self_handle" if case["self_handled"] else "report"
    missing = lacking(came_by, category, (photo["stage"] for photo in case["attachments"]))
    words = tag_words(_)
    if len(category.evidence.get(came_by, ())) > 1 and missing:
        stages = _(", ").join(_(STAGE_WORDS[stage]) for stage in missing)
        words["photo_missing"] = _("photo is missing: {stages}").format(stages=stages)
    return [words.get(tag, tag) for tag in case["tags"]]


def proposals(desk: Desk, number: str) -> list[dict[str, Any]]:
    """Crews for the case, best first, each with its reasons in words."""
    row = service.get_row(desk.conn, desk.viewer, number)
    return [
        {"code": p.code, "name": p.name, "allowed": p.allowed, "office": p.office,
         "why": [(reason.mark, reason.said(desk.lang)) for reason in p.reasons]}
        for p in crews.propose(desk.conn, row, PROPOSALS, desk.now)
    ]  # fmt: skip


def steps(case: dict[str, Any], events: list[dict[str, Any]], _: Words) -> list[dict[str, Any]]:
    """The seven steps shown to people, each with the event that completed it in the present cycle."""
    reached: dict[int, dict[str, Any]] = {}
    for event in events:
        if event["to"] == "registered" and event["from"] not in ("", "reported", "registered"):
            reached = {step: e for step, e in reached.items() if step < 2}
        elif event["from"] in ("handled", "inspected") and event["to"] in ("handling", "forwarded"):
            reached.pop(4, None)
        if event["action"] != "recheck" or event["to"] == "handled":
            reached |= dict.fromkeys(STEPS_OF_ACT.get(event["action"], ()), event)
        if event["to"] == "closed" and event["from"] != "closed":
            reached[5] = event
    present = -1 if case["state"] in ENDED else case["step"]
    return [
        {"word": _(STEP_WORDS[key]), "event": reached.get(i),
         "status": "now" if i == present else "done" if i in reached or i < present else "todo"}
        for i, key in enumerate(STEPS)
    ]  # fmt: skip


def shown_clocks(case: dict[str, Any], soon_minutes: int, now: datetime, _: Words) -> list[dict[str, Any]]:
    """The clocks with shape, words and the share of the limit that is used."""
    found = []
    for clock in case["deadlines"]:
        started, due = read_time(clock["started_at"]), read_time(clock["due_at"])
        end = (
            read_time(clock["stopped_at"] or clock["paused_at"])
            if clock["stopped_at"] or clock["paused_at"]
            else now
        )
        status = deadline_status(due, now, False, soon_minutes)
        words = clock["words"]
        if clock["stopped_at"]:
            status, words = "closed", _("ended late") if clock["overdue"] else _("ended in time")
        elif clock["paused_at"]:
            status, words = "paused", _("stands still")
        whole = max((due - started).total_seconds(), 1)
        share = min(100, max(0, round(100 * (end - started).total_seconds() / whole)))
        found.append(clock | {"status": status, "state_words": words, "share": share})
    return found


def two_clocks(case: dict[str, Any], clocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """This step's clock and the whole case's: the two that are always shown."""
    by_kind = {clock["kind"]: clock for clock in clocks}
    wanted = dict.fromkeys([case["deadline"]["kind"], "whole"])
    return [by_kind[kind] for kind in wanted if kind in by_kind and case["state"] not in ENDED]


def said(event: dict[str, Any], _: Words) -> str:
    """What stands beside an act: its words, the clock that it is about, the offices that were passed over."""
    # What the system itself gives as a reason is a sentence of ours, not somebody's words.
    own, clock = event["text"], CLOCK_WORDS.get(event["clock"] or "", "")
    own = _(own) if own and event["by_system"] else own
    clock = _(clock) if clock else ""
    return " · ".join(part for part in (own, clock, *event["passed_over"]) if part)


def shown_event(event: dict[str, Any], desk: Desk, crew_names: dict[str, str]) -> dict[str, Any]:
    """An event with its times in the form that their age asks for, and whether the device's clock was far off."""
    received = read_time(event["received_at"])
    made = read_time(event["made_at"]) if event["made_at"] else None
    recent = received.astimezone(desk.zone).date() == desk.now.astimezone(desk.zone).date()
    return event | {
        "text": said(event, gettext_for(desk.lang)),
        "form": "%H:%M:%S" if recent else "%m-%d %H:%M",
        "late": made is not None and abs(received - made) > APART,
        "crew_name": crew_names.get(event["crew"] or ""),
    }
