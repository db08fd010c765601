"""Brings the offline package down: asks what leads to it from the one here, fetches that, proves it, puts it in.

Nothing of a package counts before all of it fits: the signature of the office that this tablet enrolled with, the key
that its changes named, the hash of the file (before anything reads it), and the content that comes out. What does not
fit is said to the worker and, with the next question, to the office; the package of before stays.
"""

import hashlib
import logging
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mobile.core.mirror import Mirror
from mobile.core.office import Office
from mobile.core.store import DiskFull, Store
from server.protocol.package import NotAPackage, applied, content_of, signed_text

log = logging.getLogger(__name__)
PIECE = 256 * 1024  # so much is asked for at once: what a cut link loses
KEY, FAULT = "package_key", "package_fault"
TILES, TILES_PART = "basemap.mbtiles", "basemap.part"
MOST_BYTES, MOST_OPEN = 64 * 1024 * 1024, 256 * 1024 * 1024
Step = Callable[[int, int, float], None]


class Forged(Exception):
    """What came is not what the office signed."""


class Delivery:
    """Keeps what came of a file until all of it is here; the map pictures on the disk, for they are large."""

    def __init__(self, store: Store, mirror: Mirror) -> None:
        self._store, self._mirror = store, mirror
        self._file, self._came = "", b""
        self.metered: Callable[[], bool] = lambda: False

    @property
    def tiles(self) -> Path:
        """The map pictures (MBTiles), where there are any."""
        return self._store.home / TILES

    @property
    def fault(self) -> bool:
        """Whether the last package that came was refused."""
        return bool(self._store.kept(FAULT, False))

    def fetch(self, office: Office, step: Step, tell: Callable[[], None] = lambda: None) -> None:
        """One try, as far as the link carries; `tell` is called when the map is another one. Raises NoWord, Refused,
        Locked, DiskFull.
        """
        wanted, held = self._mirror.thing("grid").get("key"), self._mirror.package
        settled = self.metered() or self._store.kept("package_done") == wanted
        if not wanted or (wanted == held.key and settled):
            return
        offer = office.package("" if self.fault else held.content, self.fault)
        try:
            content, pictures = self._proved(offer)
            if offer["key"] != wanted:
                log.info("another package than the changes named: the next ones will name it")
                return
            if content != held.content:
                came = self._whole(office, offer, step)
                package = applied(held.body if offer["base"] else None, came)
                if content_of(package) != content:
                    raise Forged("another content")
                self._mirror.keep_package(package)
                tell()
            if self._pictures(office, pictures, step):
                self._store.keep("package_done", wanted)
            self._store.keep(FAULT, False)
        except (Forged, NotAPackage, KeyError, TypeError, ValueError) as fault:
            log.warning("the package was refused: %s", fault)
            self._file, self._came = "", b""
            self._store.keep(FAULT, True)  # said to the worker; the whole one is asked for at the next round
            tell()

    def forget(self) -> None:
        """The tablet wipes itself: what lies on the disk goes."""
        self._file, self._came = "", b""
        for name in (TILES, TILES_PART):
            (self._store.home / name).unlink(missing_ok=True)

    def _proved(self, offer: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
        """The content and the file of map pictures, when the office signed what is offered. Raises Forged."""
        content, pictures, told = str(offer["content"]), offer.get("tiles"), str(offer["public_key"])
        known = self._store.kept(KEY) or told  # of a tablet that enrolled before packages were signed
        signed = signed_text(
            str(offer["key"]), content, str(offer["sha256"]), str(pictures["sha256"]) if pictures else ""
        )
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(known)).verify(
                bytes.fromhex(str(offer["signature"])), signed
            )
        except InvalidSignature as fault:
            raise Forged("not signed by our office") from fault
        self._store.keep(KEY, known)
        return content, pictures

    def _whole(self, office: Office, offer: dict[str, Any], step: Step) -> bytes:
        """The package's file, unpacked. What a cut link left of it stays for the next round."""
        name, size = str(offer["file"]), int(offer["bytes"])
        if not 0 < size <= MOST_BYTES:
            raise Forged("a package of that size")
        if self._file != name:
            self._file, self._came = name, b""
        while len(self._came) < size:
            step(1, 1, len(self._came) / size)
            self._came += office.piece(name, len(self._came), min(PIECE, size - len(self._came)))
        came, self._file, self._came = self._came, "", b""
        if hashlib.sha256(came).hexdigest() != offer["sha256"]:
            raise Forged("not the file that was named")
        inflate = zlib.decompressobj(wbits=31)
        try:
            package = inflate.decompress(came, MOST_OPEN)
        except zlib.error as fault:
            raise Forged("not packed as it should be") from fault
        if not inflate.eof:
            raise Forged("a package of that size")
        return package

    def _pictures(self, office: Office, wanted: dict[str, Any] | None, step: Step) -> bool:
        """The file of map pictures, piece by piece onto the disk; whether it is settled. They wait for a free link."""
        have = self._store.kept("tiles", "")
        if wanted is None:
            self.tiles.unlink(missing_ok=True)
            self._store.keep("tiles", "")
            return True
        name, size, sha = str(wanted["file"]), int(wanted["bytes"]), str(wanted["sha256"])
        if have == sha and self.tiles.exists():
            return True
        if self.metered():
            return False
        part = self._store.home / TILES_PART
        if self._store.kept("tiles_part") != name:
            part.unlink(missing_ok=True)
            self._store.keep("tiles_part", name)
        try:
            with part.open("ab") as file:
                while (at := file.tell()) < size:
                    step(1, 1, at / size)
                    file.write(office.piece(name, at, min(PIECE, size - at)))
                    file.flush()
                os.fsync(file.fileno())
        except OSError as problem:
            raise DiskFull from problem
        with part.open("rb") as file:
            whole = hashlib.file_digest(file, "sha256").hexdigest() == sha
        if not whole:
            part.unlink()
            raise Forged("not the map pictures that were named")
        part.replace(self.tiles)
        self._store.keep("tiles", sha)
        return True
