"""Reading checked values out of nested data (TOML, JSON): what is wrong is noted with its place, nothing is raised."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

Place = tuple[str | int, ...]
LONGEST = 2000


def _(msgid: str) -> str:
    """Marks a sentence for the catalogue; the edge says it in the reader's language."""
    return msgid


EACH_LANGUAGE = _("{name} must give a text for each language")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where (keys and indexes from the top), and why as a msgid with parameters."""

    place: Place
    reason: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The place as people write it: categories[3].handle.kind."""
        return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in self.place).lstrip(".")

    def text(self, translate: Callable[[str], str] = str) -> str:
        """Why, in the reader's language."""
        return translate(self.reason).format(**self.params)


class BadPack(ValueError):
    """A pack that says something impossible; `faults` say what and where, the message says the first."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__(f"{faults[0].path}: {faults[0].text()}")


@dataclass
class Notes:
    """What was found wrong while reading. `strict` are faults only of what is written today: keys that nobody asked
    for, which a later program may know, and what packs that were kept before did not need.
    """

    faults: list[Fault] = field(default_factory=list)
    strict: list[Fault] = field(default_factory=list)


class Table:
    """A table of the data. Each question notes a fault and answers with something harmless when the data is wrong."""

    def __init__(self, data: Any, place: Place, notes: Notes) -> None:
        self.place, self.notes = place, notes
        if not isinstance(data, dict):
            self.fault((), _("this must be a table"))
            data = {}
        self.data: dict[str, Any] = data
        self._asked: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def fault(self, inside: Place | str, reason: str, **params: Any) -> None:
        """Notes a fault at this table, or at a key (or a path) inside it."""
        inside = (inside,) if isinstance(inside, str) else inside
        self.notes.faults.append(Fault((*self.place, *inside), reason, params))

    def take(self, name: str, wanted: type | tuple[type, ...], what: str, required: bool = True) -> Any:
        """The value of `name` if it is one of the types; None, with a fault where it is needed or wrong."""
        self._asked.add(name)
        value = self.data.get(name)
        if value is None:
            if required:
                self.fault((), _("{name} is missing"), name=name)
            return None
        wrong_truth = isinstance(value, bool) and wanted is not bool
        if wrong_truth or not isinstance(value, wanted):
            self.fault(name, what, name=name)
            return None
        return value

    def text(self, name: str, required: bool = True, among: Collection[str] | None = None) -> str:
        """A line of text, "" when it is missing; `among`: the values that are known."""
        value = self.take(name, str, _("{name} must be text in quotation marks"), required)
        if value is None:
            return ""
        if required and not value.strip():
            self.fault(name, _("{name} is blank"), name=name)
        if len(value) > LONGEST:
            self.fault(name, _("{name} is longer than {limit} characters"), name=name, limit=LONGEST)
        self.known(name, value, among)
        return str(value)

    def known(self, at: str | Place, value: str, among: Collection[str] | None) -> None:
        """Notes a fault unless `value` is one of `among`."""
        if among is not None and value and value not in among:
            self.fault(
                at, _("{value} is not known here; known: {known}"), value=value, known=", ".join(among)
            )

    def whole(self, name: str, lowest: int, highest: int, default: int | None = None) -> int:
        """A whole number within bounds; needed unless there is a default."""
        value = self.take(name, int, _("{name} must be a whole number"), required=default is None)
        if value is None:
            return lowest if default is None else default
        if not lowest <= value <= highest:
            self.fault(
                name,
                _("{name} must be from {lowest} to {highest}"),
                name=name,
                lowest=lowest,
                highest=highest,
            )
            return lowest
        return int(value)

    def share(self, name: str) -> float:
        """A number from 0 to 1."""
        value = self.take(name, (int, float), _("{name} must be a number"))
        if value is not None and not 0 <= value <= 1:
            self.fault(name, _("{name} must be from {lowest} to {highest}"), name=name, lowest=0, highest=1)
            return 0.0
        return float(value or 0)

    def flag(self, name: str) -> bool:
        """true or false; false when it is missing."""
        return bool(self.take(name, bool, _("{name} must be true or false"), required=False))

    def texts(
        self, name: str, among: Collection[str] | None = None, required: bool = False
    ) -> tuple[str, ...]:
        """A list of texts, each once."""
        values = self.take(name, list, _("{name} must be a list"), required) or []
        found: list[str] = []
        for index, value in enumerate(values):
            if not isinstance(value, str) or not value:
                self.fault((name, index), _("{name} holds something that is no text"), name=name)
                continue
            if value in found:
                self.fault((name, index), _("{value} stands twice"), value=value)
            self.known((name, index), value, among)
            found.append(value)
        if required and name in self.data and not found:
            self.fault(name, _("{name} is empty"), name=name)
        return tuple(found)

    def one_or_more(self, name: str, among: Collection[str]) -> tuple[str, ...]:
        """One text, or a list of texts, each once and at least one."""
        if isinstance(self.data.get(name), list):
            return self.texts(name, among, required=True)
        return (self.text(name, among=among),)

    def names(self, name: str, required: bool = True) -> dict[str, str]:
        """A text in each language; Chinese is needed."""
        value = self.take(name, dict, EACH_LANGUAGE, required)
        return {} if value is None else self.languages(name, value)

    def languages(self, at: str | Place, value: Any) -> dict[str, str]:
        """Checks one text in each language that stands at `at`."""
        at = (at,) if isinstance(at, str) else at
        if not isinstance(value, dict):
            self.fault(at, EACH_LANGUAGE, name=at[-1])
            return {"zh-CN": ""}
        wrong = [lang for lang, text in value.items() if not (isinstance(text, str) and text.strip())]
        for lang in wrong:
            self.fault((*at, lang), EACH_LANGUAGE, name=at[-1])
        if wrong:
            return {"zh-CN": ""}
        if "zh-CN" not in value:
            self.fault(at, _("{name} has no Chinese (zh-CN)"), name=at[-1])
            return {"zh-CN": "", **value}
        return dict(value)

    def named(self, name: str, required: bool = True) -> dict[str, dict[str, str]]:
        """A table of texts in each language by code."""
        value = self.take(name, dict, _("{name} must be a table"), required) or {}
        return {str(code): self.languages((name, code), names) for code, names in value.items()}

    def table(self, name: str, required: bool = True) -> "Table | None":
        """The table called `name`."""
        value = self.take(name, dict, _("{name} must be a table"), required)
        return None if value is None else Table(value, (*self.place, name), self.notes)

    def tables(self, name: str, required: bool = True) -> "Iterator[Table]":
        """The tables in the list called `name`, in order."""
        values = self.take(name, list, _("{name} must be a list of tables"), required) or []
        if required and name in self.data and not values:
            self.fault(name, _("{name} is empty"), name=name)
        return (Table(value, (*self.place, name, index), self.notes) for index, value in enumerate(values))

    def finish(self) -> None:
        """Notes keys that nobody asked for: mostly slips of the pen."""
        for name in sorted(self.data.keys() - self._asked):
            self.notes.strict.append(
                Fault((*self.place, name), _("{name} is not a key that belongs here"), {"name": name})
            )
