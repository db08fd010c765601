"""The page of one case, and the comparison for who inspects it: facts, photographs, what happened, and the acts."""

from datetime import datetime
from typing import Any

from mobile.core import deadline_words
from mobile.core.act_words import ICONS, action_word
from mobile.core.case_words import Telling
from mobile.core.outbox import Entry
from mobile.core.standing import Standing, moment
from mobile.core.views import Act, CaseView, Fact, InspectView, PhotoView, StepView
from server.protocol.payloads import ON_BEHALF
from server.protocol.words import FIELD_WORDS, FLAG_WORDS, FOR_WHOM, STATE_WORDS, STEP_WORDS
from server.protocol.workflow import STEP_OF, STEPS


def _(msgid: str) -> str:
    return msgid


OTHERS_DO = {
    "reported": _("The duty officer registers or declines it; you will see the answer here."),
    "verifying": _("The worker of that grid looks whether it is so."),
    "waiting": _("A question was asked; the clocks stand still until the answer comes."),
    "registered": _("The dispatcher chooses a handling crew."),
    "dispatched": _("The crew has it and will accept it."),
    "handling": _("The crew is working on it; it comes back for inspection."),
    "suspended": _("It cannot be handled now; the duty officer resumes it, or its term ends."),
    "enforcing": _("Law enforcement has it; it comes back for inspection."),
    "split": _("Several crews have a part each; it comes back when all parts are done."),
    "forwarded": _("An outside party has it; it comes back for inspection."),
    "handled": _("The worker of that grid or the community inspects it; who mended it may not."),
    "inspected": _("The duty officer closes it; who dispatched it may not."),
    "closed": _("It is closed. The reporter, the street or the duty officer may reopen it."),
    "declined": _("It was declined; the reason is below. The reporter may appeal once."),
    "merged": _("It goes on as another case; the reporter gets the same answer."),
    "cancelled": _("It does not count: it was a test or a mistake."),
}
NEWER = _("The office knows more steps than this tablet. See this case at a desk, or update the tablet.")
OUTCOMES = {
    "fixed": _("What you told us ({matter}) has been put right."),
    "gone": _("We looked at what you told us ({matter}): it is no longer there."),
    "explained": _("What you told us ({matter}) cannot be changed; this is why."),
}
SAID = ("done", "text", "unmet", "answer", "reason", "demand", "finding", "note", "description")
MENDING = ("handle", "enforced", "answer_outside", "recheck", "parts_done")
MENDED_STAGES = ("during", "after")


def page(telling: Telling, standing: Standing, photos: tuple[PhotoView, ...]) -> CaseView:
    """The case on its own page."""
    say, state = telling.speech.say, standing.facts.state
    mood, due, note = telling.deadline(standing)
    clock, point = deadline_words.running(standing), telling.point(standing)
    if clock and mood in ("ontime", "soon", "overdue"):
        due = f"{deadline_words.clock_word(clock, telling.speech)} · {due}"
    step, acts = STEP_OF.get(state, 1), telling.acts(standing)
    return CaseView(
        standing.case_id,
        telling.matter(standing),
        _line(telling, standing),
        mood,
        due,
        note,
        _facts(telling, standing),
        photos,
        say("Step {n} of {all} · {name}", n=step, all=len(STEPS), name=say(STEP_WORDS[STEPS[step - 1]])),
        _steps(telling, standing),
        acts,
        _note(telling, standing, acts),
        telling.pending(standing),
        point[0] if point else None,
        point[1] if point else None,
        (standing.body.get("location") or {}).get("accuracy_m"),
    )


def inspection(telling: Telling, standing: Standing, photos: tuple[PhotoView, ...]) -> InspectView:
    """What was reported beside what was made of it, measured by the condition for closing."""
    mood, due, note = telling.deadline(standing)
    category, condition = telling.category(standing)
    acts = {act.action: act for act in telling.acts(standing)}
    late = [raw for raw in standing.body.get("attachments") or () if raw.get("stage") == "after"]
    coming = any(not raw.get("arrived") and not raw.get("refused") for raw in late)
    return InspectView(
        standing.case_id,
        telling.matter(standing),
        telling.place(standing),
        mood,
        due,
        note,
        tuple(photo for photo in photos if photo.stage == "before"),
        tuple(photo for photo in photos if photo.stage in MENDED_STAGES)[::-1],
        standing.body.get("description") or standing.origin.get("description") or "",
        _mended(standing),
        telling.speech.named(condition.closing) if category and condition else "",
        telling.pending(standing)
        or (
            telling.speech.say("A photo of what was done has not come yet; inspect when it has.")
            if coming
            else ""
        ),
        acts.get("pass"),
        acts.get("fail"),
        tuple(acts[name] for name in ("cannot_inspect",) if name in acts),
    )


def _mended(standing: Standing) -> str:
    """What who mended it said last."""
    told = (e.get("text") or "" for e in standing.body.get("events") or () if e.get("action") in MENDING)
    return ["", *told][-1]


