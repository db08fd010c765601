"""Packages on the disk, by their content: any server of an installation makes the same again, so none needs to be kept.

`<content>.sqlite` is a whole package, `<base>-<content>.gz` and `<content>.gz` are what goes over the wire,
`<key>.key` names the content that was made for a key. A file that is asked for is touched; a task forgets the others.
"""

import gzip
import hashlib
import os
import re
import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from server.protocol import package as packages

KEPT_FOR = timedelta(days=30)
GZIP_LEVEL = 6
NAME = re.compile(r"(?:[0-9a-f]{64}-)?[0-9a-f]{64}\.(?:gz|mbtiles)", re.ASCII)
CONTENT = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Kept:
    """The folder with them."""

    folder: Path

    def content(self, key: str, make: Callable[[], bytes]) -> str:
        """The content for a key, made when it is not here yet."""

        def whole() -> str:
            package = make()
            name = f"{packages.content_of(package)}.sqlite"
            self.put(name, package)
            return name

        return self.linked(f"{key}.key", whole).removesuffix(".sqlite")

    def way(self, have: str, content: str) -> tuple[str, str]:
        """(name of the file that leads to the content, what it starts from): from `have` where that is still here and
        the difference is the smaller one, else from nothing."""
        whole = f"{content}.gz"
        if not self._touched(whole):
            self.put(whole, _packed(self._whole(content)))
        if have == content or not CONTENT.fullmatch(have) or not self._touched(f"{have}.sqlite"):
            return whole, ""
        step = f"{have}-{content}.gz"
        if not self._touched(step):
            self.put(step, _packed(packages.step(self._whole(have), self._whole(content))))
        if (self.folder / step).stat().st_size >= (self.folder / whole).stat().st_size:
            return whole, ""
        return step, have

    def bounds(self, content: str) -> tuple[float, float, float, float]:
        """West, south, east, north of a package, degrees."""
        with closing(packages.opened(self._whole(content))) as conn:
            return packages.bounds_of(conn)

    def facilities(self, name: str) -> dict[str, int]:
        """How many facilities of each layer a file brings; none in map pictures."""
        if not name.endswith(".gz"):
            return {}
        return packages.facilities_of(gzip.decompress((self.folder / name).read_bytes()))

    def described(self, name: str) -> dict[str, Any]:
        """A file as an offer names it."""
        with (self.folder / name).open("rb") as file:
            return {
                "file": name,
                "bytes": os.fstat(file.fileno()).st_size,
                "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            }

    def file(self, name: str) -> Path | None:
        """The file of that name, None for what is none of ours."""
        return self.folder / name if NAME.fullmatch(name) and self._touched(name) else None

    def belongs(self, name: str, key: str) -> bool:
        """Whether a file leads to the content of a key, or is what was clipped for it."""
        content = (self._read(f"{key}.key") or b"").decode().removesuffix(".sqlite")
        if name.endswith(".mbtiles"):
            return bool(content) and self._read(f"{content}.tiles") == name.encode()
        return bool(content) and name.removesuffix(".gz").rpartition("-")[2] == content

    def linked(self, name: str, make: Callable[[], str]) -> str:
        """The name of the file that `name` leads to, made when it is not here yet."""
        found = self._read(name)
        if found is not None and self._touched(found.decode()):
            return found.decode()
        made = make()
        self.put(name, made.encode())
        return made

    def put(self, name: str, data: bytes) -> None:
        """Whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self.folder / f".{secrets.token_hex(8)}"
        draft.write_bytes(data)
        draft.replace(self.folder / name)

    def forget(self, now: datetime) -> int:
        """Takes away what nobody asked for in a while; how many files."""
        before = (now - KEPT_FOR).timestamp()
        old = [path for path in self.folder.glob("*") if path.stat().st_mtime < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _whole(self, content: str) -> bytes:
        return (self.folder / f"{content}.sqlite").read_bytes()

    def _read(self, name: str) -> bytes | None:
        return (self.folder / name).read_bytes() if self._touched(name) else None

    def _touched(self, name: str) -> bool:
        """Whether it is here; it stays for a while then."""
        try:
            os.utime(self.folder / name)
        except FileNotFoundError:
            return False
        return True


def _packed(package: bytes) -> bytes:
    return gzip.compress(package, GZIP_LEVEL, mtime=0)
