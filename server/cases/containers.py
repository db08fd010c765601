"""What else a picture file is: another format that a program would find in the same bytes (a polyglot).

A phone may write honest data behind the end of its picture (a motion photo's film, a vendor's notes, the second picture
of an HDR pair), so bytes behind the end are no offence in themselves. What some program would open or run is: an
archive, a document, markup with script. All checks are on structure or on words too long to occur by chance.
"""

import re
import struct
from collections.abc import Iterator

MAGIC = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
# Anywhere in the file: readers of these formats do not ask where it begins. In lower case, for markup has none.
WORDS = (
    b"<!doctype html",
    b"<!doctype svg",
    b"http://www.w3.org/2000/svg",
    b"__halt_compiler()",
    b"javascript:",
)
# A tag ends where its name does: at a space of any kind, a slash or its end. `<svg` alone is too short to tell; with a
# handler (`onload=`) any tag is script.
TAG = re.compile(
    rb"<(?:(?:script|html|body|iframe|object|embed)[\s/>]|\?php\s|[a-z][a-z0-9:]*[\s/][\s!-;=?-~]{0,500}?\bon[a-z]{3,20}\s*=)"
)
PACKED = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
# A reader of PDF looks for its mark in the first kilobyte, and takes any version.
PDF, PDF_MARK = re.compile(rb"%PDF-[12]\.\d"), b"%PDF-"
PDF_HEAD = 1024
# At the beginning of what stands behind the picture's end.
BEHIND = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*(?:<(?:!doctype|html|head|body|svg|script|iframe|\?xml|\?php)|#!\s?/)"
    rb"|MZ.{58}|\x7fELF|PK\x03\x04|\xca\xfe\xba\xbe|GIF8[79]a",
    re.IGNORECASE | re.DOTALL,
)
JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
BARE = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
END = 0xD9
ZIP_END, ZIP_ENTRY, ZIP64 = b"PK\x05\x06", b"PK\x01\x02", b"PK\x06\x07"
ZIP_TAIL = 22 + 65_535


def kind_of(content: bytes) -> str | None:
    """The MIME type by the first bytes, whatever the file is called; None for what is not kept as a picture."""
    return next((mime for magic, mime in MAGIC if magic.match(content)), None)


def end_of_picture(content: bytes, mime: str) -> int:
    """The offset behind the picture's last byte; the length of the file when no end is found."""
    walk = {"image/jpeg": _end_of_jpeg, "image/png": _end_of_png, "image/webp": _end_of_webp}[mime]
    return min(walk(content), len(content))


def is_polyglot(content: bytes, mime: str) -> bool:
    """Whether a program other than a picture viewer would find something of its own in these bytes."""
    behind, flat = end_of_picture(content, mime), content.lower()
    return bool(
        any(word in flat for word in WORDS)
        or TAG.search(flat)
        or any(word in content for word in PACKED)
        or PDF_MARK in content[:PDF_HEAD]
        or PDF.search(content, behind)
        or BEHIND.match(content, behind)
        or is_archive(content)
    )


def is_archive(content: bytes) -> bool:
    """Whether a reader of ZIP (JAR, APK, office documents) would find its directory at the end of these bytes."""
    return any(_is_directory(content, at) for at in _positions(content, ZIP_END, len(content) - ZIP_TAIL))


def _positions(content: bytes, word: bytes, start: int) -> Iterator[int]:
    at = content.find(word, max(0, start))
    while at >= 0:
        yield at
        at = content.find(word, at + 1)


def _is_directory(content: bytes, at: int) -> bool:
    """Four bytes may occur by chance in any picture: the record must also point at a directory.

    It says so twice, and readers differ: some count its size back from the record, some go to its offset.
    """
    if len(content) < at + 22:
        return False
    entries, size, offset = struct.unpack_from("<HII", content, at + 10)
    if size == 0xFFFFFFFF or entries == 0xFFFF:
        return content[max(0, at - 20) : at].startswith(ZIP64)
    by_size = 0 < size <= at and content.startswith(ZIP_ENTRY, at - size)
    return by_size or content.startswith(ZIP_ENTRY, offset)


def _end_of_jpeg(content: bytes) -> int:
    at = 2
    while found := JPEG_MARKER.search(content, at):
        marker, at = content[found.end() - 1], found.end()
        if marker == END:
            return at
        if marker in BARE:
            continue
        if len(content) < at + 2:
            break
        # Behind the header of a scan the search itself runs over the picture's data.
        at += struct.unpack_from(">H", content, at)[0]
    return len(content)


def _end_of_png(content: bytes) -> int:
    at = 8
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        at += 12 + length
        if kind == b"IEND":
            return at
    return len(content)


def _end_of_webp(content: bytes) -> int:
    length = struct.unpack_from("<I", content, 4)[0]
    return int(8 + length + length % 2)
