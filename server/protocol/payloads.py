"""What each kind of command carries: one dataclass a shape.

A field is declared once: `text()`, `short()`, `when()` … say how it is read from the wire; free text and what is
personal goes beside the chain, not into it.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any

from server.protocol.declared import (
    MOST_CALLED,
    MOST_DISPATCHERS,
    MOST_PARTS,
    Attachment,
    answers,
    category,
    choice,
    codes,
    commitments,
    photos,
    read_by,
    short,
    text,
    when,
)
from server.protocol.fields import SHORT, BadCommand, read_object
from server.protocol.workflow import CLOSE_KINDS

# What every report may say in its form beside the category's own questions: for whom it is made. Personal, so it is
# masked wherever a case is shown.
ON_BEHALF = "on_behalf"
# And which component it is about, by the code that the register of facilities gives it: of a thing, not of a person.
COMPONENT = "component"
CONTACT = ("contact_name", "contact_phone", ON_BEHALF)


@dataclass(frozen=True)
class Payload:
    """Base of all payloads, and the payload of an act that says nothing more."""

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Payload":
        """From the wire, every field checked; BadCommand names the one that is wrong."""
        return cls(**{name: read(raw, name) for name, read in readers_of(cls)})  # type: ignore[arg-type]

    @property
    def private(self) -> tuple[str, ...]:
        """The fields that go beside the chain."""
        return private_of(type(self))  # type: ignore[arg-type]

    def given(self) -> dict[str, str]:
        """The text fields, for rows that choose by one of them."""
        return {name: value for name, value in vars(self).items() if isinstance(value, str)}


# mypy asks whether the instances of a class can be hashed, where the class itself is the key.


@cache
def private_of(kind: type[Payload]) -> tuple[str, ...]:
    """The fields of a kind of payload that go beside the chain."""
    return tuple(f.name for f in fields(kind) if f.metadata["private"])


@cache
def readers_of(kind: type[Payload]) -> tuple[tuple[str, Callable[[dict[str, Any], str], Any]], ...]:
    """How each field of a kind of payload is read from the wire."""
    return tuple((f.name, f.metadata["read"]) for f in fields(kind))


@dataclass(frozen=True)
class Report(Payload):
    """A new case. A category that the pack does not know is kept as it came and filed under "other"."""

    system: str = category("system")
    code: str = category("code")
    category_text: str = category("text")
    condition: str = short()
    title: str = text(longest=SHORT)
    description: str = text()
    grid_code: str = short()
    done: str = text()
    form: dict[str, str] = answers()
    attachments: tuple[Attachment, ...] = photos()


@dataclass(frozen=True)
class SelfHandle(Report):
    """Reported and mended on the spot: the shortest path."""

    done: str = text(required=True)


@dataclass(frozen=True)
class AskedPart(Report):
    """One part that a case is to be split into: its own category and words, and to which crew it goes at once."""

    crew: str = short()


@dataclass(frozen=True)
class Part(AskedPart):
    """One part of a split case, at its parent's place."""

    parent: str = short(required=True)


@dataclass(frozen=True)
class Record(Report):
    """History, or another system's case, as it stood there. `opened_at` is when it was reported."""

    status: str = choice(("open", "closed"), required=True)
    opened_at: datetime | None = when(required=True)
    closed_at: datetime | None = when()
    due_at: datetime | None = when()
    tags: tuple[str, ...] = codes(MOST_CALLED)


@dataclass(frozen=True)
class Note(Payload):
    """An act with a few words, if any."""

    note: str = text()
    attachments: tuple[Attachment, ...] = photos()


@dataclass(frozen=True)
class Verify(Note):
    """What was found on the spot: true, not there, or another matter, which is then named."""

    finding: str = choice(("true", "not_found", "other_category"), required=True)
    system: str = category("system")
    code: str = category("code")
    category_text: str = category("text")


@dataclass(frozen=True)
class Register(Payload):
    """Makes it a numbered case under one condition of its category, which sets the limit."""

    condition: str = short()


@dataclass(frozen=True)
class Reason(Payload):
    """An act that must be explained (optional where the table says so); `until` where it has an end."""

    reason: str = text()
    until: datetime | None = when()


@dataclass(frozen=True)
class Escalate(Reason):
    """One level up. `clock` names the deadline that was missed when the system does it."""

    clock: str = short()


@dataclass(frozen=True)
class Ask(Payload):
    """A question to the reporter, or to another organisation."""

    question: str = text(required=True)
    organisation: str = short()
    until: datetime | None = when()
    attachments: tuple[Attachment, ...] = photos()


@dataclass(frozen=True)
class Answer(Payload):
    """What was answered."""

    answer: str = text()
    attachments: tuple[Attachment, ...] = photos()


@dataclass(frozen=True)
class Merge(Payload):
    """The same matter as another case: its number."""

    survivor: str = short(required=True)


