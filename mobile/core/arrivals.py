"""What one page of changes means for the mirror: which records came, which went, whether all of it begins anew."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SINGLE = ("pack", "grid", "person")  # of these a tablet has one: the newest
EVERYTHING = "*"  # as the id of a `leave`: the scope is another one, and all of it follows
DECISION = "decision"  # about an act of ours that was held: the outbox's, not the mirror's
CLAIMABLE = "claimable"
Key = tuple[str, str]
Cases = Mapping[str, tuple[int, dict[str, Any]]]


@dataclass
class Arrivals:
    """`came`: (kind, id) → (version, body). `left`: (kind, id). `cleared`: kinds that go whole before what came."""

    came: dict[Key, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    left: dict[Key, None] = field(default_factory=dict)
    cleared: set[str] = field(default_factory=set)
    anew: bool = False

    @classmethod
    def read(cls, changes: Iterable[dict[str, Any]], held: Callable[[], Cases]) -> "Arrivals":
        """Takes the changes in their order; `held` are the cases that are here already."""
        found = cls()
        for change in changes:
            kind, name, body = str(change.get("kind")), str(change.get("id")), change.get("body")
            if kind == "leave":
                found._leave(name, body if isinstance(body, dict) else {}, held)
            elif kind != DECISION and isinstance(body, dict):
                version = int(change.get("version") or body.get("version") or 0) if kind == "case" else 0
                key = (kind, kind if kind in SINGLE else name)
                found.came[key] = version, body
                found.left.pop(key, None)
        return found

    def _leave(self, name: str, body: dict[str, Any], held: Callable[[], Cases]) -> None:
        what, colon, which = name.partition(":")
        if name == EVERYTHING:
            self.anew = True
        elif not colon:
            self._goes("case", name)
        elif what in ("node", "organisation"):
            stay, reporter = set(body.get("stay") or ()), body.get("reporter")
            here = {key[1]: case for key, case in self.came.items() if key[0] == "case"}
            for case_id, (_, case) in [*held().items(), *here.items()]:
                if _went(case.get("facts") or {}, what, int(which), stay, reporter):
                    self._goes("case", case_id)
        elif which == EVERYTHING:
            self.cleared.add(what)
            self.came = {key: one for key, one in self.came.items() if key[0] != what}
        else:
            self._goes(what, which)

    def _goes(self, kind: str, name: str) -> None:
        self.came.pop((kind, name), None)
        self.left[kind, name] = None

    def cases(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """The cases among what came."""
        return {name: one for (kind, name), one in self.came.items() if kind == "case"}


def _went(facts: dict[str, Any], what: str, which: int, stay: set[int], reporter: int | None) -> bool:
    """Whether a case goes with a node, or with the organisation whose hands it is in; what lies in `stay`, or was
    reported by `reporter`, does not.
    """
    nodes = set(facts.get("nodes") or ())
    if nodes & stay or (reporter is not None and facts.get("reporter") == reporter):
        return False
    if what == "node":
        return which in nodes
    hands = [facts.get("handler"), *(facts.get("helpers") or ())]
    return which in hands or CLAIMABLE in (facts.get("flags") or ())
