"""Who is told about a held act: its author of the decision, whose duty it is when it waits too long."""

from datetime import datetime
from typing import Any

from server.cases.batch import Answer
from server.security import Viewer
from server.telling.service import LATE, Notice

DECIDED = 0
Row = dict[str, Any]


def decided(row: Row, viewer: Viewer, decision: str, done: Answer | None) -> list[Notice]:
    """To the author, on whatever tablet or desk they look; nobody is told of what they decided themselves.

    `done` = the answer of what the decision did to the case, with the number that a report got by it.
    """
    if row["person_id"] in (None, viewer.person_id):
        return []
    number = done.case_number if done else row["number"]
    action = f"decided_{decision}"
    return [
        _notice(row, number, DECIDED, action, "person", row["person_id"], office=viewer.organisation_name)
    ]


def late(row: Row, office: int) -> list[Notice]:
    """To the duty officers whose it is now; once it waited at the centre, to who supervises them, too."""
    duties = ("duty", "supervisor") if row["office_kind"] == "centre" else ("duty",)
    went_up = row["escalations"] + 1
    return [_notice(row, row["number"], went_up, LATE, f"duty:{duty}", office) for duty in duties]


def _notice(row: Row, number: str | None, n: int, action: str, kind: str, to: int, **params: Any) -> Notice:
    at: datetime = row["made_at"] or row["received_at"]
    params |= {"act": row["kind"], "acted_at": at}
    case_id = row["case_id"] if number else None
    return Notice(row["district_id"], case_id, number, n, action, kind, to, params, held_id=row["command_id"])
