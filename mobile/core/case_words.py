"""A case in words: its title, place, deadline, facts, timeline, and the acts that the table offers here."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mobile.core.act_words import ICONS, act
from mobile.core.mirror import Standing, moment
from mobile.core.outbox import Entry
from mobile.core.place import Places, metres_between
from mobile.core.speech import Speech
from mobile.core.views import Act, CaseRow, CaseView, Fact, Mood, PhotoView, Position, StepView
from server.protocol import workflow
from server.protocol.hats import Actor
from server.protocol.pack import Category, Condition, Pack
from server.protocol.words import (
    ACTION_WORDS,
    CLOCK_WORDS,
    CLOSE_KIND_WORDS,
    STATE_WORDS,
    STEP_WORDS,
)
from server.protocol.workflow import ENDED, FORWARD, STEP_OF, STEPS, Row


def _(msgid: str) -> str:
    return msgid


TODO_WORDS = {
    "pass": _("Inspect"),
    "fail": _("Inspect"),
    "accept": _("Accept"),
    "handle": _("Handle"),
    "register": _("Register"),
    "dispatch": _("Dispatch"),
    "close": _("Close case"),
    "ask_return": _("Handle"),
    "uphold_return": _("Judge return"),
}
OTHERS_DO = {
    "reported": _("The duty officer registers or declines it; you will see the answer here."),
    "registered": _("The dispatcher chooses a handling crew."),
    "dispatched": _("The crew has it and will accept it."),
    "handling": _("The crew is working on it; it comes back for inspection."),
    "handled": _("The worker of that grid or the community inspects it; who mended it may not."),
    "inspected": _("The duty officer closes it; who dispatched it may not."),
    "closed": _("It is closed. The reporter, the street or the duty officer may reopen it."),
    "declined": _("It was declined; the reason is below."),
}


@dataclass(frozen=True)
class Telling:
    """What is needed to word cases: the language, the pack, the places, who asks, and the server's time."""

    speech: Speech
    pack: Pack | None
    places: Places
    actor: Actor
    now: datetime
    position: Position | None = None
    _todos: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    # What it is -----------------------------------------------------------------------------------------

    def category(self, standing: Standing) -> tuple[Category | None, Condition | None]:
        """Category and condition of a case, by the tablet's pack."""
        raw = standing.body.get("category") or standing.origin.get("category") or {}
        found = self.pack.category(raw.get("system", ""), raw.get("code", "")) if self.pack else None
        code = standing.body.get("condition") or standing.origin.get("condition") or ""
        return found, found.condition(code["code"] if isinstance(code, dict) else code) if found else None

    def matter(self, standing: Standing) -> str:
        """Category and condition in words."""
        category, condition = self.category(standing)
        if category is None:
            return (standing.body.get("category") or {}).get("name") or self.speech.say("Case")
        return self.speech.matter_of(category, condition if len(category.conditions) > 1 else None)

    def matter_of_report(self, payload: dict[str, Any]) -> str:
        """What a report in the outbox is about."""
        raw, condition = payload["category"], payload.get("condition", "")
        return self.speech.matter(self.pack, raw.get("system", ""), raw.get("code", ""), condition)

    def rows(self, standing: Standing) -> list[Row]:
        """What the table allows this person now."""
        if not standing.facts.state:
            return []
        pack = self.pack
        narrowing = workflow.Narrowing.of(pack.without, pack.narrow) if pack else workflow.WHOLE_TABLE
        return workflow.allowed(standing.facts, self.actor, narrowing)

    def todo(self, standing: Standing) -> str:
        """The act that waits for this person, "" for none."""
        if standing.case_id not in self._todos:
            held = any(entry.state == "held" for entry in standing.refused)
            acts = [row.action for row in self.rows(standing) if row.action in FORWARD]
            self._todos[standing.case_id] = acts[0] if acts and not held else ""
        return self._todos[standing.case_id]

    def title(self, standing: Standing) -> str:
        state = standing.facts.state
        first = TODO_WORDS.get(self.todo(standing)) or STATE_WORDS.get(state, "Case")
        return f"{self.speech.say(first)} · {self.matter(standing)}"

    def point(self, standing: Standing) -> tuple[float, float] | None:
        """Where it is (lon, lat), None when nobody knows."""
        raw = (
            standing.body.get("location")
            if standing.body
            else (standing.pending[0].command.get("position") if standing.pending else None)
        )
        return (
            (raw["lon"], raw["lat"])
            if raw and raw.get("lon") is not None and raw.get("lat") is not None
            else None
        )

    def place(self, standing: Standing) -> str:
        """Near what, in which grid."""
        point = self.point(standing)
        near = self.places.near(*point) if point else ""
        words = [self.speech.say("near {name}", name=near)] if near else []
        return " · ".join([*words, self.grid(standing)])

    def grid(self, standing: Standing) -> str:
        node = next(
            (
                self.places.by_id[n]
                for n in reversed(standing.facts.nodes)
                if n is not None and n in self.places.by_id
            ),
            None,
        )
        return (
            node.name
            if node
            else ((standing.body.get("grid") or {}).get("name") or self.speech.say("outside all grids"))
        )

    def metres(self, standing: Standing) -> float | None:
        """How far it is from here."""
        point = self.point(standing)
        return (
            metres_between((self.position.lon, self.position.lat), point) if point and self.position else None
        )

    # When ------------------------------------------------------------------------------------------------

    def running(self, standing: Standing) -> dict[str, Any] | None:
        """The clock that presses now: of the present step, else of the whole case."""
        clocks = [
            c
            for c in standing.body.get("deadlines") or ()
            if not c.get("stopped_at") and not c.get("paused_at")
        ]
        return min(clocks, key=lambda c: (c["kind"] == "whole", c["due_at"]), default=None)

    def due_at(self, standing: Standing) -> datetime | None:
        clock = self.running(standing)
        return moment(clock["due_at"]) if clock else None

    def until(self, standing: Standing, due_at: datetime) -> str:
        """The clock time of the deadline, and whether it is a provisional one."""
        at = self.speech.moment(due_at, self.now)
        if (self.running(standing) or {}).get("provisional"):
            return self.speech.say("until {moment}, provisional", moment=at)
        return self.speech.say("until {moment}", moment=at)

    def deadline(self, standing: Standing) -> tuple[Mood, str, str]:
        """How it stands, what is left in words, and the clock time of it."""
        say, state = self.speech.say, standing.facts.state
        if state in ENDED:
            kind = standing.body.get("close_kind") or next(
                (e.payload.get("close_kind") for e in standing.pending), None
            )
            ended = moment(standing.body.get("closed_at"))
            return (
                "closed",
                say(CLOSE_KIND_WORDS.get(kind or "", STATE_WORDS[state])),
                self.speech.moment(ended, self.now) if ended else "",
            )
        if standing.pending and state != (standing.body.get("state") or ""):
            return (
                "ontime",
                say("waits to be sent"),
                self.speech.moment(standing.pending[-1].made_at, self.now),
            )
        due_at = self.due_at(standing)
        if due_at is None:
            paused = any(
                c.get("paused_at") and not c.get("stopped_at") for c in standing.body.get("deadlines") or ()
            )
            return ("paused", say("Clock paused"), "") if paused else ("ontime", say("No deadline"), "")
        soon = self.pack.soon_minutes if self.pack else 30
        left = (due_at - self.now).total_seconds() / 60
        mood: Mood = "overdue" if left < 0 else "soon" if left <= soon else "ontime"
        return (
            mood,
            self.speech.left(due_at, self.now),
            self.until(standing, due_at),
        )

    def pending(self, standing: Standing) -> str:
        """What the outbox will do to it, "" for nothing."""
        if not standing.pending:
            return ""
        last = standing.pending[-1]
        words = self.speech.say(ACTION_WORDS.get(last.kind, last.kind))
        if last.state == "held":
            return self.speech.say("“{act}” waits for the office to decide", act=words)
        if last in standing.refused:
            return self.speech.say(
                "“{act}” noted here; the case has moved on meanwhile, the office will decide", act=words
            )
        if not last.waits:
            return self.speech.say("“{act}” has arrived", act=words)
        return self.speech.say("“{act}” noted here, waits to be sent", act=words)

    # Whole views -----------------------------------------------------------------------------------------

    def row(self, standing: Standing, photo_id: str) -> CaseRow:
        """The case in a list."""
        mood, due, note = self.deadline(standing)
        metres, point = self.metres(standing), self.point(standing)
        place = self.place(standing) + (f" · {self.speech.metres(metres)}" if metres is not None else "")
        return CaseRow(
            standing.case_id,
            self.title(standing),
            place,
            mood,
            due,
            note,
            photo_id,
            self.pending(standing),
            *(point or (None, None)),
        )

    def case(self, standing: Standing, photos: tuple[PhotoView, ...]) -> CaseView:
        """The case on its own page."""
        mood, due, note = self.deadline(standing)
        clock, state, say = self.running(standing), standing.facts.state, self.speech.say
        if clock and mood in ("ontime", "soon", "overdue"):
            due = f"{say(CLOCK_WORDS[clock['kind']])} · {due}"
        step, point = STEP_OF.get(state, 1), self.point(standing)
        acts = self.acts(standing)
        accuracy = (standing.body.get("location") or {}).get("accuracy_m")
        return CaseView(
            standing.case_id,
            self.matter(standing),
            self._line(standing),
            mood,
            due,
            note,
            self._facts(standing),
            photos,
            say("Step {n} of {all} · {name}", n=step, all=len(STEPS), name=say(STEP_WORDS[STEPS[step - 1]])),
            self._steps(standing),
            acts,
            ""
            if any(act.primary for act in acts)
            else say(OTHERS_DO.get(state, ""))
            if state in OTHERS_DO
            else "",
            self.pending(standing),
            point[0] if point else None,
            point[1] if point else None,
            accuracy,
        )

    def _line(self, standing: Standing) -> str:
        category, _condition = self.category(standing)
        number = standing.body.get("number") or self.speech.say("number follows")
        return " · ".join([number, *([category.code] if category else []), self.grid(standing)])

    def _facts(self, standing: Standing) -> tuple[Fact, ...]:
        say, body = self.speech.say, standing.body
        _category, condition = self.category(standing)
        reported = moment(body.get("reported_at")) or (
            standing.pending[0].made_at if standing.pending else None
        )
        hands = [
            body[who].get("name", "") for who in ("handler", "holder") if isinstance(body.get(who), dict)
        ]
        accuracy = (body.get("location") or {}).get("accuracy_m")
        found = (
            (say("Place"), self.place(standing) + (f" (±{accuracy} m)" if accuracy else "")),
            (say("What was seen"), body.get("description") or standing.origin.get("description") or ""),
            (say("Condition for closing"), self.speech.named(condition.closing) if condition else ""),
            (say("State"), say(STATE_WORDS[standing.facts.state]) if standing.facts.state else ""),
            (
                say("In whose hands"),
                say("{handler}; {holder} answers for it", handler=hands[0], holder=hands[1])
                if len(hands) == 2
                else "".join(hands),
            ),
            (say("Reported"), self.speech.moment(reported, self.now) if reported else ""),
        )
        return tuple(Fact(name, words) for name, words in found if words)

    def _steps(self, standing: Standing) -> tuple[StepView, ...]:
        told = [self._told(event) for event in standing.body.get("events") or ()]
        return (*told, *(self._local(entry) for entry in standing.pending))

    def _told(self, event: dict[str, Any]) -> StepView:
        action, at = event.get("action", ""), moment(event.get("acted_at") or event.get("received_at"))
        who = " · ".join(part for part in (event.get("organisation_name"), event.get("actor_name")) if part)
        words = "\n".join(part for part in (who, event.get("text")) if part)
        return StepView(
            ICONS.get(action, "info"),
            self.speech.say(ACTION_WORDS.get(action, action)),
            words,
            self.speech.moment(at, self.now) if at else "",
        )

    def _local(self, entry: Entry) -> StepView:
        said = next(
            (
                entry.payload[name]
                for name in ("done", "text", "unmet", "reason", "note", "description")
                if entry.payload.get(name)
            ),
            "",
        )
        return StepView(
            ICONS.get(entry.kind, "info"),
            self.speech.say(ACTION_WORDS.get(entry.kind, entry.kind)),
            said,
            self.speech.moment(entry.made_at, self.now),
            local=True,
        )

    # Acts ------------------------------------------------------------------------------------------------

    def acts(self, standing: Standing) -> tuple[Act, ...]:
        """The buttons: what the table allows, the one that waits for this person first."""
        rows = list({row.action: row for row in self.rows(standing)}.values())
        todo = self.todo(standing)
        rows.sort(key=lambda row: (row.action != todo, row.action not in FORWARD))
        about = self.category(standing)
        return tuple(act(row, self.pack, *about, row.action == todo, self.speech) for row in rows)
