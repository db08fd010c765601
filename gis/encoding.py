"""Finds the encoding of a shapefile's table or of a text, which often says nothing or the wrong thing about itself."""

import codecs
import re
import struct
from pathlib import Path

from gis.geojson import UnreadableError

# The language byte of tables written by Windows programs that leave the real code page unsaid.
_SAYS_NOTHING = {0x00, 0x57}
_WESTERN = {"ISO-8859-1", "ISO8859-1", "ISO 8859-1", "LATIN1", "1252", "CP1252", "WINDOWS-1252", "ANSI 1252", "88591",
            "0x03", "0x01", "0x02"}  # fmt: skip
# A text read as GBK by mistake is full of rare characters; a real one is made of the 7,445 of GB 2312.
_COMMON_SHARE = 0.9


def of_table(table: Path) -> tuple[str, str | None] | None:
    """(`UTF-8` or `GBK`, what the table claims or None), found by looking at the bytes of a .dbf; None when what the
    table says of itself holds.

    Raises UnreadableError when the bytes fit neither and the table says nothing.
    """
    data = table.read_bytes()
    if len(data) < 32:
        return None
    words = [word for word in _words(data) if not word.isascii()]
    claimed = _claimed(table, data[29])
    if not words or (claimed and not _doubtful(claimed, words)):
        return None
    seen = _seen(words)
    if seen and seen != claimed:
        return seen, claimed
    if seen or claimed:
        return None
    raise UnreadableError(
        "The encoding of {file} is unknown: it is neither UTF-8 nor GBK. Put a .cpg file with its name beside it.",
        file=table.name,
    )


def _claimed(table: Path, language: int) -> str | None:
    """What the .cpg file or the language byte says; None when neither says anything."""
    page = table.with_suffix(".cpg")
    name = page.read_bytes()[:40].decode("ascii", "replace").strip().upper() if page.exists() else ""
    if name:
        return {"UTF8": "UTF-8", "65001": "UTF-8", "936": "GBK", "CP936": "GBK", "GB2312": "GBK"}.get(
            name, name
        )
    return None if language in _SAYS_NOTHING else f"0x{language:02X}"


def _doubtful(claimed: str, words: list[bytes]) -> bool:
    """Western pages are what programs write that were never asked; UTF-8 can be tried."""
    if claimed == "UTF-8":
        return not all(_decodes(word, "utf-8") for word in words)
    return claimed in _WESTERN


def _seen(words: list[bytes]) -> str | None:
    if all(_decodes(word, "utf-8") for word in words):
        return "UTF-8"
    return "GBK" if _looks_gbk(words) else None


def _looks_gbk(words: list[bytes]) -> bool:
    if not all(_decodes(word, "gb18030") for word in words):
        return False
    text = "".join(word.decode("gb18030", "ignore") for word in words)
    letters = [letter for letter in text if not letter.isascii()]
    return sum(_common(letter) for letter in letters) >= _COMMON_SHARE * len(letters)


def of_text(path: Path) -> str:
    """`utf-8-sig` or `gb18030`: what a text file is written in. Raises UnreadableError when it is neither."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read, sample = 0, b""
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                sample = error.object[max(error.start - 2000, 0) : error.start + 20_000]
                return _other_than_utf8(sample, read + error.start - (len(error.object) - len(piece)))
            read += len(piece)
    # A file that ends inside a character ends early; the reader that comes to the place says where.
    return "utf-8-sig"


def _other_than_utf8(sample: bytes, byte: int) -> str:
    if _looks_gbk(
        [word for word in re.split(rb"[\x00-\x7f]+(?![\x40-\x7e\x80-\xff])|[\x00-\x3f]+", sample) if word]
    ):
        return "gb18030"
    raise UnreadableError("The file is not UTF-8 at byte {byte}; save it as UTF-8.", byte=f"{byte:,}")


def _words(data: bytes) -> list[bytes]:
    """Field names and text values of a dBASE table."""
    count, header, length = struct.unpack("<IHH", data[4:12])
    fields, at = [], 32
    while at + 32 <= header and data[at] != 0x0D:
        fields.append((data[at : at + 11].split(b"\0")[0], chr(data[at + 11]), data[at + 16]))
        at += 32
    words = [name for name, _, _ in fields]
    for record in range(min(count, 20_000)):
        at = header + record * length + 1
        for _, kind, width in fields:
            if kind == "C":
                words.append(data[at : at + width].strip(b" \0"))
            at += width
    return words


def _decodes(word: bytes, encoding: str) -> bool:
    # A value that fills its field may have been cut inside its last character.
    for cut in range(4):
        try:
            word[: len(word) - cut].decode(encoding)
            return True
        except UnicodeDecodeError:
            continue
    return False


def _common(letter: str) -> bool:
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
