"""Every field of a held act is corrected in the form of that act: each control comes filled with what the tablet sent."""

from math import ceil
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.cases.corrected import corrected
from server.console.filled import Reader, written
from server.db import Connection
from server.packs import current
from server.protocol.commands import read_payload
from server.protocol.hats import IMPORT, SYSTEM
from server.protocol.workflow import TABLE
from tests.conftest import LiveServer
from tests.docs.examples import DOCUMENT, Example, examples
from tests.factories import COVER, RUBBISH, Street, picture
from tests.server.holds.conftest import Office
from tests.server.holds.test_board import decision_form, plain
from tests.server.plain_forms import Clerk, PlainForm
from tests.server.sync.tablet import Tablet, declared


def held_as(
    tablet: Tablet, office: Office, login: str, kind: str, state: str = "", **payload: Any
) -> dict[str, Any]:
    """An act that `login` made on the worker's tablet, on a case that the office brought to `state` before."""
    more: dict[str, Any] = {}
    if state:
        report = tablet.command(payload={"category": COVER, "condition": "missing"})
        number = tablet.send(report)[0]["case_number"]
        for who, action, said in ROADS[state]:
            office.act(who, number, action, **said)
        more = {"case_id": report["case_id"], "base_version": 1 + len(ROADS[state])}
    person = office.street.district.people[login]
    command = tablet.command(kind, person_id=person, payload=payload, **more)
    assert tablet.send(command)[0]["reason"]["code"] == "held_author"
    return command


ACTS_OF_PEOPLE = [
    example
    for example in examples(DOCUMENT.read_text(encoding="utf-8"))
    if any(
        example.name == f"commands/{row.action}" and not {SYSTEM, IMPORT}.issuperset(row.who) for row in TABLE
    )
]
ROADS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "reported": [],
    "registered": [("duty", "register", {"condition": "missing"})],
}


def opened(live_server: LiveServer, command: dict[str, Any]) -> tuple[Clerk, PlainForm, str]:
    clerk = Clerk(live_server, "duty")
    text = clerk.get(f"/conflicts/{command['command_id']}")
    return clerk, decision_form(text), plain(text)


def change(clerk: Clerk, form: PlainForm, **fields: str) -> None:
    done = clerk.send(form.fill(choice="change", said="已更正", **fields))
    assert done.status_code == 200, plain(done.text)
    assert "您的操作经修改后已生效" in done.text


