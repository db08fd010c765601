"""An office with the small cast, and bare tablets for everybody in it."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from server.db import Database
from server.holds.decide import decide
from server.people.enrolment import make_enrol_code
from server.protocol.wire import time_text, uuid7
from server.security import load_viewer
from tests.conftest import Databases, LiveServer, serving
from tests.factories import COVER, Street

HERE = {
    "lon": 104.005,
    "lat": 30.005,
    "accuracy_m": 8,
    "provider": "gps",
    "fix_age_s": 2,
    "is_mock": False,
    "placed_by_hand": False,
    "crs": "EPSG:4326",
}


@dataclass
class Office:
    """A running server with its people; `case` brings a new case to where an example needs it."""

    server: LiveServer
    street: Street
    tablets: dict[str, "Tablet"] = field(default_factory=dict)

    def tablet(self, login: str) -> "Tablet":
        if login not in self.tablets:
            self.tablets[login] = Tablet.enrol(self, login)
        return self.tablets[login]

    def code(self, login: str) -> str:
        return self.server.database.run(lambda conn: make_enrol_code(conn, login, datetime.now(UTC)))

    def case(self, standing: str) -> dict[str, Any]:
        """The id and version of a new case that stands at `standing`; its acts lie in the last two hours."""

        def work(conn: Any) -> dict[str, Any]:
            self.street.conn, self.street.now = conn, datetime.now(UTC) - timedelta(hours=2)
            case = self.street.case(STANDINGS[standing](self.street))
            return {"id": case["id"], "version": case["version"]}

        return self.server.database.run(work)

    def refuse(self, command_id: str, said: str) -> None:
        """The duty officer refuses a held act."""

        def work(conn: Any) -> None:
            now = datetime.now(UTC)
            duty = load_viewer(conn, self.street.district.people["duty"], now)
            assert duty is not None
            decide(conn, duty, uuid.UUID(command_id), "refuse", said, None, None, "", now)

        self.server.database.run(work)


def _reported(street: Street) -> str:
    return street.report(category=COVER, condition="missing")


def _registered(street: Street) -> str:
    number = _reported(street)
    street.act("duty", number, "register", condition="missing")
    return number


def _handling(street: Street) -> str:
    number = street.dispatched()
    street.act("crew", number, "accept")
    return number


def _return_asked(street: Street) -> str:
    number = street.dispatched()
    street.act("crew", number, "ask_return", reason="不归我们管")
    return number


def _inspected(street: Street) -> str:
    number = street.handled()
    street.act("worker", number, "pass", close_kind="fixed")
    return number


def _soon(street: Street) -> str:
    return (street.now + timedelta(days=1)).isoformat()


def _after(
    before: Callable[[Street], str], login: str, action: str, **payload: Any
) -> Callable[[Street], str]:
    """A case that stood at `before`, and one act later; `until="soon"` is a day from then."""

    def make(street: Street) -> str:
        number = before(street)
        told = {k: _soon(street) if v == "soon" else v for k, v in payload.items()}
        street.act(login, number, action, **told)
        return number

    return make


def _claimable(street: Street) -> str:
    number = _registered(street)
    with street.conn.cursor() as cursor:
        cursor.execute("update cases set flags = flags || '{claimable}' where number = %s", (number,))
    return number


def _forwarded(street: Street) -> str:
    number = _registered(street)
    with street.conn.cursor() as cursor:
        cursor.execute(
            "insert into organisations (district_id, kind, code, name, grid_id)"
            " values (%s, 'outside', 'gas-works', '燃气公司', %s) on conflict do nothing",
            (street.district.id, street.district.id),
        )
    street.act("dispatch", number, "forward", outside="gas-works")
    return number


STANDINGS: dict[str, Callable[[Street], str]] = {
    "verifying": _after(_reported, "intake", "send_verify"),
    "waiting": _after(_reported, "duty", "ask", question="在路口哪一侧？"),
    "split": _after(
        _registered, "dispatch", "split", parts=[{"category": COVER, "condition": "missing"}] * 2
    ),
    "claimable": _claimable,
    "whistled": _after(_registered, "street", "whistle", called="crew-drain", reason="联合处置"),
    "helped": _after(_handling, "crew", "ask_help", organisation="street-S1", question="能否协调交通？"),
    "noticed": _after(_handling, "crew", "notice", party="店主", demand="清理", until="soon"),
    "enforcing": _after(_handling, "crew", "enforce", document="执立〔2026〕12号", until="soon"),
    "extension-asked": _after(_handling, "crew", "ask_extension", reason="等配件"),
    "suspension-asked": _after(_handling, "crew", "ask_suspension", reason="等汛期过去", until="soon"),
    "suspended": _after(
        _after(_handling, "crew", "ask_suspension", reason="等汛期过去", until="soon"),
        "duty",
        "suspend",
        reason="同意",
        until="soon",
    ),
    "forwarded": _forwarded,
    "supervised": _after(_handling, "supervise", "supervise", demand="今日完成", until="soon"),
    "mended": Street.mended,
    "declined": _after(_reported, "duty", "decline", reason="重复"),
    "appealed": _after(Street.closed, "crew", "appeal", reason="配件由厂家延误"),
    "reported": _reported,
    "registered": _registered,
    "dispatched": Street.dispatched,
    "handling": _handling,
    "return-asked": _return_asked,
    "handled": Street.handled,
    "inspected": _inspected,
    "closed": Street.closed,
}


@dataclass
class Tablet:
    """A bare client of the wire for one person."""

    url: str
    token: str
    person: int
    device: str
    seq: int = 0

    @classmethod
    def enrol(cls, office: Office, login: str) -> "Tablet":
        device, url = str(uuid.uuid4()), office.server.url
        wanted = {"code": office.code(login), "device": {"id": device, "model": "T", "app_version": "1"}}
        told = requests.post(f"{url}/sync/v1/enrol", json=wanted, timeout=30).json()
        return cls(url, told["device_token"], told["person"]["id"], device)

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any
    ) -> requests.Response:
        told = {"Authorization": f"Bearer {self.token}", "Accept-Language": "en"} | (headers or {})
        return requests.request(method, self.url + path, headers=told, timeout=30, **rest)

    def sealed(self, command: dict[str, Any], case_id: str | None = None, version: int = 0) -> dict[str, Any]:
        """The example's command with everything that is this tablet's own."""
        self.seq += 1
        own = {
            "command_id": str(uuid7()), "person_id": self.person, "seq": self.seq, "case_id": case_id or str(uuid7()), "base_version": version,
            "form_version": 1, "made_at": time_text(datetime.now(UTC)), "depends_on": None, "position": HERE,
        }  # fmt: skip
        return own | command

    def send(self, command: dict[str, Any], **envelope: Any) -> dict[str, Any]:
        body = {
            "envelope": "xunge/1",
            "device_id": self.device,
            "sent_at": time_text(datetime.now(UTC)),
            "commands": [command],
        }
        answer = self.ask("POST", "/sync/v1/commands", json=body | envelope)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def office(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all examples of a document; every example works on a case of its own."""
    home: Path = tmp_path_factory.mktemp("office")
    with databases.fresh() as dsn:
        database = Database(dsn)
        with serving(database, home) as server:
            street = database.run(lambda conn: Street.open(conn, server.settings.blobs))
            yield Office(server, street)
        database.close()
