"""What photographs may cost on a link that is paid by the byte: commands always go, pictures by the hour."""

from collections.abc import Callable

from mobile.core.clockwork import Clock

BYTES_AN_HOUR = 20 * 1024 * 1024
HOUR_S = 3600.0


class Meter:
    """Lets pictures through; on a metered link only so many bytes an hour. `hurry`: the worker asked for it."""

    def __init__(self, metered: Callable[[], bool], clock: Clock) -> None:
        self._metered, self._clock = metered, clock
        self._left, self._at = float(BYTES_AN_HOUR), clock.steady()
        self.hurry = False

    def allows(self, size: int) -> bool:
        """Whether `size` bytes may go now; those that may are counted. One larger than the hour's goes alone."""
        if self.hurry or not self._metered():
            return True
        now = self._clock.steady()
        grown = max(0.0, now - self._at) * BYTES_AN_HOUR / HOUR_S
        self._left, self._at = min(float(BYTES_AN_HOUR), self._left + grown), now
        if self._left < min(size, BYTES_AN_HOUR):
            return False
        self._left -= size
        return True
