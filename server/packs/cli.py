"""The command line of packs: is a pack right, and put it in force."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from server.cluster import database_of
from server.db import Connection, Database
from server.errors import BadInput
from server.locale import gettext_for
from server.packs import SQL, names
from server.packs.check import found_wrong
from server.packs.folder import FOLDER, MAIN, Finding, Written, read_written
from server.packs.keeping import follow, put
from server.settings import settings

_ = gettext_for(settings().lang)
FAULT = 1
WHICH = Annotated[
    str,
    typer.Argument(
        metavar="PATH|NAME", help=_("A folder, a file, or a pack of this program."), show_default=False
    ),
]
AS_JSON = Annotated[bool, typer.Option("--json", help=_("Answer as JSON, for machines."))]


def register(app: typer.Typer) -> None:
    """Adds these commands to `python -m server`."""
    app.command("check-pack", help=_("Names every fault of a pack with file, line and reason."))(check_pack)
    app.command("put-pack", help=_("Puts a pack in force in a district, when nothing is wrong with it."))(
        put_pack
    )


def check_pack(which: WHICH, as_json: AS_JSON = False) -> None:
    written = _written(which)
    findings = found_wrong(written)
    if as_json:
        print(json.dumps([_as_json(finding) for finding in findings], ensure_ascii=False))
    else:
        _say(written, findings)
    if findings:
        raise typer.Exit(FAULT)


def put_pack(
    which: WHICH,
    district: Annotated[
        str, typer.Option(help=_("Code of the district; needed when there are several."))
    ] = "",
    as_json: AS_JSON = False,
) -> None:
    followed = which in names()
    written = _written(which)
    if findings := found_wrong(written):
        _say(written, findings)
        raise typer.Exit(FAULT)

    def work(conn: Connection) -> int:
        now, into = datetime.now(UTC), _district(conn, district)
        if followed:
            follow(conn, into, which, None, "", now)
        else:
            put(conn, into, written, None, "", now)
        return int(SQL.current_version(conn, district_id=into)["id"])

    with database_of(settings()) as dsn:
        database = Database(dsn, size=2)
        try:
            version = database.run(work)
        finally:
            database.close()
    code, count = written.data["code"], len(written.data["categories"])
    if as_json:
        print(json.dumps({"pack": code, "version": version, "categories": count}))
    else:
        print(_("Pack {code} is in force as version {version}: {count} categories.").format(
            code=code, version=version, count=count))  # fmt: skip


def _written(which: str) -> Written:
    """A path when it is there, else the name of a pack of this program."""
    path = Path(which)
    if which in names():
        path = FOLDER / which
    elif not (path.is_file() or (path / MAIN).is_file()):
        raise BadInput("{file} is no pack: neither a file, nor a folder with pack.toml, nor one of {names}.",
                       file=which, names=", ".join(names()))  # fmt: skip
    return read_written(path)


def _district(conn: Connection, code: str) -> int:
    codes = [row["code"] for row in SQL.district_codes(conn)]
    if not code and len(codes) != 1:
        raise BadInput("Say which district: --district with one of {codes}.", codes=", ".join(codes))
    found = SQL.district_of_code(conn, code=code or codes[0])
    if found is None:
        raise BadInput("There is no district {code}.", code=code)
    return int(found)


def _say(written: Written, findings: list[Finding]) -> None:
    for finding in findings:
        print(finding.text(_))
    if findings:
        print(_("{count} faults in {file}.").format(count=len(findings), file=written.main))
    else:
        print(_("{file} can be used: {count} categories.").format(
            file=written.main, count=len(written.data["categories"])))  # fmt: skip


def _as_json(finding: Finding) -> dict[str, object]:
    return {
        "file": str(finding.file),
        "line": finding.line,
        "place": finding.fault.path,
        "reason": finding.fault.text(),
    }
