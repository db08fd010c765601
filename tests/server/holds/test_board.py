"""The board of acts that wait: both versions side by side, whose it is to decide, and the decision by a plain form."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.holds.late import escalate
from server.protocol.wire import uuid7
from tests.conftest import LiveServer
from tests.factories import COVER, RUBBISH, picture
from tests.server.holds.conftest import Held, Office
from tests.server.plain_forms import Clerk, Forms, PlainForm
from tests.server.sync.tablet import Tablet, declared


def plain(html: str) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def decision_form(text: str) -> PlainForm:
    (form,) = [form for form in Forms(text).found if "choice" in form.offered]
    return form


def test_the_board_shows_what_the_worker_saw_and_wanted_beside_what_is_now_and_what_happened_between(
    office: Office, held: Held, live_server: LiveServer
) -> None:
    _, act = held()
    clerk = Clerk(live_server, "duty")
    words = plain(clerk.get(f"/conflicts/{act['command_id']}"))
    assert "平板上做的" in words
    assert "系统里现在的" in words
    assert re.search(r"≠ 不同： 状态 待受理 待派遣", words)
    assert re.search(r"结案方式 已修复 –", words)
    assert "当时看到版本 1" in words
    assert re.search(r"平板看到之后发生的事.*立案 试验区指挥中心 duty岗", words)
    assert re.search(r"裁定： 试验区指挥中心 duty岗", words)
    assert "24 小时后上交" in words or "23 小时" in words
    number = office.rows("select number from case_keys")[0]["number"]
    assert f'href="/conflicts/{act["command_id"]}"' in clerk.get(f"/cases/{number}")
    assert "/conflicts/" not in Clerk(live_server, "community").get(f"/cases/{number}")
    # What the table does not let happen cannot be chosen, and says why.
    assert decision_form(clerk.get("/conflicts")).offered["choice"] == ["refuse"]
    assert "案件现在处于“待派遣”，不能做这一步。" in words


def test_a_refusal_by_the_form_needs_its_reason_and_keeps_what_was_chosen(
    office: Office, held: Held, live_server: LiveServer, tablet: Tablet
) -> None:
    _, act = held()
    clerk = Clerk(live_server, "duty")
    form = decision_form(clerk.get("/conflicts")).fill(choice="refuse")
    again = clerk.send(form)
    assert again.status_code == 422
    form = decision_form(again.text)
    assert form.sent["choice"] == "refuse"
    done = clerk.send(form.fill(said="还没有修好，请再看一次"))
    assert done.status_code == 200
    assert "试验区指挥中心未采纳您的操作：还没有修好，请再看一次" in plain(done.text)
    assert "duty岗" in plain(done.text)
    (decision,) = [c["body"] for c in tablet.follow()[0] if c["kind"] == "decision"]
    assert decision["command_id"] == act["command_id"]
    # The case tells it too, and the board has nothing left.
    number = office.rows("select number from case_keys")[0]["number"]
    assert "待裁定操作未采纳：核查通过" in plain(clerk.get(f"/cases/{number}"))
    assert "平板上做的" not in clerk.get("/conflicts")


def test_a_report_is_corrected_in_the_form_and_takes_effect_with_its_photo(
    office: Office, live_server: LiveServer, tablet: Tablet
) -> None:
    content = picture("blue")
    photo = declared(content)
    command = tablet.command(
        person_id=office.street.district.people["head"],
        payload={"category": RUBBISH, "title": "bags", "attachments": [photo]},
    )
    tablet.send(command)
    tablet.upload(photo, content)
    clerk = Clerk(live_server, "duty")
    text = clerk.get("/conflicts")
    assert "平板登录人：worker岗" in text
    (thumb,) = set(re.findall(r'src="(/conflicts/[^"]+thumb=1)"', text))
    assert clerk.session.get(live_server.url + thumb, timeout=30).headers["content-type"] == "image/jpeg"
    form = decision_form(text)
    assert form.sent["title"] == "bags"
    form.fill(
        choice="change",
        said="是井盖",
        title="井盖缺失",
        category=f"{COVER['system']}/{COVER['code']}#missing",
    )
    done = clerk.send(form)
    assert "试验区指挥中心裁定：您的操作经修改后已生效。是井盖" in plain(done.text)
    (case,) = office.rows("select category_code, condition, title from cases")
    assert (case["category_code"], case["condition"], case["title"]) == (COVER["code"], "missing", "井盖缺失")
    assert office.rows("select count(*) as n from attachments where arrived_at is not null") == [{"n": 1}]


def test_the_decision_is_refused_when_somebody_acts_between_looking_and_deciding(
    office: Office, held: Held, live_server: LiveServer
) -> None:
    held()
    clerk = Clerk(live_server, "duty")
    form = decision_form(clerk.get("/conflicts")).fill(choice="refuse", said="还没有修好")
    number = office.rows("select number from case_keys")[0]["number"]
    office.act("duty", number, "cancel", reason="试录")
    again = clerk.send(form)
    assert again.status_code == 409
    assert decision_form(again.text).sent["said"] == "还没有修好"
    assert clerk.send(decision_form(again.text)).status_code == 200


def test_others_look_or_are_sent_away(office: Office, held: Held, live_server: LiveServer) -> None:
    _, act = held()
    looking = Clerk(live_server, "dispatch").get("/conflicts")
    assert "由试验区指挥中心值班长裁定" in looking
    assert not [form for form in Forms(looking).found if "choice" in form.offered]
    for login in ("community", "crew", "worker"):
        page = Clerk(live_server, login).session.get(f"{live_server.url}/conflicts", timeout=30)
        assert page.status_code == 403, login
    street = Clerk(live_server, "street")
    assert "平板上做的" not in street.get("/conflicts")
    found = street.session.get(f"{live_server.url}/conflicts/{act['command_id']}", timeout=30)
    assert found.status_code == 404


def test_what_came_twice_with_another_content_stands_on_the_board(
    office: Office, live_server: LiveServer, tablet: Tablet
) -> None:
    command = tablet.command()
    tablet.send(command)
    assert (
        tablet.send(command | {"payload": {"category": RUBBISH, "title": "other"}})[0]["reason"]["code"]
        == "forged"
    )
    words = plain(Clerk(live_server, "duty").get("/conflicts"))
    assert re.search(r"同一编号两次内容不同.*上报 worker岗", words)


def test_after_a_day_it_goes_up_and_again_every_day_and_never_expires(
    office: Office, live_server: LiveServer, tablet: Tablet
) -> None:
    people, offices = office.street.district.people, office.street.district.organisations
    office.run("update memberships set duties = '{duty}' where person_id = %s", people["street"])
    report = tablet.command()
    number = tablet.send(report)[0]["case_number"]
    office.run("update cases set holder_level = 1, holder_id = %s", offices["street-S1"])
    comment = tablet.command("comment", case_id=report["case_id"], payload={"text": "x"})
    tablet.send(comment | {"person_id": people["head"]})
    now = datetime.now(UTC)

    def run(later: timedelta) -> int:
        return office.server.database.run(lambda conn: escalate(conn, now + later, 100))

    def standing() -> dict[str, Any]:
        return office.rows("select decides_id, escalations, decided_at from holds")[0]

    assert run(timedelta(hours=23)) == 0
    assert run(timedelta(hours=25)) == 1
    assert standing() == {"decides_id": offices["centre"], "escalations": 1, "decided_at": None}
    assert run(timedelta(hours=26)) == 0
    assert run(timedelta(hours=50)) == 1
    told = office.rows("select to_kind, to_id, number from messages where action = 'hold' order by id")
    assert [(m["to_kind"], m["to_id"]) for m in told] == [
        ("duty:duty", offices["centre"]),
        ("duty:duty", offices["centre"]),
        ("duty:supervisor", offices["centre"]),
    ]
    assert {m["number"] for m in told} == {number}
    assert "已上报 2 次" in plain(Clerk(live_server, "duty").get("/conflicts"))
    assert "平板上做的操作待裁定已超过一天" in Clerk(live_server, "supervise").get("/messages")


def test_the_board_pages_by_key_and_a_wrong_address_is_no_fault(
    office: Office, live_server: LiveServer, tablet: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.console import conflicts

    monkeypatch.setattr(conflicts, "ROWS", 2)
    head = office.street.district.people["head"]
    tablet.send(*(tablet.command(person_id=head) for _ in range(5)))
    clerk, seen, path = Clerk(live_server, "duty"), [], "/conflicts"
    while path:
        text = clerk.get(path)
        seen += re.findall(r'<li><a href="/conflicts/([0-9a-f-]+)"', text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 5
    for wrong in ("/conflicts?after=x", f"/conflicts/{uuid7()}", "/conflicts/nobody"):
        answer = clerk.session.get(live_server.url + wrong, timeout=30)
        assert answer.status_code in (404, 422), wrong
    assert uuid.UUID(seen[0])
