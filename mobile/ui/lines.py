"""Breaks text into lines the way Chinese print does, because Kivy breaks only at blanks.

Left alone, Kivy moves the whole run after "3-02 " to the next line and lets 。 begin a line. English
passes through the same code: its words are kept whole and parted at blanks.
"""

import re
from functools import lru_cache

from kivy.core.text import Label as CoreLabel

NOT_FIRST = "，。、；：？！）》」』】〉”’…·%‰℃,.;:?!)"
NOT_LAST = "（《「『【〈“‘("
THIN = "\u2009"
FIRST_IDEOGRAPH = "\u2e80"
_TOKEN = re.compile(r"[0-9A-Za-z][0-9A-Za-z.:/+\-_%'’]*|\s|.", re.S)


def autospace(text: str) -> str:
    """A thin space between an ideograph and a figure or Latin letter; the middle dot is a full em anyway."""
    text = text.replace(" · ", "·")
    text = re.sub(r"([\u4e00-\u9fff])([0-9A-Za-z])", rf"\1{THIN}\2", text)
    return re.sub(r"([0-9A-Za-z%])([\u4e00-\u9fff])", rf"\1{THIN}\2", text)


FINE = 8  # the font answers in whole pixels: a long English line of rounded words would come out too wide


@lru_cache(maxsize=20_000)
def _measured(token: str, size: float, bold: bool) -> float:
    return CoreLabel(font_size=size * FINE, bold=bold).get_extents(token)[0] / FINE


def _width_of(token: str, size: float, bold: bool) -> float:
    """Pixels; an ideograph is one em, so the font need not be asked."""
    return size if len(token) == 1 and token > FIRST_IDEOGRAPH else _measured(token, size, bold)


def _length(text: str, size: float, bold: bool) -> float:
    return sum(_width_of(token, size, bold) for token in _TOKEN.findall(text))


def units(text: str) -> list[str]:
    """Pieces between which a line may break."""
    found: list[str] = []
    for token in _TOKEN.findall(text):
        glued = found and (
            token in NOT_FIRST
            or token == THIN
            or found[-1][-1] in NOT_LAST
            or (found[-1][-1] == THIN and not found[-1][0] > FIRST_IDEOGRAPH)
        )
        if glued:
            found[-1] += token
        else:
            found.append(token)
    return found


def _paragraph(text: str, width: float, size: float, bold: bool) -> list[str]:
    lines: list[str] = []
    line, used = "", 0.0
    for unit in units(text):
        wide = _length(unit, size, bold)
        if used + wide > width and line:
            lines.append(line.rstrip())
            line, used, unit = "", 0.0, unit.lstrip()
        line, used = line + unit, used + wide
    return [*lines, line.rstrip()]


def wrap(text: str, width: float, size: float, bold: bool = False, most: int = 0) -> str:
    """Lines of `text` no wider than `width` px; with `most`, the last of so many lines ends in …"""
    lines = [line for part in autospace(text).split("\n") for line in _paragraph(part, width, size, bold)]
    if most and len(lines) > most:
        blank = " " if lines[most - 1][-1:].isascii() and lines[most][:1].isascii() else ""
        last = lines[most - 1] + blank + lines[most]
        while last and _length(last, size, bold) + size > width:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip("，、 " + THIN) + "…"]
    return "\n".join(lines)


def balanced(text: str, width: float, size: float, bold: bool = False, most: int = 0) -> str:
    """The same number of lines, about equally long: centred text must not end in one lonely character."""
    many = wrap(text, width, size, bold).count("\n")
    if most and many >= most:
        return wrap(text, width, size, bold, most)
    low, high = width / 2, width
    while high - low > size / 2:
        middle = (low + high) / 2
        if wrap(text, middle, size, bold).count("\n") == many:
            high = middle
        else:
            low = middle
    return wrap(text, high, size, bold)
