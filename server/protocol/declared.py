"""Declaring a payload's fields: each says how it is read from the wire, and whether it stands beside the chain."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from server.protocol.fields import (
    LONG,
    MOST_ATTACHMENTS,
    MOST_BYTES,
    SHA256,
    SHORT,
    BadCommand,
    plain,
    read_object,
    read_text,
    read_uuid,
    read_when,
    read_whole,
)

MIMES = ("image/jpeg", "image/png", "image/webp")
STAGES = ("before", "during", "after", "inspection")
MOST_PARTS, MOST_CALLED, MOST_ANSWERS, MOST_DISPATCHERS = 10, 10, 60, 10_000
Reader = Callable[[dict[str, Any], str], Any]


def read_by(reader: Reader, default: Any, private: bool = False) -> Any:
    return field(default=default, metadata={"read": reader, "private": private})


def text(required: bool = False, longest: int = LONG) -> Any:
    """Free text: personal by nature, so it stands beside the chain."""
    return read_by(lambda raw, name: read_text(raw, name, longest, required), "", private=True)


def short(required: bool = False, otherwise: str = "", key: str = "") -> Any:
    """A code or a name."""
    return read_by(
        lambda raw, name: read_text(raw, key or name, SHORT, required) or otherwise, otherwise, private=False
    )


def choice(choices: tuple[str, ...], required: bool = False) -> Any:
    """One of some words."""

    def read(raw: dict[str, Any], name: str) -> str:
        value = read_text(raw, name, SHORT, required)
        if value and value not in choices:
            raise BadCommand(
                "Field {field} must be one of {choices}.", field=name, choices=", ".join(choices)
            )
        return value

    return read_by(read, "")


def when(required: bool = False) -> Any:
    """A moment with its zone."""

    def read(raw: dict[str, Any], name: str) -> datetime | None:
        if raw.get(name) in (None, ""):
            if required:
                raise BadCommand("Field {field} is missing.", field=name)
            return None
        return read_when(raw[name], name)

    return read_by(read, None)


def codes(most: int, required: bool = False) -> Any:
    """Some codes, as a list or as text with commas."""

    def read(raw: dict[str, Any], name: str) -> tuple[str, ...]:
        given = raw.get(name) or ()
        if isinstance(given, str):
            given = [part.strip() for part in given.split(",")]
        listed = given if isinstance(given, list | tuple) else [None] * (most + 1)
        found = tuple(dict.fromkeys(plain(item) for item in listed if item))
        if len(listed) > most:
            raise BadCommand("Field {field} must be a list of at most {limit}.", field=name, limit=most)
        if required and not found:
            raise BadCommand("Field {field} is missing.", field=name)
        return found

    return read_by(read, ())


def commitments() -> Any:
    """SHA-256 of salted words, by the number of the event that carries them."""

    def read(raw: dict[str, Any], name: str) -> dict[str, str]:
        given = read_object(raw.get(name) or {}, name)
        if len(given) > MOST_ANSWERS:
            raise BadCommand(
                "Field {field} must be a list of at most {limit}.", field=name, limit=MOST_ANSWERS
            )
        for n, told in given.items():
            if not (n.isdigit() and isinstance(told, str) and SHA256.match(told)):
                raise BadCommand("Field {field} must be 64 hexadecimal digits.", field=f"{name}.{plain(n)}")
        return dict(given)

    return field(default_factory=dict, metadata={"read": read, "private": False})


def photos(required: bool = False) -> Any:
    """Declared evidence."""
    return read_by(lambda raw, name: _attachments(raw, required), ())


def category(part: str) -> Any:
    """`category` is {"system", "code"} or one text; `part` says which piece of it the field takes."""

    def read(raw: dict[str, Any], _name: str) -> str:
        category = raw.get("category")
        if isinstance(category, dict):
            return "" if part == "text" else read_text(category, part, SHORT)
        return read_text(raw, "category", SHORT) if part == "text" else ""

    return read_by(read, "")


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


def _form(raw: dict[str, Any], name: str) -> dict[str, str]:
    given = read_object(raw.get(name) or {}, name)
    if len(given) > MOST_ANSWERS:
        raise BadCommand("Field {field} must be a list of at most {limit}.", field=name, limit=MOST_ANSWERS)
    return {plain(key): read_text(given, key) for key in given if given[key] not in (None, "")}


def answers() -> Any:
    """Answers to the category's own questions: personal as likely as not, so beside the chain."""
    return field(default_factory=dict, metadata={"read": _form, "private": True})
