"""What a tablet is told of the office's decisions about the acts that it sent."""

import uuid
from collections.abc import Sequence
from typing import Any

from server.db import Connection, queries
from server.locale import gettext_for
from server.protocol.wire import time_text

sql = queries(__file__)
# A first copy brings the newest; a tablet that has more undecided acts than this is no tablet.
MOST = 1000


def _(msgid: str) -> str:
    return msgid


OUTCOMES = {"apply": "applied", "change": "applied_with_conflict", "refuse": "rejected", "with": "rejected"}
SENTENCES = {
    "apply": _("{office} decided: your act took effect as you made it."),
    "change": _("{office} decided: your act took effect with changes. {said}"),
    "refuse": _("{office} did not accept your act: {said}"),
    "with": _("{office} did not accept an earlier act that this one builds on: {said}"),
}


def decisions(
    conn: Connection, device_id: uuid.UUID, lang: str, ids: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Decisions about acts of a tablet, oldest first: of those with these command ids, else of all."""
    wanted = None if ids is None else [uuid.UUID(id_) for id_ in ids]
    rows = list(sql.decisions(conn, device_id=device_id, ids=wanted, limit=MOST))
    return [_decision(row, lang) for row in reversed(rows)]


def _decision(row: dict[str, Any], lang: str) -> dict[str, Any]:
    params = {"office": row["office"] or "", "said": row["said"]}
    applied = OUTCOMES[row["decision"]] != "rejected"
    return {
        "command_id": str(row["command_id"]),
        "outcome": OUTCOMES[row["decision"]],
        "case_id": str(row["case_id"]),
        "case_number": row["number"],
        "version": row["version"] if applied else None,
        "decided_at": time_text(row["decided_at"]),
        "decided_by": params["office"],
        "reason": {
            "code": f"decided_{row['decision']}",
            "params": params,
            "sentence": gettext_for(lang)(SENTENCES[row["decision"]]).format(**params).strip(),
        },
    }
