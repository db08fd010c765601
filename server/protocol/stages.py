"""Which stages of a case its photos show: what the category says of the act, else what the act itself says."""

from collections.abc import Iterable, Mapping

from server.protocol.pack import Category

BY_ACT = {
    "report": "before",
    "verify": "before",
    "answer": "before",
    "notice": "before",
    "self_handle": "after",
    "handle": "after",
    "enforced": "after",
    "answer_outside": "after",
    "pass": "inspection",
    "fail": "inspection",
    "recheck": "inspection",
}
OTHERWISE = "during"
Evidence = Mapping[str, tuple[str, ...]]


def stages_of(action: str, category: Category | None) -> tuple[str, ...]:
    """The stages of the photos that come with an act, for every door through which they come: at least one.

    A photo of which nobody says what it shows shows the first.
    """
    said = category.evidence.get(action) if category else None
    return said or (BY_ACT.get(action, OTHERWISE),)


def lacking(action: str, category: Category, shown: Iterable[str]) -> tuple[str, ...]:
    """The stages of which the pack wants a photo with this act and that are not among those `shown`."""
    there = frozenset(shown)
    return tuple(stage for stage in category.evidence.get(action, ()) if stage not in there)


def of_making_safe(photos: Iterable[tuple[str, str]], evidence: Evidence) -> list[tuple[str, str]]:
    """Of the (name, stage) of the photos of a report that made the place safe as well, those that show the latter.

    Where the report needs a photo of the same stage, the first one is the report's.
    """
    safe = evidence.get("make_safe") or (BY_ACT.get("make_safe", OTHERWISE),)
    owed = [stage for stage in evidence.get("report", ()) if stage in safe]
    found = []
    for name, stage in photos:
        if stage in owed:
            owed.remove(stage)
        elif stage in safe:
            found.append((name, stage))
    return found
