"""The outbox: everything not yet confirmed, and what can be done about it."""

from dataclasses import dataclass
from typing import Literal

from mobile.core.views.basics import Mood


@dataclass(frozen=True)
class NextStep:
    """What the worker may do about an outbox item, handed back to `outbox_act`. `asks_reason`: a sentence is needed.

    `edit` answers with a draft: the window opens the report screen.
    """

    step: Literal["edit", "ask_office", "discard", "seen", "open_case", "undo", "let_go"]
    label: str
    icon: str = ""
    asks_reason: bool = False


@dataclass(frozen=True)
class OutboxItem:
    command_id: str
    icon: str
    mood: Mood  # overdue and soon mean "needs you" here
    status: str
    title: str
    since: str
    why: str
    steps: tuple[NextStep, ...] = ()
    case_id: str = ""


@dataclass(frozen=True)
class OutboxView:
    """Everything not yet confirmed, in three groups, and a sentence about each; `done` is for the empty outbox."""

    needs_you: tuple[OutboxItem, ...]
    changed: tuple[OutboxItem, ...]
    waiting: tuple[OutboxItem, ...]
    needs_you_note: str
    changed_note: str
    waiting_note: str
    done: str
