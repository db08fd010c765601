"""A case in memory while commands are applied to it: its row, its clocks, its cycle, and what must be written."""

import uuid
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from server.clock import Due
from server.protocol.pack import Limit
from server.protocol.workflow import Facts


@dataclass
class Clock:
    """One row of deadlines."""

    kind: str
    limit_min: int
    time_kind: str
    started_at: datetime
    due_at: datetime
    provisional: bool = False
    paused_at: datetime | None = None
    stopped_at: datetime | None = None
    escalations: int = 0
    cycle: int = 1

    @classmethod
    def begin(cls, kind: str, limit: Limit, started_at: datetime, due: Due, cycle: int) -> "Clock":
        return cls(kind, limit.minutes, limit.time_kind, started_at, due.at, due.provisional, cycle=cycle)

    @property
    def running(self) -> bool:
        return self.stopped_at is None and self.paused_at is None


@dataclass
class Cycle:
    """One life of a case from report (or reopening) to its end; every rate counts these."""

    case_id: uuid.UUID
    n: int
    opened_at: datetime
    registered_at: datetime | None = None
    dispatched_at: datetime | None = None
    handled_at: datetime | None = None
    passed_at: datetime | None = None
    handle_due_at: datetime | None = None
    handler_id: int | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: str | None = None
    on_time: bool | None = None
    reworks: int = 0
    wrong_dispatches: int = 0
    evasions: int = 0
    self_handled: bool = False

    def end(self, at: datetime, kind: str) -> None:
        self.ended_at, self.ended_as = at, kind


@dataclass
class CaseState:
    """The columns of `cases`, in the database's words."""

    id: uuid.UUID
    number: str
    pack_version: int
    category_system: str
    category_code: str
    place_status: str
    district_id: int
    holder_id: int
    source: str
    reported_at: datetime
    received_at: datetime
    changed_at: datetime
    acted_at: datetime
    state: str = ""
    version: int = 0
    moved_version: int = 0
    cycle: int = 1
    category_text: str = ""
    condition: str = ""
    severity: str = "normal"
    title: str = ""
    description: str = ""
    lon_e7: int | None = None
    lat_e7: int | None = None
    accuracy_m: int | None = None
    crs_source: str = ""
    place_candidates: list[str] = field(default_factory=list)
    street_id: int | None = None
    community_id: int | None = None
    grid_id: int | None = None
    boundary_version: int | None = None
    handler_id: int | None = None
    helper_id: int | None = None
    reporter_id: int | None = None
    dispatched_by: int | None = None
    asked_return: bool = False
    external_id: str | None = None
    tags: list[str] = field(default_factory=list)
    self_handled: bool = False
    due_at: datetime | None = None
    due_provisional: bool = False
    next_due_at: datetime | None = None
    next_clock: str | None = None
    closed_at: datetime | None = None
    close_kind: str | None = None
    last_hash: str = ""

    @property
    def nodes(self) -> tuple[int | None, int | None, int | None, int | None]:
        return (self.district_id, self.street_id, self.community_id, self.grid_id)

    def facts(self) -> Facts:
        """What the transition table asks."""
        return Facts(
            self.state, self.nodes, self.handler_id, self.reporter_id, self.dispatched_by, self.asked_return
        )

    def snapshot(self) -> dict[str, Any]:
        """The fields whose change an event records (old -> new)."""
        return {name: getattr(self, name) for name in RECORDED}


COLUMNS = tuple(f.name for f in fields(CaseState))
RECORDED = (
    "category_system",
    "category_code",
    "condition",
    "severity",
    "district_id",
    "street_id",
    "community_id",
    "grid_id",
    "holder_id",
    "handler_id",
    "asked_return",
    "close_kind",
    "cycle",
    "tags",
    "self_handled",
)
MOVED_BY = ("state", "holder_id", "handler_id", "grid_id", "community_id", "street_id", "district_id")


@dataclass
class Working:
    """A case being worked on in one transaction."""

    case: CaseState
    cycle: Cycle
    clocks: dict[str, Clock]
    is_new: bool = False
    touched: bool = False
    photos_waiting: int = 0
    touched_clocks: set[tuple[int, str]] = field(default_factory=set)
    earlier_cycles: list[Cycle] = field(default_factory=list)
    earlier_clocks: list[Clock] = field(default_factory=list)
