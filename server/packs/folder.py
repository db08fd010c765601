"""A pack as somebody wrote it: `pack.toml`, `categories/*.toml` with one major each, and the packs it includes."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.packs.lines import line_of
from server.protocol.pack import Fault, Place

FOLDER = Path(__file__).parent
MAIN = "pack.toml"
LARGEST_BYTES = 4_000_000
# Lists that the files of a pack, and the packs that it includes, have in common; tables are joined key by key.
LISTS, TABLES = ("majors", "categories", "routing"), ("systems", "trades", "qualifications")
# What a pack says of its own acts and words is said for the whole of it, never taken from a pack that it includes.
OWN = ("without", "narrow", "words")
HEAD = ("system", "major", "kind", "name")


def _(msgid: str) -> str:
    return msgid


@dataclass(frozen=True)
class Finding:
    """A fault for a person: the file, its line (from 1), and why as a msgid with parameters."""

    file: Path
    line: int
    fault: Fault

    def text(self, translate: Callable[[str], str] = str) -> str:
        """file:line: why"""
        return f"{self.file}:{self.line}: {self.fault.text(translate)}"


@dataclass
class Written:
    """The data of a pack in one piece; `origins`: which file, and which entry there, an entry of a list came from.

    `unread`: something of it could not be read at all, so that what is there says little about the whole.
    """

    main: Path
    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[Place, tuple[Path, Place]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unread: bool = False
    texts: dict[Path, str] = field(default_factory=dict)

    def find(self, fault: Fault) -> Finding:
        """Where a fault of the whole data stands in the files."""
        file, place = self.main, fault.place
        if (origin := self.origins.get(place[:2])) is not None:
            file, place = origin[0], (*origin[1], *place[2:])
        return Finding(file, line_of(self.texts.get(file, ""), place), fault)

    def note(self, file: Path, line: int, sentence: str, /, **params: Any) -> None:
        """Notes what is wrong with a file itself."""
        self.findings.append(Finding(file, line, Fault((), sentence, params)))

    def lack(self, file: Path, line: int, sentence: str, /, **params: Any) -> None:
        """Notes why a part of it could not be read at all."""
        self.note(file, line, sentence, **params)
        self.unread = True


def read_written(path: Path) -> Written:
    """The pack in a folder, or the one in a single file. What cannot be read is among the findings, never raised."""
    main = path / MAIN if path.is_dir() else path
    written = Written(main)
    written.data = _toml(written, main)
    _own_entries(written, main)
    if path.is_dir():
        for file in sorted((path / "categories").glob("*.toml")):
            _add_major(written, file)
    _include(written, (main.parent.name,))
    return written


def read_text(text: str, name: str) -> Written:
    """The pack in a text that came as file `name`."""
    written = Written(Path(name))
    written.data = _parsed(written, written.main, text)
    _own_entries(written, written.main)
    _include(written, ())
    return written


def _toml(written: Written, file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST_BYTES:
            written.lack(file, 1, _("a pack is at most {limit} bytes"), limit=LARGEST_BYTES)
            return {}
        # An editor on Windows puts a mark before the text.
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        written.lack(file, 1, _("it cannot be read: {reason}"), reason=error.strerror)
    except UnicodeDecodeError:
        written.lack(file, 1, _("it is not written in UTF-8"))
    else:
        return _parsed(written, file, text)
    return {}


def _parsed(written: Written, file: Path, text: str) -> dict[str, Any]:
    written.texts[file] = text
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _sep, at = str(error).partition(" (at ")
        line = re.search(r"line (\d+)", at)
        last = text.count("\n") + 1
        written.lack(file, int(line[1]) if line else last, _("this is not TOML: {reason}"), reason=reason)
    except RecursionError:
        lines = text.splitlines()
        deepest = max(range(len(lines)), key=lambda n: lines[n].count("[") + lines[n].count("{"))
        written.lack(file, deepest + 1, _("brackets stand within brackets too deeply"))
    return {}


def _own_entries(written: Written, file: Path) -> None:
    for name in LISTS:
        if isinstance(entries := written.data.get(name), list):
            written.origins |= {(name, index): (file, (name, index)) for index in range(len(entries))}


def _add_major(written: Written, file: Path) -> None:
    """A file of categories: its head is the major, and what all of its categories have in common."""
    data = _toml(written, file)
    if not data:
        return
    for name in data.keys() - {*HEAD, *LISTS}:
        written.note(
            file, line_of(written.texts[file], (name,)), _("{name} is not a key that belongs here"), name=name
        )
    head = {key: data[key] for key in ("system", "major", "kind") if key in data}
    if "name" in data:
        major = {"system": head.get("system"), "code": head.get("major"), "name": data["name"]}
        _append(written, "majors", major, file, ())
    for name in LISTS:
        for index, entry in enumerate(_entries(written, file, data, name)):
            whole = {**head, **entry} if name == "categories" and isinstance(entry, dict) else entry
            _append(written, name, whole, file, (name, index))


def _entries(written: Written, file: Path, data: dict[str, Any], name: str) -> list[Any]:
    """A list of the file; what is none cannot be read."""
    entries = data.get(name, [])
    if isinstance(entries, list):
        return entries
    written.lack(file, line_of(written.texts[file], (name,)), _("{name} must be a list"), name=name)
    return []


def _append(written: Written, name: str, entry: Any, file: Path, place: Place) -> None:
    entries = written.data.setdefault(name, [])
    if isinstance(entries, list):
        written.origins[(name, len(entries))] = file, place
        entries.append(entry)


def _include(written: Written, inside: tuple[str, ...]) -> None:
    """Adds the packs that this one is made of: their lists and tables, and whatever it does not say itself."""
    included = _entries(written, written.main, written.data, "includes")
    written.data.pop("includes", None)
    for index, code in enumerate(included):
        line = line_of(written.texts.get(written.main, ""), ("includes", index))
        if not isinstance(code, str) or not code.isalnum() or not (FOLDER / code / MAIN).is_file():
            written.lack(written.main, line, _("there is no pack {code} to include"), code=code)
        elif code in included[:index]:
            written.lack(written.main, line, _("{value} stands twice"), value=code)
        elif code in inside:
            written.note(written.main, line, _("pack {code} includes itself"), code=code)
        else:
            other = read_written(FOLDER / code)
            _join(written, other)


def _join(written: Written, other: Written) -> None:
    """Entries of lists are added, tables filled up; of two "other" categories the first one stays it."""
    written.findings += other.findings
    written.unread |= other.unread
    written.texts |= other.texts
    own = written.data.get("categories", ())
    had_other = isinstance(own, list) and any(isinstance(c, dict) and c.get("other") for c in own)
    for name in LISTS:
        for index, entry in enumerate(other.data.get(name, ())):
            if name == "categories" and had_other and isinstance(entry, dict):
                entry = {key: value for key, value in entry.items() if key != "other"}
            _append(written, name, entry, *other.origins[(name, index)])
    for name in TABLES:
        mine, theirs = written.data.get(name, {}), other.data.get(name, {})
        if isinstance(mine, dict) and isinstance(theirs, dict):
            written.data[name] = {**theirs, **mine}
    _join_reasons(written.data, other.data)
    for name, value in other.data.items():
        if name not in OWN:
            written.data.setdefault(name, value)


def _join_reasons(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Reasons of one act stand side by side, each code once; what has another shape stays for the reader to name."""
    kept = mine.setdefault("reasons", {})
    if not isinstance(kept, dict):
        return
    for act, reasons in theirs.get("reasons", {}).items():
        had = kept.get(act, [])
        if isinstance(had, list):
            codes = [reason.get("code") for reason in had if isinstance(reason, dict)]
            kept[act] = [*had, *(reason for reason in reasons if reason.get("code") not in codes)]
