"""Open cases follow new boundaries: one event each where the place is another grid's now, and closed ones never."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.cases import chain
from server.db import Connection
from tasks import reroute_cases
from tests.factories import Street

# Grids are 0.01° wide from 104.0 E: the new border between the first two lies at 104.004.
WEST_PART, EAST_PART = 104.002, 104.007


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def rows(street: Street, query: str, *values: Any) -> list[Any]:
    with street.conn.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def new_boundaries(street: Street, reroute: bool = True) -> int:
    """A version in which the first grid gives its eastern part to the second, which is now called S1C1G9."""
    with street.conn.cursor() as cursor:
        cursor.execute(
            "insert into boundary_versions (district_id, valid_from, source_name, source_sha256, report, reroute)"
            " values (%s, '2026-11-22', 'new', '', '{}', %s) returning id", (street.district.id, reroute),
        )  # fmt: skip
        version = int(cursor.fetchone()["id"])
        cursor.execute("insert into grid_nodes (district_id, level, code) values (%s, 3, 'S1C1G9') returning id",
                       (street.district.id,))  # fmt: skip
        node = cursor.fetchone()["id"]
        cursor.execute(
            "insert into grids (version_id, node_id, parent_id, level, code, name, geom, inside, current)"
            " select %(version)s, case g.code when 'S1C1G2' then %(node)s else g.node_id end, g.parent_id, g.level,"
            " case g.code when 'S1C1G2' then 'S1C1G9' else g.code end, g.name, s.shape, st_pointonsurface(s.shape), false"
            " from grids g cross join lateral (select st_multi(case g.code"
            "   when 'S1C1G1' then st_makeenvelope(104.0, 30.0, 104.004, 30.01, 4326)"
            "   when 'S1C1G2' then st_makeenvelope(104.004, 30.0, 104.02, 30.01, 4326) else g.geom end) as shape) s"
            " where g.current", {"version": version, "node": node},
        )  # fmt: skip
        cursor.execute("update grids set current = (version_id = %s)", (version,))
        cursor.execute(
            "update districts set current_version = %s where id = %s", (version, street.district.id)
        )
    street.district.nodes["S1C1G9"] = node
    return version


def follow(street: Street) -> None:
    reroute_cases.run(street.conn, street.now)
    street.later(minutes=1)


def moves(street: Street, number: str) -> list[dict[str, Any]]:
    found = rows(
        street, "select e.body from case_events e join cases c on c.id = e.case_id where c.number = %s and"
        " e.action = 'reroute' order by e.n", number,
    )  # fmt: skip
    return [json.loads(row["body"]) for row in found]


def grid_of(street: Street, number: str) -> str | None:
    code = street.case(number)["grid"]["code"]
    return None if code is None else str(code)


def test_an_open_case_whose_place_is_another_grids_now_follows_with_one_event_and_the_rest_stay(
    street: Street,
) -> None:
    stays, moved = street.report("intake", lon=WEST_PART), street.report("intake", lon=EAST_PART)
    version = new_boundaries(street)
    follow(street)
    follow(street)
    assert (grid_of(street, stays), moves(street, stays)) == ("S1C1G1", [])
    assert grid_of(street, moved) == "S1C1G9" and len(moves(street, moved)) == 1
    case = street.case(moved)
    assert case["grid"]["boundary_version"] == version
    assert street.case(stays)["grid"]["boundary_version"] != version, (
        "a case keeps the version that routed it"
    )
    assert (
        chain.verify_case(street.conn, rows(street, "select id from cases where number = %s", moved)[0]["id"])
        is None
    )


def test_a_closed_case_is_never_moved(street: Street) -> None:
    number = street.mended()
    before = street.case(number)["grid"]
    new_boundaries(street)
    follow(street)
    assert street.case(number)["grid"] == before and moves(street, number) == []


def test_without_the_word_of_who_confirmed_them_no_case_follows(street: Street) -> None:
    number = street.report("intake", lon=EAST_PART)
    new_boundaries(street, reroute=False)
    follow(street)
    assert moves(street, number) == []


def test_a_case_without_a_point_follows_its_grid_when_that_is_no_more(street: Street) -> None:
    known = street.report("intake", lon=None, lat=None, grid_code="S1C1G3")
    gone = street.report("intake", lon=None, lat=None, grid_code="S1C1G2")
    new_boundaries(street)
    follow(street)
    assert (grid_of(street, known), moves(street, known)) == ("S1C1G3", [])
    assert grid_of(street, gone) == "S1C1G9" and len(moves(street, gone)) == 1


def test_a_case_that_lay_outside_comes_in_and_one_that_falls_outside_stays_the_districts(
    street: Street,
) -> None:
    outside = street.report("intake", lon=104.005, lat=30.0101)
    inside = street.report("intake", lon=104.115)
    version = new_boundaries(street)
    with street.conn.cursor() as cursor:
        cursor.execute("update grids set geom = st_multi(st_makeenvelope(104.004, 30.0, 104.02, 30.02, 4326))"
                       " where version_id = %s and code = 'S1C1G9'", (version,))  # fmt: skip
        cursor.execute("update grids set geom = st_multi(st_makeenvelope(104.11, 30.0, 104.114, 30.01, 4326))"
                       " where version_id = %s and code = 'S2C2G3'", (version,))  # fmt: skip
    follow(street)
    assert grid_of(street, outside) == "S1C1G9"
    assert (grid_of(street, inside), street.case(inside)["grid"]["status"]) == (None, "outside")


def test_slices_go_on_where_the_last_one_ended_and_then_all_is_done(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [street.report("intake", lon=EAST_PART) for _ in range(5)]
    new_boundaries(street)
    monkeypatch.setattr(reroute_cases, "SLICE", 2)
    looked = [reroute_cases.run(street.conn, street.now) for _ in range(4)]
    assert looked == [2, 2, 1, 0]
    assert {grid_of(street, number) for number in numbers} == {"S1C1G9"}
    assert rows(street, "select from boundary_versions where reroute and rerouted_at is null") == []