def _note(telling: Telling, standing: Standing, acts: tuple[Act, ...]) -> str:
    """What others do now when nothing waits for this person, and which acts are done at a desk."""
    say, state = telling.speech.say, standing.facts.state
    if state not in STATE_WORDS:
        return say(NEWER)
    others = "" if any(act.primary for act in acts) else say(OTHERS_DO[state])
    desk = telling.at_a_desk(standing)
    there = say("At a desk: {acts}.", acts=say(", ").join(desk)) if desk else ""
    return " ".join(part for part in (others, there) if part)


def _line(telling: Telling, standing: Standing) -> str:
    category, _condition = telling.category(standing)
    number = standing.body.get("number") or telling.speech.say("number follows")
    return " · ".join([number, *([category.code] if category else []), telling.grid(standing)])


def _facts(telling: Telling, standing: Standing) -> tuple[Fact, ...]:
    say, body = telling.speech.say, standing.body
    _category, condition = telling.category(standing)
    reported = moment(body.get("reported_at")) or (standing.pending[0].made_at if standing.pending else None)
    hands = [body[who].get("name", "") for who in ("handler", "holder") if isinstance(body.get(who), dict)]
    accuracy = (body.get("location") or {}).get("accuracy_m")
    noted = [say(FLAG_WORDS[flag]) for flag in FLAG_WORDS if flag in standing.facts.flags]
    found = (
        (say("Place"), telling.place(standing) + (f" (±{accuracy} m)" if accuracy else "")),
        (say("What was seen"), body.get("description") or standing.origin.get("description") or ""),
        *_answers(telling, standing),
        (say("Condition for closing"), telling.speech.named(condition.closing) if condition else ""),
        (say("State"), telling.state_word(standing)),
        (say("Noted"), say(", ").join(noted)),
        (
            say("In whose hands"),
            say("{handler}; {holder} answers for it", handler=hands[0], holder=hands[1])
            if len(hands) == 2
            else "".join(hands),
        ),
        (say("Reported"), telling.speech.moment(reported, telling.now) if reported else ""),
        (say("To tell the resident"), _outcome(telling, standing)),
    )
    return tuple(Fact(name, words) for name, words in found if words)


def _outcome(telling: Telling, standing: Standing) -> str:
    """How it ended, as a sentence that whoever reported it can say to a resident."""
    mine = standing.facts.reporter is not None and standing.facts.reporter == telling.actor.person
    kind = str(standing.body.get("close_kind") or "")
    if not mine or standing.facts.state != "closed" or kind not in OUTCOMES:
        return ""
    said = telling.speech.say(OUTCOMES[kind], matter=telling.matter(standing))
    return " ".join(part for part in (said, _mended(standing)) if part)


def _answers(telling: Telling, standing: Standing) -> list[tuple[str, str]]:
    """The answers of the report's form in the pack's words, told by the office or still waiting here."""
    category, _condition = telling.category(standing)
    asked = {field.name: field for field in category.form} if category else {}
    given = standing.body.get("form") or standing.origin.get("form") or {}
    if isinstance(given, list):  # came down to an earlier version of this tablet, in the office's words
        return [(str(answer.get("label", "")), str(answer.get("value", ""))) for answer in given]
    found = []
    for name in sorted(given, key=lambda name: list(asked).index(name) if name in asked else len(asked)):
        value = given[name]
        field, say = asked.get(name), telling.speech.say
        names = {choice.code: choice.names for choice in field.choices} if field else {}
        known = telling.speech.named(field.names) if field else say(FIELD_WORDS.get(name, name))
        if value in names:
            value = telling.speech.named(names[value])
        elif name == ON_BEHALF and value in FOR_WHOM:
            value = say(FOR_WHOM[value])
        found.append((known, value))
    return found


def _steps(telling: Telling, standing: Standing) -> tuple[StepView, ...]:
    told = [_told(telling, event) for event in standing.body.get("events") or ()]
    return (*told, *(_local(telling, entry) for entry in standing.pending))


def _told(telling: Telling, event: dict[str, Any]) -> StepView:
    action, at = str(event.get("action", "")), moment(event.get("acted_at") or event.get("received_at"))
    who = " · ".join(part for part in (event.get("organisation_name"), event.get("actor_name")) if part)
    return StepView(
        ICONS.get(action, "info"),
        action_word(action, telling.pack, telling.speech, str(event.get("action_word") or "")),
        "\n".join(part for part in (who, event.get("text")) if part),
        _when(telling, at),
    )


def _local(telling: Telling, entry: Entry) -> StepView:
    said = next((entry.payload[name] for name in SAID if entry.payload.get(name)), "")
    return StepView(
        ICONS.get(entry.kind, "info"),
        action_word(entry.kind, telling.pack, telling.speech),
        said,
        _when(telling, entry.made_at),
        local=True,
    )


def _when(telling: Telling, at: datetime | None) -> str:
    return telling.speech.moment(at, telling.now) if at else ""
