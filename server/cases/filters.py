"""What a list of cases is asked for: the console's filter bar, the API's query, and the links behind figures."""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from server.errors import BadInput
from server.protocol.wire import read_time, time_text
from server.protocol.workflow import OPEN, STATES
from server.reports.measures import LEVELS

BOARDS = ("unverified", "soon", "overdue", "returned", "held", "outside", "photos", "replies", "called", "supervised",
          "waiting", "suspended", "elsewhere")  # fmt: skip
# Where somebody else has it for a while: a question is out, it is suspended or with the law, outside, or in parts.
RESTING = {
    "waiting": ("waiting",),
    "suspended": ("suspended", "enforcing"),
    "elsewhere": ("forwarded", "split"),
}


@dataclass(frozen=True)
class Filters:
    """One question to the list. Blank = not asked. `state`: states, or "open". `from_`, `to`: inclusive local dates.

    With `basis` the list is exactly what a figure counted (`server/reports/counted.py` reads those words): its cycles,
    as they stood at `as_of`; `level` is then what `outside` lies in none of.
    """

    state: tuple[str, ...] = ()
    grid: str = ""
    category: str = ""
    overdue: bool | None = None
    source: str = ""
    crew: str = ""
    q: str = ""
    from_: date | None = None
    to: date | None = None
    outside: bool | None = None
    level: str = ""
    board: str = ""
    bbox: tuple[float, float, float, float] | None = None
    basis: str = ""
    counted: str = ""
    undispatched: bool | None = None
    system: str = ""
    responsible: str = ""
    unexcused: bool | None = None
    as_of: datetime | None = None

    @classmethod
    def from_query(cls, params: Mapping[str, str]) -> "Filters":
        """From URL parameters; BadInput names the one that is wrong. Unknown names are left alone."""
        try:
            return cls(
                state=_states(params.get("state", "")),
                **{
                    name: params.get(name, "").strip()[:200]
                    for name in ("grid", "category", "source", "crew", "q", "system", "responsible")
                },
                overdue=_yes_no(params, "overdue"),
                outside=_yes_no(params, "outside"),
                level=_one_of(params, "level", tuple(LEVELS)),
                from_=_day(params, "from"),
                to=_day(params, "to"),
                board=_one_of(params, "board", BOARDS),
                bbox=_bbox(params.get("bbox", "")),
                basis=params.get("basis", ""),
                counted=params.get("counted", ""),
                undispatched=_yes_no(params, "undispatched"),
                unexcused=_yes_no(params, "unexcused"),
                as_of=read_time(params["as_of"]) if params.get("as_of") else None,
            )
        except ValueError as error:
            raise BadInput("The filter cannot be read: {detail}.", detail=error) from None

    def to_query(self) -> str:
        """The URL parameters that ask this again."""
        pairs: list[tuple[str, str]] = []
        for f in fields(self):
            value = getattr(self, f.name)
            if value in (None, "", ()):
                continue
            if isinstance(value, bool):
                value = "true" if value else "false"
            elif isinstance(value, tuple):
                value = ",".join(str(v) for v in value)
            elif isinstance(value, datetime):
                value = time_text(value)
            pairs.append((f.name.rstrip("_"), str(value)))
        return urlencode(pairs)

    def elsewhere(self) -> "Filters":
        """The same question about the whole map."""
        return replace(self, bbox=None)

    def without_board(self) -> "Filters":
        """The same question with the board spelled out as the filters that it stands for."""
        plain = replace(self, board="")
        return {
            "unverified": replace(plain, state=("reported",)),
            "overdue": replace(plain, overdue=True, state=plain.state or OPEN),
            "outside": replace(plain, outside=True, state=plain.state or OPEN),
            "soon": replace(plain, state=plain.state or OPEN),
            "held": replace(plain, state=plain.state or OPEN),
            "called": replace(plain, state=plain.state or OPEN),
            "supervised": replace(plain, state=plain.state or OPEN),
            **{board: replace(plain, state=states) for board, states in RESTING.items()},
        }.get(self.board, plain)

    @property
    def only_open(self) -> bool:
        """Whether only open cases are asked for, which are listed by deadline; all others newest first."""
        return bool(self.state) and set(self.state) <= set(OPEN) and not self.basis


def _states(text: str) -> tuple[str, ...]:
    wanted = [word for word in text.split(",") if word]
    if wanted == ["open"]:
        return OPEN
    for word in wanted:
        if word not in STATES:
            raise ValueError(f"state {word!r} does not exist")
    return tuple(wanted)


def _one_of(params: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = params.get(name, "")
    if value and value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}")
    return value


def _yes_no(params: Mapping[str, str], name: str) -> bool | None:
    value = params.get(name, "")
    if value not in ("", "true", "false", "1", "0"):
        raise ValueError(f"{name} must be true or false")
    return None if value == "" else value in ("true", "1")


def _day(params: Mapping[str, str], name: str) -> date | None:
    return date.fromisoformat(params[name]) if params.get(name) else None


def _bbox(text: str) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    parts = [float(part) for part in text.split(",")]
    if len(parts) != 4 or not all(abs(p) <= 180 for p in parts):
        raise ValueError("bbox must be west,south,east,north in degrees")
    return parts[0], parts[1], parts[2], parts[3]


def local_span(from_: date | None, to: date | None, timezone: str) -> tuple[datetime | None, datetime | None]:
    """The half-open span of inclusive local dates."""
    zone = ZoneInfo(timezone)
    start = datetime.combine(from_, time(), zone) if from_ else None
    end = datetime.combine(to + timedelta(days=1), time(), zone) if to else None
    return start, end


def write_key(phase: str, at: datetime, case_id: uuid.UUID) -> str:
    """An opaque key of the last row of a page."""
    return (
        base64.urlsafe_b64encode(json.dumps([phase, time_text(at), str(case_id)]).encode())
        .decode()
        .rstrip("=")
    )


def read_key(key: str) -> tuple[str, datetime, uuid.UUID]:
    """What `write_key` made; BadInput for anything else."""
    try:
        phase, at, case_id = json.loads(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
        return str(phase), read_time(at), uuid.UUID(case_id)
    except (ValueError, TypeError):
        raise BadInput("The page key “after” is not one that this list gave.") from None
