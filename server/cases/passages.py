"""Places in what people wrote, as JSON: every text with its path, where words stand in it, and the same blackened."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

MARK = "■■■"
Way = tuple[str | int, ...]
Cut = tuple[Way, int, int]


def strings(value: Any, path: Way = ()) -> Iterator[tuple[Way, str]]:
    """Every text in it with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from strings(inner, (*path, key))


def cuts_of(private: Any, words: Sequence[str]) -> list[Cut]:
    """Where any of the words (the longest first) stands in it."""
    found: list[Cut] = []
    for path, text in strings(private):
        spans: list[tuple[int, int]] = []
        for one in words:
            start = text.find(one)
            while start >= 0:
                end = start + len(one)
                if all(end <= a or b <= start for a, b in spans):
                    spans.append((start, end))
                start = text.find(one, start + 1)
        found += [(path, start, end) for start, end in sorted(spans)]
    return found


def without(private: Any, cuts: Iterable[Cut]) -> Any:
    """The same with each place blackened; how long it was is not told."""
    left = json.loads(json.dumps(private))
    for path, start, end in sorted(cuts, key=lambda cut: cut[1], reverse=True):
        *way, last = path
        holder = left
        for step in way:
            holder = holder[step]
        holder[last] = holder[last][:start] + MARK + holder[last][end:]
    return left
