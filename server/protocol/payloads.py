"""What each kind of command carries: one dataclass a kind, every field checked when it is read."""

import uuid
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

from server.protocol.fields import (
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
STAGES = ("before", "during", "after")


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
    """Base of all payloads; `private` names the fields of free text that go beside the chain, not into it."""

    private: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Payload":
        """From the wire, every field checked."""
        return cls()

    def given(self) -> dict[str, str]:
        """The text fields, for rows that choose by one of them."""
        return {f.name: value for f in fields(self) if isinstance(value := getattr(self, f.name), str)}


@dataclass(frozen=True)
class Report(Payload):
    """A new case. A category that the pack does not know is kept as it came and filed under "other"."""

    system: str = ""
    code: str = ""
    category_text: str = ""
    condition: str = ""
    title: str = ""
    description: str = ""
    grid_code: str = ""
    done: str = ""
    attachments: tuple[Attachment, ...] = ()
    private: ClassVar[tuple[str, ...]] = ("title", "description", "done")

    @classmethod
    def read(cls, raw: dict[str, Any], done: bool = False) -> "Report":
        category = raw.get("category")
        if isinstance(category, dict):
            system, code, text = read_text(category, "system", SHORT), read_text(category, "code", SHORT), ""
        else:
            system, code, text = "", "", read_text(raw, "category", SHORT)
        return cls(
            system,
            code,
            text,
            read_text(raw, "condition", SHORT),
            read_text(raw, "title", SHORT),
            read_text(raw, "description"),
            read_text(raw, "grid_code", SHORT),
            read_text(raw, "done", required=done),
            _attachments(raw),
        )


@dataclass(frozen=True)
class SelfHandle(Report):
    """Reported and mended on the spot: the shortest path."""

    @classmethod
    def read(cls, raw: dict[str, Any], done: bool = True) -> "SelfHandle":
        return cls(**vars(super().read(raw, done)))


@dataclass(frozen=True)
class Record(Report):
    """History, or another system's case, as it stood there. `opened_at` is when it was reported."""

    status: str = "open"
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    due_at: datetime | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def read(cls, raw: dict[str, Any], done: bool = False) -> "Record":
        if raw.get("status") not in ("open", "closed"):
            raise BadCommand(
                "Field {field} must be one of {choices}.", field="status", choices="open, closed"
            )
        names = ("opened_at", "closed_at", "due_at")
        opened, closed, due = (read_when(raw[name], name) if raw.get(name) else None for name in names)
        if opened is None:
            raise BadCommand("Field {field} is missing.", field="opened_at")
        told = vars(Report.read(raw))
        tags = tuple(str(tag)[:SHORT] for tag in raw.get("tags") or ())
        return cls(**told, status=raw["status"], opened_at=opened, closed_at=closed, due_at=due, tags=tags)


@dataclass(frozen=True)
class Register(Payload):
    """Makes it a numbered case under one condition of its category, which sets the limit."""

    condition: str = ""

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Register":
        return cls(read_text(raw, "condition", SHORT))


@dataclass(frozen=True)
class Reason(Payload):
    """An act that must be explained (optional where the table says so)."""

    reason: str = ""
    private: ClassVar[tuple[str, ...]] = ("reason",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Reason":
        return cls(read_text(raw, "reason"))


@dataclass(frozen=True)
class Escalate(Reason):
    """One level up. `clock` names the deadline that was missed when the system does it."""

    clock: str = ""

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Escalate":
        return cls(read_text(raw, "reason"), read_text(raw, "clock", SHORT))


@dataclass(frozen=True)
class Dispatch(Payload):
    """To which crew: the code of a handling organisation of the district."""

    crew: str = ""

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Dispatch":
        return cls(read_text(raw, "crew", SHORT, required=True))


@dataclass(frozen=True)
class Handle(Payload):
    """What was done, with its evidence; a declared photo is enough, its bytes may still be on the way."""

    done: str = ""
    attachments: tuple[Attachment, ...] = ()
    private: ClassVar[tuple[str, ...]] = ("done",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Handle":
        return cls(read_text(raw, "done", required=True), _attachments(raw))


@dataclass(frozen=True)
class Pass(Payload):
    """The condition for closing is met; which kind of closing it will be."""

    close_kind: str = "fixed"
    note: str = ""
    attachments: tuple[Attachment, ...] = ()
    private: ClassVar[tuple[str, ...]] = ("note",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Pass":
        kind = read_text(raw, "close_kind", SHORT) or "fixed"
        if kind not in CLOSE_KINDS:
            raise BadCommand(
                "Field {field} must be one of {choices}.", field="close_kind", choices=", ".join(CLOSE_KINDS)
            )
        return cls(kind, read_text(raw, "note"), _attachments(raw))


@dataclass(frozen=True)
class Fail(Payload):
    """Which condition for closing is not met; counts as rework."""

    unmet: str = ""
    attachments: tuple[Attachment, ...] = ()
    private: ClassVar[tuple[str, ...]] = ("unmet",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Fail":
        return cls(read_text(raw, "unmet", required=True), _attachments(raw))


@dataclass(frozen=True)
class Close(Payload):
    """The duty officer's closing of a passed inspection."""

    note: str = ""
    private: ClassVar[tuple[str, ...]] = ("note",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Close":
        return cls(read_text(raw, "note"))


@dataclass(frozen=True)
class Comment(Payload):
    """Words added to a case."""

    text: str = ""
    private: ClassVar[tuple[str, ...]] = ("text",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Comment":
        return cls(read_text(raw, "text", required=True))


@dataclass(frozen=True)
class AddEvidence(Payload):
    """Photos added to a case."""

    attachments: tuple[Attachment, ...] = ()
    note: str = ""
    private: ClassVar[tuple[str, ...]] = ("note",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "AddEvidence":
        return cls(_attachments(raw, required=True), read_text(raw, "note"))
