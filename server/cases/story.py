"""What an event changed, in the reader's words: "Category: a → b", "Called: the gas company"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from server.db import Connection, queries
from server.locale import gettext_for
from server.packs import pack_of_version
from server.protocol import words
from server.protocol.hats import ASKED_FLAG, CALLED_FLAG
from server.protocol.pack import Pack
from server.protocol.wire import read_time

sql = queries(__file__)
Row = dict[str, Any]
Sentence = tuple[str, dict[str, Any]]
CATEGORY = ("category_system", "category_code")
NODES = ("district_id", "street_id", "community_id", "grid_id")
OFFICES = ("holder_id", "handler_id")
# Acts that move deadlines which the case has already: the new ones are said.
MOVING = ("grant_extension", "resume", "recompute", "send_back", "fail")
MOVED_CLOCKS = ("handle", "whole")
# A change of these gives other limits.
RELIMITING = {"category_system", "category_code", "condition"}


def _(msgid: str) -> str:
    return msgid


# What was chosen of a list of words.
CHOSEN = ("close_kind", "finding", "result", "solved", "stars")


DECIDED = {
    "apply": _("It was held; {office} let it take effect"),
    "change": _("It was held; {office} let it take effect with changes"),
    "refuse": _("Held act not accepted: {act}"),
}


@dataclass(frozen=True)
class Teller:
    """Knows what the ids in some events are called. Rows are those of the query `timeline`, with `body` read."""

    nodes: dict[int, str]
    organisations: dict[int, str]
    packs: dict[int, Pack]
    lang: str

    @classmethod
    def of(cls, conn: Connection, rows: Sequence[Row], lang: str) -> "Teller":
        """For these events: two look-ups, however many there are."""
        changed = [row["body"]["fields"] for row in rows]
        nodes = {i for fields in changed for k in NODES for i in fields.get(k, ()) if i}
        offices = {i for fields in changed for k in OFFICES for i in fields.get(k, ()) if i}
        offices |= {row["body"]["decided"]["organisation"] for row in rows if "decided" in row["body"]}
        offices |= {
            i for fields in changed for flag in (CALLED_FLAG, ASKED_FLAG) for i in _named(fields, flag)
        }
        return cls(
            {r["node_id"]: r["name"] for r in sql.grid_names(conn, nodes=list(nodes))} if nodes else {},
            {r["id"]: r["name"] for r in sql.organisation_names(conn, ids=list(offices))} if offices else {},
            {version: pack_of_version(conn, version) for version in {row["pack_version"] for row in rows}},
            lang,
        )

    def changes(self, row: Row) -> list[str]:
        """What the event did to the case beside its state, in sentences; nothing of what a first event set."""
        translate = gettext_for(self.lang)
        return [translate(sentence).format(**params) for sentence, params in self._changes(row)]

    def _changes(self, row: Row) -> Iterator[Sentence]:
        body, translate = row["body"], gettext_for(self.lang)
        fields, payload = body["fields"], body["payload"]
        if row["n"] > 1:
            yield from self._matter(row, fields, self.packs[row["pack_version"]])
            yield from self._place(fields)
            yield from self._offices(fields, payload)
        for field in CHOSEN:
            word = words.CHOICE_WORDS[field].get(payload.get(field, ""))
            if word:
                yield "{word}", {"word": translate(word)}
        for flag, sentence in ((CALLED_FLAG, _("Called: {names}")), (ASKED_FLAG, _("Asked: {names}"))):
            if names := [self._office(i) for i in _named(fields, flag)]:
                yield sentence, {"names": translate(", ").join(names)}
        if payload.get("payer"):
            yield _("Who pays: {payer}"), {"payer": translate(words.CHOICE_WORDS["payer"][payload["payer"]])}
        if payload.get("events"):
            yield _("Words were erased in {count} entries"), {"count": len(payload["events"])}
        if row["action"] == "redact" and payload.get("photo"):
            yield _("A photo was erased"), {}
        if payload.get("survivor"):
            yield "→ {number}", {"number": payload["survivor"]}
        if payload.get("until"):
            yield _("until {time}"), {"time": self._clock_time(payload["until"], row)}
        if "decided" in body:
            yield self._decided(body["decided"])
        if "grid_differs" in body.get("flags", ()):
            yield _("The tablet found grid {grid}"), {"grid": body["place"]["said"] or "–"}
        if row["action"] in MOVING or (row["action"] == "change" and RELIMITING & fields.keys()):
            yield from self._deadlines(row)

    def _decided(self, decided: Row) -> Sentence:
        """What an office decided about an act that was held."""
        act = gettext_for(self.lang)(words.ACTION_WORDS[decided["act"]])
        return DECIDED[decided["choice"]], {"act": act, "office": self._office(decided["organisation"])}

    def _matter(self, row: Row, fields: Row, pack: Pack) -> Iterator[Sentence]:
        systems, codes = (fields.get(name, [row[name], row[name]]) for name in CATEGORY)
        before, after = (pack.category(s, c) for s, c in zip(systems, codes, strict=True))
        if before is not after:
            names = (found.name(self.lang) if found else "" for found in (before, after))
            yield _("Category: {change}"), {"change": _arrow(*names)}
        code = fields.get("condition", ["", ""])[1]
        condition = after.condition(code) if after and code and len(after.conditions) > 1 else None
        if condition is not None:
            yield _("Condition: {condition}"), {"condition": condition.names.get(self.lang, condition.code)}

    def _place(self, fields: Row) -> Iterator[Sentence]:
        moved = [fields[level] for level in reversed(NODES) if level in fields]
        if moved:
            before, after = (
                next((self.nodes.get(pair[side], "") for pair in moved if pair[side]), "") for side in (0, 1)
            )
            yield _("Place: {change}"), {"change": _arrow(before, after)}

    def _offices(self, fields: Row, payload: Row) -> Iterator[Sentence]:
        before, after = fields.get("holder_id", (None, None))
        if after:
            yield _("Held by: {change}"), {"change": _arrow(self._office(before), self._office(after))}
        before, after = fields.get("handler_id", (None, None))
        if after and not payload.get("crew"):
            yield _("Handled by: {change}"), {"change": self._office(after)}

    def _deadlines(self, row: Row) -> Iterator[Sentence]:
        for kind in MOVED_CLOCKS:
            clock = row["body"]["clocks"].get(kind)
            if clock and not clock["stopped_at"]:
                word = gettext_for(self.lang)(words.CLOCK_WORDS[kind])
                yield _("{clock} due {time}"), {"clock": word, "time": self._clock_time(clock["due_at"], row)}

    def _office(self, organisation_id: int | None) -> str:
        return self.organisations.get(organisation_id or 0, "")

    def _clock_time(self, moment: str, row: Row) -> str:
        """The district's own clock; an event is read for years, so the day always stands there."""
        return f"{read_time(moment).astimezone(ZoneInfo(row['timezone'])):%Y-%m-%d %H:%M}"


def _named(fields: Row, beginning: str) -> list[int]:
    """The organisations that the event's flags name anew."""
    before, after = fields.get("flags", ([], []))
    new = set(after or ()) - set(before or ())
    return sorted(int(flag.removeprefix(beginning)) for flag in new if flag.startswith(beginning))


def _arrow(before: str, after: str) -> str:
    return " → ".join(part for part in (before, after) if part)
