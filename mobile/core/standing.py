"""How a case stands on this tablet: the server's last word with the own pending commands replayed over it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from mobile.core.outbox import Entry
from server.protocol import workflow
from server.protocol.hats import ASKED_FLAG, CALLED_FLAG, NEW, Actor, Facts
from server.protocol.pack import Pack
from server.protocol.wire import read_time
from server.protocol.workflow import Narrowing

# What an act takes from its organisation's to-dos: the call that it came to, the question that it answered.
ANSWERS = {"arrive": CALLED_FLAG, "answer_help": ASKED_FLAG}
TAKES, CHANGES_HOLDER = frozenset({"take", "claim"}), frozenset({"escalate", "hand_down", "dispatch_down"})


@dataclass(frozen=True)
class Standing:
    """A case as this tablet sees it. `body` is the server's JSON ({} for a report that it does not have yet),
    `facts` include the pending commands, `refused` those of them that the table no longer allows.
    """

    case_id: str
    version: int
    body: dict[str, Any] = field(hash=False)
    facts: Facts
    pending: tuple[Entry, ...] = ()
    refused: tuple[Entry, ...] = ()

    @property
    def origin(self) -> dict[str, Any]:
        """The payload of the report when the server has not sent the case yet."""
        return self.pending[0].payload if self.pending and not self.body else {}


def standing_of(
    case_id: str,
    version: int,
    body: dict[str, Any],
    entries: Sequence[Entry],
    actor: Actor,
    narrowing: Narrowing,
) -> Standing:
    """The case with those of its commands replayed that the server's word does not hold yet."""
    facts = facts_of(body)
    replayed: list[Entry] = []
    refused: list[Entry] = []
    for entry in entries:
        if entry.version and entry.version <= version:
            continue  # it has come down already
        after = None if entry.state == "held" else replay(facts, entry, actor, narrowing)
        if after is None:
            refused.append(entry)
        else:
            facts = after
        replayed.append(entry)
    return Standing(case_id, version, body, facts, tuple(replayed), tuple(refused))


def facts_of(body: dict[str, Any]) -> Facts:
    """What the table asks, out of a case's JSON; a case that is not there yet has the state NEW."""
    raw = body.get("facts") or {}
    nodes = [*(raw.get("nodes") or ()), None, None, None, None][:4]
    return Facts(
        raw.get("state", body.get("state", NEW)),
        (nodes[0], nodes[1], nodes[2], nodes[3]),
        raw.get("handler"),
        raw.get("reporter"),
        frozenset(raw.get("dispatchers") or ()),
        frozenset(raw.get("flags") or ()),
        frozenset(raw.get("helpers") or ()),
        raw.get("holder"),
        raw.get("holder_level") or 0,
        bool(raw.get("overdue")),
        str(raw.get("id") or ""),
    )


def replay(facts: Facts, entry: Entry, actor: Actor, narrowing: Narrowing) -> Facts | None:
    """The facts after a command of ours, None when the table does not allow it here any more."""
    if facts.state == NEW:
        nodes = (entry.command.get("place") or {}).get("nodes") or [None] * 4
        facts = replace(facts, reporter=actor.person, nodes=tuple(nodes))
    given = {name: value for name, value in entry.payload.items() if isinstance(value, str)}
    row, _ = workflow.find(facts, entry.kind, actor, given, narrowing)
    return None if row is None else _beyond_the_table(workflow.after(row, facts), entry.kind, actor)


def _beyond_the_table(facts: Facts, action: str, actor: Actor) -> Facts:
    """What an act does beside state and flags, as far as this tablet can know it: whose the case is now."""
    if action in TAKES:
        return replace(facts, handler=actor.organisation)
    if action in CHANGES_HOLDER:
        return replace(facts, holder=None)  # the office knows which one it went to
    if action in ANSWERS:
        return replace(facts, flags=facts.flags - {f"{ANSWERS[action]}{actor.organisation}"})
    return facts


def narrowing_of(pack: Pack | None) -> Narrowing:
    """What the pack takes away from the table."""
    return Narrowing.of(pack.without, pack.narrow) if pack else workflow.WHOLE_TABLE


def actor_of(raw: dict[str, Any]) -> Actor:
    """Who this tablet's person is to the table, from the enrolment's `person.actor`."""
    return Actor(
        raw.get("person"),
        raw.get("role", ""),
        frozenset(raw.get("duties") or ()),
        raw.get("organisation"),
        frozenset(raw.get("nodes") or ()),
    )


def moment(text: str | None) -> datetime | None:
    """A time of the wire, None for none."""
    return read_time(text).astimezone(UTC) if text else None
