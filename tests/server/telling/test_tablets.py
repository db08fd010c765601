"""Messages come down to the tablets of those whom they are for, in the order of commits, and to nobody else."""

from pathlib import Path
from uuid import UUID

import pytest

from server.db import Connection
from server.telling import service
from server.telling.service import Notice
from tests.conftest import LiveServer
from tests.factories import START, Street
from tests.server.sync.tablet import Tablet, enrol


@pytest.fixture
def street(live_server: LiveServer) -> Street:
    return live_server.database.run(lambda conn: Street.open(conn, Path()))


def told(server: LiveServer, street: Street, *to: tuple[str, int], n: int = 50) -> None:
    """Commits one notice to each address about a case that everybody there knows."""

    def work(conn: Connection) -> None:
        here = Street(conn, street.district, Path(), START)
        number = here.report()
        case_id = UUID(here.case(number)["id"])
        notices = [
            Notice(street.district.id, case_id, number, n, "dispatch", kind, id_, {"organisation": "排水队"}) for kind, id_ in to
        ]  # fmt: skip
        service.put(conn, notices, START)

    server.database.run(work)


def messages(tablet: Tablet, cursor: str = "") -> tuple[list[dict[str, object]], str]:
    changes, cursor = tablet.follow(cursor)
    return [c["body"] for c in changes if c["kind"] == "message" and c["body"]["n"] == 50], cursor


def test_a_message_follows_the_cursor_to_its_person_and_its_grid(
    live_server: LiveServer, street: Street
) -> None:
    district = street.district
    worker, head = enrol(live_server, "worker"), enrol(live_server, "head")
    _, worker_at = messages(worker)
    _, head_at = messages(head)
    told(live_server, street, ("person", district.people["worker"]), ("grid", district.nodes["S1C2G1"]))
    mine, worker_at = messages(worker, worker_at)
    theirs, _ = messages(head, head_at)
    assert [(m["to"], m["sentence"]) for m in mine] == [("person", "案件已派遣给排水队。")]
    assert [m["to"] for m in theirs] == ["grid"]
    assert messages(worker, worker_at)[0] == []


def test_a_message_to_another_persons_address_is_not_sent_down(
    live_server: LiveServer, street: Street
) -> None:
    district = street.district
    crew = enrol(live_server, "crew")
    _, at = messages(crew)
    told(live_server, street, ("person", district.people["worker"]), ("grid", district.nodes["S1C1G1"]),
         ("organisation", district.organisations["crew-clean"]), ("duty:dispatcher", district.organisations["centre"]))  # fmt: skip
    assert messages(crew, at)[0] == []
    told(live_server, street, ("organisation", district.organisations["crew-drain"]))
    assert [m["to"] for m in messages(crew, at)[0]] == ["organisation"]


def test_a_tablet_that_begins_anew_gets_the_newest_messages(live_server: LiveServer, street: Street) -> None:
    told(live_server, street, ("person", street.district.people["worker"]))
    assert len(messages(enrol(live_server, "worker"))[0]) == 1
