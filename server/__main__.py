"""`python -m server`: the commands of the installation. Exit 0, 1 (found faults) or 2 (wrong use)."""

import os
import sys
from contextlib import suppress
from socket import socket
from typing import cast

import psycopg2
import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

from server import doctor
from server.backup import cli as backup
from server.cases import cli as cases
from server.cluster import database_of
from server.db import refusal_of
from server.errors import BadInput, XungeError
from server.listening import OwnSocket
from server.locale import gettext_for
from server.logs import write_json_logs
from server.migrate import migrate
from server.packs import cli as packs
from server.people import cli as people
from server.public import cli as public
from server.run import check_port
from server.settings import settings
from server.sync import cli as sync
from server.telling import cli as telling

_ = gettext_for(settings().lang)
FAULT, WRONG_USE = 1, 2
GOODBYE_S = 5

app = typer.Typer(
    name="python -m server",
    help=_("Xunge: the server of a district and what its operator needs."),
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(WRONG_USE)


@app.command(help=_("Answers browsers, tablets and other systems until it is told to end."))
def serve() -> None:
    chosen = settings()
    write_json_logs()
    with database_of(chosen) as dsn:
        # Every process that shares the address opens its own connections to this database.
        os.environ["DATABASE_URL"] = dsn
        settings.cache_clear()
        config = uvicorn.Config(
            "server.app:served",
            factory=True,
            workers=chosen.workers,
            host=chosen.host,
            port=chosen.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GOODBYE_S,
        )
        # Sockets that share an address would share it with another server's, too.
        check_port(chosen)
        if chosen.workers > 1:
            Multiprocess(config, [cast(socket, OwnSocket(chosen.host, chosen.port))]).run()
        else:
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run()


@app.command("migrate", help=_("Brings the database's schema up to date; says what it applied."))
def migrate_schema(
    check_schema: bool = typer.Option(
        False, "--check-schema", help=_("Only compare schema.sql with what the migrations make.")
    ),
) -> None:
    if check_schema:
        from server.schema import main as compare

        raise typer.Exit(compare([]))
    with database_of(settings()) as dsn:
        for name in migrate(dsn):
            print(name)


for room in (people, cases, packs, telling, public, sync, backup, doctor):
    room.register(app)


def say(sentence: str) -> None:
    """One sentence for a person, apart from what machines read."""
    print(sentence, file=sys.stderr)


def main() -> int:
    """Runs one command; every refusal is one sentence on standard error."""
    try:
        return int(app(standalone_mode=False) or 0)
    except typer.Abort:
        return FAULT
    except typer.TyperException as wrong:
        say(str(wrong))
        return WRONG_USE
    except XungeError as refused:
        say(refused.text(_))
        return WRONG_USE if isinstance(refused, BadInput) else FAULT
    except psycopg2.Error as error:
        say(refusal_of(error).text(_))
        return FAULT


if __name__ == "__main__":
    sys.exit(main())
