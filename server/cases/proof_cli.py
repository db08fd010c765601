"""Commands of the proof: verify all chains, make an anchor now, show that a case was in one."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from time import perf_counter
from typing import Annotated
from uuid import UUID

import typer

from server.cases import anchored, anchors, chain
from server.cases.link import Break
from server.cases.proving import Proved, prove_all
from server.cases.terminal import opened, progress
from server.db import Connection, Database
from server.errors import BadInput
from server.locale import gettext_for
from server.settings import settings

_ = gettext_for(settings().lang)
FAULT = 1
SHOWN = 20


def register(app: typer.Typer) -> None:
    """Adds these commands to `python -m server`."""
    app.command("verify-chain", help=_("Recomputes every hash of every case; names the first broken link."))(
        verify_chain
    )
    app.command("anchor", help=_("Anchors the heads of all chains now, into the table and into files."))(
        anchor
    )
    app.command("prove-case", help=_("Shows that a case was in an anchor, without showing any other case."))(
        prove_case
    )


def verify_chain(
    case: Annotated[str | None, typer.Option(help=_("Only the case with this number."))] = None,
    kept: Annotated[
        Path | None,
        typer.Option("--anchors", help=_("Anchors that were kept elsewhere: a file, or a folder of them.")),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Prints one line of JSON."))] = False,
) -> None:
    start = perf_counter()
    with opened() as database:
        if case:
            proved, records = _verify_one(database, case), anchored.Anchored()
        else:
            with database.read() as conn:
                total = chain.sql.cases_count(conn)
            with progress(total, _("Checking")) as advance:
                proved = prove_all(database, advance)
            records = _verify_records(database, kept)
    broken = proved.broken + records.broken
    if as_json:
        print(json.dumps(_as_json(proved, records, broken), ensure_ascii=False, default=str))
    else:
        _tell(proved, records, broken, perf_counter() - start)
    if broken:
        raise typer.Exit(FAULT)


def _verify_one(database: Database, number: str) -> Proved:
    with database.read() as conn:
        found = chain.verify_case(conn, _id_of(conn, number))
    return Proved(1, 0, [found] if found else [])


def _id_of(conn: Connection, number: str) -> UUID:
    row = chain.sql.case_id_of(conn, number=number)
    if row is None:
        raise BadInput("There is no case {number}.", number=number)
    return UUID(str(row["case_id"]))


def _verify_records(database: Database, kept: Path | None) -> anchored.Anchored:
    """The access log and the anchors; the files in the place that was named, else in the installation's own."""
    own = settings().anchors
    where = kept or (own if own.is_dir() and any(own.glob(f"*{anchors.HEADER}")) else None)
    with database.read() as conn:
        found = anchored.verify_records(conn)
        if where:
            files = anchored.verify_files(conn, where)
            found.heads = files.heads
            found.broken += files.broken
    return found


def _as_json(proved: Proved, records: anchored.Anchored, broken: Sequence[Break]) -> dict[str, object]:
    return {
        "checked": proved.cases,
        "events": proved.events,
        "anchors": records.anchors,
        "heads": records.heads,
        "broken": [
            {"number": one.number or None, "n": one.n, "why": str(one), "params": one.params}
            for one in broken
        ],
    }


def _tell(proved: Proved, records: anchored.Anchored, broken: Sequence[Break], seconds: float) -> None:
    for one in broken[:SHOWN]:
        print(_sentence(one), file=sys.stderr)
    if broken:
        cases = len({one.number for one in broken if one.number})
        sentence = _("{broken} of {checked} cases are broken.")
        print(sentence.format(broken=cases, checked=proved.cases), file=sys.stderr)
        return
    print(_("{checked} cases checked, every chain is whole.").format(checked=proved.cases))
    if proved.events:
        sentence = _("{events} events, {rate} a second; {anchors} anchors and {heads} of their heads stand.")
        rate = round(proved.events / seconds)
        print(sentence.format(events=proved.events, rate=rate, anchors=records.anchors, heads=records.heads))


def _sentence(one: Break) -> str:
    why = _(one.why).format(**one.params)
    if not one.number:
        return f"{why}."
    return _("Case {number}, event {n}: {why}.").format(number=one.number, n=one.n, why=why)


def anchor(
    out: Annotated[Path | None, typer.Option(help=_("A folder that gets copies of all anchors."))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Prints one line of JSON."))] = False,
) -> None:
    folder = settings().anchors
    with opened() as database:
        made = database.run(lambda conn: anchors.make_anchor(conn, folder, datetime.now(UTC)))
    if out:
        _copy(folder, out)
    if as_json:
        print(json.dumps({**asdict(made), "hash": made.hash}))
    else:
        sentence = _(
            "Anchor {n} of {day}: {cases} cases moved since the one before. Its hash, to be kept elsewhere:"
        )
        print(sentence.format(n=made.n, day=made.day, cases=made.cases))
        print(made.hash)


def _copy(folder: Path, out: Path) -> None:
    """Copies what is not there yet; what was kept before is never written over."""
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(".") and not (out / path.name).exists():
            copyfile(path, out / path.name)


def prove_case(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help=_("The number of the case."))],
    kept: Annotated[
        Path | None, typer.Option("--anchors", help=_("A folder of anchors; else the installation's own."))
    ] = None,
) -> None:
    with opened() as database, database.read() as conn:
        case_id = _id_of(conn, number)
    print(json.dumps(anchored.inclusion(kept or settings().anchors, str(case_id)), ensure_ascii=False))
