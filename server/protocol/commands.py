"""Commands: one dataclass a kind, read from the wire with every field checked.

Adding a command = one dataclass here, one line in COMMAND_TYPES, one handler in `server/cases/effects.py`, one example
in the protocol document. Reading raises BadCommand, whose sentence says what is wrong and where.
"""

import math
import re
import uuid
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

from server.protocol.wire import read_time
from server.protocol.workflow import CLOSE_KINDS

SHORT, LONG, MOST_ATTACHMENTS = 200, 4000, 20
MIMES = ("image/jpeg", "image/png", "image/webp")
STAGES = ("before", "during", "after")
MOST_BYTES = 30_000_000
_SHA256 = re.compile(r"^[0-9a-f]{64}$")


class BadCommand(ValueError):
    """A command that can never be applied: `code`, an English sentence (msgid) and its parameters."""

    def __init__(self, sentence: str, **params: Any) -> None:
        super().__init__(sentence.format(**params))
        self.code, self.sentence, self.params = "bad_command", sentence, params


def _text(payload: dict[str, Any], name: str, longest: int = LONG, required: bool = False) -> str:
    value = payload.get(name)
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise BadCommand("Field {field} must be text.", field=name)
    value = value.replace("\x00", "").strip()
    if required and not value:
        raise BadCommand("Field {field} is missing.", field=name)
    if len(value) > longest:
        raise BadCommand("Field {field} is longer than {limit} characters.", field=name, limit=longest)
    return value


def _uuid(value: Any, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise BadCommand("Field {field} must be a UUID.", field=name) from None


def _time(value: Any, name: str) -> datetime:
    try:
        return read_time(value)
    except ValueError:
        raise BadCommand("Field {field} must be a time with a zone.", field=name) from None


def _whole(value: Any, name: str, least: int = 0, most: int = 2**53) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadCommand(
            "Field {field} must be a whole number from {least} to {most}.", field=name, least=least, most=most
        )
    return value


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadCommand("Field {field} must be an object.", field=name)
    return value


@dataclass(frozen=True)
class Position:
    """Where the device was or what the hand chose: degrees (EPSG:4326), metres, seconds; None = unknown.

    Routing uses the degrees as they came; the case and the chain keep whole 1e-7° (about 1 cm).
    """

    lon: float | None = None
    lat: float | None = None
    accuracy_m: int | None = None
    provider: str = ""
    fix_age_s: int | None = None
    is_mock: bool = False
    placed_by_hand: bool = False
    crs: str = ""

    @property
    def lon_e7(self) -> int | None:
        return None if self.lon is None else round(self.lon * 1e7)

    @property
    def lat_e7(self) -> int | None:
        return None if self.lat is None else round(self.lat * 1e7)

    @classmethod
    def read(cls, raw: Any) -> "Position":
        """From the wire. A position that cannot be used is kept as unknown, never a reason to refuse a report."""
        if raw is None:
            return cls()
        raw = _object(raw, "position")
        lon, lat = raw.get("lon"), raw.get("lat")
        crs = str(raw.get("crs") or "")[:SHORT]
        usable = _degrees(lon, 180) and _degrees(lat, 90) and crs in ("EPSG:4326", "EPSG:4490")
        return cls(
            lon=float(lon) if usable else None,
            lat=float(lat) if usable else None,
            accuracy_m=_metres(raw.get("accuracy_m")),
            provider=str(raw.get("provider") or "")[:SHORT],
            fix_age_s=_metres(raw.get("fix_age_s")),
            is_mock=raw.get("is_mock") is True,
            placed_by_hand=raw.get("placed_by_hand") is True,
            crs=crs,
        )

    def chained(self) -> dict[str, Any]:
        """What the chain keeps of it: no floats."""
        return {
            "lon_e7": self.lon_e7,
            "lat_e7": self.lat_e7,
            "accuracy_m": self.accuracy_m,
            "provider": self.provider,
            "fix_age_s": self.fix_age_s,
            "is_mock": self.is_mock,
            "placed_by_hand": self.placed_by_hand,
            "crs": self.crs,
        }


def _degrees(value: Any, most: int) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) <= most
    )


