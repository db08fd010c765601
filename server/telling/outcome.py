"""What a system hears of a case that it sent: one event, the same bytes at every try (docs/webhooks.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from server.locale import LANGUAGES, gettext_for
from server.protocol.wire import ENVELOPE, time_text
from server.telling.words import sentence

CLOSING = {
    "closed": "case.closed",
    "declined": "case.declined",
    "merged": "case.merged",
    "cancelled": "case.cancelled",
}
KEPT = (
    "source",
    "external_id",
    "state",
    "category",
    "severity",
    "organisation",
    "survivor",
    "close_kind",
    "reported_at",
    "registered_at",
    "due_at",
    "closed_at",
)


def outcome_body(
    case_id: str, number: str, n: int, action: str, params: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The event of act `n` of a case; `params` are plain (JSON values). No personal data, no free text."""
    told = {key: value for key, value in params.items() if key not in ("due_at", "severity")}
    return {
        "envelope": ENVELOPE,
        "id": f"{case_id}.{n}",
        "event": CLOSING.get(str(params.get("state")), "case.changed"),
        "made_at": time_text(now),
        "case": {
            "id": case_id,
            "number": number,
            "version": n,
            "action": action,
            **{key: params[key] for key in KEPT if key in params},
        },
        "words": {lang: sentence(action, told, gettext_for(lang)) for lang in LANGUAGES},
        "links": {"self": f"/api/v1/cases/{quote(number, safe='')}"},
    }


def ping_body(webhook_id: int, source: str, now: datetime) -> dict[str, Any]:
    """The event by which a receiver is tried: no case, only that the way is open."""
    return {
        "envelope": ENVELOPE,
        "id": f"ping.{webhook_id}.{time_text(now)}",
        "event": "ping",
        "made_at": time_text(now),
        "source": source,
    }
