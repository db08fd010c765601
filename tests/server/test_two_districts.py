"""Two districts in one database: nothing crosses, and who has offices in both is in one of them at a time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.cases.apply import apply
from server.db import Connection
from server.people.organisations import ensure_centre
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import uuid7
from server.reports.service import closure
from server.security import load_viewer
from server.security.viewer import Wish
from tests.factories import START, Street
from tests.server.small_district import make_small_district


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    """District D with its people, and district E, just loaded, with nobody but what D lends."""
    made = Street.open(conn, tmp_path)
    other = make_small_district(conn, "E", staffed=False)
    ensure_centre(conn, other.id)
    told = {"status": "closed", "opened_at": "2026-10-01T00:00:00Z", "closed_at": "2026-10-02T00:00:00Z"}
    commands = [
        Command(uuid7(), "record", uuid7(), read_payload("record", told), "h", "import", position=Position(104.005, 30.005, crs="EPSG:4326"),
                source="history", external_id=str(n), district_id=other.id)
        for n in range(3)
    ]  # fmt: skip
    assert all(answer.applied for answer in apply(conn, commands, START))
    return made


def test_a_new_district_is_run_by_the_first_centre_until_it_has_its_own(street: Street) -> None:
    duty = load_viewer(street.conn, street.district.people["duty"], START, wish=Wish(district="E"))
    assert duty is not None
    assert (duty.district_code, duty.role, duty.duties) == ("E", "centre", {"duty"})
    assert duty.districts == {"D": "试验区", "E": "试验区"}


def test_without_a_word_somebody_is_in_the_first_district(street: Street) -> None:
    street.report()
    assert street.viewer("duty").district_code == "D"


@pytest.mark.parametrize("wish", [Wish(district="E"), Wish(grid="E"), Wish(district="E", grid="S1")])
def test_the_district_follows_from_what_is_asked_for(street: Street, wish: Wish) -> None:
    viewer = load_viewer(street.conn, street.district.people["duty"], START, wish=wish)
    assert viewer is not None
    assert viewer.district_code == "E"


def test_a_case_is_seen_from_its_own_district(street: Street) -> None:
    with street.conn.cursor() as cursor:
        cursor.execute("select number from cases where source = 'history' limit 1")
        number = cursor.fetchone()["number"]
    viewer = load_viewer(street.conn, street.district.people["duty"], START, wish=Wish(number=number))
    assert viewer is not None
    assert viewer.district_code == "E"


def test_nobody_gets_into_a_district_by_asking(street: Street) -> None:
    reviewer = load_viewer(
        street.conn, street.district.people["street"], START, wish=Wish(district="E", grid="E")
    )
    assert reviewer is not None
    assert reviewer.district_code == "D"


def test_figures_do_not_cross_the_border(street: Street) -> None:
    street.report()
    found = {}
    for code in ("D", "E"):
        viewer = load_viewer(street.conn, street.district.people["duty"], START, wish=Wish(district=code))
        assert viewer is not None
        report = closure(
            street.conn, viewer, datetime(2026, 11, 30, tzinfo=UTC), by="street", basis="reported"
        )
        found[code] = (report.total.numerator, report.total.denominator)
        assert f"district={code}" in report.total.cases_link
    assert found == {"D": (0, 1), "E": (3, 3)}
