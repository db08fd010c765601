"""A running server whose small district has cases with residents who wait, and visitors without a login."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from server.cases import acts, guests
from server.protocol.commands import Position
from server.protocol.wire import uuid7
from tests.conftest import LiveServer
from tests.factories import COVER, Street
from tests.server.small_district import SmallDistrict, make_small_district

CONTACT = {"contact_name": "王秀英", "contact_phone": "13812345678"}


def report_by_phone(street: Street, login: str = "hotline", source: str = "phone", **payload: Any) -> str:
    """A resident calls about a missing cover: the case's number."""
    told = {"category": COVER, "condition": "missing", "form": CONTACT, **payload}
    answer = acts.report(
        street.conn, street.viewer(login), told, Position(104.005, 30.005, 8, crs="EPSG:4326"), source, None, None,
        "console", None, street.now,
    )  # fmt: skip
    assert answer.case_number
    return answer.case_number


def close(street: Street, number: str, done: str = "换新井盖", login: str = "hotline") -> str:
    """The road from report to closing."""
    street.later(minutes=5)
    street.act("duty", number, "register", condition="missing")
    street.act("dispatch", number, "dispatch", crew="crew-drain")
    street.act("crew", number, "accept")
    street.later(minutes=20)
    street.act("crew", number, "handle", done=done, attachments=[street.photo()])
    street.later(minutes=5)
    street.act("worker", number, "pass", close_kind="fixed")
    street.act("duty", number, "close")
    return number


@dataclass
class House:
    """The server, its district, and visitors."""

    server: LiveServer
    district: SmallDistrict
    asked: requests.Session = field(default_factory=requests.Session)

    def make(self, work: Callable[[Street], Any], **ago: float) -> Any:
        """Does `work` on the street, its clock standing `ago` before now, and commits it."""

        def in_transaction(conn: Any) -> Any:
            now = datetime.now(UTC) - timedelta(**ago)
            return work(Street(conn, self.district, self.server.settings.blobs, now))

        return self.server.database.run(in_transaction)

    def case(self, number: str) -> dict[str, Any]:
        return dict(self.make(lambda street: street.case(number)))

    def link(self, number: str) -> guests.ResidentLink:
        """A resident's link to the case."""
        case_id = self.case(number)["id"]
        found = self.server.database.run(
            lambda conn: guests.make_resident(conn, case_id, datetime.now(UTC), None)
        )
        assert isinstance(found, guests.ResidentLink)
        return found

    def get(self, path: str, lang: str = "zh-CN", **more: Any) -> requests.Response:
        return requests.get(
            self.server.url + path,
            headers={"accept-language": lang, "accept": "text/html"},
            timeout=20,
            **more,
        )

    def post(self, path: str, files: Any = None, **fields: str) -> requests.Response:
        """Sends a form as a browser in English does; the answer after the redirect."""
        fields = {"command_id": str(uuid7()), **fields}
        return requests.post(
            self.server.url + path, fields, files=files, headers={"accept-language": "en"}, timeout=30
        )

    def rows(self, query: str, *params: Any) -> list[dict[str, Any]]:
        with self.server.database.read() as conn, conn.cursor() as cursor:
            cursor.execute(query, params)
            return [dict(row) for row in cursor.fetchall()]


@pytest.fixture
def house(live_server: LiveServer) -> Iterator[House]:
    yield House(live_server, live_server.database.run(make_small_district))
