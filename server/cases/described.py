"""The acts as the API's own pages describe them: made from the transition table, so that they cannot differ from it."""

from typing import Any

from server.protocol.hats import IMPORT, NEW, SYSTEM
from server.protocol.workflow import OPEN, STATES, TABLE, Needs, Row

BY_ITSELF = frozenset({SYSTEM, IMPORT})
# What stands in an example where the table asks for a field of that kind; a photo is sent first and named by its id.
EXAMPLES: dict[str, Any] = {
    "text": "…",
    "crew": "crew-drainage",
    "organisation": "crew-road",
    "outside": "out-metro",
    "condition": "missing",
    "category": {"system": "urban/component", "code": "0102"},
    "time": "2026-11-24T18:00:00+08:00",
    "case": "20261122-000001",
    "parts": [
        {
            "category": {"system": "urban/component", "code": "0102"},
            "condition": "missing",
            "crew": "crew-drainage",
        },
        {"category": {"system": "urban/event", "code": "0110"}, "title": "…"},
    ],
}


def rows_of_people() -> list[Row]:
    """The rows that somebody may ask for by this door: of cases that exist, and not the system's alone."""
    return [row for row in TABLE if row.sources != (NEW,) and not BY_ITSELF.issuperset(row.who)]


def actions() -> list[str]:
    """Their acts, in the table's order."""
    return list(dict.fromkeys(row.action for row in rows_of_people()))


def description() -> str:
    """What the door does, and a table of all acts: from → to, who, what must and what (may) be said."""
    lines = [
        "Does an act of the transition table on a case, as it was seen at version If-Match.",
        "",
        "| act | from → to | who | fields (in brackets: may be left out) |",
        "| --- | --- | --- | --- |",
        *(f"| `{row.action}` | {_from(row)} → {row.to or 'same'} | {_who(row)} | {_fields(row)} |"
          for row in rows_of_people()),
        "",
        "`attachments` are ids of photos that were sent before (`POST /api/v1/photos`), or "
        "`{\"id\", \"stage\"}` with the stage before, during, after or inspection; "
        "without one it is what the act and its category say.",
        "",
        "The answer to `forward` has `party_link` (url, expires_at, mailed): the outside party answers there. "
        "It is told this once; `POST /api/v1/cases/{number}/party-link` makes another.",
        "",
        "The same table with clocks and conditions stands in server/PROTOCOL.md. A refusal is problem JSON: "
        "403 not yours, 404 not in sight, 409 another state or version now, 422 a field is missing or wrong; "
        "it says where the case stands (`state`, `version`) and which `field` it is about.",
    ]  # fmt: skip
    return "\n".join(lines)


def examples() -> dict[str, Any]:
    """A body for each act, by its name."""
    found: dict[str, Any] = {}
    for row in rows_of_people():
        body: dict[str, Any] = {}
        for need in row.needs:
            body |= _said(need, row)
        told = f"{_from(row)} → {row.to or 'same'}; {_who(row)}"
        known = found.setdefault(row.action, {"summary": row.action, "description": told, "value": body})
        if known["description"] != told:
            known["description"] += f". Or {told}"
    return found


def _from(row: Row) -> str:
    for word, states in (("any", STATES), ("any open, closed", (*OPEN, "closed")), ("any open", OPEN)):
        if set(row.sources) == set(states):
            return word
    return ", ".join(source for source in row.sources if source)


def _who(row: Row) -> str:
    return ", ".join(who for who in row.who if who not in BY_ITSELF)


def _fields(row: Row) -> str:
    named = (_field(need) for need in row.needs)
    said = [f"{row.given[0]} = {row.given[1]}"] if row.given else []
    return ", ".join([*said, *named]) or "–"


def _field(need: Needs) -> str:
    name = "grid_code" if need.kind == "place" else need.name
    name = f"{name} ({' / '.join(need.choices)})" if need.choices else name
    return name if need.required else f"[{name}]"


def _said(need: Needs, row: Row) -> dict[str, Any]:
    if need.kind == "evidence":
        return {need.name: ["0b8c4e1e-9a63-4d0b-8f4e-0a6f2f3f9a51"]} if need.required else {}
    if need.kind == "place":
        return {"grid_code": "510199001001001"}
    if need.kind == "choice":
        given = row.given is not None and row.given[0] == need.name
        return {need.name: row.given[1] if given and row.given else need.choices[0]}
    example = EXAMPLES[need.kind]
    return {need.name: [example] if need.name == "called" else example}
