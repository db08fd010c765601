"""Which stage of a case its photos show: what the category says of the act, else what the act itself says."""

from collections.abc import Iterable

from server.protocol.declared import Attachment
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


def stage_of(action: str, category: Category | None) -> str:
    """The stage of the photos that come with an act, for every door through which they come."""
    said = category.evidence.get(action, "") if category else ""
    return said or BY_ACT.get(action, OTHERWISE)


def lacking(action: str, category: Category, photos: Iterable[Attachment]) -> str:
    """The stage of which the pack wants a photo with this act and none is among `photos`; "" when nothing lacks."""
    wanted = category.evidence.get(action, "")
    return "" if any(photo.stage == wanted for photo in photos) else wanted
