"""Whether a pack can be used: its own faults, and words that the transition table does not know, each with its line."""

from collections.abc import Iterator
from typing import Any

from server.packs.folder import Finding, Written
from server.protocol import workflow
from server.protocol.pack import Fault, Place, faults_of


def _(msgid: str) -> str:
    return msgid


UNKNOWN = _("{value} is not known here; known: {known}")
# An act without which no case would ever come to an end.
NEEDED = frozenset({"report", "register", "decline", "dispatch", "handle", "pass", "close"})


def found_wrong(written: Written) -> list[Finding]:
    """All that is wrong with it in the order of files and lines; [] when it can be used.

    Of a pack with a file that cannot be read only that is told: the rest would seem wrong because of it.
    """
    findings = list(written.findings)
    if not written.unread:
        faults = faults_of(written.data)
        faults += [Fault(place, _("it holds the character U+0000")) for place in _nulls(written.data)]
        findings += [written.find(fault) for fault in faults or _unknown_words(written.data)]
    order = list(written.texts)
    return sorted(findings, key=lambda f: (order.index(f.file) if f.file in order else -1, f.line))


def _nulls(value: Any, place: Place = ()) -> Iterator[Place]:
    """Places of texts and keys with the one character that no database keeps."""
    if isinstance(value, str) and "\0" in value:
        yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        if isinstance(key, str) and "\0" in key:
            yield (*place, key)
        yield from _nulls(inner, (*place, key))


def _unknown_words(data: dict[str, Any]) -> list[Fault]:
    """Acts, states and hats that the program does not have; the shape is known to be right."""
    actions = workflow.ACTIONS
    faults = _unknown(("reasons",), data.get("reasons", {}), actions)
    faults += _unknown(("narrow",), data.get("narrow", {}), actions)
    for act, hats in data.get("narrow", {}).items():
        faults += _unknown(("narrow", act), hats, _hats(act))
    for kind, known in (("states", workflow.STATES), ("actions", actions)):
        faults += _unknown(("words", kind), data.get("words", {}).get(kind, {}), known)
    for index, act in enumerate(data.get("without", ())):
        faults += _unknown(("without", index), [act], actions)
        if act in NEEDED:
            faults.append(
                Fault(("without", index), _("{value} cannot be left out: no case would end"), {"value": act})
            )
    return faults


def _hats(act: str) -> list[str]:
    """Who may do an act by the table; a pack takes from them and adds nobody."""
    return sorted({hat for row in workflow.TABLE if row.action == act for hat in row.who})


def _unknown(place: Place, values: Any, known: Any) -> list[Fault]:
    """A fault for each of `values` (keys of a table, or a list) that is not known."""
    keyed = isinstance(values, dict)
    return [
        Fault((*place, value) if keyed else place, UNKNOWN, {"value": value, "known": ", ".join(known)})
        for value in values
        if value not in known
    ]
