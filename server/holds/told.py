"""What a tablet is told of the office's decisions about the acts that it sent."""

import uuid
from collections.abc import Sequence
from typing import Any

from server.db import Connection, queries
from server.locale import gettext_for
from server.protocol.wire import time_text
from server.telling import words

sql = queries(__file__)
# A first copy brings the newest; a tablet that has more undecided acts than this is no tablet.
MOST = 1000


OUTCOMES = {"apply": "applied", "change": "applied_with_conflict", "refuse": "rejected", "with": "rejected"}
SENTENCES = {choice: words.SENTENCES[f"decided_{choice}"] for choice in OUTCOMES}


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
