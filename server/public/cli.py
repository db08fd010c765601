"""The command line of those outside: parties to whom cases are forwarded, and which telephone residents are given."""

import re
from datetime import UTC, datetime

import typer

from server.cases import parties
from server.db import Connection, queries
from server.errors import BadInput
from server.locale import gettext_for
from server.people.cli import in_database
from server.settings import settings
from server.telling.cli import DISTRICT, district_of

_ = gettext_for(settings().lang)
sql = queries(__file__)
TELEPHONE = re.compile(r"^\+?[0-9][0-9 -]{2,30}$")


def outside_party(
    code: str = typer.Argument(..., metavar="CODE", help=_("A short word for the party, as power-co.")),
    name: str = typer.Argument(..., metavar="NAME", help=_("How it is called.")),
    mail: str = typer.Option("", "--mail", metavar="ADDRESS", help=_("Where its links are sent to.")),
    district: str | None = DISTRICT,
) -> None:
    now = datetime.now(UTC)
    in_database(
        lambda conn: parties.put(conn, district_of(conn, district), district, code, name, mail, None, "", now)
    )


def office_phone(
    code: str = typer.Argument(..., metavar="ORGANISATION", help=_("The code of the organisation.")),
    phone: str = typer.Argument(
        ..., metavar="TELEPHONE", help=_("Public; printed on slips. Blank takes it away.")
    ),
    district: str | None = DISTRICT,
) -> None:
    in_database(lambda conn: put_phone(conn, code, phone, district))


def put_phone(conn: Connection, code: str, phone: str, district: str | None) -> None:
    """Under which telephone residents reach an office. BadInput for an unknown office or what is no telephone."""
    phone = phone.strip()
    if phone and not TELEPHONE.match(phone):
        raise BadInput("{phone} is not a telephone number.", phone=phone[:40])
    if not sql.put_phone(conn, district_id=district_of(conn, district), code=code, phone=phone):
        raise BadInput("There is no organisation {code}.", code=code)


def register(app: typer.Typer) -> None:
    """Adds the commands to `python -m server`."""
    app.command("outside-party", help=_("Adds a party outside to which cases may be forwarded."))(
        outside_party
    )
    app.command("office-phone", help=_("Under which telephone residents reach an office."))(office_phone)
