"""From data (TOML, JSON) to a Pack: every part is read and checked, and every fault is named with its place."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from server.protocol.pack import first_format
from server.protocol.pack.data import BadPack, Fault, Notes, Table, _
from server.protocol.pack.shape import (
    ANSWERABLE,
    CLOCKS,
    EVIDENCE_STAGES,
    FIELD_KINDS,
    MATTER_KINDS,
    ORGANISATION_KINDS,
    PAYERS,
    REWORK_OVER,
    STAGES,
    TIME_KINDS,
    WORKING_DAY_MINUTES,
    Category,
    Choice,
    Condition,
    Field,
    Limit,
    Pack,
    Reason,
    Rule,
)
from server.protocol.workflow import TAKES_PHOTOS

FORMAT = 2
LONGEST_MINUTES = 366 * 1440
SYSTEM_ACTS = ("register", "close")
WORDED = ("states", "actions")


def read_pack(raw: dict[str, Any]) -> Pack:
    """A Pack from TOML or JSON data; BadPack with all that is wrong. Keys of a later program are let be."""
    if isinstance(raw, dict) and "format" not in raw:
        raw = first_format.brought_forward(raw)
    pack, notes = _read(raw)
    if notes.faults:
        raise BadPack(notes.faults)
    return pack


def faults_of(raw: Any) -> list[Fault]:
    """All that is wrong with a pack that somebody wrote, by the strict rules too; [] when it can be used."""
    _pack, notes = _read(raw)
    return notes.faults + notes.strict


def _read(raw: Any) -> tuple[Pack, Notes]:
    notes = Notes()
    top = Table(raw, (), notes)
    if top.whole("format", 1, 99) != FORMAT and "format" in top:
        top.fault("format", _("this program reads format {format}"), format=FORMAT)
    systems, trades = top.named("systems"), top.named("trades")
    levels = top.take("levels", list, _("{name} must be a list")) or []
    majors = _majors(top, systems)
    qualifications = top.named("qualifications", required=False)
    without = top.texts("without")
    mended = "self_handle" not in without
    categories = tuple(
        replace(category, self_handle=category.self_handle and mended)
        for category in _categories(top, majors, trades, qualifications)
    )
    duplicate = top.table("duplicate") or Table({}, ("duplicate",), Notes())
    pack = Pack(
        code=top.text("code"),
        names=top.names("name"),
        level_names=tuple(top.languages(("levels", i), names) for i, names in enumerate(levels)),
        stages=_stages(top),
        categories=categories,
        holder_level=top.whole("holder_level", 0, max(0, len(levels) - 1)),
        reopen_days=top.whole("reopen_days", 0, 3650),
        soon_minutes=top.whole("soon_minutes", 1, 100_000),
        duplicate_metres=duplicate.whole("metres", 1, 5_000),
        duplicate_hours=duplicate.whole("hours", 1, 8_760),
        escalate_on=frozenset(top.texts("escalate_on", CLOCKS)),
        systems=systems,
        majors=majors,
        trades=trades,
        routing=tuple(_routing(top, categories, trades, len(levels))),
        reasons=_reasons(top),
        words=_words(top),
        reply_sources=frozenset(top.texts("reply_sources")),
        trusted_sources=frozenset(top.texts("trusted_sources")),
        system_acts=frozenset(top.texts("system_acts", SYSTEM_ACTS)),
        extensions=top.whole("extensions", 0, 2),
        suspend_days=top.whole("suspend_days", 1, 366),
        appeal_days=top.whole("appeal_days", 0, 3650),
        rate_days=top.whole("rate_days", 0, 3650),
        sample_share=top.share("sample_share"),
        rework_over=top.text("rework_over", required=False, among=REWORK_OVER) or "due",
        without=without,
        narrow=_narrow(top),
        frequent=top.texts("frequent", [category.key for category in categories]),
        qualifications=qualifications,
    )
    duplicate.finish()
    top.finish()
    return pack, notes


def _limit(table: Table, name: str) -> Limit:
    """Minutes, hours or days of one kind of time; a working day is shorter than a calendar day."""
    inner = table.table(name)
    if inner is None:
        return Limit(1, "emergency")
    kind = inner.text("kind", among=[kind for kind in TIME_KINDS if kind != "fixed"])
    day = WORKING_DAY_MINUTES if kind == "working" else 1440
    minutes = sum(inner.whole(unit, 1, 100_000, default=0) * each
                  for unit, each in (("minutes", 1), ("hours", 60), ("days", day)))  # fmt: skip
    if minutes == 0:
        inner.fault((), _("the limit must be longer than nothing"))
    if minutes > LONGEST_MINUTES:
        inner.fault((), _("the limit must not be longer than a year"))
    inner.finish()
    return Limit(max(1, minutes), kind)


def _limits(inner: Table, clocks: Iterable[str]) -> dict[str, Limit]:
    return {clock: _limit(inner, clock) for clock in clocks}


def _stages(top: Table) -> dict[str, Limit]:
    inner = top.table("stages")
    if inner is None:
        return dict.fromkeys(STAGES, Limit(1, "emergency"))
    found = _limits(inner, STAGES)
    inner.finish()
    return found


def _majors(top: Table, systems: dict[str, Any]) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for table in top.tables("majors"):
        key = table.text("system", among=systems), table.text("code")
        if key in found:
            table.fault("code", _("{value} stands twice"), value="/".join(key))
        found[key] = table.names("name")
        table.finish()
    return found


def _categories(
    top: Table, majors: dict[tuple[str, str], Any], trades: dict[str, Any], qualifications: dict[str, Any]
) -> Iterable[Category]:
    keys: set[str] = set()
    others = 0
    for table in top.tables("categories"):
        category = _category(table, majors, trades, qualifications)
        if category.key in keys:
            table.fault("code", _("category {value} stands twice"), value=category.key)
        keys.add(category.key)
        others += category.other
        yield category
    if others != 1:
        top.fault("categories", _("exactly one category must be the other one (other = true); here are {count}"),
                  count=others)  # fmt: skip


def _category(
    table: Table, majors: dict[tuple[str, str], Any], trades: dict[str, Any], qualifications: dict[str, Any]
) -> Category:
    system, major = table.text("system"), table.text("major")
    if system and major and (system, major) not in majors:
        table.fault("major", _("there is no major {value}"), value=f"{system}/{major}")
    initials = table.text("initials")
    if initials and not (initials.isascii() and initials.isalnum() and initials == initials.lower()):
        table.fault("initials", _("initials are small Latin letters and digits"))
    conditions = tuple(_conditions(table, trades, qualifications))
    category = Category(
        system=system,
        code=table.text("code"),
        names=table.names("name"),
        icon=table.text("icon", required=False) or "other",
        initials=initials,
        conditions=conditions,
        self_handle=table.flag("self_handle"),
        evidence=_evidence(table),
        other=table.flag("other"),
        major=major,
        kind=table.text("kind", among=MATTER_KINDS),
        claimable=table.flag("claimable"),
        owes_reply=table.flag("owes_reply"),
        form=tuple(_form(table)),
    )
    table.finish()
    return category


def _conditions(
    category: Table, trades: dict[str, Any], qualifications: dict[str, Any]
) -> Iterable[Condition]:
    """The conditions; responsible, basis, payer and requires may stand once at the category for all of them."""
    required = category.texts("requires", qualifications)
    shared = _responsible(category, trades), category.names("basis", required=False), category.text(
        "payer", required=False, among=PAYERS)  # fmt: skip
    codes: set[str] = set()
    for table in category.tables("conditions"):
        code = table.text("code")
        if code in codes:
            table.fault("code", _("condition {value} stands twice"), value=code)
        codes.add(code)
        condition = Condition(
            code=code,
            names=table.names("name"),
            handle=_limit(table, "handle"),
            closing=table.names("closing"),
            emergency=table.flag("emergency"),
            responsible=_responsible(table, trades) or shared[0],
            basis=table.names("basis", required=False) or shared[1],
            payer=table.text("payer", required=False, among=PAYERS) or shared[2],
            limits=_own_limits(table),
            requires=table.texts("requires", qualifications) or required,
        )
        if not condition.responsible.get("handle"):
            table.fault((), _("nobody is responsible for handling it (responsible.handle)"))
        if not condition.basis:
            table.notes.strict.append(Fault(table.place, _("it has no legal basis (basis)")))
        table.finish()
        yield condition


def _own_limits(table: Table) -> dict[str, Limit]:
    inner = table.table("limits", required=False)
    if inner is None:
        return {}
    found = _limits(inner, [clock for clock in (*STAGES, "whole") if clock in inner])
    inner.finish()
    return found


def _responsible(table: Table, trades: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    inner = table.table("responsible", required=False)
    if inner is None:
        return {}
    known = (*trades, *ORGANISATION_KINDS)
    found = {duty: inner.texts(duty, known) for duty in ANSWERABLE if duty in inner}
    inner.finish()
    return found


def _evidence(table: Table) -> dict[str, tuple[str, ...]]:
    """By act the stages of which it needs photos; one alone may stand without brackets, as all did once."""
    inner = table.table("evidence", required=False)
    if inner is None:
        return {}
    found = {act: inner.one_or_more(act, EVIDENCE_STAGES) for act in TAKES_PHOTOS if act in inner}
    inner.finish()
    return found


def _form(category: Table) -> Iterable[Field]:
    names: set[str] = set()
    for table in category.tables("form", required=False):
        name, kind = table.text("name"), table.text("kind", among=FIELD_KINDS)
        if name in names:
            table.fault("name", _("{value} stands twice"), value=name)
        names.add(name)
        choices = tuple(_choices(table))
        if (kind == "choice") != bool(choices):
            table.fault((), _("a field of the kind choice has choices, no other has"))
        yield Field(name, table.names("label"), kind, table.flag("required"), choices, table.flag("private"))
        table.finish()


def _choices(table: Table, name: str = "choices") -> Iterable[Choice]:
    codes: set[str] = set()
    for choice in table.tables(name, required=False):
        code = choice.text("code")
        if code in codes:
            choice.fault("code", _("{value} stands twice"), value=code)
        codes.add(code)
        yield Choice(code, choice.names("name"))
        choice.finish()


def _reasons(top: Table) -> dict[str, tuple[Reason, ...]]:
    inner = top.table("reasons", required=False)
    if inner is None:
        return {}
    return {act: tuple(Reason(c.code, c.names) for c in _choices(inner, act)) for act in list(inner.data)}


def _words(top: Table) -> dict[str, dict[str, dict[str, str]]]:
    inner = top.table("words", required=False)
    if inner is None:
        return {}
    found = {kind: inner.named(kind) for kind in WORDED if kind in inner}
    inner.finish()
    return found


def _narrow(top: Table) -> dict[str, tuple[str, ...]]:
    inner = top.table("narrow", required=False)
    return {} if inner is None else {act: inner.texts(act, required=True) for act in list(inner.data)}


def _routing(
    top: Table, categories: tuple[Category, ...], trades: dict[str, Any], levels: int
) -> Iterable[Rule]:
    """The rules; one that no category meets, and a category that no rule meets, are faults."""
    rules: list[Rule] = []
    for table in top.tables("routing"):
        rule = Rule(
            categories=table.texts("categories", required=True),
            conditions=table.texts("conditions"),
            trades=table.texts("trades", trades),
            kinds=table.texts("kinds", ORGANISATION_KINDS),
            level=table.whole("level", 0, max(0, levels - 1)) if "level" in table else None,
            why=table.names("why"),
        )
        if not any(rule.fits(c, condition) for c in categories for condition in c.conditions):
            table.fault((), _("no category meets this rule"))
        table.finish()
        rules.append(rule)
    for index, category in enumerate(categories):
        if rules and not all(any(r.fits(category, c) for r in rules) for c in category.conditions):
            top.fault(("categories", index), _("no routing rule speaks about {value}"), value=category.key)
    return rules
