"""A batch of a hundred commands is a handful of statements, whatever is wrong with one of them."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from server.db import Connection, Rows, connect
from server.people.enrolment import enrol, make_enrol_code
from server.protocol.wire import ENVELOPE, time_text, uuid7
from server.security import DeviceViewer
from server.sync import intake
from tests.conftest import LiveServer
from tests.factories import RUBBISH, Street

# The device's row, the reading, the writing, the device's count.
HANDFUL = 4


class Counting(Rows):
    """Keeps what is sent."""

    sent: ClassVar[list[bytes]] = []

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  # the name of the driver
        super().execute(query, vars)
        Counting.sent.append(self.query)


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    return live_server.database.run(lambda conn: Street.open(conn, Path()))


def batch(street: Street, device: DeviceViewer, first: int, size: int) -> list[dict[str, Any]]:
    """That many reports of the worker, counted from `first`."""
    return [
        {
            "command_id": str(uuid7()), "person_id": device.viewer.person_id, "seq": seq, "kind": "report",
            "case_id": str(uuid7()), "base_version": 0, "form_version": 1, "made_at": time_text(street.now),
            "depends_on": None, "payload": {"category": RUBBISH, "title": "bags"},
            "position": {"lon": 104.005, "lat": 30.005, "accuracy_m": 8.5, "provider": "gps", "crs": "EPSG:4326"},
        }
        for seq in range(first, first + size)
    ]  # fmt: skip


def test_a_hundred_commands_are_as_many_statements_as_one_and_a_bad_one_among_them_costs_none(
    live_server: LiveServer, street: Street
) -> None:
    database = live_server.database
    code = database.run(lambda conn: make_enrol_code(conn, "worker", street.now))
    made = enrol(database, code, uuid7(), "T", "1", street.now, "")
    device = DeviceViewer(made.viewer, made.device_id, "active")

    def taken(conn: Connection, commands: list[dict[str, Any]]) -> tuple[list[str], int]:
        envelope = {"envelope": ENVELOPE, "device_id": str(made.device_id), "commands": commands,
                    "sent_at": time_text(street.now)}  # fmt: skip
        Counting.sent = []
        results = intake.take(conn, device, envelope, "en", street.now)
        conn.commit()
        return [result["outcome"] for result in results], len(Counting.sent)

    conn = connect(database.dsn)
    conn.cursor_factory = Counting
    try:
        taken(conn, batch(street, device, 1, 1))
        one = taken(conn, batch(street, device, 2, 1))
        hundred = taken(conn, batch(street, device, 3, 100))
        faulty = batch(street, device, 103, 100)
        # Of a case that nobody reported: it can never be applied.
        faulty[50] |= {"kind": "comment", "payload": {"text": "seen"}}
        with_a_bad_one = taken(conn, faulty)
    finally:
        conn.close()
    assert one == (["applied"], HANDFUL)
    assert hundred == (["applied"] * 100, HANDFUL)
    assert with_a_bad_one == (["applied"] * 50 + ["rejected"] + ["applied"] * 49, HANDFUL)
