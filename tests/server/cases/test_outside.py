"""Another system tells again: what is new is carried in as one event, the same twice adds nothing, nothing is overrun."""

from pathlib import Path
from typing import Any

import pytest

from server.cases import acts, service
from server.cases.apply import Answer
from server.db import Connection
from server.errors import BadInput, Conflict, NotAllowed
from server.protocol.commands import Position
from server.protocol.wire import named_uuid
from tests.factories import COVER, RUBBISH, Street

HERE = {"lon": 104.005, "lat": 30.005}


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def tell(
    street: Street,
    login: str = "hotline",
    lon: float | None = 104.005,
    external_id: str = "H-1",
    key: str = "",
    **said: Any,
) -> Answer:
    told = {"category": RUBBISH, "title": "垃圾袋", "description": "路边两袋", **said}
    position = Position(lon, 30.005 if lon else None, 8, "api", crs="EPSG:4326" if lon else "")
    return acts.report(
        street.conn,
        street.viewer(login),
        told,
        position,
        "hotline",
        external_id,
        None,
        "api",
        named_uuid("key", key) if key else None,
        street.now,
    )


def events(street: Street, number: str | None) -> list[str]:
    return [e["action"] for e in service.events(street.conn, street.viewer("duty"), number or "")]


def comment(street: Street, number: str | None) -> str:
    return str(service.events(street.conn, street.viewer("duty"), number or "")[-1]["text"])


def test_the_same_said_twice_is_one_event(street: Street) -> None:
    first, again = tell(street), tell(street)
    assert (again.case_number, again.version, again.applied) == (first.case_number, 1, True)
    assert events(street, first.case_number) == ["report"]


def test_what_is_said_anew_is_one_change_of_the_same_case_and_the_rest_stays(street: Street) -> None:
    number = tell(street, form={"bags": "2"}).case_number
    changed = tell(street, title="十袋垃圾", form={"bags": "10"})
    assert (changed.case_number, changed.version) == (number, 2)
    case = street.case(number or "")
    assert (case["title"], case["description"], case["category"]["code"]) == ("十袋垃圾", "路边两袋", "0110")
    assert events(street, number) == ["report", "change"]
    tell(street, title="十袋垃圾", form={"bags": "10"})
    assert len(events(street, number)) == 2
    tell(street, form={"bags": "2"})
    assert street.case(number or "")["title"] == "垃圾袋", "taking it back is a change again"


def test_a_call_that_comes_again_late_undoes_nothing_that_was_said_after_it(street: Street) -> None:
    number = tell(street, key="1", title="一袋").case_number
    for key, title in (("2", "两袋"), ("3", "两袋"), ("4", "三袋")):
        tell(street, key=key, title=title)
    for key, title in (("1", "一袋"), ("2", "两袋"), ("3", "两袋")):
        late = tell(street, key=key, title=title)
        assert (late.case_number, late.version) == (number, 3)
    assert street.case(number or "")["title"] == "三袋"
    tell(street, key="5", title="一袋")
    assert street.case(number or "")["title"] == "一袋", "said anew it counts"


def test_another_place_is_routed_again(street: Street) -> None:
    number = tell(street).case_number
    tell(street, lon=104.065)
    assert street.case(number or "")["grid"]["level3"] == "S2C1G1"
    tell(street, lon=None, grid_code="S1C2G2")
    assert street.case(number or "")["grid"]["level3"] == "S1C2G2"


def test_an_area_that_is_not_there_moves_no_case_and_is_told_to_whoever_wrote_it(street: Street) -> None:
    number = tell(street).case_number or ""
    with pytest.raises(BadInput, match="no area S9"):
        street.act("duty", number, "change", reason="写错了", grid_code="S9")
    tell(street, lon=None, grid_code="S9")
    case = street.case(number)
    assert (case["grid"]["level3"], case["location"]["lon"]) == ("S1C1G1", 104.005)
    assert (events(street, number), "S9" in comment(street, number)) == (["report", "comment"], True)
    unknown = tell(street, lon=None, grid_code="S9", external_id="H-2").case_number or ""
    assert street.case(unknown)["tags"] == ["place_missing"]


def test_what_is_left_out_says_nothing(street: Street) -> None:
    number = tell(street).case_number
    tell(street, lon=None, title="", description="", category="")
    assert events(street, number) == ["report"]


def test_an_office_that_put_it_right_is_not_overrun_by_a_repeat_of_the_old_report(street: Street) -> None:
    number = tell(street).case_number or ""
    street.act("duty", number, "change", reason="是井盖", category=COVER, condition="missing")
    tell(street)
    assert street.case(number)["category"]["code"] == "0102"
    tell(street, title="很多垃圾")
    assert street.case(number)["category"]["code"] == "0102", "only what it says anew is carried"
    assert street.case(number)["title"] == "很多垃圾"


def test_what_a_closed_case_is_told_is_a_comment_and_the_case_stays_closed(street: Street) -> None:
    number = tell(street).case_number or ""
    street.act("duty", number, "decline", reason="不属受理范围")
    answer = tell(street, title="还在")
    assert answer.applied
    assert street.case(number)["state"] == "declined"
    assert street.case(number)["title"] == "垃圾袋"
    assert events(street, number)[-1] == "comment"
    assert "标题 还在" in comment(street, number)
    tell(street, title="还在")
    assert events(street, number).count("comment") == 1


def test_a_category_that_nobody_knows_is_said_as_a_comment(street: Street) -> None:
    number = tell(street).case_number or ""
    tell(street, category="水鬼")
    assert street.case(number)["category"]["code"] == "0110"
    assert "水鬼" in comment(street, number)


def test_who_did_not_report_it_and_does_not_see_the_whole_district_only_comments(street: Street) -> None:
    number = tell(street).case_number or ""
    tell(street, login="worker", title="假的")
    assert street.case(number)["title"] == "垃圾袋"
    assert events(street, number) == ["report", "comment"]


def test_who_does_not_see_the_case_learns_nothing_of_it(street: Street) -> None:
    tell(street)
    for number in ("H-1", "H-9"):
        with pytest.raises(NotAllowed, match="not yours"):
            tell(street, login="crew", title="x", external_id=number)
    with pytest.raises(Conflict, match="outside number"):
        tell(street, login="head", title="x")


def test_an_update_names_whose_token_it_was(street: Street) -> None:
    number = tell(street).case_number or ""
    tell(street, title="十袋垃圾")
    last = service.events(street.conn, street.viewer("duty"), number)[-1]
    assert last["actor_name"] == "hotline岗"
    assert not last["by_system"]


def test_only_hashes_are_kept_of_what_was_said(street: Street) -> None:
    tell(street, description="张三 13800000000")
    with street.conn.cursor() as cursor:
        cursor.execute("select told::text as told from outside_told")
        told = cursor.fetchone()["told"]
    assert "13800000000" not in told
    assert "张三" not in told


def test_a_field_that_is_too_long_is_refused_and_nothing_changes(street: Street) -> None:
    number = tell(street).case_number or ""
    with pytest.raises(BadInput):
        tell(street, title="x" * 5000)
    assert events(street, number) == ["report"]
