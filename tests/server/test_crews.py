"""Which crews are proposed for a case, and why; who is near a place."""

from pathlib import Path
from typing import Any

import pytest

from server.cases.service import get_row
from server.crews import service
from server.crews.permission import Bar, Lapsed, Register, bars, permit
from server.crews.ranking import (
    BARRED,
    BY_RULE,
    ELSEWHERE,
    FULL,
    NEAREST,
    NOT_BY_RULE,
    NOT_NEAREST,
    OTHER_LEVEL,
    OTHER_TRADE,
    OWN_TRADE,
    Matter,
    Proposal,
    rank,
)
from server.db import Connection
from server.packs import current
from server.people.service import Organisation, put_organisation
from server.protocol.pack import Rule
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


def case_in(
    conn: Connection, district: SmallDistrict, grid: str, category: tuple[str, str], **more: Any
) -> dict[str, Any]:
    """The columns of a case that decide who is proposed; in the west of the first street."""
    return {
        "pack_version": current(conn, district.id)[0],
        "condition": "broken",
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


def test_the_rules_near_crew_comes_first_then_others_that_may_and_last_those_that_may_not(
    conn: Connection, district: SmallDistrict
) -> None:
    found = service.propose(conn, case_in(conn, district, "S1C1G1", COVER), 10)
    assert [proposal.code for proposal in found] == [
        "crew-drain", "crew-far", "crew-any", "crew-clean", "crew-property",
    ]  # fmt: skip
    assert [proposal.allowed for proposal in found] == [True, True, True, False, False]
    assert [proposal.by_rule for proposal in found] == [True, True, False, False, False]
    assert {BY_RULE, OWN_TRADE, NEAREST[0]} <= set(sentences(found[0]))
    assert NOT_BY_RULE in sentences(found[2])
    assert sentences(found[3])[0] == BARRED["crew_not_permitted"]
    assert found[3].reasons[0].mark == "no"


def test_every_reason_is_said_in_the_readers_language_with_the_rules_own_words(
    conn: Connection, district: SmallDistrict
) -> None:
    (first, *_) = service.propose(conn, case_in(conn, district, "S1C1G1", COVER), 10)
    said = {reason.sentence: (reason.said("zh-CN"), reason.said("en")) for reason in first.reasons}
    assert said[BY_RULE] == (
        "规则指定：按该情形的处置责任单位派遣",
        "Named by the rule: whoever is responsible for handling this condition",
    )


def crew(conn: Connection, district: SmallDistrict, code: str, at: str, *trades: str, **more: Any) -> None:
    """One more crew that serves the node `at`, permitted for every component unless said otherwise."""
    permits = more.pop("permits", ["urban/component/*"])
    put_organisation(
        conn,
        district.id,
        Organisation("crew", code, code, district.nodes[at], list(trades), permits, **more),
    )


def test_the_nearest_ancestor_grid_that_has_one_goes_before_the_whole_districts_crew(
    conn: Connection, district: SmallDistrict
) -> None:
    crew(conn, district, "of-street", "S1", "drainage")
    crew(conn, district, "of-community", "S1C1", "drainage", depot=(104.11, 30.005))
    crew(conn, district, "of-other-community", "S1C2", "drainage")

    def first_two(grid: str) -> list[str]:
        return [p.code for p in service.propose(conn, case_in(conn, district, grid, COVER), 2)]

    assert first_two("S1C1G1")[0] == "of-community"
    assert first_two("S1C2G2")[0] == "of-other-community"
    assert first_two("S2C1G1")[0] == "crew-drain"
    found = {p.code: p for p in service.propose(conn, case_in(conn, district, "S1C1G1", COVER), 10)}
    assert NEAREST[2] in sentences(found["of-community"])
    assert NOT_NEAREST in sentences(found["of-street"])
    assert NOT_NEAREST in sentences(found["crew-drain"])


def test_a_nearer_crew_that_may_not_take_it_does_not_count_as_one(
    conn: Connection, district: SmallDistrict
) -> None:
    crew(conn, district, "of-community", "S1C1", "drainage", permits=["urban/event/04*"])
    (first, *others) = service.propose(conn, case_in(conn, district, "S1C1G1", COVER), 10)
    assert (first.code, NEAREST[0] in sentences(first)) == ("crew-drain", True)
    (barred,) = [p for p in others if p.code == "of-community"]
    assert (barred.allowed, barred.by_rule) == (False, True)


def test_a_rule_that_names_the_street_proposes_its_office_which_takes_the_case_itself(
    conn: Connection, district: SmallDistrict
) -> None:
    other = case_in(conn, district, "S1C1G1", ("urban/event", "0600"), condition="")
    found = {p.code: p for p in service.propose(conn, other, 10)}
    assert found["street-S1"].office
    assert not found["street-S1"].allowed
    assert "street-S2" not in found
    assert found["crew-any"].allowed


def test_a_crew_of_one_street_is_not_proposed_elsewhere(conn: Connection, district: SmallDistrict) -> None:
    west = service.propose(conn, case_in(conn, district, "S1C1G1", LAMP), 10)
    east = service.propose(conn, case_in(conn, district, "S2C1G1", LAMP), 10)
    (there,) = [p for p in west if p.code == "crew-property"]
    (here,) = [p for p in east if p.code == "crew-property"]
    assert (there.allowed, here.allowed) == (False, True)
    assert ELSEWHERE in sentences(there)
    assert ELSEWHERE not in sentences(here)


def test_distance_is_in_metres_from_the_depot_and_unknown_without_a_place(
    conn: Connection, district: SmallDistrict
) -> None:
    known = service.propose(conn, case_in(conn, district, "S1C1G1", COVER), 10)
    metres = {proposal.code: proposal.distance_m for proposal in known}
    assert metres["crew-drain"] == 0
    assert metres["crew-far"] == pytest.approx(10_613, abs=15)
    unknown = service.propose(conn, case_in(conn, district, "S1C1G1", COVER, lon_e7=None, lat_e7=None), 10)
    assert {proposal.distance_m for proposal in unknown} == {None}
    assert unknown[0].allowed


def row(code: str, **more: Any) -> dict[str, Any]:
    base = {"id": 1, "kind": "crew", "code": code, "name": code, "trades": [], "permits": ["urban/event/0110"], "capacity": 4,
            "lon": None, "lat": None, "serves_place": True, "open_cases": 0, "distance_m": 1000, "level": 0, "lapsed": [],
            "qualifications": {}, "suspension": None, "day": "2026-11-22"}  # fmt: skip
    return base | more


RUBBISH_HEAP = Matter("urban/event/0110")


def ruled(level: int | None = None, trades: tuple[str, ...] = ("drainage", "road"), **more: Any) -> Matter:
    rule = Rule(("urban/*",), (), trades, (), level, {"zh-CN": "因此", "en": "because"})
    return Matter("urban/event/0110", rule=rule, **more)


def test_a_full_crew_comes_after_free_ones_however_near_it_is() -> None:
    found = rank([row("full", open_cases=4, distance_m=1), row("free", distance_m=9000)], RUBBISH_HEAP)
    assert [proposal.code for proposal in found] == ["free", "full"]
    assert FULL in sentences(found[1])
    assert found[1].allowed


def test_among_equals_the_one_with_fewer_open_cases_comes_first() -> None:
    found = rank([row("busy", open_cases=2), row("idle")], RUBBISH_HEAP)
    assert [proposal.code for proposal in found] == ["idle", "busy"]


def test_the_trade_that_the_rule_names_first_weighs_three_kilometres() -> None:
    def order(metres: int) -> list[str]:
        rows = [row("first", trades=["drainage"], distance_m=metres), row("second", trades=["road"])]
        return [proposal.code for proposal in rank(rows, ruled())]

    assert order(3_900) == ["first", "second"]
    assert order(4_100) == ["second", "first"]
    (first, second) = rank([row("a", trades=["drainage"]), row("b", trades=["road"])], ruled())
    assert OWN_TRADE in sentences(first)
    assert OTHER_TRADE in sentences(second)


def test_a_rule_may_ask_for_one_level_of_the_tree() -> None:
    rows = [row("near", trades=["road"], level=2), row("asked", trades=["road"], level=1)]
    asked, near = rank(rows, ruled(level=1))
    assert (asked.code, NEAREST[1] in sentences(asked)) == ("asked", True)
    assert OTHER_LEVEL in sentences(near)
    assert [proposal.code for proposal in rank(rows, ruled())] == ["near", "asked"]


def test_who_is_suspended_or_not_qualified_comes_last_with_the_rule_in_words() -> None:
    names = {"gas": {"zh-CN": "燃气资质", "en": "Gas"}, "urban/event/01*": {"zh-CN": "市容环境"}}
    suspended = {"reason": "盲样不合格", "last_day": "2026-12-31"}
    rows = [
        row("out", trades=["road"], suspension=suspended, qualifications={"gas": None}),
        row("old", trades=["road"], qualifications={"gas": "2026-11-21"}),
        row("none", trades=["road"]),
        row("over", permits=[], lapsed=[["urban/event/01*", "2026-01-01", "2026-11-21"]]),
        row("able", qualifications={"gas": "2026-11-22"}, distance_m=9_000),
    ]
    found = rank(rows, ruled(requires=("gas",), names=names))
    assert [(p.code, p.allowed) for p in found] == [
        ("able", True), ("none", False), ("old", False), ("out", False), ("over", False),
    ]  # fmt: skip
    assert [p.reasons[0].said("zh-CN") for p in found[1:]] == [
        "缺少“燃气资质”", "“燃气资质”已于 2026-11-21 到期", "暂停派遣至 2026-12-31：盲样不合格",
        "许可“市容环境”已于 2026-11-21 到期",
    ]  # fmt: skip


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


@pytest.mark.parametrize(
    ("register", "said"),
    [
        (Register("2026-11-22", ("urban/event/01*",)), []),
        (
            Register("2026-11-22", ("urban/event/04*", "urban/event/05*")),
            [
                Bar(
                    "crew_not_permitted",
                    {"category": "urban/event/0110", "permits": "urban/event/04*, urban/event/05*"},
                )
            ],
        ),
        (
            Register("2026-11-22", (), (Lapsed("urban/event/01*", "2026-01-01", "2026-11-21"),)),
            [Bar("crew_permit_over", {"permit": "urban/event/01*", "last_day": "2026-11-21"})],
        ),
        (
            Register("2026-11-22", (), (Lapsed("urban/event/0110", "2026-12-01", None),)),
            [Bar("crew_permit_later", {"permit": "urban/event/0110", "first_day": "2026-12-01"})],
        ),
        (
            Register("2026-11-22", ("urban/event/0110",), suspended="盲样"),
            [Bar("crew_suspended", {"reason": "盲样"})],
        ),
    ],
)
def test_the_register_says_which_rule_bars_a_crew(register: Register, said: list[Bar]) -> None:
    assert list(bars(register, "urban/event/0110")) == said


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
    ours = {p.organisation_id for p in service.propose(conn, case_in(conn, district, "S1C1G1", RUBBISH), 10)}
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
