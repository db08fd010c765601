"""The lock screen's other side: who may look, in words; what came while it was locked is taken in when it opens."""

from mobile.core.known import Known
from mobile.core.mirror import Mirror
from mobile.core.outbox import Outbox
from mobile.core.owner import Owner
from mobile.core.photos import Photos
from mobile.core.store import Store
from mobile.core.vault import PIN_DIGITS, PinTooPlain, Vault, Wrong
from mobile.core.views import LockView, Refusal

LABEL = "lock_label"  # whose tablet this is, kept where it can be read while locked


class Gate:
    """Locks, opens, and says what stands on the lock screen."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        outbox: Outbox,
        mirror: Mirror,
        photos: Photos,
        owner: Owner,
        known: Known,
    ) -> None:
        self._store, self._vault, self._outbox, self._mirror = store, vault, outbox, mirror
        self._photos, self._owner, self._known = photos, owner, known

    @property
    def locked(self) -> bool:
        return self._vault.locked

    @property
    def has_pin(self) -> bool:
        return self._vault.has_pin

    def view(self) -> LockView:
        """What may be seen without the PIN: whose tablet, how much waits, how long a wrong PIN waits."""
        say, wrong, waiting = self._owner.speech.say, self._vault.wrong, self._outbox.waiting()
        name, place = self._store.kept(LABEL, ["", ""])
        return LockView(
            name,
            place,
            say("{n} items wait to be sent; sealed on this tablet, they go out without unlocking", n=waiting)
            if waiting
            else say("Nothing waits to be sent."),
            self._wrong_words(wrong),
            wrong.wait_s,
            PIN_DIGITS,
        )

    def _wrong_words(self, wrong: Wrong) -> str:
        say = self._owner.speech.say
        if not wrong.count:
            return ""
        if wrong.wait_s > 0:
            seconds = int(wrong.wait_s) + 1
            if seconds > 60:
                return say("Wrong PIN. Try again in {n} min.", n=-(-seconds // 60))
            return say("Wrong PIN. Try again in {n} s.", n=seconds)
        if wrong.left:
            return say("Wrong PIN. {n} more tries before it makes you wait.", n=wrong.left)
        return say("You can try again now. Another wrong PIN makes you wait longer.")

    def unlock(self, pin: str) -> bool:
        """Whether it opened; the view says why not."""
        key = self._vault.key_for(pin)
        if key is None:
            return False
        for case_id in self._mirror.take_arrivals(lambda: self._vault.open(key)):
            self._photos.forget_case(case_id)
        self._label()
        return True

    def choose(self, pin: str) -> None:
        """The PIN from now on. Raises Refusal for one that is tried first."""
        say = self._owner.speech.say
        try:
            self._vault.choose(pin)
        except PinTooPlain:
            raise Refusal(say("Choose {n} figures that are harder to guess.", n=PIN_DIGITS)) from None
        self._label()

    def lock(self) -> None:
        """Closes mirror and drafts; what was opened is let go of. Without a PIN it stays open."""
        if self.locked or not self.has_pin:
            return
        self._label()
        self._vault.lock()
        self._mirror.forget()
        self._known.forget()

    def hand_over(self, another: bool) -> None:
        """Somebody enrolled. Another person chooses another PIN and gets none of the office's pictures for the one
        before; who forgot it begins with an empty mirror and without the draft, which nobody can open any more. The
        outbox lies under the device's key and stays.
        """
        if self.locked:
            with self._store.writing() as sql:
                self._mirror.start_over(empty=True)
                sql.execute("delete from kept where name like 'draft/%'")
                self._vault.renew()
            self._photos.forget("draft", "fetched")
        elif another:
            self._photos.forget("fetched")
            if self.has_pin:
                self._vault.forget_pin()

    def wiped(self) -> None:
        """The store is empty: another key for what comes next."""
        self._vault.renew()
        self._mirror.forget()
        self._known.forget()
        self._photos.sweep()

    def _label(self) -> None:
        person = self._owner.view(self._known.places)
        place = " › ".join(part for part in (person.place, person.grids) if part)
        if self._store.kept(LABEL) != [person.name, place]:
            self._store.keep(LABEL, [person.name, place])
