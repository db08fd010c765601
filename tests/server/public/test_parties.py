"""The page of outside parties: adding, retiring, which links are out, a new one and none any more; erasing a person."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
import requests

from server.cases.chain import verify_case
from server.cases.service import get_row, relatives
from tests.conftest import LiveServer
from tests.factories import COVER, RUBBISH, Street
from tests.server.cases.test_api import Client
from tests.server.plain_forms import Clerk, Forms, Office, PlainForm, registered


@pytest.fixture
def office(live_server: LiveServer) -> Office:
    return Office(live_server)


def form_to(text: str, action: str) -> PlainForm:
    return next(form for form in Forms(text).found if form.action == action)


def added(office: Office) -> Clerk:
    """The administrator, who has added a party."""
    admin = office.clerk("admin")
    form = form_to(admin.get("/parties"), "/parties")
    answer = admin.send(form.fill(name="供电公司", code="power-co", mail=""))
    assert "done=put" in answer.url
    return admin


def forwarded(office: Office) -> tuple[Clerk, str, str]:
    """The dispatcher, a case that went outside, and the path of its link."""
    added(office)
    number = office.make(registered)
    dispatcher = office.clerk("dispatch")
    shown = dispatcher.send(dispatcher.form(number, "forward").fill(outside="power-co"))
    return dispatcher, number, link_in(shown.text)


def link_in(text: str) -> str:
    return "/outside/" + text.split("/outside/")[1].split('"')[0].split("<")[0].strip()


def test_the_administrator_adds_a_party_and_a_wrong_one_is_said_at_its_form(office: Office) -> None:
    admin = added(office)
    for code, said in (("crew-drain", "是本区另一个单位的代码"), ("电", "编码是 2 到 40 个")):
        form = form_to(admin.get("/parties"), "/parties").fill(name="供电局", code=code)
        answer = admin.send(form)
        assert answer.status_code == 422
        assert said in answer.text, answer.text
        assert form_to(answer.text, "/parties").sent["name"] == "供电局", "what was typed stays"
    assert "供电公司" in admin.get("/parties")


def test_a_party_that_is_retired_is_offered_no_more_and_keeps_what_it_has(office: Office) -> None:
    dispatcher, number, link = forwarded(office)
    admin = office.clerk("admin")
    assert "停用" in admin.send(form_to(admin.get("/parties"), "/parties/power-co/retire")).text
    other = office.make(registered)
    assert "power-co" not in dispatcher.form(other, "forward").offered.get("outside", ())
    assert dispatcher.session.get(office.server.url + link, timeout=30).status_code == 200
    assert number in dispatcher.get("/parties")


def test_the_page_says_which_links_open_and_ends_and_renews_them(office: Office) -> None:
    dispatcher, number, link = forwarded(office)
    url = office.server.url
    assert "有效至" in dispatcher.get("/parties")
    ended = dispatcher.send(form_to(dispatcher.get("/parties"), f"/cases/{number}/party-link/end"))
    assert "链接已失效" in ended.text
    assert dispatcher.session.get(url + link, timeout=30).status_code == 404
    assert office.case(number)["state"] == "forwarded"
    renewed = dispatcher.send(form_to(dispatcher.get("/parties"), f"/cases/{number}/party-link"))
    assert dispatcher.session.get(url + link_in(renewed.text), timeout=30).status_code == 200
    with office.server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select what from security_log where what like 'party_link%' order by id")
        assert [row["what"] for row in cursor.fetchall()] == [
            "party_link_made",
            "party_link_ended",
            "party_link_made",
        ]


def test_only_who_forwards_or_administers_sees_it_and_only_the_administrator_changes_it(
    office: Office,
) -> None:
    crew, dispatcher = office.clerk("crew"), office.clerk("dispatch")
    assert crew.session.get(f"{office.server.url}/parties", timeout=30).status_code == 403
    page = dispatcher.get("/parties")
    assert not [form for form in Forms(page).found if form.action == "/parties"]
    answer = dispatcher.session.post(f"{office.server.url}/parties", {"code": "x-y", "name": "x"}, timeout=30)
    assert answer.status_code == 403


def test_a_person_is_erased_after_a_reason_and_the_login_typed_again_and_the_chain_stays_whole(
    office: Office,
) -> None:
    admin, number = office.clerk("admin"), office.make(registered)
    assert "/people/worker/erase" in admin.get("/people")
    form = form_to(admin.get("/people/worker/erase"), "").fill(reason="本人申请", again="someone")
    form.action = "/people/worker/erase"
    refused = admin.send(form)
    assert (refused.status_code, "worker" in refused.text) == (422, True)
    form.sent["words"] = "1"
    done = admin.send(form.fill(again="worker"))
    assert "个人信息已删除" in done.text
    with office.server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(
            "select count(*) as n from people_private x join people p on p.id = x.person_id where p.login = 'worker'"
        )
        assert cursor.fetchone()["n"] == 0
        cursor.execute("select person_id, address, detail from security_log where what = 'person_erased'")
        (logged,) = cursor.fetchall()
        assert logged["address"]
        assert logged["detail"]["reason"] == "本人申请"
        assert verify_case(conn, UUID(office.case(number)["id"])) is None
    kept = [json.loads(line) for line in office.server.settings.erasures.read_text().splitlines()]
    assert kept[0]["reason"] == "本人申请"
    assert "垃圾" not in admin.get(f"/cases/{number}")
    assert datetime.fromisoformat(kept[0]["at"]) < datetime.now(UTC)


def test_nobody_erases_but_the_administrator_and_nobody_oneself(office: Office) -> None:
    duty, admin = office.clerk("duty"), office.clerk("admin")
    assert duty.session.get(f"{office.server.url}/people/worker/erase", timeout=30).status_code == 403
    form = form_to(admin.get("/people/admin/erase"), "").fill(reason="试一试", again="admin")
    form.action = "/people/admin/erase"
    answer = admin.send(form)
    assert answer.status_code == 422
    assert "不能删除自己" in answer.text
    assert admin.session.get(f"{office.server.url}/people/nobody/erase", timeout=30).status_code == 404


def test_a_system_that_forwards_is_given_the_link_once_and_may_ask_for_another(office: Office) -> None:
    added(office)
    number, dispatcher = office.make(registered), Client(office.server, "dispatch")
    path = f"/api/v1/cases/{number}"
    version = {"If-Match": f'"{office.case(number)["version"]}"', "Idempotency-Key": "once"}
    done = dispatcher.post(f"{path}/actions/forward", {"outside": "power-co"}, **version)
    link = done.json()["party_link"]
    assert (done.json()["state"], link["mailed"]) == ("forwarded", False)
    assert requests.get(link["url"], timeout=30).status_code == 200
    assert (
        "party_link"
        not in dispatcher.post(f"{path}/actions/forward", {"outside": "power-co"}, **version).json()
    )
    another = dispatcher.post(f"{path}/party-link", {})
    assert another.status_code == 201
    assert requests.get(link["url"], timeout=30).status_code == 404
    assert requests.get(another.json()["url"], timeout=30).status_code == 200
    assert Client(office.server, "street").post(f"{path}/party-link", {}).status_code == 403


def test_the_parts_of_a_case_that_lies_in_a_grid_without_a_point_lie_there_too(office: Office) -> None:
    def work(street: Street) -> list[str]:
        number = street.report(lon=None, lat=None, grid_code="S1C1G2", category=COVER, condition="missing")
        street.act("duty", number, "register", condition="missing")
        parts = [{"category": COVER, "condition": "broken"}, {"category": RUBBISH}]
        street.act("dispatch", number, "split", parts=parts)
        kin = relatives(
            street.conn,
            street.viewer("duty"),
            get_row(street.conn, street.viewer("duty"), number),
            street.now,
        )
        return [part["grid"]["code"] for part in kin["parts"]]

    assert office.make(work) == ["S1C1G2", "S1C1G2"]
