"""How far a tablet has followed, and of which scope: the opaque text that it carries from answer to answer."""

import re
import uuid
from dataclasses import dataclass, replace
from typing import Any

from server.errors import XungeError
from server.security import Viewer

END = 1 << 30
NOTHING = uuid.UUID(int=0)
_SCOPE = re.compile(r"^(\d{1,18})p(\d{1,18})o(\d{1,18})(?:([dscg])(\d{1,18}(?:\.\d{1,18})*))?$", re.ASCII)
_PLACE = re.compile(r"^(\d{1,18})(?:\.(\d{1,9}))?$", re.ASCII)
_LETTERS = {"d": "district", "s": "street", "c": "community", "g": "grids"}


def epoch_text(epoch: uuid.UUID) -> str:
    """The epoch as cursors name it: enough of it to be another one after a restore."""
    return epoch.hex[:12]


class CursorGone(XungeError):
    status, code = 410, "cursor_gone"
    sentence = (
        "The server's log was restored or trimmed. Fetch everything again; what waits to be sent stays."
    )


@dataclass(frozen=True)
class Scope:
    """What a viewer may see, as a value that a cursor can carry. `root`: the office's level, "" for none."""

    home: int
    person: int
    organisation: int
    root: str = ""
    nodes: tuple[int, ...] = ()

    @classmethod
    def of(cls, viewer: Viewer) -> "Scope":
        params = viewer.scope_params()
        root = next((name for name in _LETTERS.values() if params[name]), "")
        nodes = () if not root else (params[root],) if root != "grids" else tuple(sorted(params[root]))
        return cls(viewer.district_id, viewer.person_id, viewer.organisation_id, root, nodes)

    def params(self) -> dict[str, Any]:
        """The arguments of the SQL function `visible_cases`."""
        found: dict[str, Any] = dict.fromkeys(_LETTERS.values())
        if self.root:
            found[self.root] = list(self.nodes) if self.root == "grids" else self.nodes[0]
        return {**found, "organisation": self.organisation, "person": self.person}

    def text(self) -> str:
        """The same for the same scope."""
        letter = next((key for key, name in _LETTERS.items() if name == self.root), "")
        return f"{self.home}p{self.person}o{self.organisation}{letter}{'.'.join(map(str, self.nodes))}"

    @classmethod
    def read(cls, text: str) -> "Scope":
        found = _SCOPE.match(text)
        if not found:
            raise CursorGone
        home, person, organisation, letter, nodes = found.groups()
        ids = tuple(int(node) for node in nodes.split(".")) if nodes else ()
        return cls(int(home), int(person), int(organisation), _LETTERS.get(letter or "", ""), ids)


@dataclass(frozen=True)
class Cursor:
    """In epoch `epoch` up to (`seq`, `n`) of the log of the district of `scope`; `who` tells when the person changed.

    While a copy is under way `after` is the id of its last case; a copy that brings only what came to an older scope
    carries that one as `before`.
    """

    epoch: str
    who: str
    scope: Scope
    seq: int
    n: int = END
    after: uuid.UUID | None = None
    before: Scope | None = None

    def text(self) -> str:
        place = str(self.seq) if self.n == END else f"{self.seq}.{self.n}"
        parts = [self.epoch, self.who, self.scope.text(), place]
        if self.after is not None:
            parts += [self.after.hex, self.before.text() if self.before else ""]
        return "~".join(parts).rstrip("~")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Raises CursorGone for what this server cannot read: whoever brings it begins again, and loses nothing."""
        parts = text.split("~")
        place = _PLACE.match(parts[3]) if 4 <= len(parts) <= 6 else None
        if place is None:
            raise CursorGone
        try:
            after = uuid.UUID(parts[4]) if len(parts) > 4 else None
        except ValueError:
            raise CursorGone from None
        return cls(
            parts[0],
            parts[1],
            Scope.read(parts[2]),
            int(place[1]),
            int(place[2]) if place[2] else END,
            after,
            Scope.read(parts[5]) if len(parts) > 5 else None,
        )

    def followed_to(self, seq: int, n: int) -> "Cursor":
        return replace(self, seq=seq, n=n)

    def copied_to(self, after: uuid.UUID | None) -> "Cursor":
        """`after` None: the copy is whole."""
        return replace(self, after=after, before=self.before if after else None)


@dataclass(frozen=True)
class Difference:
    """What a tablet lets go of when its scope changes: nodes, an organisation; `stay` are the nodes that it has now."""

    nodes: list[int]
    organisation: int | None
    stay: list[int]

    @classmethod
    def between(cls, old: Scope, new: Scope) -> "Difference":
        left = [node for node in old.nodes if node not in new.nodes]
        return cls(left, old.organisation if old.organisation != new.organisation else None, list(new.nodes))
