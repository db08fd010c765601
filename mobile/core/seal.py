"""Sealing at rest: everything that is written down is closed with AES-GCM, under one of two keys.

What a body belongs to is bound into the seal, so that a body moved to another row or file does not open. Under the
device's key lies what must go out while the tablet is locked: outbox, pass, own photographs. What the office sent
down and what is being written lie under the key that only the PIN brings (vault.py).
"""

import os
import secrets
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mobile.core.views.basics import Refusal

KEY_BYTES = 32
NONCE_BYTES = 12
UNDER_THE_PIN = ("mirror/", "picture/", "kept/draft/")
ARRIVALS = "arrival/"  # shut while locked, opened by the PIN


class Keys(Protocol):
    """Where the device's key lives: the platform's keystore, or a file on a desktop."""

    def device_key(self) -> bytes:
        """32 bytes, the same ones at every call until `forget`."""
        ...

    def forget(self) -> None:
        """Destroys the key; what was sealed with it can never be opened again."""
        ...


class KeyFile:
    """The desktop's keystore: a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def device_key(self) -> bytes:
        """Reads the key, or makes it at the first call; two callers at once get the same one."""
        if not self.path.exists():
            self._make()
        return self.path.read_bytes()

    def _make(self) -> None:
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(6)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self.path)
        except FileExistsError:
            pass  # somebody was faster: theirs is the key
        finally:
            draft.unlink()

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


class SealBroken(Exception):
    """A sealed body does not open: damaged, moved, or sealed under another key."""


class Seal:
    """Closes and opens bodies; `what` names the row or file and must be the same for both."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def shut(self, what: str, body: bytes) -> bytes:
        """nonce + ciphertext + tag."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, body, what.encode())

    def open(self, what: str, sealed: bytes) -> bytes:
        """The body again; SealBroken when it is not exactly what was shut under that name."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], what.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(what) from None


class Locked(Refusal):
    """What is asked for lies under the PIN, and nobody has entered it."""


class PinSeal:
    """What the PIN brings: a seal for mirror and drafts, and the way into what was shut while the tablet was locked."""

    def __init__(self, master: bytes) -> None:
        self._seal = Seal(derived(master, b"xunge mirror"))
        self._way_in = X25519PrivateKey.from_private_bytes(derived(master, b"xunge arrivals"))

    @property
    def slot(self) -> bytes:
        """The public half: shuts without being able to open, so it may lie about on a locked tablet."""
        return self._way_in.public_key().public_bytes_raw()

    def shut(self, what: str, body: bytes) -> bytes:
        return self._seal.shut(what, body)

    def open(self, what: str, sealed: bytes) -> bytes:
        if not what.startswith(ARRIVALS):
            return self._seal.open(what, sealed)
        once, rest = sealed[:KEY_BYTES], sealed[KEY_BYTES:]
        try:
            shared = self._way_in.exchange(X25519PublicKey.from_public_bytes(once))
        except ValueError:
            raise SealBroken(what) from None
        return Seal(derived(shared, once + self.slot)).open(what, rest)


class Ring:
    """Both keys of the tablet: what a body is called decides under which of them it lies."""

    def __init__(self, device: Seal) -> None:
        self.device = device
        self.pin: PinSeal | None = None

    def shut(self, what: str, body: bytes) -> bytes:
        """nonce + ciphertext + tag. Raises Locked for what lies under the PIN."""
        return self._under(what).shut(what, body)

    def open(self, what: str, sealed: bytes) -> bytes:
        """The body again. Raises SealBroken, and Locked for what lies under the PIN."""
        return self._under(what).open(what, sealed)

    def _under(self, what: str) -> "Seal | PinSeal":
        if not what.startswith((*UNDER_THE_PIN, ARRIVALS)):
            return self.device
        pin = self.pin  # another thread may lock meanwhile
        if pin is None:
            raise Locked("locked")
        return pin


def shut_into(slot: bytes, what: str, body: bytes) -> bytes:
    """A body that only the PIN opens again, shut by somebody who does not know it (X25519, HKDF, AES-GCM)."""
    mine = X25519PrivateKey.generate()
    once = mine.public_key().public_bytes_raw()
    shared = mine.exchange(X25519PublicKey.from_public_bytes(slot))
    return once + Seal(derived(shared, once + slot)).shut(what, body)


def derived(secret: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose (HKDF with SHA-256)."""
    return HKDF(SHA256(), KEY_BYTES, None, purpose).derive(secret)
