"""Whether a crew may be given a matter: what its register permits, proves and forbids, and which rule bars it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from server.protocol.pack import Pack

Permission = Literal["own", "wide"] | None
# The parameters of sentences that are codes of the pack.
NAMED = ("category", "permit", "permits", "qualification")


@dataclass(frozen=True)
class Lapsed:
    """A permit that is not in force: over, or not begun. Days as text."""

    category: str
    first_day: str
    last_day: str | None


@dataclass(frozen=True)
class Register:
    """What the register says of a crew on `day` (text, in its district).

    `qualifications` = the last day of the best document by kind, None without an end; `suspended` = "" or the reason,
    until `suspended_to` (None: until it is lifted).
    """

    day: str
    permits: tuple[str, ...] = ()
    lapsed: tuple[Lapsed, ...] = ()
    qualifications: Mapping[str, str | None] = field(default_factory=dict)
    suspended: str = ""
    suspended_to: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Register":
        """From a row with the columns of the SQL function `register_on` and the `day` that it was asked for."""
        suspension = row["suspension"] or {}
        return cls(
            row["day"],
            tuple(row["permits"]),
            tuple(Lapsed(*entry) for entry in row["lapsed"]),
            row["qualifications"],
            suspension.get("reason", ""),
            suspension.get("last_day"),
        )


@dataclass(frozen=True)
class Bar:
    """One thing that forbids it: the code of its sentence, and what the sentence names."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


def permit(entries: Iterable[str], category: str) -> Permission:
    """How `entries` ("system/code", or a beginning with *) permit a category: by its own name, by a wider one, or not.

    A category without a system ("0110") is compared with the last part of the entries.
    """
    bare = "/" not in category
    found: Permission = None
    for entry in entries:
        compared = entry.rpartition("/")[2] if bare else entry
        if compared == category:
            return "own"
        if compared.endswith("*") and category.startswith(compared[:-1]):
            found = "wide"
    return found


def bars(register: Register, category: str, requires: Iterable[str] = ()) -> Iterator[Bar]:
    """All that forbids giving a crew of that register a matter of `category` ("system/code"); nothing: it may have it.

    `requires` = the kinds of qualification that the matter's condition asks for.
    """
    if register.suspended:
        if register.suspended_to:
            yield Bar("crew_suspended_to", {"last_day": register.suspended_to, "reason": register.suspended})
        else:
            yield Bar("crew_suspended", {"reason": register.suspended})
    if permit(register.permits, category) is None:
        yield _not_permitted(register, category)
    for kind in requires:
        if kind not in register.qualifications:
            yield Bar("crew_not_qualified", {"qualification": kind, "category": category})
        elif (last_day := register.qualifications[kind]) is not None and last_day < register.day:
            yield Bar("crew_qualification_over", {"qualification": kind, "last_day": last_day})


def names_of(pack: Pack) -> dict[str, Mapping[str, str]]:
    """The names by language of what bars and permits speak of by code: systems, majors, categories, qualifications."""
    names: dict[str, Mapping[str, str]] = {f"{system}/*": said for system, said in pack.systems.items()}
    names |= {f"{system}/{code}*": said for (system, code), said in pack.majors.items() if said}
    names |= {category.key: category.names for category in pack.categories}
    return names | dict(pack.qualifications)


def in_words(params: Mapping[str, Any], pack: Pack, lang: str) -> dict[str, Any]:
    """The parameters of a bar's sentence with categories, majors and qualifications by their names in the pack."""
    names = {code: said.get(lang) or said["zh-CN"] for code, said in names_of(pack).items()}
    return {
        name: ", ".join(names.get(part, part) for part in value.split(", ")) if name in NAMED else value
        for name, value in params.items()
    }


def _not_permitted(register: Register, category: str) -> Bar:
    """The permit that would have been the one, if there is such a one; else what it is permitted for."""
    for lapsed in register.lapsed:
        if permit([lapsed.category], category) is not None:
            if lapsed.last_day is not None and lapsed.last_day < register.day:
                return Bar("crew_permit_over", {"permit": lapsed.category, "last_day": lapsed.last_day})
            return Bar("crew_permit_later", {"permit": lapsed.category, "first_day": lapsed.first_day})
    return Bar("crew_not_permitted", {"category": category, "permits": ", ".join(register.permits) or "–"})