@dataclass(frozen=True)
class Dispatch(Payload):
    """To which crew: the code of a handling organisation of the district. `payer` and `reason` where nobody's it is."""

    crew: str = short(required=True)
    reason: str = text()
    payer: str = choice(("public", "fund", "responsible", "owner", "unclear"))


def _parts(raw: dict[str, Any], name: str) -> tuple[AskedPart, ...]:
    given = raw.get(name)
    if not isinstance(given, list) or not 2 <= len(given) <= MOST_PARTS:
        raise BadCommand("Field {field} must be a list of 2 to {limit}.", field=name, limit=MOST_PARTS)
    read = (AskedPart.read(read_object(item, f"{name}[{i}]")) for i, item in enumerate(given))
    return tuple(part for part in read if isinstance(part, AskedPart))


@dataclass(frozen=True)
class Split(Payload):
    """The parts that it is split into, each a case of its own."""

    parts: tuple[AskedPart, ...] = read_by(_parts, (), private=True)


@dataclass(frozen=True)
class PartsDone(Payload):
    """All parts are done; who dispatched one of them (ids of people) dispatched the whole case."""

    dispatchers: tuple[str, ...] = codes(MOST_DISPATCHERS)


@dataclass(frozen=True)
class Forward(Payload):
    """To which outside party (the code of an organisation of that kind); it answers by a link until then."""

    outside: str = short(required=True)
    note: str = text()
    until: datetime | None = when()


@dataclass(frozen=True)
class Whistle(Reason):
    """Departments are called to the spot: codes of organisations."""

    called: tuple[str, ...] = codes(MOST_CALLED, required=True)


@dataclass(frozen=True)
class Notice(Payload):
    """Somebody is told to put it right until then."""

    party: str = text(required=True)
    demand: str = text(required=True)
    until: datetime | None = when(required=True)
    attachments: tuple[Attachment, ...] = photos()


@dataclass(frozen=True)
class Recheck(Note):
    """Whether what was demanded was done."""

    result: str = choice(("done", "not_done"), required=True)


@dataclass(frozen=True)
class Enforce(Payload):
    """Goes the way of the law: the document's number and its term."""

    document: str = text(required=True)
    until: datetime | None = when(required=True)


@dataclass(frozen=True)
class Handle(Payload):
    """What was done, with its evidence; a declared photo is enough, its bytes may still be on the way."""

    done: str = text(required=True)
    attachments: tuple[Attachment, ...] = photos()


@dataclass(frozen=True)
class Pass(Note):
    """The condition for closing is met; which kind of closing it will be."""

    close_kind: str = choice(CLOSE_KINDS, required=True)


@dataclass(frozen=True)
class Fail(Payload):
    """Which condition for closing is not met; counts as rework."""

    unmet: str = text(required=True)
    attachments: tuple[Attachment, ...] = photos()


@dataclass(frozen=True)
class Rate(Note):
    """How the reporter found it, 1 to 5."""

    stars: str = choice(("1", "2", "3", "4", "5"), required=True)


@dataclass(frozen=True)
class Sample(Payload):
    """What a second look at a case mended on the spot found."""

    result: str = choice(("uphold", "void"), required=True)
    finding: str = text(required=True)


@dataclass(frozen=True)
class Supervise(Payload):
    """What is demanded of the case's holder, and until when."""

    demand: str = text(required=True)
    until: datetime | None = when(required=True)


@dataclass(frozen=True)
class Change(Payload):
    """Another category, condition or place; its place comes as the command's position or as a grid's code."""

    reason: str = text(required=True)
    system: str = category("system")
    code: str = category("code")
    category_text: str = category("text")
    condition: str = short()
    grid_code: str = short()
    title: str = text(longest=SHORT)
    description: str = text()
    payer: str = choice(("public", "fund", "responsible", "owner", "unclear"))
    form: dict[str, str] = answers()


@dataclass(frozen=True)
class Text(Payload):
    """Words added to a case, or said to its reporter."""

    text: str = text(required=True)


@dataclass(frozen=True)
class Callback(Note):
    """What the reporter said when asked: satisfied, not, or not reached; and whether it is solved."""

    result: str = choice(("satisfied", "not_satisfied", "not_reached"), required=True)
    solved: str = choice(("yes", "no"))


@dataclass(frozen=True)
class AddEvidence(Note):
    """Photos added to a case."""

    attachments: tuple[Attachment, ...] = photos(required=True)


@dataclass(frozen=True)
class Redact(Payload):
    """Words or a photo were erased. `events`: by number of an event the commitment to what is left of its words."""

    reason: str = text(required=True)
    events: dict[str, str] = commitments()
    photo: str = short()


@dataclass(frozen=True)
class Reroute(Payload):
    """The boundaries changed: to whom the case's place belongs now. `grid_code` where it has no point of its own."""

    boundary_version: str = short(required=True)
    grid_code: str = short()


@dataclass(frozen=True)
class Recompute(Payload):
    """Deadlines anew after the calendar or the limits changed; `pack_version` = whose limits count from now on."""

    cause: str = choice(("calendar", "limits"), required=True)
    pack_version: str = short()
