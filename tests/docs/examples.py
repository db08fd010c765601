"""The examples of server/PROTOCOL.md: found by their marker line, and compared with what the server really says.

A marker is `<!-- example: NAME, WORD VALUE, … -->`; the fenced blocks that follow it up to the next heading or marker
belong to it. Shapes are compared: the same fields, the same kinds of values; words that mean something, exactly.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from server.settings import CHECKOUT

DOCUMENT = CHECKOUT / "server" / "PROTOCOL.md"
MARKER = re.compile(r"^<!-- example: (.+?) -->$")
EXACT = {
    "envelope",
    "outcome",
    "code",
    "kind",
    "action",
    "state",
    "stage",
    "sentence",
    "more",
    "mime",
    "status",
    "device_state",
}


@dataclass(frozen=True)
class Example:
    """One example: what it is called, the words of its marker, its fenced blocks as (language, text)."""

    name: str
    words: dict[str, str]
    blocks: tuple[tuple[str, str], ...]

    def json(self, number: int) -> Any:
        """The block of that number as JSON."""
        language, text = self.blocks[number]
        assert language == "json", f"{self.name}: block {number} is {language}"
        return json.loads(text)


def examples(text: str) -> list[Example]:
    """All examples of a document, in its order."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    lines = iter(text.splitlines())
    belongs = False
    for line in lines:
        if marker := MARKER.match(line):
            found.append((marker[1], []))
            belongs = True
        elif line.startswith("#"):
            belongs = False
        elif line.startswith("```") and belongs:
            block = []
            for inner in lines:
                if inner == "```":
                    break
                block.append(inner)
            found[-1][1].append((line.removeprefix("```"), "\n".join(block)))
    made = []
    for marker_words, blocks in found:
        name, *rest = [part.strip() for part in marker_words.split(",")]
        words = dict(([*part.split(" ", 1), ""])[:2] for part in rest)
        made.append(Example(name, words, tuple(blocks)))
    return made


def differences(said: Any, real: Any, where: str = "$") -> list[str]:
    """Where the document's value and the real one are not of one shape. `{}` and `[]` in the document: any content."""
    if isinstance(said, dict):
        if not isinstance(real, dict):
            return [f"{where}: {type(real).__name__} instead of an object"]
        if not said:
            return []
        found = [f"{where}.{key}: not in the document" for key in real.keys() - said.keys()]
        found += [f"{where}.{key}: only in the document" for key in said.keys() - real.keys()]
        for key in said.keys() & real.keys():
            found += _values(key, said[key], real[key], f"{where}.{key}")
        return found
    if isinstance(said, list):
        if not isinstance(real, list):
            return [f"{where}: {type(real).__name__} instead of a list"]
        if len(real) < len(said):
            return [f"{where}: {len(real)} instead of {len(said)}"]
        return [fault for n, one in enumerate(said) for fault in differences(one, real[n], f"{where}[{n}]")]
    if said is None or isinstance(said, bool):
        return (
            []
            if type(said) is type(real) or (said is None and real is None)
            else [f"{where}: {real!r} instead of {said!r}"]
        )
    if isinstance(said, int | float) and isinstance(real, int | float) and not isinstance(real, bool):
        return []
    return [] if type(said) is type(real) else [f"{where}: {real!r} instead of {said!r}"]


def _values(key: str, said: Any, real: Any, where: str) -> list[str]:
    if key in EXACT and not isinstance(said, dict | list) and said != real:
        return [f"{where}: {real!r} instead of {said!r}"]
    return differences(said, real, where)
