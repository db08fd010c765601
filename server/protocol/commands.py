"""Commands: one act of one person on one case, as sealed on a tablet or made by another door.

Adding a command = one dataclass in `payloads.py`, one line in COMMAND_TYPES, one handler in `server/cases/effects.py`,
one example in the protocol document. Reading raises BadCommand, whose sentence says what is wrong and where.
"""

import math
import uuid
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from server.protocol import payloads as p
from server.protocol.fields import BadCommand, plain, read_object, read_uuid, read_when, read_whole
from server.protocol.hats import Actor
from server.protocol.payloads import Payload
from server.protocol.wire import body_text, sha256

LEVELS, MOST_VERSION = 4, 2**31 - 1


# Systems whose degrees are taken as they are: CGCS2000 counts as equal.
AS_THEY_ARE = ("EPSG:4326", "EPSG:4490")
# A device whose clock is further off does not say when something was done.
CLOCK_TOLERANCE_MS = 300_000


def clock_trusted(offset_ms: float | None) -> bool:
    """Whether a device's clock was right when it sent; `offset_ms` = its time minus the server's, None where unsaid."""
    return offset_ms is not None and abs(offset_ms) <= CLOCK_TOLERANCE_MS


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
        if not isinstance(raw, dict):
            return cls()
        lon: Any = raw.get("lon")
        lat: Any = raw.get("lat")
        crs = plain(raw.get("crs"))
        usable = _degrees(lon, 180) and _degrees(lat, 90) and crs in AS_THEY_ARE
        return cls(
            lon=float(lon) if usable else None,
            lat=float(lat) if usable else None,
            accuracy_m=_metres(raw.get("accuracy_m")),
            provider=plain(raw.get("provider")),
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


COMMAND_TYPES: dict[str, type[Payload]] = {
    "report": p.Report,
    "part": p.Part,
    "self_handle": p.SelfHandle,
    "record": p.Record,
    "send_verify": p.Note,
    "verify": p.Verify,
    "register": p.Register,
    "decline": p.Reason,
    "ask": p.Ask,
    "answer": p.Answer,
    "time_out": Payload,
    "merge": p.Merge,
    "dispatch": p.Dispatch,
    "assign_anyway": p.Dispatch,
    "dispatch_down": p.Note,
    "take": p.Note,
    "claim": Payload,
    "split": p.Split,
    "forward": p.Forward,
    "accept": Payload,
    "ask_return": p.Reason,
    "uphold_return": p.Reason,
    "refuse_return": p.Reason,
    "recall": p.Reason,
    "make_safe": p.Note,
    "whistle": p.Whistle,
    "arrive": p.Note,
    "ask_help": p.Ask,
    "answer_help": p.Answer,
    "notice": p.Notice,
    "recheck": p.Recheck,
    "enforce": p.Enforce,
    "enforced": p.Handle,
    "ask_extension": p.Reason,
    "grant_extension": p.Reason,
    "refuse_extension": p.Reason,
    "ask_suspension": p.Reason,
    "suspend": p.Reason,
    "refuse_suspension": p.Reason,
    "resume": p.Note,
    "handle": p.Handle,
    "parts_done": p.PartsDone,
    "answer_outside": p.Handle,
    "pass": p.Pass,
    "fail": p.Fail,
    "cannot_inspect": p.Reason,
    "absent": Payload,
    "close": p.Note,
    "send_back": p.Reason,
    "reopen": p.Reason,
    "rate": p.Rate,
    "appeal": p.Reason,
    "uphold_appeal": p.Reason,
    "reject_appeal": p.Reason,
    "sample": p.Sample,
    "escalate": p.Escalate,
    "hand_down": p.Reason,
    "supervise": p.Supervise,
    "answer_supervision": p.Answer,
    "change": p.Change,
    "contact": p.Text,
    "reply": p.Text,
    "callback": p.Callback,
    "comment": p.Text,
    "add_evidence": p.AddEvidence,
    "cancel": p.Reason,
    "redact": p.Redact,
    "recompute": p.Recompute,
    "reroute": p.Reroute,
}


@dataclass(frozen=True)
class Decided:
    """What the office decided about a held act, as the chain keeps it. `actors` = in whose right it may be done, the
    first whom the table lets: its author, then who decides.
    """

    held: uuid.UUID
    choice: str
    act: str
    author: int | None
    made_at: str
    received_at: str
    by: int
    organisation: int
    actors: tuple[Actor, ...] = ()

    @property
    def decider(self) -> Actor:
        """Who decided, as far as the separation of duties asks."""
        return Actor(self.by, "", organisation=self.organisation)

    def chained(self) -> dict[str, Any]:
        """The event's account of it: ids, codes and times."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("actors", "held")}
        return {"held": str(self.held), **told}


@dataclass(frozen=True)
class Command:
    """One act of one person on one case, as it was sealed. `origin`: tablet, console, api, import, system.

    `district_id` is set by the edge (the author's district, or the importer's). `clock_trusted` is false when the
    device's clock was more than five minutes off. `hold` is a reason why the edge wants a person to decide first.
    `actor` is set by a door that lets in somebody who is no person of ours (a resident, an outside party by its link).
    `offset_ms` = how far the device's clock was before the server's when it sent; `said_grid` = id (None outside all)
    and code of the grid that the device itself found. `decided` is set where the office decided about a held act.
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
    actor: Actor | None = None
    offset_ms: int | None = None
    said_grid: tuple[int | None, str] | None = None
    decided: Decided | None = None


def read_payload(kind: str, raw: Any) -> Payload:
    """The payload of a command of `kind`; BadCommand names the field that is wrong."""
    if kind not in COMMAND_TYPES:
        raise BadCommand("There is no act called {kind}.", kind=str(kind)[:50])
    return COMMAND_TYPES[kind].read(read_object(raw if raw is not None else {}, "payload"))


def read_command(raw: dict[str, Any], origin: str, device_id: uuid.UUID | None, **edge: Any) -> Command:
    """A command of the sync wire (sync.md), every field checked; `edge` = what the edge knows of it.

    What is kept of it is the text over which its hash is taken.
    """
    text = body_text(raw)
    return Command(
        command_id=read_uuid(raw.get("command_id"), "command_id"),
        kind=str(raw.get("kind")),
        case_id=read_uuid(raw.get("case_id"), "case_id"),
        payload=read_payload(str(raw.get("kind")), raw.get("payload")),
        body_hash=sha256(text),
        origin=origin,
        person_id=read_whole(raw.get("person_id"), "person_id"),
        device_id=device_id,
        seq=read_whole(raw.get("seq"), "seq", 1),
        base_version=read_whole(raw.get("base_version") or 0, "base_version", most=MOST_VERSION),
        made_at=read_when(raw.get("made_at"), "made_at"),
        depends_on=read_uuid(raw["depends_on"], "depends_on") if raw.get("depends_on") else None,
        position=Position.read(raw.get("position")),
        source="patrol",
        raw=text,
        said_grid=_said_grid(raw.get("place")),
        **edge,
    )


def _said_grid(place: Any) -> tuple[int | None, str] | None:
    """The grid that the tablet itself found; what cannot be read says nothing."""
    if not isinstance(place, dict):
        return None
    code, nodes = place.get("grid"), place.get("nodes")
    if not isinstance(code, str) or not isinstance(nodes, list) or len(nodes) != LEVELS:
        return None
    node = nodes[-1]
    if not (node is None or (isinstance(node, int) and not isinstance(node, bool))):
        return None
    return node, plain(code)