def test_the_crew_is_chosen_among_those_that_are_proposed(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    command = held_as(tablet, office, "dispatch", "dispatch", "registered", crew="crew-clean")
    clerk, form, words = opened(live_server, command)
    assert "处置单位 环卫队" in words
    assert form.sent.get("crew") in (None, "crew-clean")
    change(clerk, form, crew="crew-drain")
    (row,) = office.rows("select o.code from cases c join organisations o on o.id = c.handler_id")
    assert row["code"] == "crew-drain"


def test_the_condition_is_a_choice_of_the_pack(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    command = held_as(tablet, office, "duty", "register", "reported", condition="missing")
    clerk, form, _ = opened(live_server, command)
    assert "condition" not in form.written
    assert form.offered["condition"] == ["missing", "broken"]
    assert form.sent["condition"] == "missing"
    change(clerk, form, condition="broken")
    assert office.rows("select condition from cases") == [{"condition": "broken"}]


def test_the_parts_of_a_split_come_filled_and_are_corrected_one_by_one(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    parts = [
        {"category": COVER, "condition": "missing", "title": "盖子"},
        {"category": RUBBISH, "condition": "any", "title": "垃圾", "crew": "crew-clean"},
    ]
    command = held_as(tablet, office, "dispatch", "split", "registered", parts=parts)
    clerk, form, words = opened(live_server, command)
    assert "盖子、垃圾" in words
    assert form.sent["parts.0.title"] == "盖子"
    assert form.sent["parts.1.crew"] == "crew-clean"
    change(clerk, form, parts__0__title="井盖缺失", parts__0__crew="crew-drain", parts__1__crew="")
    found = office.rows(
        "select c.title, o.code from cases c left join organisations o on o.id = c.handler_id"
        " where c.parent_id is not null order by c.title"
    )
    assert found == [{"title": "井盖缺失", "code": "crew-drain"}, {"title": "垃圾", "code": None}]


def test_who_is_called_is_ticked(live_server: LiveServer, office: Office, tablet: Tablet) -> None:
    command = held_as(tablet, office, "street", "whistle", "registered", called=["crew-clean"], reason="漏水")
    clerk, form, _ = opened(live_server, command)
    ticked = [
        name for name, value in form.sent.items() if name.startswith("called.") and value == "crew-clean"
    ]
    assert len(ticked) == 1
    del form.sent[ticked[0]]
    change(clerk, form.tick("called", "crew-drain"))
    (row,) = office.rows("select flags from cases")
    drain = office.street.district.organisations["crew-drain"]
    assert [flag for flag in row["flags"] if flag.startswith("called")] == [f"called:{drain}"]


@pytest.mark.parametrize("by", ["point", "grid"])
def test_a_report_is_put_elsewhere_by_a_point_or_an_area(
    live_server: LiveServer, office: Office, tablet: Tablet, by: str
) -> None:
    command = held_as(tablet, office, "head", "report", category=RUBBISH, title="bags")
    clerk, form, _ = opened(live_server, command)
    other = "S1C2G1"
    if by == "grid":
        change(clerk, form, place__grid=other)
    else:
        lon, lat = office.rows(
            "select st_x(p) as lon, st_y(p) as lat from (select st_pointonsurface(geom) as p from grids"
            " where code = %s and current) t", other
        )[0].values()  # fmt: skip
        change(clerk, form, place__point=f"{lon:.6f}, {lat:.6f}")
    (row,) = office.rows(
        "select g.code, c.lon_e7, c.title, c.id from cases c join grids g on g.node_id = c.grid_id and g.current"
    )
    assert (row["code"], row["title"]) == (other, "bags")
    assert (row["lon_e7"] is None) == (by == "grid")
    (event,) = office.events(command["case_id"])
    assert "grid_differs" not in event["body"].get("flags", [])


def test_a_place_that_is_left_alone_keeps_what_the_device_measured(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    command = held_as(tablet, office, "head", "report", category=RUBBISH, title="bags")
    clerk, form, words = opened(live_server, command)
    assert "标题 bags –" in words
    change(clerk, form, title="垃圾袋")
    (row,) = office.rows("select title, lon_e7, accuracy_m, condition, category_code from cases")
    said = command["position"]
    assert (row["lon_e7"], row["accuracy_m"]) == (round(said["lon"] * 1e7), ceil(said["accuracy_m"]))
    assert (row["title"], row["category_code"]) == ("垃圾袋", RUBBISH["code"])


def test_what_each_photo_shows_is_put_right(live_server: LiveServer, office: Office, tablet: Tablet) -> None:
    first, second = declared(picture("blue")), declared(picture("red"))
    command = held_as(
        tablet, office, "head", "report", category=RUBBISH, attachments=[first, second | {"stage": "after"}]
    )
    clerk, form, _ = opened(live_server, command)
    name = "attachments." + second["id"]
    assert form.sent[name] == "after"
    form.sent[name] = "during"
    assert "during" in form.offered[name]
    change(clerk, form)
    stages = office.rows("select id::text, stage from attachments")
    assert {row["id"]: row["stage"] for row in stages} == {first["id"]: "before", second["id"]: "during"}


def test_what_a_report_was_asked_is_corrected_and_what_is_masked_stays_as_it_came(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    form_said = {"contact_name": "王芳", "component": "LD-1"}
    command = held_as(tablet, office, "head", "report", category=RUBBISH, form=form_said)
    clerk, form, words = opened(live_server, command)
    assert form.sent["form.component"] == "LD-1"
    assert "王芳" not in words + "".join(form.sent.values())
    change(clerk, form, form__component="LD-2")
    (row,) = office.rows("select form from cases")
    assert row["form"] == {"contact_name": "王芳", "component": "LD-2"}


def test_a_wrong_moment_or_place_is_said_at_its_field_and_nothing_is_decided(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    command = held_as(tablet, office, "head", "report", category=RUBBISH, title="bags")
    clerk, form, _ = opened(live_server, command)
    again = clerk.send(form.fill(choice="change", said="x", place__point="somewhere", title="新标题"))
    assert again.status_code == 422
    assert "经度" in plain(again.text)
    assert decision_form(again.text).sent["title"] == "新标题"
    assert office.rows("select decided_at from holds") == [{"decided_at": None}]


@pytest.mark.parametrize("example", ACTS_OF_PEOPLE, ids=lambda example: example.name)
def test_the_form_of_every_act_in_the_protocol_comes_filled_and_is_read_as_what_came(
    conn: Connection, tmp_path: Path, example: Example
) -> None:
    district = Street.open(conn, tmp_path).district.id
    said = example.json(0)
    kind, payload = said["kind"], said["payload"]
    offer = corrected(conn, district, kind, payload, COVER, current(conn, district)[1], "zh-CN")
    assert {need.name for need in offer.needs} >= set(payload) - {"form", "category", "grid_code"}
    reader = Reader(ZoneInfo("Asia/Shanghai"), str)
    filled = reader.read(offer, written(offer, payload, reader.zone, COVER), ())
    assert filled.faults == {}
    read = {name: value for name, value in filled.payload.items() if value}
    if "attachments" in payload:
        read["attachments"] = [
            photo | {"stage": read["attachments"][photo["id"]]} for photo in payload["attachments"]
        ]
    # A condition alone is one of the case's category.
    came = {"category": COVER} | payload if kind == "change" else payload
    assert read_payload(kind, payload | read) == read_payload(kind, came)
    assert set(read) >= {name for name in payload if payload[name]} - {"form", "grid_code"}
