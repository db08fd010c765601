"""Getting it to the office and back, one round: commands in order, then what changed, then photos."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mobile.core.arrivals import DECISION
from mobile.core.clockwork import Clock, offset_of
from mobile.core.delivery import Delivery
from mobile.core.freight import Freight
from mobile.core.meter import Meter
from mobile.core.mirror import Mirror
from mobile.core.offering import Offering
from mobile.core.office import NoWord, Office, Refused
from mobile.core.outbox import Entry, Outbox
from mobile.core.photos import Photos
from mobile.core.proof import Proof
from mobile.core.seal import Locked
from mobile.core.store import DiskFull, Store
from mobile.core.turns import FileTurn
from server.protocol.wire import read_time, time_text

log = logging.getLogger(__name__)
STOPPING = ("token_expired", "device_revoked", "update_needed")


class CalledOff(Exception):
    """The worker ended the round."""


@dataclass(frozen=True)
class Progress:
    """What is under way (commands, changes, photos, pictures), the how-manieth of how many (0: nobody knows), and the
    share of that one that has gone.
    """

    what: str
    number: int
    of: int
    share: float = 0.0


@dataclass(frozen=True)
class Link:
    """How the last try went. `stopped` carries the code of the server's refusal, `sentence` its words."""

    state: str = "offline"
    stopped: str = ""
    sentence: str = ""
    progress: Progress | None = None


