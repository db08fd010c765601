"""Where something stands in a TOML text: the parser keeps no lines, so headers and keys are looked for again."""

import re

from server.protocol.pack import Place

HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
KEY = re.compile(
    r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*="""
)
PART = re.compile(r""""[^"]*"|'[^']*'|[A-Za-z0-9_-]+""")


def line_of(text: str, place: Place) -> int:
    """The line (from 1) of `place` (keys and indexes from the top), of the first thing in it, or of what holds it."""
    best, found = 0, 1
    for line, here in _marks(text):
        shared = min(len(here), len(place))
        if shared > best and place[:shared] == here[:shared]:
            best, found = shared, line
    return found


def _marks(text: str) -> list[tuple[int, Place]]:
    """Every header and key with its line and its place."""
    marks: list[tuple[int, Place]] = []
    counts: dict[Place, int] = {}
    here: Place = ()
    in_string = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if in_string:
            if in_string in line:
                in_string = ""
            continue
        if header := HEADER.match(line):
            here = _entered(_names(header[2]), header[1] == "[[", counts)
            marks.append((number, here))
        elif key := KEY.match(line):
            marks.append((number, (*here, *_names(key[1]))))
            in_string = next((q for q in ('"""', "'''") if line.count(q) % 2), "")
    return marks


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in PART.findall(dotted))


def _entered(names: tuple[str, ...], array: bool, counts: dict[Place, int]) -> Place:
    """The place of a header: names with the index of the last entry of each list on the way."""
    here: Place = ()
    for depth, name in enumerate(names):
        here = (*here, name)
        last = depth == len(names) - 1
        if last and array:
            counts[here] = counts.get(here, -1) + 1
        if here in counts:
            here = (*here, counts[here])
    return here
