"""The command line of people: who is there, an API token, a tablet code, and erasing."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import segno
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from server.cluster import database_of
from server.db import Connection, Database
from server.locale import gettext_for
from server.people import erasure
from server.people.enrolment import make_enrol_code
from server.people.first import make_first_admin
from server.people.service import people_page
from server.people.tokens import make_token
from server.protocol.ticket import Ticket
from server.settings import settings

T = TypeVar("T")
_ = gettext_for(settings().lang)
AT_ONCE, UNCUT = 500, 300
AS_JSON = typer.Option(False, "--json", help=_("Answer as JSON, for machines."))
LOGIN = typer.Argument(..., metavar="PERSON", help=_("The login of the person."), show_default=False)


def in_database(work: Callable[[Connection], T]) -> T:
    """Runs `work` in one transaction of the installation's database, started if need be."""
    with database_of(settings()) as dsn:
        database = Database(dsn, size=2)
        try:
            return database.run(work)
        finally:
            database.close()


def list_people(conn: Connection) -> list[dict[str, Any]]:
    """Everybody of every district: login, name, role, organisation, scope (grid codes), duties, active."""
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = people_page(conn, None, datetime.now(UTC), AT_ONCE, after)
        found += page["items"]
        after = page["next"]
    return found


def people(as_json: bool = AS_JSON) -> None:
    found = in_database(list_people)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    # Lines that go into a file or a pipe are not cut.
    screen = Console()
    if not screen.is_terminal:
        screen = Console(width=UNCUT)
    table = Table(_("Login"), _("Name"), _("Role"), _("Organisation"), _("Grids"), box=SIMPLE_HEAD)
    for one in found:
        role = " ".join([one["role"], *one["duties"]])
        table.add_row(one["login"], one["name"], role, one["organisation"], " ".join(one["scope"]))
    screen.print(table)


def first_admin(
    login: str = LOGIN,
    name: str = typer.Option("", help=_("The name that others see.")),
    district: str | None = typer.Option(None, help=_("Code of the district; needed when there are several.")),
    password: str = typer.Option(
        ...,
        prompt=_("Password"),
        confirmation_prompt=True,
        hide_input=True,
        help=_("Asked for when not given."),
    ),
) -> None:
    in_database(lambda conn: make_first_admin(conn, login, name, password, district, datetime.now(UTC)))
    print(_("{login} can sign in as administrator.").format(login=login.strip().lower()))


def token(
    login: str = LOGIN,
    label: str = typer.Option("", help=_("What the token is for; the log keeps it.")),
    as_json: bool = AS_JSON,
) -> None:
    made = in_database(lambda conn: make_token(conn, login, label, datetime.now(UTC)))
    print(json.dumps({"token": made}) if as_json else made)


def enrol_code(login: str = LOGIN, as_json: bool = AS_JSON) -> None:
    made = in_database(lambda conn: make_enrol_code(conn, login, datetime.now(UTC)))
    if as_json:
        print(json.dumps({"code": made}))
    elif sys.stdout.isatty():
        show_ticket(Ticket(settings().console_url, made))
    else:  # into a file or a pipe goes the code alone
        print(made)


def show_ticket(ticket: Ticket) -> None:
    """The QR code that a tablet scans, and what it says, for hands."""
    segno.make(ticket.line, error="m", micro=False).terminal(compact=True)
    print(_("Address of the office: {server}").format(server=ticket.server))
    print(_("Enrolment code (once, for a day): {code}").format(code=ticket.code))


REASON = typer.Option(..., help=_("Why; it is kept."))


def erase_person(
    login: str = LOGIN,
    reason: str = REASON,
    words: bool = typer.Option(False, help=_("Also all that the person wrote on cases.")),
) -> None:
    done = in_database(lambda conn: erasure.erase_person(conn, login, reason, datetime.now(UTC), words=words))
    erasure.keep(settings().erasures, done)
    print(_("{login} is erased; {events} events lost their words.").format(login=login, events=len(done) - 1))


def erase_private(
    case: str = typer.Option(..., help=_("The number of the case.")),
    event: int = typer.Option(..., min=1, help=_("The number of the event.")),
    reason: str = REASON,
) -> None:
    done = in_database(lambda conn: erasure.erase_words(conn, case, event, reason, datetime.now(UTC)))
    erasure.keep(settings().erasures, done)
    print(_("The words of event {n} of case {number} are erased.").format(n=event, number=case))


def register(app: typer.Typer) -> None:
    """Adds the commands to `python -m server`."""
    app.command(help=_("Lists people with role, organisation and grids."))(people)
    app.command("first-admin", help=_("Makes the first administrator of a district that has none."))(
        first_admin
    )
    app.command(help=_("Makes an API token for a person; it is shown this once."))(token)
    app.command(
        "erase-person", help=_("Erases who a person was and ends every way in; the chain stays whole.")
    )(erase_person)
    app.command("erase-private", help=_("Erases the words of one event of a case; the chain stays whole."))(
        erase_private
    )
    app.command("enrol-code", help=_("Makes a single-use tablet code for a person, good for a day."))(
        enrol_code
    )
