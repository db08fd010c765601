"""Deciding about held acts: in the name of their author, once, on the record, and told to the tablet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.cases.chain import verify_case
from server.errors import BadInput, Conflict, NotAllowed, NotFound
from server.protocol.wire import time_text
from tests.conftest import LiveServer
from tests.factories import COVER, RUBBISH
from tests.server.holds.conftest import Held, Office
from tests.server.sync.tablet import Tablet, enrol


def decisions(tablet: Tablet, cursor: str = "") -> list[dict[str, Any]]:
    found, _ = tablet.follow(cursor)
    return [change["body"] for change in found if change["kind"] == "decision"]


def foreign_report(tablet: Tablet, office: Office, **changes: Any) -> dict[str, Any]:
    """A report by another person than the tablet's: held, for who made it is not sure."""
    command = tablet.command(person_id=office.street.district.people["head"], **changes)
    assert tablet.send(command)[0]["reason"]["code"] == "held_author"
    return command


def test_a_held_report_takes_effect_in_the_name_of_its_author_and_the_event_names_who_decided(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    made = datetime.now(UTC) - timedelta(minutes=3)
    command = foreign_report(tablet, office, made_at=time_text(made))
    _, cursor = tablet.follow()
    answer = office.decide(command, "apply")
    assert answer is not None and answer.outcome == "applied"
    (event,) = office.events(command["case_id"])
    people, offices = office.street.district.people, office.street.district.organisations
    assert (event["actor"], str(event["device"])) == (people["head"], tablet.device)
    assert (event["made_at"], event["acted_at"]) == (time_text(made), time_text(made))
    told = event["body"]["decided"]
    assert (told["choice"], told["held"]) == ("apply", command["command_id"])
    assert (told["by"], told["organisation"]) == (people["duty"], offices["centre"])
    # The tablet hears of it with the case's own change; the held act's stored answer stays what it was.
    (decision,) = decisions(tablet, cursor)
    assert (decision["command_id"], decision["outcome"]) == (command["command_id"], "applied")
    assert decision["reason"]["sentence"] == "试验区指挥中心裁定：您的操作已按原样生效。"
    assert tablet.send(command)[0]["outcome"] == "held"
    with live_server.database.read() as conn:
        assert verify_case(conn, answer.case_id) is None


def test_a_refusal_reaches_the_tablet_with_its_reason_and_stands_in_the_chain(
    live_server: LiveServer, office: Office, tablet: Tablet, held: Held
) -> None:
    report, act = held()
    _, cursor = tablet.follow()
    assert office.decide(act, "refuse", "井盖还没有修") is None
    (decision,) = decisions(tablet, cursor)
    assert decision["outcome"] == "rejected"
    assert decision["reason"]["sentence"] == "试验区指挥中心未采纳您的操作：井盖还没有修"
    event = office.events(report["case_id"])[-1]
    assert (event["action"], event["actor"]) == ("comment", office.street.district.people["duty"])
    assert (event["body"]["decided"]["act"], event["body"]["decided"]["choice"]) == ("pass", "refuse")
    (log,) = office.rows("select person_id, detail from security_log where what = 'hold_decided'")
    assert (log["person_id"], log["detail"]["choice"]) == (office.street.district.people["duty"], "refuse")


def test_an_act_that_the_table_does_not_allow_now_cannot_take_effect_and_nothing_is_changed(
    office: Office, held: Held
) -> None:
    report, act = held()
    with pytest.raises(BadInput, match="not possible there"):
        office.decide(act, "apply")
    assert office.rows("select decided_at from holds") == [{"decided_at": None}]
    assert [event["action"] for event in office.events(report["case_id"])] == ["report", "register"]


def test_why_a_held_act_cannot_take_effect_is_said_without_codes(office: Office, tablet: Tablet) -> None:
    report = tablet.command(payload={"category": COVER, "condition": "missing", "title": "井盖"})
    number = tablet.send(report)[0]["case_number"]
    office.act("duty", number, "register")
    held = tablet.command(
        "dispatch",
        case_id=report["case_id"],
        payload={"crew": "crew-clean"},
        person_id=office.street.district.people["dispatch"],
    )
    assert tablet.send(held)[0]["outcome"] == "held"
    with pytest.raises(BadInput, match=r"^环卫队 .*污水井盖.*暴露垃圾") as refused:
        office.decide(held, "apply")
    assert "0110" not in str(refused.value)
    office.act("dispatch", number, "dispatch", crew="crew-drain")
    office.act("crew", number, "accept")
    mended = tablet.command(
        "handle",
        case_id=report["case_id"],
        payload={"done": "已补"},
        person_id=office.street.district.people["crew"],
    )
    assert tablet.send(mended)[0]["outcome"] == "held"
    with pytest.raises(BadInput, match="处置后"):
        office.decide(mended, "apply")


def test_an_act_takes_effect_changed_and_says_so(office: Office, tablet: Tablet) -> None:
    command = foreign_report(tablet, office)
    _, cursor = tablet.follow()
    office.decide(command, "change", "是井盖，不是垃圾", changed={"category": COVER, "title": "井盖缺失"})
    (case,) = office.rows("select category_system, category_code, title from cases")
    assert (case["category_system"], case["category_code"], case["title"]) == (
        COVER["system"],
        COVER["code"],
        "井盖缺失",
    )
    (decision,) = decisions(tablet, cursor)
    assert (decision["outcome"], decision["reason"]["code"]) == ("applied_with_conflict", "decided_change")
    assert "是井盖" in decision["reason"]["sentence"]


@pytest.mark.parametrize("choice", ["refuse", "change"])
def test_refusing_and_changing_need_a_reason(office: Office, tablet: Tablet, choice: str) -> None:
    command = foreign_report(tablet, office)
    with pytest.raises(BadInput, match="missing"):
        office.decide(command, choice, changed={"category": RUBBISH})


def test_it_is_decided_once_and_only_on_what_the_decider_saw(office: Office, held: Held) -> None:
    _, act = held()
    office.act("duty", office.rows("select number from case_keys")[0]["number"], "cancel", reason="试录")
    with pytest.raises(Conflict):
        office.decide(act, "refuse", "已作废", seen=2)
    office.decide(act, "refuse", "已作废", seen=3)
    with pytest.raises(Conflict, match="already"):
        office.decide(act, "apply")


def test_who_has_not_the_duty_may_look_but_not_decide_and_others_see_nothing(
    office: Office, held: Held
) -> None:
    _, act = held()
    for login in ("dispatch", "supervise", "admin"):
        with pytest.raises(NotAllowed, match="试验区指挥中心"):
            office.decide(act, "refuse", "x", by=login)
    with pytest.raises(NotFound):
        office.decide(act, "refuse", "x", by="street")
    for login in ("community", "worker", "crew"):
        with pytest.raises(NotAllowed):
            office.decide(act, "refuse", "x", by=login)


def test_a_street_with_a_duty_officer_decides_about_what_it_holds_and_the_centre_may_too(
    office: Office, tablet: Tablet
) -> None:
    people, offices = office.street.district.people, office.street.district.organisations
    office.run("update memberships set duties = '{duty}' where person_id = %s", people["street"])
    report = tablet.command()
    number = tablet.send(report)[0]["case_number"]
    office.run("update cases set holder_level = 1, holder_id = %s", offices["street-S1"])
    passing = tablet.command(
        "pass", case_id=report["case_id"], payload={"close_kind": "fixed"}, base_version=1
    )
    passing["person_id"] = people["head"]
    tablet.send(passing)
    assert office.rows("select decides_id from holds") == [{"decides_id": offices["street-S1"]}]
    office.decide(passing, "refuse", "还没有派", by="street")
    assert office.rows("select decided_office from holds") == [{"decided_office": offices["street-S1"]}]
    assert number


def test_dependants_take_effect_with_their_parent_in_their_order(office: Office, tablet: Tablet) -> None:
    report = foreign_report(tablet, office)
    later = []
    for text in ("第一句", "第二句"):
        before = later[-1] if later else report
        later.append(
            tablet.command(
                "comment", case_id=report["case_id"], payload={"text": text}, depends_on=before["command_id"]
            )
        )
    assert [r["reason"]["code"] for r in tablet.send(*later)] == ["held_dependant", "held_dependant"]
    with pytest.raises(BadInput, match="earlier act"):
        office.decide(later[0], "apply")
    _, cursor = tablet.follow()
    office.decide(report, "apply")
    assert [event["action"] for event in office.events(report["case_id"])] == ["report", "comment", "comment"]
    told = decisions(tablet, cursor)
    assert [d["command_id"] for d in told] == [c["command_id"] for c in (report, *later)]
    assert {d["outcome"] for d in told} == {"applied"}
    # What comes after the decision waits no more.
    last = tablet.command(
        "comment", case_id=report["case_id"], payload={"text": "第三句"}, depends_on=later[-1]["command_id"]
    )
    assert tablet.send(last)[0]["outcome"] == "applied"


def test_dependants_are_refused_with_their_parent_and_told_why(office: Office, tablet: Tablet) -> None:
    report = foreign_report(tablet, office)
    comment = tablet.command(
        "comment", case_id=report["case_id"], payload={"text": "x"}, depends_on=report["command_id"]
    )
    tablet.send(comment)
    _, cursor = tablet.follow()
    office.decide(report, "refuse", "不是本人")
    told = decisions(tablet, cursor)
    assert [d["outcome"] for d in told] == ["rejected", "rejected"]
    assert told[1]["reason"]["code"] == "decided_with"
    assert office.rows("select count(*) as n from cases") == [{"n": 0}]


def test_a_dependant_that_cannot_take_effect_by_itself_waits_on_for_its_own_reason(
    office: Office, tablet: Tablet
) -> None:
    report = foreign_report(tablet, office)
    passing = tablet.command(
        "pass", case_id=report["case_id"], payload={"close_kind": "fixed"}, depends_on=report["command_id"]
    )
    tablet.send(passing)
    office.decide(report, "apply")
    assert office.rows("select reason, decided_at from holds where decided_at is null") == [
        {"reason": "held_not_by_itself", "decided_at": None}
    ]
    office.decide(passing, "refuse", "还没有处置")


def test_what_a_worker_did_before_the_beat_changed_takes_effect_in_the_right_of_then(
    office: Office, tablet: Tablet
) -> None:
    """The right that counts is the one its author had when it was made."""
    nodes, people = office.street.district.nodes, office.street.district.people
    report = tablet.command()
    number = tablet.send(report)[0]["case_number"]
    office.act("duty", number, "register")
    made = datetime.now(UTC)
    office.run(
        "update memberships set valid_to = now() where person_id = %s and grid_id = any (%s)",
        people["worker"],
        [nodes["S1C1G1"], nodes["S1C1G2"]],
    )
    office.run(
        "insert into memberships (person_id, organisation_id, role, duties, grid_id, valid_from)"
        " select person_id, organisation_id, role, duties, %s, now() from memberships where person_id = %s limit 1",
        nodes["S1C1G3"],
        people["worker"],
    )
    escalating = tablet.command(
        "escalate",
        case_id=report["case_id"],
        payload={"reason": "管不了"},
        base_version=2,
        made_at=time_text(made),
    )
    assert tablet.send(escalating)[0]["reason"]["code"] == "held_not_yours"
    answer = office.decide(escalating, "apply")
    assert answer is not None and answer.applied
    event = office.events(report["case_id"])[-1]
    assert (event["action"], event["actor"]) == ("escalate", people["worker"])


def test_a_dead_account_and_a_withdrawn_tablet_lose_nothing_of_what_they_made(
    office: Office, tablet: Tablet
) -> None:
    people = office.street.district.people
    office.run("update people set active = false where id = %s", people["worker"])
    command = tablet.command()
    assert tablet.send(command)[0]["reason"]["code"] == "held_former"
    office.run("update devices set state = 'revoked'")
    second = tablet.command()
    assert tablet.send(second)[0]["reason"]["code"] == "held_revoked"
    for one in (command, second):
        answer = office.decide(one, "apply")
        assert answer is not None and answer.applied
        assert office.events(one["case_id"])[0]["actor"] == people["worker"]


def test_a_tablet_that_begins_anew_hears_of_every_decision_and_another_tablet_of_none(
    live_server: LiveServer, office: Office, tablet: Tablet
) -> None:
    command = foreign_report(tablet, office)
    office.decide(command, "refuse", "不是本人")
    other = enrol(live_server)
    _, cursor = other.follow()
    second = foreign_report(tablet, office)
    office.decide(second, "refuse", "也不是")
    assert len(decisions(tablet)) == 2
    assert decisions(other) == decisions(other, cursor) == []


def test_a_wrong_clock_stays_wrong_when_the_act_is_decided_later(office: Office, tablet: Tablet) -> None:
    wrong = datetime.now(UTC) - timedelta(hours=9)
    command = tablet.command(person_id=office.street.district.people["head"], made_at=time_text(wrong))
    tablet.send(command, sent_at=wrong)
    office.decide(command, "apply")
    (event,) = office.events(command["case_id"])
    assert event["acted_at"] == event["received_at"]
    assert event["body"]["flags"] == ["device_clock"]
    assert abs(event["body"]["offset_ms"] + 9 * 3_600_000) < 60_000


def test_a_photo_that_came_while_its_act_waited_is_there_when_it_takes_effect(
    office: Office, tablet: Tablet
) -> None:
    from tests.factories import picture
    from tests.server.sync.tablet import declared

    content = picture("blue")
    photo = declared(content)
    command = foreign_report(
        tablet, office, payload={"category": RUBBISH, "title": "bags", "attachments": [photo]}
    )
    assert tablet.upload(photo, content).status_code == 204
    office.decide(command, "apply")
    (row,) = office.rows("select sha256, arrived_at from attachments")
    assert row["sha256"] == photo["sha256"]
    assert row["arrived_at"] is not None
