"""The command line of telling: webhooks of a source, and letters of an organisation."""

import json
from datetime import UTC, datetime
from typing import Any

import typer

from server.audit import service as audit
from server.db import Connection
from server.errors import BadInput, NotFound
from server.locale import gettext_for
from server.people.cli import AS_JSON, in_database
from server.settings import settings
from server.telling import contacts, webhooks

_ = gettext_for(settings().lang)
WHICH = typer.Argument(..., metavar="ID", help=_("The number of the webhook, as `webhook list` shows it."))
DISTRICT = typer.Option(None, "--district", metavar="CODE", help=_("The district, where there are several."))

webhook = typer.Typer(help=_("Where the outcomes of a source's cases are returned to."), no_args_is_help=True)


@webhook.command("add", help=_("Adds a webhook; the secret that signs its deliveries is shown this once."))
def add(
    source: str = typer.Option(..., "--source", metavar="NAME", help=_("The source of the cases.")),
    url: str = typer.Option(..., "--url", metavar="URL", help=_("Where to post, https.")),
    district: str | None = DISTRICT,
    as_json: bool = AS_JSON,
) -> None:
    now = datetime.now(UTC)

    def work(conn: Connection) -> dict[str, Any]:
        made = webhooks.make(
            conn, district_of(conn, district), source, url, settings().webhook_private, None, now
        )
        audit.log(conn, "webhook_made", None, detail={"source": source, "webhook": made["id"]}, at=now)
        return made

    made = in_database(work)
    print(json.dumps(made, ensure_ascii=False) if as_json else f"{made['id']} {made['secret']}")


@webhook.command("list", help=_("Lists the webhooks of a district."))
def list_all(district: str | None = DISTRICT, as_json: bool = AS_JSON) -> None:
    found = in_database(lambda conn: webhooks.all_of(conn, district_of(conn, district)))
    if as_json:
        print(json.dumps(found, ensure_ascii=False, default=str))
        return
    for row in found:
        state = _("on") if row["active"] else _("off")
        print(row["id"], row["source"], row["url"], state, row["waiting"], row["given_up"])


@webhook.command("remove", help=_("Switches a webhook off."))
def remove(which: int = WHICH) -> None:
    now = datetime.now(UTC)

    def work(conn: Connection) -> None:
        row = known(conn, which)
        webhooks.switch_off(conn, row["id"], now)
        audit.log(
            conn, "webhook_removed", None, detail={"source": row["source"], "webhook": row["id"]}, at=now
        )

    in_database(work)


@webhook.command("ping", help=_("Sends a `ping` to a webhook; the scheduler delivers it."))
def ping(which: int = WHICH) -> None:
    now = datetime.now(UTC)
    print(in_database(lambda conn: webhooks.put_ping(conn, known(conn, which), now)))


def letters(
    organisation: str = typer.Argument(..., metavar="ORGANISATION", help=_("The code of the organisation.")),
    mail: str = typer.Option("", "--mail", metavar="ADDRESS", help=_("Where to; without it letters end.")),
    every: int = typer.Option(30, "--every", metavar="MINUTES", help=_("At most one letter in so long.")),
    district: str | None = DISTRICT,
) -> None:
    if mail:
        in_database(lambda conn: contacts.put_organisation(conn, organisation, district, mail, every))
    else:
        in_database(lambda conn: contacts.end_organisation(conn, organisation, district))


def district_of(conn: Connection, code: str | None) -> int:
    """The district called `code`, or the only one. BadInput otherwise."""
    ids = [row["id"] for row in webhooks.sql.district_of_code(conn, code=code)]
    if len(ids) != 1:
        raise BadInput("Say which district with --district.")
    return int(ids[0])


def known(conn: Connection, webhook_id: int) -> dict[str, Any]:
    """The webhook of that number that is on. NotFound."""
    row = webhooks.sql.any_one(conn, id=webhook_id)
    if row is None:
        raise NotFound
    return dict(row)


def register(app: typer.Typer) -> None:
    """Adds the commands to `python -m server`."""
    app.add_typer(webhook, name="webhook")
    app.command(help=_("Letters for an organisation: what it is told goes to this address."))(letters)
