"""Getting it to the office and back: commands in order, then what changed, then photos; again and again, for ever."""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mobile.core import tus
from mobile.core.arrivals import DECISION
from mobile.core.clockwork import Clock, offset_of
from mobile.core.mirror import Mirror
from mobile.core.office import NoWord, Office, Refused
from mobile.core.outbox import Entry, Outbox
from mobile.core.photos import NotAPicture, Photo, Photos
from mobile.core.proof import Proof
from mobile.core.seal import Locked
from mobile.core.store import DiskFull, Store
from server.protocol.wire import read_time, time_text

POLL_S = 30.0
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0
FETCH_MOST = 40
log = logging.getLogger(__name__)
STOPPING = ("token_expired", "device_revoked", "update_needed")


@dataclass(frozen=True)
class Link:
    """How the last try went. `stopped` carries the code of the server's refusal, `sentence` its words."""

    state: str = "offline"
    stopped: str = ""
    sentence: str = ""


class Syncer:
    """One round at a time, asked for by the worker or by its own thread."""

    def __init__(self, store: Store, clock: Clock, outbox: Outbox, mirror: Mirror, photos: Photos) -> None:
        self._store, self._clock = store, clock
        self._outbox, self._mirror, self._photos = outbox, mirror, photos
        self._proof = Proof(store, mirror, photos.forget_case)
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._patience = 0.0
        self.office: Office | None = None
        self.link = Link()
        self.listeners: list[Callable[[], None]] = []
        self.emptied: Callable[[], None] = lambda: None
        self.wanted_pictures: Callable[[], list[tuple[str, dict[str, Any]]]] = list

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """No round is under way while the block runs: somebody else enrols."""
        with self._turn:
            yield

    # One round ---------------------------------------------------------------------------------------------

    def round(self, hurry: bool = False) -> Link:
        """Sends and fetches once; never raises for what the wire or the server does. `hurry` ends the time for undo."""
        with self._turn:
            if self.office is None:
                return self.link
            self.now_is(Link("syncing", self.link.stopped, self.link.sentence))
            try:
                stopped = self._round(self.office, hurry)
                self._failures, self._patience = 0, 0.0
                if stopped and stopped.stopped == "device_revoked" and not self._has_more():
                    self.emptied()
                self.now_is(stopped or Link("online"))
            except NoWord as silence:
                self._failures, self._patience = self._failures + 1, silence.wait_s
                self.now_is(Link("offline"))
            except DiskFull:
                self._failures += 1
                self.now_is(Link("offline", "", "storage_full"))
            return self.link

    def _round(self, office: Office, hurry: bool) -> Link | None:
        stopped = self._try(lambda: self._send_commands(office, hurry))
        try:
            stopped = self._try(lambda: self._fetch_changes(office)) or stopped
            stopped = self._try(lambda: self._send_photos(office)) or stopped
        except NoWord:
            if stopped is None:
                raise  # else what the office said about this tablet stands
        if stopped is None:
            self._try(lambda: self._fetch_pictures(office))
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
        limit = 100
        while batch := self._outbox.ready(hurry, limit):
            for damaged in [entry for entry in batch if not entry.command]:
                self._outbox.quarantine(damaged, "")
            batch = [entry for entry in batch if entry.command]
            if not batch:
                continue
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
            limit = min(100, limit * 2)
            if not news:
                raise NoWord("no answer about any of the commands")
            self._tell()

    def _hand_over(self, office: Office, batch: list[Entry]) -> int:
        asked = self._clock.now()
        answer = office.commands(
            self._store.kept("device_id"), time_text(asked), [entry.command for entry in batch]
        )
        self.heard(answer, asked)
        results = answer.get("results")
        if not isinstance(results, list):
            raise NoWord("an envelope without results")
        return self._outbox.answered({str(r.get("command_id")): r for r in results if isinstance(r, dict)})

    def _fetch_changes(self, office: Office) -> None:
        answered = self._outbox.unmirrored()
        more, started_over = True, False
        while more:
            asked = self._clock.now()
            try:
                answer = office.changes(self._mirror.cursor)
            except Refused as refusal:
                if refusal.status != 410 or started_over:
                    raise
                # The server was restored or its log was trimmed. The outbox is not touched.
                self._mirror.start_over()
                self._proof.soon()
                started_over = True
                continue
            changes, cursor = answer.get("changes"), answer.get("cursor")
            if (
                not isinstance(changes, list)
                or not isinstance(cursor, str)
                or not all(isinstance(c, dict) for c in changes)
            ):
                raise NoWord("an envelope without changes")
            more = answer.get("more") is True
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

    def _known_photos(self) -> list[Photo]:
        """Photos that the server was told of by a command which it has answered, but for those that it refused."""
        told, refused = ("applied", "applied_with_conflict", "held"), self._photos.refusals()
        return [
            photo
            for photo in self._photos.cards(state="pending")
            if photo.photo_id not in refused and self._outbox.entry(photo.command_id).state in told
        ]

    def _has_more(self) -> bool:
        """Whether there is anything that a withdrawn tablet has still to hand over."""
        return bool(self._outbox.waiting() or self._known_photos())

    def _send_photos(self, office: Office) -> None:
        for photo in self._known_photos():
            data = self._photos.data(photo.photo_id)
            if data is None:
                continue
            try:
                address = photo.upload or tus.create(
                    office, photo.photo_id, photo.sha256, photo.mime, photo.bytes
                )
                self._photos.goes_to(photo.photo_id, address)
                if tus.send(office, address, data, photo.sha256):
                    self._photos.confirmed(photo.photo_id)
                else:
                    self._photos.goes_to(photo.photo_id, None)
            except Refused as refusal:
                if refusal.code in STOPPING:
                    raise
                # This one is not wanted now (or its upload expired): it keeps, and the next one gets its turn.
                self._photos.goes_to(photo.photo_id, None)
                if refusal.code == "picture_refused":
                    self._photos.refused(photo.photo_id, refusal.sentence)
            self._tell()

    def _fetch_pictures(self, office: Office) -> None:
        """The crew's evidence for what is to be inspected, so that it can be compared where there is no signal."""
        wanted = [
            (case_id, raw)
            for case_id, raw in self.wanted_pictures()
            if raw.get("arrived") and not self._photos.has(str(raw["id"]))
        ]
        for case_id, raw in wanted[:FETCH_MOST]:
            try:
                data = office.attachment(str(raw["id"]))
                self._photos.keep_fetched(str(raw["id"]), case_id, data, str(raw.get("stage") or "during"))
                self._tell()
            except (Refused, NotAPicture):
                continue

    def heard(self, answer: dict[str, Any], asked: datetime) -> None:
        """Notes how far the server's clock is from ours."""
        try:
            told = read_time(answer.get("server_time"))
        except ValueError:
            return  # an answer without a time tells nothing about clocks; the rest of it counts
        offset = offset_of(told, asked, self._clock.now())
        self._store.keep("offset_ms", round(offset.total_seconds() * 1000))

    # The thread --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Goes on by itself until `stop`."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._go_on, name="xunge-sync", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread; a round that is under way is finished first."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def nudge(self) -> None:
        """Something was captured: do not wait for the next poll."""
        self._wake.set()

    def _go_on(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.round()
            except Exception:
                # A fault of ours must not end the syncing of what was captured: say it and try again later.
                log.exception("the round broke off")
                self._failures += 1
                self._tell()  # whoever looks now comes upon it, too
            # A server that asked for patience gets it, whatever is captured meanwhile.
            (self._stopping if self._patience else self._wake).wait(self.pause())

    def pause(self) -> float:
        """Seconds until the next try: the poll, the end of an undo, or after failures twice as long each time."""
        if self._failures:
            longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(self._failures - 1, 20))
            return max(self._patience, random.uniform(longest / 2, longest))  # noqa: S311 (jitter, not a secret)
        due = self._outbox.next_due()
        if due is None:
            return POLL_S
        return min(POLL_S, max(0.2, (due - self._clock.now()).total_seconds()))

    def now_is(self, link: Link) -> None:
        """The link stands so; everyone who listens is told."""
        self.link = link
        self._tell()

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()
