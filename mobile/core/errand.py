"""The errand that never ends: a round whenever something was captured, now and then, and as soon as the office answers.

Whether there is a network is not asked of the platform; its word is a hint to look. What counts is a small answer in
our own envelope. Where the errand runs (a thread, a foreground service) is the affair of mobile/platform.
"""

import logging
import random
import threading
from datetime import timedelta

from mobile.core.clockwork import Clock
from mobile.core.outbox import Outbox
from mobile.core.syncer import Syncer

POLL_S = 30.0
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0
log = logging.getLogger(__name__)


class Errand:
    """Makes the syncer's rounds, one after another, until it is stopped."""

    def __init__(self, syncer: Syncer, outbox: Outbox, clock: Clock) -> None:
        self._syncer, self._outbox, self._clock = syncer, outbox, clock
        self._wake, self._ended = threading.Event(), threading.Event()

    def run(self) -> None:
        """Goes on until `stop`; a fault of ours does not end it."""
        while not self._ended.is_set():
            self._wake.clear()
            self.turn()
            # A server that asked for patience gets it, whatever is captured meanwhile.
            (self._ended if self._syncer.patience else self._wake).wait(self.pause())

    def turn(self) -> None:
        """One round; after a failed one only when the office answers a small question first."""
        try:
            if not self._syncer.failures or self._syncer.reachable():
                self._syncer.round()
        except Exception:
            # A fault of ours must not end the syncing of what was captured: say it and try again later.
            log.exception("the round broke off")
            self._syncer.broke_off()

    def begin(self) -> None:
        """It may run again."""
        self._ended.clear()

    def stop(self) -> None:
        """Ends it; a round that is under way is finished first."""
        self._ended.set()
        self._wake.set()

    def nudge(self) -> None:
        """Something was captured, or the platform thinks that there is a network: look now."""
        self._wake.set()

    def pause(self) -> float:
        """Seconds until the next try: the poll, the end of an undo, or after failures twice as long each time."""
        failures = self._syncer.failures
        if failures:
            longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures - 1, 20))
            jittered = random.uniform(longest / 2, longest)  # noqa: S311 (jitter, not a secret)
            return max(self._syncer.patience, jittered)
        if self._syncer.called_off:
            return LONGEST_WAIT_S
        due = self._outbox.next_due()
        if due is None:
            return POLL_S
        return min(POLL_S, max(0.2, (due - self._clock.now()) / timedelta(seconds=1)))