class Syncer:
    """One round at a time, asked for by the worker or by the errand, in this process or in another."""

    def __init__(self, store: Store, clock: Clock, outbox: Outbox, mirror: Mirror, photos: Photos) -> None:
        self._store, self._clock = store, clock
        self._outbox, self._mirror, self._photos = outbox, mirror, photos
        self.offering = Offering(store, outbox, mirror, photos)
        self.delivery = Delivery(store, mirror)
        self.delivery.metered = lambda: self.metered()
        self._proof = Proof(store, mirror, photos.forget_case)
        self._turn = threading.Lock()
        self._only = FileTurn(store.home / "sync.lock")
        self._calling_off = threading.Event()
        self.metered: Callable[[], bool] = lambda: False
        self._freight = Freight(
            outbox,
            photos,
            Meter(lambda: self.metered(), clock),
            lambda: (store.kept("person") or {}).get("id"),
        )
        self.failures, self.patience = 0, 0.0
        self.called_off = False
        self.office: Office | None = None
        self.link = Link()
        self.listeners: list[Callable[[], None]] = []
        self.handed_over: Callable[[], None] = lambda: None
        self.emptied: Callable[[], None] = lambda: None
        self.beside: Callable[[Office, Callable[[int], bool]], None] = lambda office, allows: None
        self.wanted_pictures: Callable[[], list[tuple[str, dict[str, Any]]]] = list

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """No round is under way while the block runs: somebody else enrols."""
        with self._turn:
            yield

    # One round ---------------------------------------------------------------------------------------------

    def round(self, hurry: bool = False) -> Link:
        """Sends and fetches once; never raises for what the wire or the server does. `hurry` ends the time for undo,
        and photographs go whatever the link costs.
        """
        with self._turn, self._only.taken() as ours:
            if self.office is None or not ours:
                return self.link  # nobody to speak to, or the process in the background is just doing it
            self._calling_off.clear()
            self.called_off = False
            self._freight.meter.hurry = hurry
            self.now_is(Link("syncing", self.link.stopped, self.link.sentence))
            try:
                stopped = self._round(self.office, hurry)
                self.failures, self.patience = 0, 0.0
                if not self._has_more():
                    self.handed_over()
                    if stopped and stopped.stopped == "device_revoked":
                        self.emptied()
                self.now_is(stopped or Link("online"))
            except NoWord as silence:
                self.failures, self.patience = self.failures + 1, silence.wait_s
                self.now_is(Link("offline"))
            except CalledOff:
                self.called_off = True
                self.now_is(Link("offline", "", "called_off"))
            except DiskFull:
                self.failures += 1
                self.now_is(Link("offline", "", "storage_full"))
            return self.link

    def _round(self, office: Office, hurry: bool) -> Link | None:
        if self._mirror.has_arrivals:
            for case_id in self._mirror.take_arrivals():
                self._photos.forget_case(case_id)
        stopped = self._try(lambda: self._send_commands(office, hurry))
        try:
            stopped = self._try(lambda: self._fetch_changes(office)) or stopped
            for photo_id in self._mirror.erased_photos():
                self._photos.erase(photo_id)
            stopped = self._try(lambda: self._send_photos(office)) or stopped
        except NoWord:
            if stopped is None:
                raise  # else what the office said about this tablet stands
        if stopped is None:
            self._try(lambda: self.delivery.fetch(office, self._step("package"), self._tell))
            self._try(lambda: self._fetch_pictures(office))
            self._try(lambda: self.beside(office, self._freight.meter.allows))
        return stopped

    def _try(self, part: Callable[[], None]) -> Link | None:
        """A stop in one part does not keep the others from trying: a revoked tablet still hands over what it has."""
        try:
            part()
        except Refused as refusal:
            if refusal.code in STOPPING:
                return Link("stopped", refusal.code, refusal.sentence)
            raise NoWord(refusal.code) from refusal
        except Locked:
            pass  # what lies under the PIN waits for it; the other parts go on
        return None

    def _send_commands(self, office: Office, hurry: bool) -> None:
        self.offering.go_on(office, self._ask)
        try:
            self._send_waiting(office, hurry)
        except Refused as refusal:
            if refusal.status != 410:
                raise
            self._begin_again(office)
            self._send_waiting(office, hurry)

    def _begin_again(self, office: Office) -> None:
        """The server was restored, or its log was trimmed: it is offered everything that it may have forgotten, before
        anything that builds on it. What waits is not touched.
        """
        self.offering.begin()
        self._proof.soon()
        self.offering.go_on(office, self._ask)

    def _send_waiting(self, office: Office, hurry: bool) -> None:
        limit, step, all_of_them, gone = 100, self._step("commands"), self._outbox.waiting(), 0
        while batch := self._outbox.ready(hurry, limit):
            for damaged in [entry for entry in batch if not entry.command]:
                self._outbox.quarantine(damaged, "")
            batch = [entry for entry in batch if entry.command]
            if not batch:
                continue
            step(gone + 1, max(all_of_them, gone + len(batch)), 0.0)
            self._outbox.leave(batch)
            try:
                news = self._hand_over(office, batch)
            except Refused as refusal:
                if refusal.code in STOPPING or refusal.status not in (400, 413, 422):
                    raise
                # The server would not read this batch. Halve it until the one that it means stands alone.
                if len(batch) == 1:
                    self._outbox.quarantine(batch[0], refusal.sentence)
                limit = max(1, len(batch) // 2)
                continue
            limit, gone = min(100, limit * 2), gone + news
            if not news:
                raise NoWord("no answer about any of the commands")
            self._tell()

    def _hand_over(self, office: Office, batch: list[Entry]) -> int:
        return self._outbox.answered(self._ask(office, batch))

    def _ask(self, office: Office, batch: list[Entry]) -> dict[str, dict[str, Any]]:
        """What the server says of each command, by its id. Raises NoWord, Refused."""
        asked = self._clock.now()
        commands = [entry.command for entry in batch]
        answer = office.commands(
            self._store.kept("device_id"), time_text(asked), commands, self._mirror.cursor
        )
        self.heard(answer, asked)
        results = answer.get("results")
        if not isinstance(results, list):
            raise NoWord("an envelope without results")
        return {str(r.get("command_id")): r for r in results if isinstance(r, dict)}

    def _fetch_changes(self, office: Office) -> None:
        answered = self._outbox.unmirrored()
        more, started_over, came, step = True, False, 0, self._step("changes")
        while more:
            if came:
                step(came, 0, 0.0)
            asked = self._clock.now()
            try:
                answer = office.changes(self._mirror.cursor)
            except Refused as refusal:
                if refusal.status != 410 or started_over:
                    raise
                self._begin_again(office)
                started_over = True
                continue
            changes, cursor = answer.get("changes"), answer.get("cursor")
            if (
                not isinstance(changes, list)
                or not isinstance(cursor, str)
                or not all(isinstance(c, dict) for c in changes)
            ):
                raise NoWord("an envelope without changes")
            more, came = answer.get("more") is True, came + len(changes)
            self.heard(answer, asked)
            for case_id in self._take_in(changes, cursor, more):
                self._photos.forget_case(case_id)
            if changes:
                self._tell()
        if answer.get("keep_closed_since"):
            for case_id in self._mirror.drop_closed_before(read_time(answer["keep_closed_since"])):
                self._photos.forget_case(case_id)
        self._outbox.came_down(answered)
        self._store.keep("synced_at", time_text(self._clock.now()))
        self._prove(office)

    def _prove(self, office: Office) -> None:
        """Compares the mirror with the server's when it is time; a server that cannot do so is asked another day."""
        if not self._proof.due(self._clock.now()):
            return
        try:
            if self._proof.run(office, self._clock.now()):
                self._tell()
        except Refused as refusal:
            if refusal.code in STOPPING:
                raise
            log.warning("the mirror could not be proved: %s", refusal.code)

    def _take_in(self, changes: list[dict[str, Any]], cursor: str, more: bool) -> list[str]:
        """One page with its cursor, and what the office decided about held acts: all of it or nothing."""
        bodies = [c["body"] for c in changes if c.get("kind") == DECISION and isinstance(c.get("body"), dict)]
        with self._store.writing():
            self._outbox.decided({str(body.get("command_id")): body for body in bodies})
            return self._mirror.apply(changes, cursor, more)

    def _has_more(self) -> bool:
        """Whether there is anything that a withdrawn tablet has still to hand over."""
        return bool(self._outbox.waiting() or self._freight.known())

    def _send_photos(self, office: Office) -> None:
        self._freight.send(office, STOPPING, self._step("photos"), self._tell)

    def _fetch_pictures(self, office: Office) -> None:
        self._freight.fetch(office, self.wanted_pictures(), self._step("pictures"), self._tell)

    def heard(self, answer: dict[str, Any], asked: datetime) -> None:
        """Notes how far the server's clock is from ours."""
        try:
            told = read_time(answer.get("server_time"))
        except ValueError:
            return  # an answer without a time tells nothing about clocks; the rest of it counts
        offset = offset_of(told, asked, self._clock.now())
        self._store.keep("offset_ms", round(offset.total_seconds() * 1000))

    # Under way ---------------------------------------------------------------------------------------------

    def reachable(self) -> bool:
        """Whether the office answers now; a small question, asked instead of a round after one that failed."""
        if self.office is None:
            return False
        try:
            self.office.hello()
        except NoWord as silence:
            self.failures, self.patience = self.failures + 1, silence.wait_s
            return False
        except Refused:
            pass  # that is an answer, too
        return True

    def call_off(self) -> None:
        """Ends the round that is under way at its next piece; what was answered until then counts."""
        self._calling_off.set()

    def broke_off(self) -> None:
        """A fault of ours ended a round."""
        self.failures += 1
        self._tell()  # whoever looks now comes upon it, too

    def _step(self, what: str) -> Callable[[int, int, float], None]:
        def step(number: int, of: int, share: float) -> None:
            if self._calling_off.is_set():
                raise CalledOff
            self.now_is(replace(self.link, progress=Progress(what, number, of, share)))

        return step

    def now_is(self, link: Link) -> None:
        """The link stands so; everyone who listens is told."""
        self.link = link
        self._tell()

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()
