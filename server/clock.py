"""Deadlines: one pure function from start, limit and kind of clock to the moment when time is up. No database."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.protocol.pack import Limit


@dataclass(frozen=True)
class Due:
    """When a clock runs out; `provisional` when a year that nobody has declared yet was crossed."""

    at: datetime
    provisional: bool = False


def due(start: datetime, limit: Limit, timezone: str) -> Due:
    """When `limit` from `start` (aware) is over.

    emergency and seat: continuous minutes. calendar: whole days end at the close of the last local day, so a limit of
    two days given on Monday ends on Wednesday at 24:00 local time; a part of a day counts as continuous minutes.
    Working time needs the calendar of working days and is refused until a pack can have one.
    """
    if limit.time_kind in ("emergency", "seat"):
        return Due(start + timedelta(minutes=limit.minutes))
    if limit.time_kind == "calendar":
        days, minutes = divmod(limit.minutes, 1440)
        zone = ZoneInfo(timezone)
        last_day = (start.astimezone(zone) + timedelta(days=days, minutes=minutes)).date()
        return Due(datetime.combine(last_day + timedelta(days=1), time(), zone).astimezone(start.tzinfo))
    raise ValueError(f"no clock for {limit.time_kind} time")


def shifted(due_at: datetime, paused_at: datetime, resumed_at: datetime) -> datetime:
    """The deadline after a pause: later by as long as the clock stood, never earlier."""
    return due_at + max(resumed_at - paused_at, timedelta(0))
