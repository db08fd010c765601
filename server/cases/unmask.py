"""Shows what is masked of a case to somebody who says why; who, when and why is a row of the access log."""

import uuid
from datetime import datetime
from typing import Any

from server.audit import access
from server.cases import service, view
from server.db import Connection
from server.errors import NotAllowed
from server.security import Viewer

# Who runs the system or watches over it has no case to work on.
NOT_FOR = ("admin", "auditor")


def unmask_case(
    conn: Connection, viewer: Viewer, number: str, reason: str, address: str, now: datetime
) -> dict[str, Any]:
    """Title, description, form answers and what people wrote on a case in scope, unmasked; hand it out after commit.

    Raises NotFound out of scope, NotAllowed for administrators and auditors, BadInput without a reason.
    """
    if viewer.role in NOT_FOR:
        raise NotAllowed
    row = service.get_row(conn, viewer, number)
    case_id: uuid.UUID = row["id"]
    case = view.whole_cases(conn, [row], viewer.lang, now, bare=True)[0]
    events = service.timelines(conn, [case_id], viewer.lang, bare=True)[case_id]
    access.read_personal(conn, viewer, access.UNMASK, reason, now, case_id=case_id, address=address)
    return {
        "number": case["number"],
        "title": case["title"],
        "description": case["description"],
        "form": case["form"],
        "said": [
            {"n": event["n"], "action_word": event["action_word"], "text": event["text"]}
            for event in events
            if event["text"] and not event["erased"]
        ],
    }
