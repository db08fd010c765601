"""Where each act stands on a page: first what carries it on, beside it what is natural now, the rest by heading."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from server.cases.acts import Offer


def _(msgid: str) -> str:
    return msgid


MOST_BESIDE = 3
# Who may say yes may say no: the other answer stands beside the first.
OTHER_ANSWER = {
    "uphold_return": "refuse_return",
    "grant_extension": "refuse_extension",
    "suspend": "refuse_suspension",
    "uphold_appeal": "reject_appeal",
}
# What people do in a state when they do not simply carry it on, most natural first.
NATURAL: dict[str, tuple[str, ...]] = {
    "reported": ("send_verify", "ask", "decline", "merge"),
    "waiting": ("contact",),
    "registered": ("take", "claim", "dispatch_down", "split", "forward", "assign_anyway", "merge", "whistle"),
    "dispatched": ("ask_return", "ask_extension", "recall"),
    "handling": ("ask_return", "ask_extension", "notice", "ask_help", "whistle", "recall"),
    "suspended": ("resume", "contact"),
    "split": ("recall",),
    "forwarded": ("recall", "supervise"),
    "handled": ("fail", "cannot_inspect"),
    "inspected": ("send_back",),
    "closed": ("callback", "reopen", "sample", "appeal"),
    "declined": ("appeal",),
    "merged": ("reopen",),
}
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        _("People and help"),
        ("send_verify", "verify", "ask", "answer", "dispatch", "assign_anyway", "dispatch_down", "take", "claim",
         "split", "forward", "answer_outside", "accept", "ask_return", "uphold_return", "refuse_return", "recall",
         "whistle", "arrive", "ask_help", "answer_help"),
    ),
    (
        _("Time"),
        ("ask_extension", "grant_extension", "refuse_extension", "ask_suspension", "suspend", "refuse_suspension",
         "resume"),
    ),
    (
        _("Supervise, up and down"),
        ("escalate", "hand_down", "supervise", "answer_supervision", "sample", "appeal", "uphold_appeal",
         "reject_appeal"),
    ),
    (
        _("On the spot, evidence and words"),
        ("make_safe", "notice", "recheck", "enforce", "enforced", "handle", "pass", "cannot_inspect", "comment",
         "add_evidence", "contact", "reply", "callback", "rate"),
    ),
    (
        _("Correct and end"),
        ("register", "change", "fail", "send_back", "close", "reopen", "merge", "decline", "cancel"),
    ),
)  # fmt: skip


# What is chosen from long lists or written in several rows has no room beside a case.
LONG = frozenset({"parts", "place", "organisation"})


def own_page(offer: Offer) -> bool:
    """Whether the act's form stands on a page of its own."""
    return any(need.kind in LONG for need in offer.needs)


@dataclass(frozen=True)
class Arranged:
    """`primary` may be missing; `more` = (heading, acts), none of them empty."""

    primary: Offer | None
    beside: tuple[Offer, ...]
    more: tuple[tuple[str, tuple[Offer, ...]], ...]

    def __iter__(self) -> Iterator[Offer]:
        """All of them, the nearest first."""
        if self.primary is not None:
            yield self.primary
        yield from self.beside
        for _heading, offers in self.more:
            yield from offers

    @property
    def near(self) -> tuple[Offer, ...]:
        """What stands open to the eye."""
        return (self.primary, *self.beside) if self.primary is not None else self.beside


def arranged(
    offers: Iterable[Offer], state: str, danger: bool = False, first: tuple[str, ...] = ()
) -> Arranged:
    """The offers of a case in `state`; where there is danger, making it safe stands with the nearest.

    `first` are acts that the page itself puts in front (a crew's own four).
    """
    by_action = {offer.action: offer for offer in offers}
    primary = next((offer for offer in by_action.values() if offer.primary), None)
    answers = [
        OTHER_ANSWER[action]
        for action, offer in by_action.items()
        if offer.primary and action in OTHER_ANSWER
    ]
    wanted = (*answers, *(("make_safe",) if danger else ()), *first, *NATURAL.get(state, ()))
    others = [by_action[a] for a in dict.fromkeys(wanted) if a in by_action and by_action[a] is not primary]
    beside = tuple(others[: max(MOST_BESIDE, len(first))])
    near = {offer.action for offer in (primary, *beside) if offer is not None}
    more = (
        (
            heading,
            tuple(by_action[action] for action in actions if action in by_action and action not in near),
        )
        for heading, actions in GROUPS
    )
    return Arranged(primary, beside, tuple((heading, found) for heading, found in more if found))
