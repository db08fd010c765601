"""Many simulated workers at a time: they capture, their tablets sync, and all that they captured is counted."""

import heapq
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mobile.core.outbox import WAITING
from mobile.sim.worker import Worker

AGAIN_S = 0.2  # a tablet whose round failed tries again after this much and more


@dataclass
class Tally:
    """What became of a crowd's captures. Seconds count from the moment from which everybody could send."""

    tablets: int = 0
    captured: int = 0
    states: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    done_after: list[float] = field(default_factory=list)  # each tablet: until nothing of it waited

    @property
    def waiting(self) -> int:
        """Commands that no tablet has the server's word for."""
        return sum(self.states[state] for state in (*WAITING, "quarantined"))

    def percentile(self, share: float) -> float:
        """The time after which `share` of the tablets had nothing left to send; 0 when none had."""
        ordered = sorted(self.done_after)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "tablets": self.tablets,
            "captured": self.captured,
            "answered": dict(self.states),
            "waiting": self.waiting,
            "requests": self.requests,
            "faults": dict(self.faults),
            "seconds": round(self.seconds, 3),
            "tablet_done_p50_s": round(self.percentile(0.5), 3),
            "tablet_done_p95_s": round(self.percentile(0.95), 3),
            "commands_a_second": round(self.captured / self.seconds, 1) if self.seconds else None,
        }


def for_each(workers: Sequence[Worker], at_once: int, work: Callable[[Worker], None]) -> None:
    """`work` for every worker, some at once; the first error is raised when all are through."""

    def one(worker: Worker) -> None:
        with worker.in_hand():
            work(worker)

    with ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(one, worker) for worker in workers]:
            done.result()


class Crowd:
    """`workers` who capture `commands` each, spread over `seconds`; at most `at_once` tablets are open at once."""

    def __init__(self, workers: Sequence[Worker], commands: int, seconds: float = 0.0, photos: int = 0,
                 at_once: int = 16, tell: Callable[[Tally], None] = lambda tally: None) -> None:  # fmt: skip
        self._workers, self._commands, self._seconds, self._photos = workers, commands, seconds, photos
        self._at_once, self._tell = at_once, tell
        self._left = dict.fromkeys(range(len(workers)), 0)
        self._tries: Counter[int] = Counter()
        self._news = threading.Condition()
        self._turns: list[tuple[float, int]] = []
        self._under_way = 0
        self._broken: list[BaseException] = []
        self.tally = Tally(tablets=len(workers))

    def capture_without_a_signal(self) -> None:
        """Everything is captured before anything can be sent: an outage."""

        def work(worker: Worker) -> None:
            worker.wire.online = False
            for _ in range(self._commands):
                worker.capture(self._photos)
            worker.wire.online = True

        for_each(self._workers, self._at_once, work)
        self.tally.captured += self._commands * len(self._workers)

    def send(self) -> Tally:
        """Syncs every tablet until nothing of it waits; captures on the way where `seconds` spread that."""
        begun = time.monotonic()
        if self._seconds:
            self._left = dict.fromkeys(self._left, self._commands)
        step = self._seconds / max(1, self._commands)
        self._turns = [(begun + step * n / max(1, len(self._left)), n) for n in self._left]
        heapq.heapify(self._turns)
        threads = [threading.Thread(target=self._go_on, args=(begun, step)) for _ in range(self._at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._broken:
            raise self._broken[0]
        self.tally.seconds = time.monotonic() - begun
        self._count()
        return self.tally

    def _go_on(self, begun: float, step: float) -> None:
        while (number := self._next()) is not None:
            following: float | None = None
            try:
                following = self._turn(number, begun, step)
            except BaseException as fault:
                self._broken.append(fault)
            with self._news:
                self._under_way -= 1
                if following is not None:
                    heapq.heappush(self._turns, (following, number))
                self._news.notify_all()
                self._tell(self.tally)

    def _next(self) -> int | None:
        """Whose turn it is, when its time has come; None when nobody is left."""
        with self._news:
            while True:
                if self._broken or not (self._turns or self._under_way):
                    return None
                now = time.monotonic()
                if self._turns and self._turns[0][0] <= now:
                    self._under_way += 1
                    return heapq.heappop(self._turns)[1]
                self._news.wait(self._turns[0][0] - now if self._turns else None)

    def _turn(self, number: int, begun: float, step: float) -> float | None:
        """One capture if there is one left, one round; when it is this tablet's turn again, None when it is done."""
        worker = self._workers[number]
        with worker.in_hand() as tablet:
            if self._left[number]:
                worker.capture(self._photos)
                self._left[number] -= 1
                with self._news:
                    self.tally.captured += 1
            state, waiting = tablet.sync_now().state, worker.waiting
        now = time.monotonic()
        if self._left[number]:
            return begun + step * (self._commands - self._left[number])
        if waiting:
            self._tries[number] = 0 if state == "online" else self._tries[number] + 1
            return now + AGAIN_S * (1 + min(self._tries[number], 4))
        with self._news:
            self.tally.done_after.append(now - begun)
        return None

    def _count(self) -> None:
        def work(worker: Worker) -> None:
            states = worker.tablet.states
            with self._news:
                self.tally.states.update(states)
                self.tally.requests += worker.wire.requests
                self.tally.faults.update(worker.wire.faults)

        for_each(self._workers, self._at_once, work)