def _metres(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return min(math.ceil(value), 10_000_000)


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
        item = _object(item, where)
        if not isinstance(item.get("sha256"), str) or not _SHA256.match(item["sha256"]):
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
                _uuid(item.get("id"), f"{where}.id"),
                item["sha256"],
                _whole(item.get("bytes"), f"{where}.bytes", 1, MOST_BYTES),
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
            system, code, text = _text(category, "system", SHORT), _text(category, "code", SHORT), ""
        else:
            system, code, text = "", "", _text(raw, "category", SHORT)
        return cls(
            system,
            code,
            text,
            _text(raw, "condition", SHORT),
            _text(raw, "title", SHORT),
            _text(raw, "description"),
            _text(raw, "grid_code", SHORT),
            _text(raw, "done", required=done),
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
        opened, closed, due = (_time(raw[name], name) if raw.get(name) else None for name in names)
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
        return cls(_text(raw, "condition", SHORT))


@dataclass(frozen=True)
class Reason(Payload):
    """An act that must be explained (optional where the table says so)."""

    reason: str = ""
    private: ClassVar[tuple[str, ...]] = ("reason",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Reason":
        return cls(_text(raw, "reason"))


@dataclass(frozen=True)
class Escalate(Reason):
    """One level up. `clock` names the deadline that was missed when the system does it."""

    clock: str = ""

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Escalate":
        return cls(_text(raw, "reason"), _text(raw, "clock", SHORT))


@dataclass(frozen=True)
class Dispatch(Payload):
    """To which crew: the code of a handling organisation of the district."""

    crew: str = ""

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Dispatch":
        return cls(_text(raw, "crew", SHORT, required=True))


@dataclass(frozen=True)
class Handle(Payload):
    """What was done, with its evidence; a declared photo is enough, its bytes may still be on the way."""

    done: str = ""
    attachments: tuple[Attachment, ...] = ()
    private: ClassVar[tuple[str, ...]] = ("done",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Handle":
        return cls(_text(raw, "done", required=True), _attachments(raw))


@dataclass(frozen=True)
class Pass(Payload):
    """The condition for closing is met; which kind of closing it will be."""

    close_kind: str = "fixed"
    note: str = ""
    attachments: tuple[Attachment, ...] = ()
    private: ClassVar[tuple[str, ...]] = ("note",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Pass":
        kind = _text(raw, "close_kind", SHORT) or "fixed"
        if kind not in CLOSE_KINDS:
            raise BadCommand(
                "Field {field} must be one of {choices}.", field="close_kind", choices=", ".join(CLOSE_KINDS)
            )
        return cls(kind, _text(raw, "note"), _attachments(raw))


@dataclass(frozen=True)
class Fail(Payload):
    """Which condition for closing is not met; counts as rework."""

    unmet: str = ""
    attachments: tuple[Attachment, ...] = ()
    private: ClassVar[tuple[str, ...]] = ("unmet",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Fail":
        return cls(_text(raw, "unmet", required=True), _attachments(raw))


@dataclass(frozen=True)
class Close(Payload):
    """The duty officer's closing of a passed inspection."""

    note: str = ""
    private: ClassVar[tuple[str, ...]] = ("note",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Close":
        return cls(_text(raw, "note"))


@dataclass(frozen=True)
class Comment(Payload):
    """Words added to a case."""

    text: str = ""
    private: ClassVar[tuple[str, ...]] = ("text",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "Comment":
        return cls(_text(raw, "text", required=True))


@dataclass(frozen=True)
class AddEvidence(Payload):
    """Photos added to a case."""

    attachments: tuple[Attachment, ...] = ()
    note: str = ""
    private: ClassVar[tuple[str, ...]] = ("note",)

    @classmethod
    def read(cls, raw: dict[str, Any]) -> "AddEvidence":
        return cls(_attachments(raw, required=True), _text(raw, "note"))


COMMAND_TYPES: dict[str, type[Payload]] = {
    "report": Report,
    "self_handle": SelfHandle,
    "record": Record,
    "register": Register,
    "decline": Reason,
    "dispatch": Dispatch,
    "accept": Payload,
    "ask_return": Reason,
    "uphold_return": Reason,
    "refuse_return": Reason,
    "recall": Reason,
    "handle": Handle,
    "pass": Pass,
    "fail": Fail,
    "close": Close,
    "reopen": Reason,
    "escalate": Escalate,
    "comment": Comment,
    "add_evidence": AddEvidence,
}


@dataclass(frozen=True)
class Command:
    """One act of one person on one case, as it was sealed. `origin`: tablet, console, api, import, system.

    `district_id` is set by the edge (the author's district, or the importer's). `clock_trusted` is false when the
    device's clock was more than five minutes off. `hold` is a reason why the edge wants a person to decide first.
    """

    command_id: uuid.UUID
    kind: str
    case_id: uuid.UUID
    payload: Payload
    body_hash: str
    origin: str
    person_id: int | None = None
    device_id: uuid.UUID | None = None
    seq: int | None = None
    base_version: int | None = None
    made_at: datetime | None = None
    depends_on: uuid.UUID | None = None
    position: Position = Position()
    source: str = ""
    external_id: str | None = None
    district_id: int | None = None
    clock_trusted: bool = True
    hold: str = ""
    raw: str = ""


def read_payload(kind: str, raw: Any) -> Payload:
    """The payload of a command of `kind`; BadCommand names the field that is wrong."""
    if kind not in COMMAND_TYPES:
        raise BadCommand("There is no act called {kind}.", kind=str(kind)[:50])
    return COMMAND_TYPES[kind].read(_object(raw if raw is not None else {}, "payload"))


def read_command(
    raw: dict[str, Any], origin: str, body_hash: str, device_id: uuid.UUID | None, text: str
) -> Command:
    """A command of the sync wire (sync.md), every field checked; `text` is how it came."""
    return Command(
        command_id=_uuid(raw.get("command_id"), "command_id"),
        kind=str(raw.get("kind")),
        case_id=_uuid(raw.get("case_id"), "case_id"),
        payload=read_payload(str(raw.get("kind")), raw.get("payload")),
        body_hash=body_hash,
        origin=origin,
        person_id=_whole(raw.get("person_id"), "person_id"),
        device_id=device_id,
        seq=_whole(raw.get("seq"), "seq", 1),
        base_version=_whole(raw.get("base_version") or 0, "base_version"),
        made_at=_time(raw.get("made_at"), "made_at"),
        depends_on=_uuid(raw["depends_on"], "depends_on") if raw.get("depends_on") else None,
        position=Position.read(raw.get("position")),
        source="patrol",
        raw=text,
    )
