"""A running server with its cast, a tablet, and acts of it that wait for a person."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.cases.apply import Answer
from server.db import Connection
from server.holds.decide import decide
from server.security import Viewer, load_viewer
from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.sync.tablet import Tablet, enrol


@dataclass
class Office:
    """The desk side of the running server: people of the cast act and decide, each in a transaction of its own."""

    server: LiveServer
    street: Street

    def viewer(self, conn: Connection, login: str) -> Viewer:
        viewer = load_viewer(conn, self.street.district.people[login], datetime.now(UTC))
        assert viewer is not None
        return viewer

    def act(self, login: str, number: str, action: str, **payload: Any) -> Answer:
        def work(conn: Connection) -> Answer:
            self.street.conn, self.street.now = conn, datetime.now(UTC)
            return self.street.act(login, number, action, **payload)

        return self.server.database.run(work)

    def decide(
        self,
        command: dict[str, Any],
        choice: str,
        said: str = "",
        by: str = "duty",
        changed: dict[str, Any] | None = None,
        seen: int | None = None,
        later: timedelta = timedelta(),
    ) -> Answer | None:
        """Decides about a held command as `by`."""
        held, now = uuid.UUID(command["command_id"]), datetime.now(UTC) + later
        return self.server.database.run(
            lambda conn: decide(conn, self.viewer(conn, by), held, choice, said, changed, seen, "", now)
        )

    def run(self, statement: str, *values: Any) -> None:
        """Changes the world behind everybody's back."""
        self.server.database.run(lambda conn: conn.cursor().execute(statement, values))

    def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        with self.server.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(statement, values)
            return [dict(row) for row in cursor.fetchall()]

    def events(self, case_id: str) -> list[dict[str, Any]]:
        return self.rows(
            "select n, action, actor, device, made_at, acted_at, received_at, body::jsonb as body from case_events"
            " where case_id = %s order by n",
            case_id,
        )


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    """The cast of the running server; every use of it commits."""
    return live_server.database.run(lambda conn: Street.open(conn, Path()))


@pytest.fixture
def office(live_server: LiveServer, street: Street) -> Office:
    return Office(live_server, street)


@pytest.fixture
def tablet(live_server: LiveServer, street: Street) -> Iterator[Tablet]:
    made = enrol(live_server)
    yield made
    made.session.close()


Held = Callable[..., tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture
def held(office: Office, tablet: Tablet) -> Held:
    """Makes a report and an act on it that is held, because the office moved the case on meanwhile."""

    def make(kind: str = "pass", **payload: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        report = tablet.command()
        number = tablet.send(report)[0]["case_number"]
        office.act("duty", number, "register")
        act = tablet.command(
            kind, case_id=report["case_id"], base_version=1, payload=payload or {"close_kind": "fixed"}
        )
        assert tablet.send(act)[0]["outcome"] == "held"
        return report, act

    return make
