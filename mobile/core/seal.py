"""Sealing at rest: everything that is written down is closed with AES-GCM under the device's key.

What a body belongs to is bound into the seal, so that a body moved to another row or file does not open.
"""

import os
import secrets
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


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
