"""What is missing of a tablet's counting: ranges of numbers that never arrived though later ones did, since when."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Any

Range = dict[str, Any]


def counted(gaps: Iterable[Range], last: int, arrived: Iterable[int], since: str) -> list[Range]:
    """The ranges {first, last, since}, in order, after `arrived` came; `last` = the newest number that came before.

    A range keeps its moment when part of it arrives; what is skipped now is missing since `since`. Nothing is left out,
    however far a tablet jumps: there is at most one range more for each number that came.
    """
    came = sorted(set(arrived))
    left = [part for gap in gaps for part in _without(gap, came)]
    return [*left, *_skipped(last, came, since)]


def _without(gap: Range, came: list[int]) -> Iterator[Range]:
    first = gap["first"]
    for seq in came[bisect_left(came, first) : bisect_right(came, gap["last"])]:
        if seq > first:
            yield gap | {"first": first, "last": seq - 1}
        first = seq + 1
    if first <= gap["last"]:
        yield gap | {"first": first}


def _skipped(last: int, came: list[int], since: str) -> Iterator[Range]:
    for seq in came[bisect_right(came, last) :]:
        if seq > last + 1:
            yield {"first": last + 1, "last": seq - 1, "since": since}
        last = seq
