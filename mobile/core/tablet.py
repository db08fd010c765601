"""The tablet as its window sees it: one object that keeps, shows, seals and sends (the face is in face.py)."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mobile.core import rescue
from mobile.core.capture import Capture
from mobile.core.clockwork import Clock, DeviceClock
from mobile.core.errand import Errand
from mobile.core.hands import NO_FORM, Hands
from mobile.core.looking import Looking
from mobile.core.office import Account, NoWord, Office, Refused
from mobile.core.photos import NotAPicture
from mobile.core.seal import KeyFile, Keys, Seal
from mobile.core.store import Store
from mobile.core.transport import HttpTransport, Transport
from mobile.core.turns import FileTurn
from mobile.core.views import (
    Draft,
    LinkView,
    PersonView,
    PhotoView,
    Position,
    Refusal,
    Settings,
)
from mobile.platform.desktop import OpenNetwork, ThreadBackground
from mobile.platform.ports import Background, Network

MODEL = "desktop"


class Tablet(Looking):
    """A grid worker's tablet without its window. `home` holds all of its state; one process looks at it at a time, and
    an unattended one may send beside it.
    """

    def __init__(
        self,
        home: Path,
        clock: Clock | None = None,
        transport: Transport | None = None,
        keys: Keys | None = None,
        background: Background | None = None,
        network: Network | None = None,
        attended: bool = True,
    ) -> None:
        self.home = home
        self._made_of = clock, transport, keys, background, network, attended
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._attended, self._looked_at = attended, FileTurn(home / "window.lock")
        if attended:
            rescue.finish(home)
        clock = clock or DeviceClock()
        self._transport = transport or HttpTransport()
        self.keys = keys or KeyFile(home / "device.key")
        store = Store(home, Seal(self.keys.device_key()))
        super().__init__(store, clock, attended)
        capture = Capture(store, clock, self._outbox, self._mirror, self._photos)
        self.errand = Errand(self._syncer, self._outbox, clock)
        self._background = background or ThreadBackground()
        network = network or OpenNetwork()
        network.listen(self.errand.nudge)
        self._syncer.metered = network.metered
        self._syncer.handed_over = lambda: rescue.forget_archives(home)
        self._syncer.emptied = self._wipe
        self._syncer.beside = self._papers.round
        self._syncer.wanted_pictures = self._known.evidence_to_inspect
        self._hands = Hands(
            store,
            self._outbox,
            self._photos,
            self._owner,
            self._drafts,
            self._known,
            capture,
            self.errand.nudge,
        )
        if attended:
            self._looked_at.hold()  # last: a file that cannot be opened is looked at by nobody
            self._photos.sweep()
        if store.kept("device_id") is None:
            store.keep("device_id", str(uuid.uuid4()))
        self._connect()

    def _connect(self) -> None:
        account = self._owner.account
        self._syncer.office = self._office(account) if account else None

    def _office(self, account: Account) -> Office:
        return Office(self._transport, account, lambda: self.settings.language)

    def close(self) -> None:
        """Ends the syncing and lets go of the files."""
        self.stop()
        self._store.close()
        self._looked_at.release()

    def opened_anew(self) -> "Tablet":
        """The same tablet out of its files, with the same adapters."""
        return Tablet(self.home, *self._made_of)

    # Who and how ---------------------------------------------------------------------------------------------

    @property
    def enrolled(self) -> bool:
        return self._owner.account is not None

    def save_settings(self, settings: Settings) -> None:
        with self._hands.roomy():
            self._owner.save_settings(settings)

    def enrol(self, server: str, code: str) -> PersonView:
        """Trades the code for this person's pass, then brings down what is needed to work without a signal."""
        say, server, asked = self._owner.speech.say, server.strip(), self._clock.now()
        try:
            answer = self._office(Account(server)).enrol(code.strip(), self._store.kept("device_id"), MODEL)
            before = self._owner.account
            with self._hands.roomy(), self._syncer.pausing(), self._store.writing():
                self._owner.take_over(server, answer, self._gate.hand_over)
                if before and before.server == server:
                    self._syncer.offering.begin()  # perhaps the office knows us no more because it was restored
                elif before:
                    self._photos.forget("confirmed")  # they lie at the office that confirmed them
        except Refused as refusal:
            spent = say("This code cannot be used. Ask your office for a new one.")
            raise Refusal(refusal.sentence or spent) from refusal
        except (NoWord, KeyError, TypeError) as silence:
            raise Refusal(
                say(
                    "The office cannot be reached now. The code stays valid; try again where there is a signal."
                )
            ) from silence
        self._syncer.heard(answer, asked)
        self._connect()
        self._syncer.round()
        return self.person

    # The PIN -------------------------------------------------------------------------------------------------

    def choose_pin(self, pin: str) -> None:
        with self._hands.roomy():
            self._gate.choose(pin)

    def unlock(self, pin: str) -> bool:
        with self._hands.roomy():
            opened = self._gate.unlock(pin)
        if opened:
            self.errand.nudge()
        return opened

    def lock(self) -> None:
        self._gate.lock()

    def show_layer(self, layer: str, shown: bool) -> None:
        with self._hands.roomy():
            self._facilities.show(layer, shown)

    # Reporting -----------------------------------------------------------------------------------------------

    def save_draft(self, draft: Draft) -> None:
        with self._hands.roomy():
            self._drafts.save(draft)

    def take_in(self, jpeg: bytes, stage: str) -> PhotoView:
        with self._hands.roomy():
            try:
                return self._album.view(self._photos.take_in(jpeg, stage))
            except NotAPicture:
                say = self._owner.speech.say
                raise Refusal(say("This is not a picture that can be sent (JPEG, PNG or WebP).")) from None

    def discard_photo(self, photo_id: str) -> None:
        self._photos.discard(photo_id)

    def report(
        self,
        category: str,
        condition: str,
        position: Position | None,
        sentence: str,
        photos: Sequence[str],
        mended: bool,
        form: Mapping[str, str] = NO_FORM,
        behalf: bool = False,
        safe: bool = False,
        component: str = "",
    ) -> str:
        return self._hands.report(
            category, condition, position, sentence, photos, mended, form, behalf, safe, component
        )

    def undo(self, command_id: str) -> bool:
        return self._hands.undo(command_id)

    def act(
        self,
        case_id: str,
        action: str,
        values: Mapping[str, str | Sequence[str]],
        photos: Sequence[str] = (),
        position: Position | None = None,
    ) -> str:
        return self._hands.act(case_id, action, values, photos, position)

    def messages_read(self) -> None:
        """All of them were seen."""
        self._inbox.read()

    def note_document(self, document_id: str) -> None:
        """The worker's organisation knows of this safety notice."""
        with self._hands.roomy():
            self._papers.note(document_id)
        self.errand.nudge()

    def outbox_act(self, command_id: str, step: str, reason: str = "") -> Draft | None:
        return self._hands.outbox_act(command_id, step, reason)

    # The link ------------------------------------------------------------------------------------------------

    def on_change(self, listener: Callable[[], None]) -> None:
        self._syncer.listeners.append(listener)

    def sync_now(self) -> LinkView:
        """One round with the server now; it also ends the seconds in which a capture could be undone."""
        self._syncer.round(hurry=True)
        return self.link

    def call_off(self) -> None:
        """Ends the round that is under way at its next piece; it goes on with the next capture or when asked to."""
        self._syncer.call_off()

    def start_syncing(self) -> None:
        self._background.start(self.errand)

    @property
    def unsent(self) -> int:
        """How many commands and photographs the office has not confirmed, but for those that it will never take."""
        pending = {card.photo_id for card in self._photos.cards(state="pending")}
        return self._outbox.waiting() + len(pending - set(self._photos.refusals()))

    def leave(self) -> None:
        """The window goes away; where the platform allows it, what waits is sent without it."""
        if self.enrolled:
            self._background.leave(self.unsent)

    def stop(self) -> None:
        self._background.stop()

    def _wipe(self) -> None:
        """The office withdrew this tablet and has all that was captured: nothing of it stays here. In the background
        only where no window has it open; that one does it itself at its next round.
        """
        if not self._attended and not self._looked_at.hold():
            return
        self._syncer.office = None
        self._store.wipe(self._new_seal)
        self._gate.wiped()
        rescue.forget(self.home)
        self._syncer.delivery.forget()
        self._store.keep("device_id", str(uuid.uuid4()))

    def _new_seal(self) -> Seal:
        self.keys.forget()
        return Seal(self.keys.device_key())
