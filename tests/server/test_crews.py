"""Which crews are proposed for a case, and why; who is near a place."""

from pathlib import Path
from typing import Any

import pytest

from server.cases.service import get_row
from server.crews import service
from server.crews.ranking import (
    ELSEWHERE,
    FULL,
    NOT_PERMITTED,
    OTHER_TRADE,
    OWN_TRADE,
    Proposal,
    permit,
    rank,
)
from server.db import Connection
from server.security import Viewer, load_viewer
from tests.factories import Street
from tests.server.small_district import NOW, SmallDistrict, make_small_district


@pytest.fixture
def district(conn: Connection) -> SmallDistrict:
    return make_small_district(conn)


@pytest.fixture
def duty(conn: Connection, district: SmallDistrict) -> Viewer:
    viewer = load_viewer(conn, district.people["duty"], NOW)
    assert viewer is not None
    return viewer


def case_in(district: SmallDistrict, grid: str, category: tuple[str, str], **more: Any) -> dict[str, Any]:
    """The columns of a case that decide who is proposed; in the west of the first street."""
    return {
        "lon_e7": 1040050000,
        "lat_e7": 300050000,
        "district_id": district.id,
        "street_id": district.nodes[grid[:2]],
        "community_id": district.nodes[grid[:4]],
        "grid_id": district.nodes[grid],
        "category_system": category[0],
        "category_code": category[1],
        **more,
    }


COVER, RUBBISH, LAMP = ("urban/component", "0102"), ("urban/event", "0110"), ("urban/component", "0137")


def sentences(proposal: Proposal) -> list[str]:
    return [reason.sentence for reason in proposal.reasons]


def test_the_near_crew_of_the_trade_comes_first_and_those_not_permitted_last_with_the_rule(
    conn: Connection, district: SmallDistrict
) -> None:
    found = service.propose(conn, case_in(district, "S1C1G1", COVER), 10)
    assert [proposal.code for proposal in found] == [
        "crew-drain", "crew-any", "crew-far", "crew-clean", "crew-property",
    ]  # fmt: skip
    assert [proposal.allowed for proposal in found] == [True, True, True, False, False]
    assert OWN_TRADE in sentences(found[0])
    assert OTHER_TRADE in sentences(found[1])
    assert sentences(found[3])[0] == NOT_PERMITTED
    assert found[3].reasons[0].mark == "no"


def test_a_crew_of_one_street_is_not_proposed_elsewhere(conn: Connection, district: SmallDistrict) -> None:
    west = service.propose(conn, case_in(district, "S1C1G1", LAMP), 10)
    east = service.propose(conn, case_in(district, "S2C1G1", LAMP), 10)
    (there,) = [p for p in west if p.code == "crew-property"]
    (here,) = [p for p in east if p.code == "crew-property"]
    assert (there.allowed, here.allowed) == (False, True)
    assert ELSEWHERE in sentences(there)
    assert ELSEWHERE not in sentences(here)


def test_distance_is_in_metres_from_the_depot_and_unknown_without_a_place(
    conn: Connection, district: SmallDistrict
) -> None:
    known = service.propose(conn, case_in(district, "S1C1G1", COVER), 10)
    metres = {proposal.code: proposal.distance_m for proposal in known}
    assert metres["crew-drain"] == 0
    assert metres["crew-far"] == pytest.approx(10_613, abs=15)
    unknown = service.propose(conn, case_in(district, "S1C1G1", COVER, lon_e7=None, lat_e7=None), 10)
    assert {proposal.distance_m for proposal in unknown} == {None}
    assert unknown[0].allowed


def row(code: str, **more: Any) -> dict[str, Any]:
    base = {"id": 1, "code": code, "name": code, "trades": [], "categories": ["urban/event/0110"], "capacity": 4,
            "lon": None, "lat": None, "serves_place": True, "open_cases": 0, "distance_m": 1000}  # fmt: skip
    return base | more


def test_a_full_crew_comes_after_free_ones_however_near_it_is() -> None:
    found = rank([row("full", open_cases=4, distance_m=1), row("free", distance_m=9000)], "urban/event/0110")
    assert [proposal.code for proposal in found] == ["free", "full"]
    assert FULL in sentences(found[1])
    assert found[1].allowed


def test_among_equals_the_one_with_fewer_open_cases_comes_first() -> None:
    found = rank([row("busy", open_cases=2), row("idle")], "urban/event/0110")
    assert [proposal.code for proposal in found] == ["idle", "busy"]


@pytest.mark.parametrize(
    ("entries", "category", "how"),
    [
        (["urban/event/0110"], "urban/event/0110", "own"),
        (["urban/event/01*"], "urban/event/0110", "wide"),
        (["urban/event/01*", "urban/event/0110"], "urban/event/0110", "own"),
        (["urban/event/0110"], "urban/component/0110", None),
        (["urban/event/0110"], "urban/event/01100", None),
        (["urban/event/*"], "urban/component/0102", None),
        (["urban/event/0110"], "0110", "own"),
        (["urban/event/*"], "0110", "wide"),
        ([], "0110", None),
    ],
)
def test_a_permission_is_a_category_or_a_beginning_within_its_own_code_system(
    entries: list[str], category: str, how: str | None
) -> None:
    assert permit(entries, category) == how


def test_near_lists_only_crews_within_the_radius_that_may_take_the_category_there(
    conn: Connection, district: SmallDistrict, duty: Viewer
) -> None:
    def codes(category: str | None, radius_m: int) -> list[str]:
        return [p.code for p in service.near(conn, duty, 104.005, 30.005, category, radius_m, 10)]

    assert codes(None, 2_000) == ["crew-drain", "crew-any", "crew-clean"]
    assert codes("urban/component/0102", 2_000) == ["crew-drain", "crew-any"]
    assert codes("0102", 20_000) == ["crew-drain", "crew-any", "crew-far"]
    assert codes("urban/event/0110", 20_000) == ["crew-clean"]


def test_crews_of_another_district_are_neither_listed_nor_proposed(
    conn: Connection, district: SmallDistrict, duty: Viewer
) -> None:
    other = make_small_district(conn, "E")
    first = service.crews_page(conn, duty, 3)
    second = service.crews_page(conn, duty, 3, first["next"])
    listed = [item["code"] for item in first["items"] + second["items"]]
    assert listed == ["crew-any", "crew-clean", "crew-drain", "crew-far", "crew-property"]
    assert second["next"] is None
    ours = {p.organisation_id for p in service.propose(conn, case_in(district, "S1C1G1", RUBBISH), 10)}
    assert not ours & set(other.organisations.values())


def test_what_a_crew_has_in_hand_counts_until_it_reports_back(conn: Connection, tmp_path: Path) -> None:
    street = Street.open(conn, tmp_path)

    def in_hand() -> int:
        items = service.crews_page(conn, street.viewer("duty"), 10)["items"]
        return next(item["open_cases"] for item in items if item["code"] == "crew-drain")

    first = street.dispatched()
    street.dispatched()
    assert in_hand() == 2
    street.act("crew", first, "accept")
    assert in_hand() == 2
    street.act("crew", first, "handle", done="换新井盖", attachments=[street.photo()])
    assert in_hand() == 1


def test_a_registered_case_gets_proposals_from_its_own_row(conn: Connection, tmp_path: Path) -> None:
    street = Street.open(conn, tmp_path)
    number = street.report()
    street.act("duty", number, "register")
    row = get_row(conn, street.viewer("dispatch"), number)
    assert service.propose(conn, row, 1)[0].code == "crew-clean"
