"""The platform's keystore: the device's key is random, and lies on the disk only wrapped by a key that never leaves
the hardware.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mobile.core.seal import KEY_BYTES
from mobile.platform.android import java

ALIAS = "xunge-device"
STORE, MODE, TAG_BITS, NONCE_BYTES = "AndroidKeyStore", "AES/GCM/NoPadding", 128, 12
ENCRYPT, DECRYPT = 1, 2  # javax.crypto.Cipher


class WrappedKey:
    """A random key in a file, shut and opened by somebody else's key: `wrap` and `unwrap` never show it."""

    def __init__(
        self,
        path: Path,
        wrap: Callable[[bytes], bytes],
        unwrap: Callable[[bytes], bytes],
        destroy: Callable[[], None],
    ) -> None:
        self._path, self._wrap, self._unwrap, self._destroy = path, wrap, unwrap, destroy

    def device_key(self) -> bytes:
        """The same 32 bytes at every call until `forget`; made at the first one, on the disk before it is used."""
        if not self._path.exists():
            self._make()
        return self._unwrap(self._path.read_bytes())

    def _make(self) -> None:
        draft = self._path.with_name(f"{self._path.name}.{secrets.token_hex(6)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(self._wrap(secrets.token_bytes(KEY_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._path)

    def forget(self) -> None:
        """Takes away the file and the key that could open it."""
        self._path.unlink(missing_ok=True)
        self._destroy()


class AndroidKeys(WrappedKey):
    """Wrapped by an AES key of the AndroidKeyStore (in hardware where the tablet has it)."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _wrap, _unwrap, _destroy)


def _store() -> Any:
    store = java("java.security.KeyStore").getInstance(STORE)
    store.load(None)
    return store


def _key() -> Any:
    """The key in the keystore; it can be used while the tablet is locked, because sending goes on then."""
    store = _store()
    if not store.containsAlias(ALIAS):
        properties = java("android.security.keystore.KeyProperties")
        builder = java("android.security.keystore.KeyGenParameterSpec$Builder")(
            ALIAS, properties.PURPOSE_ENCRYPT | properties.PURPOSE_DECRYPT
        )
        builder.setBlockModes([properties.BLOCK_MODE_GCM])
        builder.setEncryptionPaddings([properties.ENCRYPTION_PADDING_NONE])
        builder.setKeySize(256)
        generator = java("javax.crypto.KeyGenerator").getInstance(properties.KEY_ALGORITHM_AES, STORE)
        generator.init(builder.build())
        return generator.generateKey()
    return store.getKey(ALIAS, None)


def _wrap(key: bytes) -> bytes:
    cipher = java("javax.crypto.Cipher").getInstance(MODE)
    cipher.init(ENCRYPT, _key())
    return bytes(cipher.getIV()) + bytes(cipher.doFinal(key))


def _unwrap(wrapped: bytes) -> bytes:
    cipher = java("javax.crypto.Cipher").getInstance(MODE)
    nonce = java("javax.crypto.spec.GCMParameterSpec")(TAG_BITS, wrapped[:NONCE_BYTES])
    cipher.init(DECRYPT, _key(), nonce)
    return bytes(cipher.doFinal(wrapped[NONCE_BYTES:]))


def _destroy() -> None:
    _store().deleteEntry(ALIAS)
