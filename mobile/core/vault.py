"""The PIN: it brings the key of mirror and drafts, wrong ones wait, and a forgotten one costs nothing that was noted.

The key is a random one, wrapped by scrypt(PIN) and, around that, by the device's key: without this very device not one
PIN can be tried. Until somebody chose a PIN it is wrapped by the device's key alone. Nothing is ever thrown away for
wrong PINs; the waits grow until guessing takes a lifetime.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from mobile.core.clockwork import Clock
from mobile.core.seal import KEY_BYTES, PinSeal, Ring, Seal, SealBroken
from mobile.core.store import Store

PIN_DIGITS = 6
COST = {"n": 2**15, "r": 8, "p": 1}  # 32 MB and a third of a second on a tablet
WAITS_S = (0, 0, 30, 60, 300, 900, 3600)  # after the first, second … wrong PIN in a row; the last goes on
FREE = next(n for n, wait in enumerate(WAITS_S, 1) if wait)
STRAIGHTS = "01234567890", "09876543210"
WRAP = "pin"


class PinTooPlain(Exception):
    """Not six figures, or ones that are tried first."""


@dataclass(frozen=True)
class Wrong:
    """How wrong it went: PINs in a row, seconds until the next may be tried, how many may follow without a wait."""

    count: int = 0
    wait_s: float = 0.0
    left: int = 0


class Vault:
    """Holds the ring's second key, and lets go of it."""

    def __init__(self, store: Store, clock: Clock, attended: bool = True) -> None:
        """Unattended (nobody looks, it only sends) it stays locked even where there is no PIN yet."""
        self._store, self._clock = store, clock
        self._master = b""
        if store.kept("master") is None and store.kept(WRAP) is None:
            with store.writing():
                self.renew()
                self._take_over_old_bodies()
            if not attended:
                self._store.seal.pin, self._master = None, b""
        elif attended and not self.has_pin:
            self.open(b64decode(store.kept("master")))

    @property
    def has_pin(self) -> bool:
        return self._store.kept(WRAP) is not None

    @property
    def locked(self) -> bool:
        return self._store.seal.pin is None

    def lock(self) -> None:
        """Lets go of the key; without a PIN there is nothing to lock with."""
        if self.has_pin:
            self._store.seal.pin, self._master = None, b""

    def renew(self) -> None:
        """Another key and no PIN: what lay under the old one can never be opened again."""
        master = secrets.token_bytes(KEY_BYTES)
        with self._store.writing():
            self._store.drop(WRAP)
            self._store.drop("wrong_pins")
            self._store.keep("master", _text(master))
            self._store.keep("slot", _text(PinSeal(master).slot))
        self.open(master)

    def _take_over_old_bodies(self) -> None:
        """Before there was a PIN everything lay under the device's key: mirror and drafts are shut anew. The office's
        pictures are fetched again.
        """
        ring = self._store.seal
        with self._store.writing() as sql:
            for row in sql.execute("select kind, id, body from mirror").fetchall():
                what = f"mirror/{row['kind']}/{row['id']}"
                body = _shut_anew(ring, what, row["body"])
                sql.execute(
                    "update mirror set body = ? where kind = ? and id = ?", (body, row["kind"], row["id"])
                )
            for row in sql.execute("select name, body from kept where name like 'draft/%'").fetchall():
                what = f"kept/{row['name']}"
                body = _shut_anew(ring, what, row["body"])
                sql.execute("update kept set body = ? where name = ?", (body, row["name"]))
            sql.execute("delete from photos where state = 'fetched'")
            if (
                draft := self._store.kept("draft")
            ) is not None:  # from when a tablet had one draft for everybody
                self._store.keep(f"draft/{(self._store.kept('person') or {}).get('id')}", draft)
                self._store.drop("draft")

    def forget_pin(self) -> None:
        """Another person chooses another PIN; what lies here stays. Only while it is open."""
        with self._store.writing():
            self._store.keep("master", _text(self._master))
            self._store.drop(WRAP)
            self._store.drop("wrong_pins")

    def choose(self, pin: str) -> None:
        """From now on this PIN brings the key. Raises PinTooPlain; only while it is open."""
        if plain(pin):
            raise PinTooPlain
        salt = secrets.token_bytes(16)
        wrapped = Seal(_stretched(pin, salt, COST)).shut("master", self._master)
        with self._store.writing():
            self._store.keep(WRAP, {"salt": _text(salt), "wrapped": _text(wrapped), **COST})
            self._store.drop("wrong_pins")
            self._store.drop("master")
        self._store.scrub()  # the key that lay there without a PIN is on no page any more

    def key_for(self, pin: str) -> bytes | None:
        """The key that this PIN brings, for `open`; None for a wrong PIN and for one that should have waited. A try is
        counted before it is looked at: closing the tablet takes none back.
        """
        if self.wrong.wait_s > 0:
            return None
        tried = self.wrong.count + 1
        self._store.keep("wrong_pins", {"count": tried, "since": self._clock.steady()})
        master = self._unwrapped(pin)
        if master is not None:
            self._store.drop("wrong_pins")
        return master

    def open(self, master: bytes) -> None:
        """What lies under the key can be read from now on."""
        self._master = master
        self._store.seal.pin = PinSeal(master)

    @property
    def wrong(self) -> Wrong:
        """By the steady clock, which nobody can turn; a restart of the device begins the wait anew."""
        noted = self._store.kept("wrong_pins")
        if noted is None:
            return Wrong(left=FREE)
        count, passed = noted["count"], self._clock.steady() - noted["since"]
        if passed < 0:
            self._store.keep("wrong_pins", noted | {"since": self._clock.steady()})
            passed = 0
        wait = WAITS_S[min(count, len(WAITS_S)) - 1]
        return Wrong(count, max(0.0, wait - passed), max(0, FREE - count))

    def _unwrapped(self, pin: str) -> bytes | None:
        wrap = self._store.kept(WRAP)
        key = _stretched(pin, b64decode(wrap["salt"]), wrap)
        try:
            return Seal(key).open("master", b64decode(wrap["wrapped"]))
        except SealBroken:
            return None


def _shut_anew(ring: Ring, what: str, body: bytes) -> bytes:
    """What is not whole stays as it is: whoever reads it says so."""
    try:
        return ring.shut(what, ring.device.open(what, body))
    except SealBroken:
        return body


def plain(pin: str) -> bool:
    """Whether it is not six figures, one figure six times, or a straight."""
    figures = len(pin) == PIN_DIGITS and pin.isascii() and pin.isdecimal()
    return not figures or len(set(pin)) == 1 or any(pin in straight for straight in STRAIGHTS)


def _stretched(pin: str, salt: bytes, cost: Mapping[str, int]) -> bytes:
    return Scrypt(salt, KEY_BYTES, cost["n"], cost["r"], cost["p"]).derive(pin.encode())


def _text(key: bytes) -> str:
    return b64encode(key).decode()
