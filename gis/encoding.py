"""Finds the encoding of a shapefile's table, which often says nothing or the wrong thing about itself."""

import struct
from pathlib import Path

from gis.geojson import UnreadableError

# The language byte of tables written by Windows programs that leave the real code page unsaid.
_SAYS_NOTHING = {0x00, 0x57}
# A text read as GBK by mistake is full of rare characters; a real one is made of the 7,445 of GB 2312.
_COMMON_SHARE = 0.9


def of_table(table: Path) -> str | None:
    """`UTF-8` or `GBK` found by looking at the bytes of a .dbf; None when the table itself says what it is.

    Raises UnreadableError when the bytes fit neither.
    """
    data = table.read_bytes()
    if len(data) < 32 or table.with_suffix(".cpg").exists() or data[29] not in _SAYS_NOTHING:
        return None
    words = [word for word in _words(data) if not word.isascii()]
    if not words:
        return None
    if all(_decodes(word, "utf-8") for word in words):
        return "UTF-8"
    if all(_decodes(word, "gb18030") for word in words):
        text = "".join(word.decode("gb18030") for word in words)
        letters = [letter for letter in text if not letter.isascii()]
        if sum(_common(letter) for letter in letters) >= _COMMON_SHARE * len(letters):
            return "GBK"
    raise UnreadableError(
        "The encoding of {file} is unknown: it is neither UTF-8 nor GBK. Put a .cpg file with its name beside it.",
        file=table.name,
    )


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
