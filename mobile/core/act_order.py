"""Which act stands where on a case: the one that waits first, beside it what is natural now, the rest under "more"."""

from collections.abc import Sequence

from server.protocol.workflow import Row

MOST_NEAR = 3
# Who may say yes may say no: the other answer stands beside the first.
OTHER_ANSWER = {
    "uphold_return": "refuse_return",
    "grant_extension": "refuse_extension",
    "suspend": "refuse_suspension",
    "uphold_appeal": "reject_appeal",
}
# What people on the spot do in a state when they do not simply carry it on, most natural first.
NATURAL: dict[str, tuple[str, ...]] = {
    "reported": ("send_verify", "ask", "decline", "add_evidence", "comment"),
    "verifying": ("add_evidence", "comment"),
    "waiting": ("contact", "add_evidence", "comment"),
    "registered": ("take", "claim", "dispatch_down", "add_evidence", "comment"),
    "dispatched": ("ask_return", "ask_extension", "add_evidence", "comment"),
    "handling": ("notice", "ask_extension", "ask_return", "add_evidence", "comment"),
    "suspended": ("contact", "add_evidence", "comment"),
    "enforcing": ("add_evidence", "comment"),
    "split": ("add_evidence", "comment"),
    "forwarded": ("contact", "add_evidence", "comment"),
    "handled": ("fail", "cannot_inspect"),
    "inspected": ("send_back", "add_evidence", "comment"),
    "closed": ("callback", "rate", "reopen", "appeal", "sample", "comment"),
    "declined": ("appeal", "comment"),
    "merged": ("reopen", "comment"),
    "cancelled": ("comment",),
}


def near(rows: Sequence[Row], state: str, todo: str, danger: bool) -> tuple[str, ...]:
    """The acts that stand open beside the one that waits; where there is danger, making it safe comes first."""
    offered = {row.action for row in rows}
    wanted = (
        *(("make_safe",) if danger else ()),
        *((OTHER_ANSWER[todo],) if todo in OTHER_ANSWER else ()),
        *NATURAL.get(state, ()),
    )
    return tuple(a for a in dict.fromkeys(wanted) if a in offered and a != todo)[:MOST_NEAR]


def ordered(rows: Sequence[Row], todo: str, beside: Sequence[str]) -> list[Row]:
    """The rows as they are shown: what waits, what is natural, the others in the table's order."""
    order = {action: place for place, action in enumerate((todo, *beside))}
    return sorted(rows, key=lambda row: order.get(row.action, len(order)))
