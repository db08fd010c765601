"""A case in memory while commands are applied to it: its row, its clocks, its cycle, and what must be written."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any

from server.clock import Calendar, Due, Pause, due
from server.protocol.hats import Facts
from server.protocol.pack import Limit

# How often a missed deadline goes one level up.
ESCALATIONS = 2
# Noted on a case that was reported for a resident: whoever reported it, a resident is owed a reply.
RESIDENT_WAITS = "resident_waits"


def stands(paused_at: Any, due_at: Any) -> bool:
    """Whether a clock was paused before its time, so that nobody knows when it is due; moments, or texts of them."""
    return paused_at is not None and bool(paused_at <= due_at)


@dataclass
class Clock:
    """One row of deadlines. `pauses` = from, to, from, to …; a pause that goes on is `paused_at`.

    `granted_min` = what extensions added to the original limit; `escalate_at` = when, missed, it goes up next.
    """

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
    pauses: list[datetime] = field(default_factory=list)
    granted_min: int = 0
    escalate_at: datetime | None = None

    @classmethod
    def begin(
        cls,
        kind: str,
        limit: Limit,
        started_at: datetime,
        calendar: Calendar,
        cycle: int,
        goes_up: bool = False,
    ) -> "Clock":
        """A clock that starts; `goes_up`: it is escalated when it is missed."""
        clock = cls(kind, limit.minutes, limit.time_kind, started_at, started_at, cycle=cycle)
        clock.escalate_at = started_at if goes_up else None
        clock.reckon(calendar)
        return clock

    def end_at(self, moment: datetime) -> None:
        """A moment that a person named counts itself, not the whole minutes until then."""
        self.due_at, self.escalate_at = moment, self.escalate_at and moment

    @property
    def running(self) -> bool:
        return self.stopped_at is None and self.paused_at is None

    def spans(self) -> list[Pause]:
        """The pauses that have ended."""
        return list(zip(self.pauses[::2], self.pauses[1::2], strict=True))

    def reckon(self, calendar: Calendar) -> None:
        """Computes the deadline anew from start, limit, extensions and pauses, and when it goes up."""
        found = self._due(calendar)
        self.due_at, self.provisional = found.at, found.provisional
        if self.escalate_at is not None:
            self.escalate_at = self._due(calendar, self.escalations).at if self.escalations else self.due_at

    def _due(self, calendar: Calendar, limits_more: int = 0) -> Due:
        minutes = self.limit_min * (1 + limits_more) + self.granted_min
        return due(self.started_at, Limit(minutes, self.time_kind), calendar, self.spans())

    def escalated(self, calendar: Calendar) -> None:
        """It was missed and has gone up; it does so again after one more original limit, then no more."""
        self.escalations += 1
        last = self.escalations >= ESCALATIONS
        self.escalate_at = None if last else self._due(calendar, self.escalations).at

    def resume(self, at: datetime, calendar: Calendar) -> None:
        """Goes on after a pause."""
        if self.paused_at is not None:
            self.pauses = [*self.pauses, self.paused_at, max(self.paused_at, at)]
            self.paused_at = None
            self.reckon(calendar)


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
    extensions: int = 0
    suspended: bool = False
    assigned_anyway: bool = False
    handle_started_at: datetime | None = None
    reply_due_at: datetime | None = None
    replied_at: datetime | None = None
    callback: str | None = None
    solved: bool | None = None
    rating: int | None = None
    sampled: str | None = None
    excused: bool = False

    def end(self, at: datetime, kind: str) -> None:
        self.ended_at, self.ended_as = at, kind

    def facts_since(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The facts that are not as in `before`, or not as in a cycle of which nothing is known yet."""
        said = vars(self)
        return {name: said[name] for name, blank in FACTS.items() if said[name] != before.get(name, blank)}


# The facts of a cycle with what they are before an event says otherwise.
FACTS: dict[str, Any] = {
    f.name: None if f.default is MISSING else f.default
    for f in fields(Cycle)
    if f.name not in ("case_id", "n")
}


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
    reporter_id: int | None = None
    flags: list[str] = field(default_factory=list)
    helpers: list[int] = field(default_factory=list)
    dispatchers: list[int] = field(default_factory=list)
    holder_level: int = 0
    parent_id: uuid.UUID | None = None
    survivor_id: uuid.UUID | None = None
    payer: str = ""
    form: dict[str, str] = field(default_factory=dict)
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

    def facts(self, now: datetime) -> Facts:
        """What the transition table asks at `now`."""
        pressing = self.next_due_at if self.next_clock in ("handle", "whole") else None
        return Facts(
            self.state,
            self.nodes,
            self.handler_id,
            self.reporter_id,
            frozenset(self.dispatchers),
            frozenset(self.flags),
            frozenset(self.helpers),
            self.holder_id,
            self.holder_level,
            any(at is not None and at < now for at in (self.due_at, pressing)),
            str(self.id),
        )

    def put_flags(self, flags: Iterable[str]) -> None:
        """The flags of the present cycle, in an order that does not depend on chance."""
        self.flags = sorted(set(flags))


COLUMNS = tuple(f.name for f in fields(CaseState))
# The fields whose change an event records (old -> new). Moments are in its clocks and cycle, words beside it.
RECORDED = (
    "pack_version",
    "source",
    "reporter_id",
    "lon_e7",
    "lat_e7",
    "accuracy_m",
    "place_status",
    "boundary_version",
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
    "flags",
    "helpers",
    "dispatchers",
    "payer",
    "parent_id",
    "survivor_id",
    "close_kind",
    "cycle",
    "tags",
    "self_handled",
)
MOVED_BY = (
    "state",
    "holder_id",
    "handler_id",
    "grid_id",
    "community_id",
    "street_id",
    "district_id",
    "flags",
)


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


def _readers(kind: type) -> dict[str, Callable[[Any], Any]]:
    """How a column comes back from JSON: moments and ids from text, everything else as it is."""
    told = {f.name: str(f.type) for f in fields(kind)}
    found: dict[str, Callable[[Any], Any]] = {}
    for name, annotation in told.items():
        if annotation.startswith("list[datetime"):
            found[name] = lambda texts: [datetime.fromisoformat(text) for text in texts]
        elif "datetime" in annotation:
            found[name] = datetime.fromisoformat
        elif "UUID" in annotation:
            found[name] = uuid.UUID
    return found


COLUMNS_OF = {kind: tuple(f.name for f in fields(kind)) for kind in (CaseState, Cycle, Clock)}
READERS_OF = {kind: _readers(kind) for kind in (CaseState, Cycle, Clock)}


def _read(kind: Any, row: Mapping[str, Any]) -> Any:
    values = {name: row[name] for name in COLUMNS_OF[kind]}
    for name, reader in READERS_OF[kind].items():
        if values[name] is not None:
            values[name] = reader(values[name])
    return kind(**values)


def read_work(raw: Mapping[str, Any]) -> Working:
    """A case with its present cycle and clocks, out of what `load_batch` gives."""
    clocks = {row["kind"]: _read(Clock, row) for row in raw["clocks"] or ()}
    return Working(
        _read(CaseState, raw["case"]),
        _read(Cycle, raw["cycle"]),
        clocks,
        photos_waiting=raw["photos_waiting"],
    )
