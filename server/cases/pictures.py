"""A picture before it is evidence: looked at whole, its copies made, waiting under names of its own to be kept."""

import hashlib
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.cases.containers import is_polyglot, kind_of
from server.cases.darkroom import NotDeveloped, darkroom
from server.cases.developing import MOST_PIXELS
from server.errors import XungeError

CHUNK = 1 << 20
ERASED = "erased"


def _(msgid: str) -> str:
    return msgid


REFUSALS = {
    "not_a_picture": _("The file is not a JPEG, PNG or WebP picture."),
    "too_many_pixels": _("The picture has more than {limit} pixels."),
    "moving": _("The picture moves. Only a still picture is taken as evidence."),
    "too_costly": _("The picture takes too much memory or time to open."),
    "unreadable": _("The picture is damaged or cut off: it cannot be opened."),
    "erased": _("The photo was erased."),
    "polyglot": _("Something else is hidden in the picture: an archive, a document or a script."),
}


class PictureRefused(XungeError):
    """Content that is never taken. `why` is a key of REFUSALS; the same bytes are refused again."""

    status, code = 422, "picture_refused"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(REFUSALS[why], limit=MOST_PIXELS)


@dataclass(frozen=True)
class Picture:
    """What the content is, and where original and copies wait. `width`, `height`: pixels as stored."""

    sha256: str
    bytes: int
    mime: str
    width: int
    height: int
    original: Path
    copy: Path
    thumb: Path

    def discard_copies(self) -> None:
        """Takes away the copies that were not kept."""
        self.copy.unlink(missing_ok=True)
        self.thumb.unlink(missing_ok=True)


def waiting_room(folder: Path) -> Path:
    """Where files wait, on the same disk as those that are kept; closed to other accounts, like all of `folder`."""
    room = folder / "new"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    room.mkdir(exist_ok=True)
    return room


def hash_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def look_at(folder: Path, original: Path, sha256: str) -> Picture:
    """Opens the whole of a complete file, whatever it is called, and makes its copies; the file stays where it is.

    Raises PictureRefused for content that is not taken, Busy when it cannot be opened at this moment.
    """
    content = original.read_bytes()
    mime = kind_of(content)
    if mime is None:
        raise PictureRefused("not_a_picture")
    if is_polyglot(content, mime):
        raise PictureRefused("polyglot")
    room, name = waiting_room(folder), uuid.uuid4().hex
    copy, thumb = room / f"{name}.copy", room / f"{name}.thumb"
    try:
        found = darkroom.develop(original, copy, thumb)
    except BaseException as problem:
        copy.unlink(missing_ok=True)
        thumb.unlink(missing_ok=True)
        if isinstance(problem, NotDeveloped):
            raise PictureRefused(problem.code) from None
        raise
    return Picture(sha256, len(content), found.mime, found.width, found.height, original, copy, thumb)


@contextmanager
def looked_at(folder: Path, contents: Sequence[bytes]) -> Iterator[tuple[Picture, ...]]:
    """Pictures out of a form, on the disk and looked at; those that the block did not keep leave nothing behind."""
    room, made, pictures = waiting_room(folder), [], []
    try:
        for content in contents:
            original = room / f"{uuid.uuid4().hex}.original"
            made.append(original)
            with original.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            pictures.append(look_at(folder, original, hashlib.sha256(content).hexdigest()))
        yield tuple(pictures)
    finally:
        for path in made:
            path.unlink(missing_ok=True)
        for picture in pictures:
            picture.discard_copies()
