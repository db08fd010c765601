"""Whose tablet it is and how it stands: settings, the link to the office, what is wrong, what is told."""

from dataclasses import dataclass
from typing import Literal

from mobile.core.views.basics import Mood


@dataclass(frozen=True)
class Settings:
    """What the worker chose for this tablet; kept by the core."""

    language: str = "zh-CN"  # zh-CN | en
    text_size: float = 1.0  # 1.0 | 1.2 | 1.4
    theme: str = "day"  # day | night | sun


@dataclass(frozen=True)
class PersonView:
    """Whose tablet this is. `place` is the path down the tree ("柳荫街道 › 杏花社区"), `grids` the grids in words."""

    name: str
    role: str
    organisation: str
    place: str
    grids: str
    grid_codes: tuple[str, ...]


@dataclass(frozen=True)
class LockView:
    """What stands on the lock screen. `wrong` is "" before a wrong PIN; while `wait_s` lasts no PIN is taken."""

    name: str
    place: str
    waiting: str
    wrong: str
    wait_s: float
    digits: int


@dataclass(frozen=True)
class LinkView:
    """How the line to the office stands. "stopped": enrolment expired, revoked or an update is needed."""

    state: Literal["online", "offline", "syncing", "stopped"]
    sentence: str
    brief: str = ""  # for the bar, where the sentence is too long for it


@dataclass(frozen=True)
class NoticeView:
    """A strip that says what is wrong, what still works, and one thing to do (`act` names it, "" for none)."""

    icon: str
    mood: Mood
    title: str
    words: str
    act: Literal["", "me", "outbox", "enrol", "place"] = ""
    act_label: str = ""


@dataclass(frozen=True)
class MessageView:
    """One thing that the worker was told, in the words of the office; `case_id` is "" when that case is not here."""

    number: str
    case_id: str
    sentence: str
    urgent: bool
    at: str
    icon: str = "info"
    unread: bool = False
    document_id: str = ""  # of a notice or document, which is opened instead of a case
    in_outbox: bool = False  # it is about an act of this tablet that stands in its outbox


@dataclass(frozen=True)
class Fact:
    name: str
    words: str


@dataclass(frozen=True)
class MeView:
    """What this tablet knows about its worker, item by item."""

    place: str  # name, organisation, device
    sync_note: str
    storage_note: str
    storage_left: str
    knows: tuple[Fact, ...]
    record_number: str  # 备案编号 of the app
