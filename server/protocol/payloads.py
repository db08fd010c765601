"""What each kind of command carries: one dataclass a shape, every field with the reader that checks it.

A field is declared once: `text()`, `short()`, `when()` … say how it is read from the wire, `private=True` that it is
free text or personal and goes beside the chain, not into it.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from server.protocol.fields import (
    LONG,
    MOST_ATTACHMENTS,
    MOST_BYTES,
    SHA256,
    SHORT,
    BadCommand,
    read_object,
    read_text,
    read_uuid,
    read_when,
    read_whole,
)
from server.protocol.workflow import CLOSE_KINDS

MIMES = ("image/jpeg", "image/png", "image/webp")
STAGES = ("before", "during", "after", "inspection")
MOST_PARTS, MOST_CALLED, MOST_ANSWERS = 10, 10, 60
Reader = Callable[[dict[str, Any], str], Any]


def _read_by(reader: Reader, default: Any, private: bool = False) -> Any:
    return field(default=default, metadata={"read": reader, "private": private})


def text(required: bool = False, longest: int = LONG) -> Any:
    """Free text: personal by nature, so it stands beside the chain."""
    return _read_by(lambda raw, name: read_text(raw, name, longest, required), "", private=True)


def short(required: bool = False, otherwise: str = "", key: str = "") -> Any:
    """A code or a name."""
    return _read_by(
        lambda raw, name: read_text(raw, key or name, SHORT, required) or otherwise, otherwise, private=False
    )


def choice(choices: tuple[str, ...], otherwise: str = "", required: bool = False) -> Any:
    """One of some words."""

    def read(raw: dict[str, Any], name: str) -> str:
        value = read_text(raw, name, SHORT, required) or otherwise
        if value and value not in choices:
            raise BadCommand(
                "Field {field} must be one of {choices}.", field=name, choices=", ".join(choices)
            )
        return value

    return _read_by(read, otherwise)


def when(required: bool = False) -> Any:
    """A moment with its zone."""

    def read(raw: dict[str, Any], name: str) -> datetime | None:
        if raw.get(name) in (None, ""):
            if required:
                raise BadCommand("Field {field} is missing.", field=name)
            return None
        return read_when(raw[name], name)

    return _read_by(read, None)


def codes(most: int, required: bool = False) -> Any:
    """Some codes, as a list or as text with commas."""

    def read(raw: dict[str, Any], name: str) -> tuple[str, ...]:
        given = raw.get(name) or ()
        if isinstance(given, str):
            given = [part.strip() for part in given.split(",")]
        listed = given if isinstance(given, list | tuple) else [None] * (most + 1)
        found = tuple(dict.fromkeys(str(item)[:SHORT] for item in listed if item))
        if len(listed) > most:
            raise BadCommand("Field {field} must be a list of at most {limit}.", field=name, limit=most)
        if required and not found:
            raise BadCommand("Field {field} is missing.", field=name)
        return found

    return _read_by(read, ())


def photos(required: bool = False) -> Any:
    """Declared evidence."""
    return _read_by(lambda raw, name: _attachments(raw, required), ())


def _category(part: str) -> Any:
    """`category` is {"system", "code"} or one text; `part` says which piece of it the field takes."""

    def read(raw: dict[str, Any], _name: str) -> str:
        category = raw.get("category")
        if isinstance(category, dict):
            return "" if part == "text" else read_text(category, part, SHORT)
        return read_text(raw, "category", SHORT) if part == "text" else ""

    return _read_by(read, "")


@dataclass(frozen=True)
class Attachment:
    """Declared evidence: its bytes follow by tus; `id` is made on the device."""

    id: uuid.UUID
    sha256: str
    bytes: int
    mime: str
    stage: str


def _attachments(payload: dict[str, Any], required: bool = False) -> tuple[Attachment, ...]:
    raw = payload.get("attachments") or []
    if not isinstance(raw, list) or len(raw) > MOST_ATTACHMENTS:
        raise BadCommand(
            "Field {field} must be a list of at most {limit}.", field="attachments", limit=MOST_ATTACHMENTS
        )
    if required and not raw:
        raise BadCommand("Field {field} is missing.", field="attachments")
    found = []
    for index, item in enumerate(raw):
        where = f"attachments[{index}]"
        item = read_object(item, where)
        if not isinstance(item.get("sha256"), str) or not SHA256.match(item["sha256"]):
            raise BadCommand("Field {field} must be 64 hexadecimal digits.", field=f"{where}.sha256")
        for name, choices in (("mime", MIMES), ("stage", STAGES)):
            if item.get(name) not in choices:
                raise BadCommand(
                    "Field {field} must be one of {choices}.",
                    field=f"{where}.{name}",
                    choices=", ".join(choices),
                )
        found.append(
            Attachment(
                read_uuid(item.get("id"), f"{where}.id"),
                item["sha256"],
                read_whole(item.get("bytes"), f"{where}.bytes", 1, MOST_BYTES),
                item["mime"],
                item["stage"],
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Payload:
    """Base of all payloads, and the payload of an act that says nothing more."""

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Payload":
        """From the wire, every field checked; BadCommand names the one that is wrong."""
        return cls(**{f.name: f.metadata["read"](raw, f.name) for f in fields(cls)})

    @property
    def private(self) -> tuple[str, ...]:
        """The fields that go beside the chain."""
        return tuple(f.name for f in fields(self) if f.metadata["private"])

    def given(self) -> dict[str, str]:
        """The text fields, for rows that choose by one of them."""
        return {f.name: value for f in fields(self) if isinstance(value := getattr(self, f.name), str)}


def _form(raw: dict[str, Any], name: str) -> dict[str, str]:
    given = read_object(raw.get(name) or {}, name)
    if len(given) > MOST_ANSWERS:
        raise BadCommand("Field {field} must be a list of at most {limit}.", field=name, limit=MOST_ANSWERS)
    return {str(key)[:SHORT]: read_text(given, key) for key in given if given[key] not in (None, "")}


@dataclass(frozen=True)
class Report(Payload):
    """A new case. A category that the pack does not know is kept as it came and filed under "other"."""

    system: str = _category("system")
    code: str = _category("code")
    category_text: str = _category("text")
    condition: str = short()
    title: str = text(longest=SHORT)
    description: str = text()
    grid_code: str = short()
    done: str = text()
    form: dict[str, str] = field(default_factory=dict, metadata={"read": _form, "private": True})
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
    system: str = _category("system")
    code: str = _category("code")
    category_text: str = _category("text")


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

    parts: tuple[AskedPart, ...] = _read_by(_parts, (), private=True)


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

    close_kind: str = choice(CLOSE_KINDS, otherwise="fixed")


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
    system: str = _category("system")
    code: str = _category("code")
    category_text: str = _category("text")
    condition: str = short()
    grid_code: str = short()
    title: str = text(longest=SHORT)
    description: str = text()
    payer: str = choice(("public", "fund", "responsible", "owner", "unclear"))
    form: dict[str, str] = field(default_factory=dict, metadata={"read": _form, "private": True})


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
class Recompute(Payload):
    """Deadlines anew after the calendar or the limits changed; `pack_version` = whose limits count from now on."""

    cause: str = choice(("calendar", "limits"), required=True)
    pack_version: str = short()
