"""A small pack as text and as data, for tests that break it."""

import copy
import tomllib
from pathlib import Path
from typing import Any

from server.packs.check import found_wrong
from server.packs.folder import Finding, read_text

SMALL = (Path(__file__).parent / "small.toml").read_text(encoding="utf-8")


def data() -> dict[str, Any]:
    """The small pack's data, the caller's own."""
    return copy.deepcopy(tomllib.loads(SMALL))


def findings(text: str) -> list[Finding]:
    """What the checker finds in a pack's text."""
    return found_wrong(read_text(text, "mine.toml"))


def reasons(text: str) -> list[str]:
    """The same as people read it: file:line: reason."""
    return [finding.text() for finding in findings(text)]


def line_of(text: str, words: str, after: str = "") -> int:
    """The number of the line that holds `words`, after the one that holds `after`."""
    at = text.index(words, text.index(after))
    return text.count("\n", 0, at) + 1
