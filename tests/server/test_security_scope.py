"""Who sees what: each role's viewer, its office scope, and what it is to the transition table."""

from datetime import timedelta

import pytest

from server.db import Connection
from server.people.service import NewPerson, add_person
from server.security import Viewer, load_viewer
from tests.server.small_district import NOW, SmallDistrict, make_small_district


@pytest.fixture
def district(conn: Connection) -> SmallDistrict:
    return make_small_district(conn)


def viewer_of(conn: Connection, district: SmallDistrict, login: str) -> Viewer:
    viewer = load_viewer(conn, district.people[login], NOW)
    assert viewer is not None
    return viewer


@pytest.mark.parametrize(
    ("login", "scope"),
    [
        ("duty", {"district": "D"}),
        ("dispatch", {"district": "D"}),
        ("admin", {"district": "D"}),
        ("auditor", {"district": "D"}),
        ("hotline", {"district": "D"}),
        ("street", {"street": "S1"}),
        ("community", {"community": "S1C1"}),
        ("worker", {"grids": ["S1C1G1", "S1C1G2"]}),
        ("head", {"grids": ["S1C2G1", "S1C2G2", "S1C2G3"]}),
        ("crew", {}),
    ],
)
def test_each_role_has_one_office_scope_and_no_other(
    conn: Connection, district: SmallDistrict, login: str, scope: dict[str, str | list[str]]
) -> None:
    viewer = viewer_of(conn, district, login)
    expected = dict.fromkeys(("district", "street", "community", "grids"))
    for level, codes in scope.items():
        expected[level] = (
            [district.nodes[code] for code in codes] if isinstance(codes, list) else district.nodes[codes]
        )
    params = viewer.scope_params()
    assert {level: params[level] for level in expected} == expected
    assert params["person"] == district.people[login]
    assert params["organisation"] == viewer.organisation_id


def test_the_scope_goes_straight_into_visible_cases(conn: Connection, district: SmallDistrict) -> None:
    for login in district.people:
        with conn.cursor() as cursor:
            cursor.execute(
                "select count(*) as n from visible_cases(%(district)s::bigint, %(street)s::bigint,"
                " %(community)s::bigint, %(grids)s::bigint[], %(organisation)s::bigint, %(person)s::bigint)",
                viewer_of(conn, district, login).scope_params(),
            )
            assert cursor.fetchone()["n"] == 0


def test_to_the_table_an_office_is_its_duties_and_the_roots_of_its_grids(
    conn: Connection, district: SmallDistrict
) -> None:
    duty = viewer_of(conn, district, "duty").actor()
    assert (duty.role, duty.duties, duty.nodes) == ("centre", frozenset({"duty"}), frozenset({district.id}))
    worker = viewer_of(conn, district, "worker").actor()
    assert worker.nodes == {district.nodes["S1C1G1"], district.nodes["S1C1G2"]}
    crew = viewer_of(conn, district, "crew").actor()
    assert (crew.organisation, crew.nodes) == (district.organisations["crew-drain"], frozenset())
    assert not duty.system


def test_cover_for_leave_adds_the_grids_of_another_community_while_it_lasts(
    conn: Connection, district: SmallDistrict
) -> None:
    with conn.cursor() as cursor:
        cursor.execute(
            "insert into memberships (person_id, organisation_id, role, grid_id, valid_from, valid_to)"
            " values (%s, %s, 'worker', %s, %s, %s)",
            (district.people["worker"], district.organisations["community-S1C2"], district.nodes["S1C2G3"],
             NOW - timedelta(days=1), NOW + timedelta(days=1)),
        )  # fmt: skip
    with_cover = viewer_of(conn, district, "worker")
    assert with_cover.grids == [district.nodes[code] for code in ("S1C1G1", "S1C1G2", "S1C2G3")]
    assert with_cover.organisation_code == "community-S1C1"
    after = load_viewer(conn, district.people["worker"], NOW + timedelta(days=2))
    assert after is not None
    assert after.grids == [district.nodes["S1C1G1"], district.nodes["S1C1G2"]]


def test_somebody_of_another_district_never_gets_grids_of_this_one(
    conn: Connection, district: SmallDistrict
) -> None:
    other = make_small_district(conn, "E")
    worker = load_viewer(conn, other.people["worker"], NOW)
    assert worker is not None
    assert worker.district_id == other.id
    assert not set(worker.grids) & set(district.nodes.values())


def test_who_left_is_nobody_but_a_tablet_still_learns_whose_district_it_was(
    conn: Connection, district: SmallDistrict
) -> None:
    with conn.cursor() as cursor:
        cursor.execute("update memberships set valid_to = %s", (NOW - timedelta(hours=1),))
    assert load_viewer(conn, district.people["worker"], NOW) is None
    former = load_viewer(conn, district.people["worker"], NOW, also_former=True)
    assert former is not None
    assert former.district_id == district.id


def test_an_erased_person_is_shown_by_login(conn: Connection, district: SmallDistrict) -> None:
    with conn.cursor() as cursor:
        cursor.execute("delete from people_private where person_id = %s", (district.people["duty"],))
    assert viewer_of(conn, district, "duty").name == "duty"


def test_a_person_without_any_office_is_nobody(conn: Connection, district: SmallDistrict) -> None:
    person = add_person(conn, NewPerson("idle", "无岗", "centre", district.organisations["centre"], []), NOW)
    assert load_viewer(conn, person, NOW, also_former=True) is None
