"""Time on the tablet: the device's wall clock, its steady clock, and how far the server's clock is from ours."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

WRONG_AFTER = timedelta(minutes=5)


class Clock(Protocol):
    """What the core reads time from; tests pass their own."""

    def now(self) -> datetime:
        """The device's wall clock, aware, UTC; it may be wrong and may jump."""
        ...

    def steady(self) -> float:
        """Seconds that only grow, over sleep too, until the device restarts."""
        ...


class DeviceClock:
    """The clocks of this device."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def steady(self) -> float:
        # BOOTTIME goes on while the tablet sleeps; MONOTONIC stands still then.
        return (
            time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
        )


def offset_of(server_time: datetime, asked: datetime, answered: datetime) -> timedelta:
    """Server minus device: the server's time is taken to be that of the middle of the round trip."""
    return server_time - (asked + (answered - asked) / 2)


def is_wrong(offset: timedelta) -> bool:
    """Whether the device's clock is far enough off to tell the worker."""
    return abs(offset) > WRONG_AFTER
