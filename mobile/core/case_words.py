"""A case in words: what it is about, where, how it stands, and which acts the table offers this person."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mobile.core import act_order, deadline_words
from mobile.core.act_fields import on_a_tablet
from mobile.core.act_words import ActWords, action_word
from mobile.core.place import Places, metres_between
from mobile.core.speech import Speech
from mobile.core.standing import Standing, narrowing_of
from mobile.core.views import Act, CaseRow, Mood, Position
from server.protocol import workflow
from server.protocol.hats import Actor
from server.protocol.pack import Category, Condition, Pack
from server.protocol.words import STATE_WORDS
from server.protocol.workflow import FORWARD, Row


def _(msgid: str) -> str:
    return msgid


TODO_WORDS = {
    "verify": _("Verify"),
    "register": _("Register"),
    "answer": _("Answer the question"),
    "uphold_return": _("Judge return"),
    "grant_extension": _("Judge the request for time"),
    "suspend": _("Judge the suspension"),
    "uphold_appeal": _("Judge the appeal"),
    "dispatch": _("Dispatch"),
    "accept": _("Accept"),
    "arrive": _("Come to the spot"),
    "answer_help": _("Help is asked"),
    "recheck": _("Check the notice"),
    "enforced": _("With law enforcement"),
    "handle": _("Handle"),
    "answer_outside": _("Enter the answer"),
    "pass": _("Inspect"),
    "close": _("Close case"),
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

    def state_word(self, standing: Standing) -> str:
        """The state's name: the pack's own, the table's, or the server's for one that is newer than this tablet."""
        state = standing.facts.state
        own = self.pack.word("states", state, self.speech.language) if self.pack else ""
        if own or state in STATE_WORDS:
            return own or self.speech.say(STATE_WORDS[state])
        told = standing.body.get("state_word") if standing.body.get("state") == state else ""
        return str(told or state)

    def title(self, standing: Standing) -> str:
        """What is to be done, or the state; and what it is about."""
        todo = self.todo(standing)
        first = self.speech.say(TODO_WORDS[todo]) if todo in TODO_WORDS else self.state_word(standing)
        return f"{first} · {self.matter(standing)}"

    # Where ----------------------------------------------------------------------------------------------

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
        """The lowest node of the tree that it lies in."""
        nodes = (self.places.by_id.get(n) for n in reversed(standing.facts.nodes) if n is not None)
        node = next(filter(None, nodes), None)
        if node:
            return node.name
        return (standing.body.get("grid") or {}).get("name") or self.speech.say("outside all grids")

    def metres(self, standing: Standing) -> float | None:
        """How far it is from here."""
        point = self.point(standing)
        return (
            metres_between((self.position.lon, self.position.lat), point) if point and self.position else None
        )

    # When -----------------------------------------------------------------------------------------------

    def due_at(self, standing: Standing) -> datetime | None:
        """When the clock that presses now runs out."""
        return deadline_words.due_at(standing)

    def deadline(self, standing: Standing) -> tuple[Mood, str, str]:
        """How it stands, what is left in words, and the clock time of it."""
        soon = self.pack.soon_minutes if self.pack else 30
        return deadline_words.deadline(standing, self.state_word(standing), self.speech, self.now, soon)

    def pending(self, standing: Standing) -> str:
        """What the outbox will do to it, "" for nothing."""
        if not standing.pending:
            return ""
        last, say = standing.pending[-1], self.speech.say
        words = action_word(last.kind, self.pack, self.speech)
        if last.state == "held":
            return say("“{act}” waits for the office to decide", act=words)
        if last in standing.refused:
            return say(
                "“{act}” noted here; the case has moved on meanwhile, the office will decide", act=words
            )
        if not last.waits:
            return say("“{act}” has arrived", act=words)
        return say("“{act}” noted here, waits to be sent", act=words)

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

    # Acts -----------------------------------------------------------------------------------------------

    def _allowed(self, standing: Standing) -> list[Row]:
        """What the table and the pack allow this person now, one row an act."""
        if not standing.facts.state:
            return []
        facts = replace(standing.facts, overdue=deadline_words.overdue(standing, self.now))
        rows = workflow.allowed(facts, self.actor, narrowing_of(self.pack))
        # Rows of one action differ in what they lead to, not in what they ask.
        return list({row.action: row for row in rows}.values())

    def rows(self, standing: Standing) -> list[Row]:
        """What this person may do now on this tablet."""
        return [row for row in self._allowed(standing) if on_a_tablet(row)]

    def at_a_desk(self, standing: Standing) -> tuple[str, ...]:
        """The names of the acts that this person may do now, but for which a tablet knows too little."""
        rows = (row for row in self._allowed(standing) if not on_a_tablet(row))
        return tuple(action_word(row.action, self.pack, self.speech) for row in rows)

    def todo(self, standing: Standing) -> str:
        """The act that waits for this person, "" for none."""
        if standing.case_id not in self._todos:
            held = any(entry.state == "held" for entry in standing.refused)
            acts = {row.action for row in self.rows(standing)} if not held else set()
            self._todos[standing.case_id] = next((act for act in FORWARD if act in acts), "")
        return self._todos[standing.case_id]

    def danger(self, standing: Standing) -> bool:
        """Whether somebody may be hurt there: an emergency that nobody made safe."""
        _category, condition = self.category(standing)
        return bool(condition and condition.emergency) and "safe" not in standing.facts.flags

    def acts(self, standing: Standing) -> tuple[Act, ...]:
        """The buttons: the act that waits for this person, those that are natural now, the others."""
        rows, todo, danger = self.rows(standing), self.todo(standing), self.danger(standing)
        beside = act_order.near(rows, standing.facts.state, todo, danger)
        category, condition = self.category(standing)
        words = ActWords(self.pack, category, condition, self.speech, self.now)
        return tuple(
            words.act(
                row, row.action == todo, row.action in beside, danger=danger and row.action == "make_safe"
            )
            for row in act_order.ordered(rows, todo, beside)
        )
