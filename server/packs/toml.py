"""Writes a pack's data as one TOML file that a person can change and put back."""

import json
import re
from typing import Any

BARE = re.compile(r"^[A-Za-z0-9_-]+$")
WIDTH = 100
# What a reader looks for first; the rest follows by the alphabet.
FIRST = ("format", "system", "major", "code", "kind", "name", "zh-CN", "en", "label", "levels", "icon", "initials",
         "minutes", "hours", "days", "handle", "closing")  # fmt: skip
LAST = (
    "systems",
    "trades",
    "qualifications",
    "stages",
    "routing",
    "reasons",
    "words",
    "narrow",
    "majors",
    "categories",
    "form",
    "conditions",
)


def as_toml(data: dict[str, Any]) -> str:
    """The same data as `tomllib` reads back. Values are text, numbers, true and false, lists and tables."""
    return "\n".join(_lines(data, "")).strip() + "\n"


def _lines(table: dict[str, Any], prefix: str) -> list[str]:
    """Plain keys first, then tables and lists of tables, each under its header."""
    table = {name: table[name] for name in sorted(table, key=_rank)}
    apart = {name: value for name, value in table.items() if _stands_apart(value)}
    lines = [f"{_key(name)} = {_value(value)}" for name, value in table.items() if name not in apart]
    for name, value in apart.items():
        header = f"{prefix}{_key(name)}"
        if isinstance(value, dict):
            lines += ["", f"[{header}]", *_lines(value, f"{header}.")]
        else:
            for entry in value:
                lines += ["", f"[[{header}]]", *_lines(entry, f"{header}.")]
    return lines


def _stands_apart(value: Any) -> bool:
    """Whether a value is too large for one line: tables of tables, and lists of tables that hold lists or tables."""
    if isinstance(value, dict):
        return any(isinstance(inner, dict | list) for inner in value.values())
    if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
        return False
    return any(len(entry) > 2 for entry in value)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{_key(name)} = {_value(value[name])}" for name in sorted(value, key=_rank))
            + " }"
        )
    if isinstance(value, list):
        parts = [_value(entry) for entry in value]
        line = "[" + ", ".join(parts) + "]"
        return line if len(line) <= WIDTH else "[\n    " + ",\n    ".join(parts) + ",\n]"
    if isinstance(value, str):
        # JSON's way of writing text is TOML's too, but for one control character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def _key(name: str) -> str:
    return name if BARE.match(name) else json.dumps(name, ensure_ascii=False)


def _rank(name: str) -> tuple[int, str]:
    if name in FIRST:
        return FIRST.index(name), name
    return (len(FIRST) + 1 + LAST.index(name) if name in LAST else len(FIRST)), name
