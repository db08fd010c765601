"""What the road itself tells: a crew its dispatch, a reporter the outcome, the source every new state."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.cases import acts
from server.db import Connection
from server.protocol.commands import Position
from server.telling import service, webhooks
from tests.factories import COVER, Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def sentences(street: Street, login: str) -> list[str]:
    viewer = street.viewer(login)
    found = service.page(street.conn, viewer, 50, None, street.now)["items"]
    return [message["sentence"] for message in reversed(found)]


def outcomes(street: Street) -> list[dict[str, Any]]:
    with street.conn.cursor() as cursor:
        cursor.execute("select body from outbox order by id")
        return [json.loads(row["body"]) for row in cursor.fetchall()]


def test_a_case_on_its_road_tells_those_who_must_act_or_wait_for_it(street: Street) -> None:
    street.closed()
    crew = sentences(street, "crew")
    assert crew[0].startswith("紧急。案件已派遣给排水队。时限 ")
    assert crew[-1] == "紧急。案件已结案：已修复。"
    worker = sentences(street, "worker")
    assert any("案件已立案" in said for said in worker), "the reporter hears that it was registered"
    assert any("案件已处置，待核查" in said for said in worker), (
        "and the worker of the grid that it waits for inspection"
    )
    assert any("有新上报，待受理" in said for said in sentences(street, "duty"))
    assert sentences(street, "street") == [], "who has nothing to do with it hears nothing"


def test_who_acts_is_not_told_of_the_own_act(street: Street) -> None:
    number = street.dispatched()
    street.act("crew", number, "accept")
    before = len(sentences(street, "crew"))
    street.act("crew", number, "handle", done="换新井盖", attachments=[street.photo()])
    assert len(sentences(street, "crew")) == before


def test_the_source_hears_every_new_state_of_its_case_and_of_no_other(street: Street) -> None:
    webhooks.make(
        street.conn, street.district.id, "hotline", "https://hotline.example/", False, None, street.now
    )
    street.closed()
    assert outcomes(street) == [], "a worker's own case is nobody else's"
    position = Position(104.005, 30.005, 8, "api", crs="EPSG:4326")
    told = {"category": COVER, "condition": "missing", "title": "井盖没了"}
    answer = acts.report(
        street.conn, street.viewer("hotline"), told, position, "hotline", "H-9", None, "api", None, street.now
    )
    number = answer.case_number or ""
    assert outcomes(street) == [], "it knows that it reported it"
    street.act("duty", number, "register", condition="missing")
    street.act("dispatch", number, "dispatch", crew="crew-drain")
    street.act("duty", number, "comment", text="张三 13800000000")
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="换新井盖", attachments=[street.photo()])
    street.act("worker", number, "pass", close_kind="fixed")
    street.act("duty", number, "close")
    heard = outcomes(street)
    assert [event["case"]["state"] for event in heard if event["event"] == "case.changed"][:5] == [
        "registered", "dispatched", "handling", "handled", "inspected"]  # fmt: skip
    (closing,) = [
        event for event in heard if event["event"] == "case.closed" and event["case"]["action"] == "close"
    ]
    assert closing["case"]["close_kind"] == "fixed"
    assert closing["case"]["closed_at"] == street.case(number)["closed_at"]
    assert closing["case"]["external_id"] == "H-9"
    assert closing["words"]["zh-CN"] == "案件已结案：已修复。"
    assert "张三" not in json.dumps(heard, ensure_ascii=False)
