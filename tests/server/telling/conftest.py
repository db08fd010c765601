"""A district whose news leaves the house: committed cases, receivers, and a sender that runs until nothing is due."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from server.db import Connection, Database
from server.settings import Settings
from server.telling import delivery, service, webhooks
from server.telling.service import Notice
from tests.factories import START, Street
from tests.server.small_district import SmallDistrict
from tests.server.telling.receivers import PostOffice, Receiver, post_office, receiving


@dataclass
class House:
    """A committed district with one case, and what is needed to tell of it."""

    database: Database
    district: SmallDistrict
    settings: Settings
    number: str
    case_id: UUID
    now: datetime = START
    n: int = 100

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def tell(self, to_kind: str, to: str | int = 0, action: str = "dispatch", **params: Any) -> int:
        """Puts one notice of the next event, committed; its event number."""
        self.n += 1
        known = {**self.district.nodes, **self.district.organisations, **self.district.people}
        to_id = to if isinstance(to, int) else known[to]
        notice = Notice(self.district.id, self.case_id, self.number, self.n, action, to_kind, to_id, params)
        self.database.run(lambda conn: service.put(conn, [notice], self.now))
        return self.n

    def outcome(self, state: str = "registered", action: str = "register", **params: Any) -> int:
        return self.tell("source", 0, action, source="hotline", external_id="A-7", state=state, **params)

    def hook(self, url: str, source: str = "hotline") -> dict[str, Any]:
        return self.database.run(
            lambda conn: webhooks.make(conn, self.district.id, source, url, True, None, self.now)
        )

    def contact(self, login: str = "", organisation: str = "", every_min: int = 30, **quiet: Any) -> str:
        address = f"{login or organisation}@example.org"
        self.execute(
            "insert into contacts (district_id, person_id, organisation_id, mail, every_min, quiet_from, quiet_to)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            self.district.id, self.district.people.get(login), self.district.organisations.get(organisation),
            address, every_min, quiet.get("quiet_from"), quiet.get("quiet_to"),
        )  # fmt: skip
        return address

    def send(self) -> int:
        """Sends all that is due now, one transaction each; how many steps that were."""
        steps = 0
        while delivery.step(self.database, self.settings, self.now):
            steps += 1
            assert steps < 500, "it does not come to an end"
        return steps

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(query, values)
            return [dict(row) for row in cursor.fetchall()]

    def execute(self, query: str, *values: Any) -> None:
        def work(conn: Connection) -> None:
            with conn.cursor() as cursor:
                cursor.execute(query, values)

        self.database.run(work)

    def as_owner(self, statements: str) -> None:
        with closing(psycopg2.connect(self.database.dsn)) as conn, conn, conn.cursor() as cursor:
            cursor.execute(statements)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    def work(conn: Connection) -> tuple[SmallDistrict, str, UUID]:
        street = Street.open(conn, tmp_path)
        number = street.report()
        return street.district, number, UUID(street.case(number)["id"])

    district, number, case_id = database.run(work)
    settings = Settings(home=tmp_path, webhook_private=True, mail_from="Xunge <desk@district.example>")
    # What the report itself tells is another test's.
    made = House(database, district, settings, number, case_id)
    made.execute("delete from letter_lines")
    made.execute("delete from messages")
    return made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def office(house: House) -> Iterator[PostOffice]:
    with post_office() as made:
        house.settings = house.settings.model_copy(update={"smtp_url": made.url})
        yield made
