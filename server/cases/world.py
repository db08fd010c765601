"""What an act may look at besides its case: the pack, the calendar, offices and organisations, who acts, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from server.cases.state import CaseState
from server.clock import Calendar
from server.crews.permission import Register
from server.protocol.hats import Actor
from server.protocol.pack import Pack


class Refused(Exception):
    """An act that cannot be done; `code` is a key of `sentences.SENTENCES`."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True)
class Office:
    """The office of a node; `staffed` when somebody has a membership in it now."""

    id: int
    code: str
    name: str
    staffed: bool = True


@dataclass(frozen=True)
class Organisation:
    """An organisation that an act names: a crew, a department, an outside party."""

    id: int
    code: str
    name: str
    kind: str
    serves: int
    register: Register


@dataclass
class World:
    """What an act may look at besides its case.

    `pack` is the version that the case was made under; of the one in force (`in_force`) come the limits of clocks.
    `survivor` = the case that this one is to be merged into; `decider` = who in the office let a held act take effect.
    `stood_in` collects the offices that were passed over because nobody is there: the event names them.
    """

    pack: Pack
    in_force: Pack
    calendar: Calendar
    offices: Mapping[int, Office]
    organisations: Mapping[str, Organisation]
    centre: int
    now: datetime
    acted_at: datetime
    actor: Actor
    action: str = ""
    place: Any = None
    survivor: CaseState | None = None
    position: Any = None
    later_pack: Pack | None = None
    decider: int | None = None
    ended_at: datetime | None = None
    stood_in: list[str] = field(default_factory=list)

    def office_at_or_above(self, nodes: tuple[int | None, ...], level: int) -> tuple[int, int]:
        """The staffed office of the node at `level`, or of the nearest level above that has one; (id, its level)."""
        for at in range(level, 0, -1):
            node = nodes[at]
            if node is None:
                continue
            office = self.offices.get(node)
            if office is not None and office.staffed:
                return office.id, at
            self.stood_in.append(office.name if office else f"level {at}")
        return self.centre, 0

    def is_community(self, organisation: int | None, nodes: tuple[int | None, ...]) -> bool:
        """Whether an organisation is the office of the community in which the case lies."""
        office = self.offices.get(nodes[2] or 0)
        return office is not None and office.id == organisation

    def office_below(self, nodes: tuple[int | None, ...], level: int) -> tuple[int, int] | None:
        """The nearest staffed office below `level`, down to the community."""
        for at in range(level + 1, 3):
            office = self.offices.get(nodes[at] or 0)
            if office is not None and office.staffed:
                return office.id, at
        return None
