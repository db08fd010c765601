"""Every way that a case can go beside the straight road: each row of the table, done by its people, seen on the case."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from server.cases import bysystem, service
from server.cases.apply import apply
from server.db import Connection
from server.errors import BadInput, Conflict, NotAllowed, NotFound
from server.people.erasure import erase_words
from tests.factories import COVER, RUBBISH, Street

OUTSIDE = ("insert into organisations (district_id, kind, code, name, grid_id)"
           " values (%s, 'outside', 'gas-works', '燃气公司', %s) returning id")  # fmt: skip


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def one(street: Street, query: str, *values: Any) -> dict[str, Any]:
    with street.conn.cursor() as cursor:
        cursor.execute(query, values)
        row = cursor.fetchone()
    assert row is not None
    return dict(row)


def clocks(street: Street, number: str) -> dict[str, dict[str, Any]]:
    return {clock["kind"]: clock for clock in street.case(number)["deadlines"]}


def cycle(street: Street, number: str) -> dict[str, Any]:
    return one(
        street,
        "select y.* from cycles y join cases c on (c.id, c.cycle) = (y.case_id, y.n) where c.number = %s",
        number,
    )


def handling(street: Street) -> str:
    number = street.dispatched()
    street.act("crew", number, "accept")
    return number


def time_passes(street: Street) -> list[str]:
    commands = bysystem.run_out_commands(street.conn, street.now, 100)
    assert all(answer.applied for answer in apply(street.conn, commands, street.now))
    return [command.kind for command in commands]


def whole(street: Street, number: str) -> None:
    """The chain of the case is whole and its timeline can be read by everybody who sees it."""
    assert service.verify(street.conn, street.viewer("duty"), number) is None
    assert all(event["action_word"] for event in service.events(street.conn, street.viewer("duty"), number))


# Is it true, is it ours, is it new? -----------------------------------------------------------------------


def test_registering_stands_still_while_somebody_looks(street: Street) -> None:
    number = street.report()
    street.later(minutes=5)
    street.act("intake", number, "send_verify")
    assert clocks(street, number)["register"]["paused_at"]
    street.later(minutes=50)
    street.act("worker", number, "verify", finding="other_category", category=COVER, note="是井盖")
    case = street.case(number)
    assert (case["state"], case["category"]["code"], case["overdue"]) == ("reported", "0102", False)
    left = clocks(street, number)["register"]
    assert left["paused_at"] is None
    assert left["due_at"] > street.now.isoformat()
    whole(street, number)


def test_only_the_people_of_that_place_verify(street: Street) -> None:
    number = street.report()
    street.act("intake", number, "send_verify")
    with pytest.raises(NotFound):
        street.act("head", number, "verify", finding="true")
    with pytest.raises(NotAllowed):
        street.act("street", number, "verify", finding="true")
    street.act("community", number, "verify", finding="true")


@pytest.mark.parametrize("registered", [False, True])
def test_a_question_stops_the_clocks_and_the_answer_leads_back_to_where_it_was(
    street: Street, registered: bool
) -> None:
    number = street.report(category=COVER, condition="missing")
    if registered:
        street.act("duty", number, "register")
    due = street.case(number)["due_at"]
    street.act("duty", number, "ask", question="在路口哪一侧？")
    assert street.case(number)["state"] == "waiting"
    street.later(hours=2)
    street.act("worker", number, "answer", answer="东侧")
    case = street.case(number)
    assert case["state"] == ("registered" if registered else "reported")
    assert (case["due_at"] or "") > (due or "") if registered else case["due_at"] is None
    whole(street, number)


def test_a_question_that_nobody_answers_times_out_once(street: Street) -> None:
    number = street.report()
    street.act(
        "duty", number, "ask", question="在哪里？", until=(street.now + timedelta(hours=3)).isoformat()
    )
    assert time_passes(street) == []
    street.later(hours=4)
    assert time_passes(street) == ["time_out"]
    assert time_passes(street) == []
    assert street.case(number)["state"] == "reported"


def test_a_merged_case_is_answered_with_the_one_that_goes_on(street: Street) -> None:
    survivor = handling(street)
    twin = street.report("intake", category=COVER, condition="missing")
    street.act("duty", twin, "merge", survivor=survivor)
    assert street.case(twin)["state"] == "merged"
    assert cycle(street, twin)["ended_as"] == "merged"
    street.act("crew", survivor, "handle", done="换新", attachments=[street.photo()])
    street.act("worker", survivor, "pass", close_kind="fixed")
    street.act("duty", survivor, "close")
    last = service.events(street.conn, street.viewer("duty"), twin)[-1]
    assert (last["action"], last["by_system"]) == ("reply", True)
    assert survivor in last["text"]
    whole(street, twin)


def test_a_merged_case_is_taken_out_again_by_reopening(street: Street) -> None:
    survivor, twin = street.report(), street.report(lon=104.0051)
    street.act("duty", twin, "merge", survivor=survivor)
    street.act("duty", twin, "reopen", reason="不是同一处")
    assert (street.case(twin)["state"], street.case(twin)["cycle"]) == ("registered", 2)
    assert one(street, "select survivor_id from cases where number = %s", twin)["survivor_id"] is None


def test_a_case_is_never_merged_into_itself_nor_into_one_that_has_gone(street: Street) -> None:
    number, gone = street.report(), street.report(lon=104.0052)
    street.act("duty", gone, "decline", reason="不属实")
    for survivor, said in ((number, "itself"), (gone, "merged, declined"), ("20260101-999999", "no case")):
        with pytest.raises(BadInput, match=said):
            street.act("duty", number, "merge", survivor=survivor)
    assert street.case(number)["state"] == "reported"


def test_a_declined_reporter_may_appeal_once(street: Street) -> None:
    number = street.report()
    street.act("duty", number, "decline", reason="重复")
    street.act("worker", number, "appeal", reason="不是重复")
    assert street.case(number)["state"] == "reported"
    assert cycle(street, number)["ended_at"] is None
    street.act("duty", number, "decline", reason="确为重复")
    with pytest.raises(Conflict):
        street.act("worker", number, "appeal", reason="再申诉")


# To whom? -------------------------------------------------------------------------------------------------


def test_a_matter_without_an_owner_is_assigned_anyway_with_a_reason_and_a_payer(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register")
    with pytest.raises(BadInput, match="Reason"):
        street.act("duty", number, "assign_anyway", crew="crew-drain")
    street.act("duty", number, "assign_anyway", crew="crew-drain", reason="权属不清", payer="public")
    assert (street.case(number)["state"], street.case(number)["payer"]) == ("dispatched", "public")
    assert cycle(street, number)["assigned_anyway"]


def test_who_dispatched_in_any_way_does_not_close(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register")
    street.act("duty", number, "assign_anyway", crew="crew-drain", reason="权属不清")
    street.act("crew", number, "ask_return", reason="不归我们")
    street.act("duty", number, "uphold_return")
    street.act("dispatch", number, "dispatch", crew="crew-drain")
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="换新", attachments=[street.photo()])
    street.act("worker", number, "pass", close_kind="fixed")
    with pytest.raises(NotAllowed):
        street.act("duty", number, "close")


def test_a_community_takes_what_it_can_mend_itself_and_does_not_inspect_it(street: Street) -> None:
    number = street.report()
    street.act("duty", number, "register")
    street.act("community", number, "take", note="社区自行清理")
    case = street.case(number)
    assert (case["state"], case["handler"]["code"]) == ("handling", "community-S1C1")
    street.act("community", number, "handle", done="已清理", attachments=[street.photo()])
    for login in ("community", "worker"):
        with pytest.raises(NotAllowed):
            street.act(login, number, "pass", close_kind="fixed")


def test_an_open_matter_is_claimed_by_whom_the_register_permits(street: Street) -> None:
    number = street.report(category=COVER, condition="broken")
    street.act("duty", number, "register", condition="broken")
    with pytest.raises(NotFound):
        street.act("crew", number, "claim")
    with street.conn.cursor() as cursor:
        cursor.execute("update cases set flags = flags || '{claimable}' where number = %s", (number,))
    street.act("crew", number, "claim")
    case = street.case(number)
    assert (case["state"], case["handler"]["code"]) == ("handling", "crew-drain")


def test_a_case_split_for_two_departments_comes_back_as_one(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register")
    parts = [
        {"category": COVER, "condition": "missing", "title": "补井盖", "crew": "crew-drain"},
        {"category": RUBBISH, "condition": "any", "title": "清垃圾"},
    ]
    street.act("dispatch", number, "split", parts=parts)
    assert street.case(number)["state"] == "split"
    with street.conn.cursor() as cursor:
        cursor.execute("select number, state, grid_id from cases where parent_id is not null order by number")
        children = [dict(row) for row in cursor.fetchall()]
    assert [child["state"] for child in children] == ["dispatched", "registered"]
    assert {child["grid_id"] for child in children} == {street.district.nodes["S1C1G1"]}
    first, second = (child["number"] for child in children)
    street.act("crew", first, "accept")
    street.act("crew", first, "handle", done="已补", attachments=[street.photo()])
    street.act("worker", first, "pass", close_kind="fixed")
    street.act("duty", first, "close")
    assert street.case(number)["state"] == "split"
    street.act("dispatch", second, "dispatch", crew="crew-clean")
    with street.conn.cursor() as cursor:
        cursor.execute(
            "update memberships set organisation_id = %s where person_id = %s",
            (street.district.organisations["crew-clean"], street.district.people["crew"]),
        )
    street.act("crew", second, "accept")
    street.act("crew", second, "handle", done="已清 13900000000", attachments=[street.photo()])
    street.act("worker", second, "pass", close_kind="fixed")
    street.act("duty", second, "close")
    assert street.case(number)["state"] == "handled"
    together = service.events(street.conn, street.viewer("duty"), number)[-1]
    assert (together["action"], together["text"]) == ("parts_done", "排水队：已补 · 环卫队：已清 139****0000")
    erase_words(street.conn, first, 4, "当事人要求", street.now)
    assert (
        service.events(street.conn, street.viewer("duty"), number)[-1]["text"] == "环卫队：已清 139****0000"
    )
    street.act("worker", number, "pass", close_kind="fixed")
    street.act("duty", number, "close")
    for case in (number, first, second):
        whole(street, case)


def test_recalling_a_split_case_cancels_its_open_parts(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register")
    street.act("dispatch", number, "split", parts=[{"category": COVER, "condition": "missing"}] * 2)
    street.act("duty", number, "recall", reason="改由一家处置")
    assert street.case(number)["state"] == "registered"
    rows = one(street, "select array_agg(state) as states from cases where parent_id is not null")
    assert rows["states"] == ["cancelled", "cancelled"]


def test_an_outside_party_answers_and_a_failed_inspection_goes_back_to_it(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register")
    one(street, OUTSIDE, street.district.id, street.district.id)
    street.act("dispatch", number, "forward", outside="gas-works", note="请核实井盖权属")
    assert (street.case(number)["state"], street.case(number)["handler"]["name"]) == ("forwarded", "燃气公司")
    street.act("dispatch", number, "answer_outside", done="已更换", attachments=[])
    street.act("worker", number, "fail", unmet="井盖与路面不平")
    assert street.case(number)["state"] == "forwarded"
    street.act("duty", number, "recall", reason="改派排水队")
    assert street.case(number)["handler"] is None


# In the crew's hands --------------------------------------------------------------------------------------


def test_an_extension_is_one_more_original_limit_at_most_twice(street: Street) -> None:
    number = handling(street)
    limit = clocks(street, number)["handle"]["limit_min"]
    for times in (1, 2):
        before = clocks(street, number)
        street.act("crew", number, "ask_extension", reason="等配件")
        with pytest.raises(Conflict):
            street.act("crew", number, "ask_extension", reason="再等")
        street.act("duty", number, "grant_extension")
        after = clocks(street, number)
        assert cycle(street, number)["extensions"] == times
        for kind in ("handle", "whole"):
            assert after[kind]["due_at"] > before[kind]["due_at"]
        assert after["handle"]["limit_min"] == limit
    with pytest.raises(Conflict):
        street.act("crew", number, "ask_extension", reason="第三次")
    whole(street, number)


def test_what_is_overdue_is_neither_extended_nor_suspended(street: Street) -> None:
    number = handling(street)
    street.act("crew", number, "ask_extension", reason="等配件")
    street.later(hours=3)
    with pytest.raises(BadInput, match="time is up"):
        street.act("duty", number, "grant_extension")
    street.act("duty", number, "refuse_extension", reason="已超期")
    for action, more in (
        ("ask_extension", {}),
        ("ask_suspension", {"until": (street.now + timedelta(days=3)).isoformat()}),
    ):
        with pytest.raises(Conflict):
            street.act("crew", number, action, reason="仍要", **more)


def test_a_suspended_case_stands_still_once_and_goes_on_by_itself(street: Street) -> None:
    number = handling(street)
    before = clocks(street, number)
    until = (street.now + timedelta(days=10)).isoformat()
    street.act("crew", number, "ask_suspension", reason="等汛期过去", until=until)
    with pytest.raises(BadInput, match="days"):
        street.act(
            "duty", number, "suspend", reason="同意", until=(street.now + timedelta(days=400)).isoformat()
        )
    street.act("duty", number, "suspend", reason="同意", until=until)
    assert street.case(number)["state"] == "suspended"
    assert cycle(street, number)["suspended"]
    street.later(days=11)
    assert time_passes(street) == ["resume"]
    after = clocks(street, number)
    assert street.case(number)["state"] == "handling"
    assert not street.case(number)["overdue"]
    assert after["handle"]["due_at"] > before["handle"]["due_at"]
    with pytest.raises(Conflict):
        street.act(
            "crew",
            number,
            "ask_suspension",
            reason="再挂",
            until=(street.now + timedelta(days=3)).isoformat(),
        )
    whole(street, number)


def test_the_street_whistles_and_the_departments_come(street: Street) -> None:
    number = street.report()
    street.act("duty", number, "register")
    with pytest.raises(NotFound):
        street.case(number, "crew")
    street.act("street", number, "whistle", called="crew-drain, crew-any", reason="联合处置")
    assert clocks(street, number)["arrive"]["stopped_at"] is None
    street.act("crew", number, "arrive", note="到场")
    assert clocks(street, number)["arrive"]["stopped_at"] is None, "one of two has come"
    with pytest.raises(NotAllowed):
        street.act("crew", number, "arrive", note="又到场")


def test_help_is_asked_of_another_organisation_and_answered(street: Street) -> None:
    number = handling(street)
    street.act("crew", number, "ask_help", organisation="street-S1", question="能否协调交通？")
    with pytest.raises(NotAllowed):
        street.act("community", number, "answer_help", answer="我们不是被问的")
    street.act("street", number, "answer_help", answer="已协调")
    assert clocks(street, number)["help"]["stopped_at"]
    assert street.case(number)["state"] == "handling"


def test_a_notice_is_checked_and_what_was_put_right_goes_to_inspection(street: Street) -> None:
    number = handling(street)
    told = {"party": "店主", "demand": "清理", "until": (street.now + timedelta(days=1)).isoformat()}
    street.act("crew", number, "notice", **told)
    street.act("crew", number, "recheck", result="not_done", note="未清理")
    assert street.case(number)["state"] == "handling"
    street.act("crew", number, "notice", **told)
    street.act("crew", number, "recheck", result="done", note="已清理")
    assert street.case(number)["state"] == "handled"
    assert clocks(street, number)["handle"]["paused_at"]


def test_the_way_of_the_law_stops_the_handling_clock(street: Street) -> None:
    number = handling(street)
    street.act(
        "crew",
        number,
        "enforce",
        document="执立〔2026〕12号",
        until=(street.now + timedelta(days=30)).isoformat(),
    )
    assert street.case(number)["state"] == "enforcing"
    assert clocks(street, number)["handle"]["paused_at"]
    street.later(days=20)
    street.act("crew", number, "enforced", done="已处罚并改正")
    assert street.case(number)["state"] == "handled"
    assert not clocks(street, number)["handle"]["overdue"]


def test_making_safe_comes_first_and_moves_nothing(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("worker", number, "make_safe", note="已围挡", attachments=[street.photo("during")])
    case = street.case(number)
    assert (case["state"], case["flags"]) == ("reported", ["safe"])


# Is it really mended? -------------------------------------------------------------------------------------


def test_when_the_inspector_cannot_the_community_is_asked_and_it_goes_no_further(street: Street) -> None:
    number = street.handled()
    street.act("worker", number, "cannot_inspect", reason="院门上锁")
    assert street.case(number)["flags"].count("other_inspector") == 1
    street.later(hours=3)
    assert time_passes(street) == []
    street.act("community", number, "pass", close_kind="fixed")


def test_an_inspector_who_does_not_come_is_stood_in_for_once(street: Street) -> None:
    number = street.handled()
    street.later(days=4)
    assert time_passes(street) == ["absent"]
    assert time_passes(street) == []
    assert street.case(number)["state"] == "handled"


def test_the_duty_officer_sends_back_and_handling_goes_on(street: Street) -> None:
    number = street.handled()
    left = clocks(street, number)["handle"]
    street.later(minutes=30)
    street.act("worker", number, "pass", close_kind="fixed")
    street.later(minutes=10)
    street.act("duty", number, "send_back", reason="照片不是这一处")
    after = clocks(street, number)["handle"]
    assert street.case(number)["state"] == "handling"
    assert after["paused_at"] is None
    assert after["due_at"] > left["due_at"]
    assert cycle(street, number)["passed_at"] is None


# After it has ended ---------------------------------------------------------------------------------------


def test_the_reporter_rates_once(street: Street) -> None:
    number = street.closed()
    street.act("worker", number, "rate", stars="4", note="很快")
    assert cycle(street, number)["rating"] == 4
    with pytest.raises(Conflict):
        street.act("worker", number, "rate", stars="1")


def test_an_upheld_appeal_excuses_the_crew_and_leaves_the_fact(street: Street) -> None:
    number = street.closed()
    street.act("crew", number, "appeal", reason="配件由厂家延误")
    street.act("duty", number, "uphold_appeal", reason="属实")
    kept = cycle(street, number)
    assert (kept["excused"], kept["on_time"], street.case(number)["state"]) == (True, True, "closed")
    with pytest.raises(Conflict):
        street.act("crew", number, "appeal", reason="再来")


@pytest.mark.parametrize(
    ("result", "state", "kept"), [("uphold", "closed", "upheld"), ("void", "registered", "void")]
)
def test_a_sample_confirms_what_was_mended_on_the_spot_or_opens_it_again(
    street: Street, result: str, state: str, kept: str
) -> None:
    number = street.mended()
    with pytest.raises(NotAllowed):
        street.act("community", number, "sample", result=result, finding="自己看自己")
    street.act("street", number, "sample", result=result, finding="现场查看")
    assert street.case(number)["state"] == state
    first = one(
        street,
        "select * from cycles y join cases c on c.id = y.case_id where c.number = %s and y.n = 1",
        number,
    )
    assert first["sampled"] == kept
    whole(street, number)


def test_a_callback_is_kept_and_an_unreached_one_owes_still(street: Street) -> None:
    answer = street.by_phone()
    assert clocks(street, answer)["reply"]["stopped_at"] is None
    street.act("intake", answer, "callback", result="not_reached")
    assert clocks(street, answer)["reply"]["stopped_at"] is None
    street.act("intake", answer, "callback", result="satisfied", solved="yes")
    kept = cycle(street, answer)
    assert (kept["callback"], kept["solved"]) == ("satisfied", True)
    assert clocks(street, answer)["reply"]["stopped_at"]


# Up, down, and beside -------------------------------------------------------------------------------------


def test_a_case_goes_up_one_level_and_down_again(street: Street) -> None:
    number = street.report()
    street.act("duty", number, "register")
    assert street.case(number)["holder"]["kind"] == "street"
    street.act("street", number, "hand_down", reason="社区可办")
    assert street.case(number)["holder"]["code"] == "community-S1C1"
    for kind in ("street", "centre"):
        street.act("community", number, "escalate", reason="办不了")
        assert street.case(number)["holder"]["kind"] == kind


def test_a_pressed_case_is_answered(street: Street) -> None:
    number = handling(street)
    street.act(
        "supervise",
        number,
        "supervise",
        demand="今日完成",
        until=(street.now + timedelta(hours=6)).isoformat(),
    )
    assert "supervised" in street.case(number)["flags"]
    street.act("crew", number, "answer_supervision", answer="今晚完成")
    assert "supervised" not in street.case(number)["flags"]
    assert clocks(street, number)["supervise"]["stopped_at"]


def test_another_category_sets_its_limit_from_the_same_start(street: Street) -> None:
    number = street.dispatched()
    before = clocks(street, number)["handle"]
    street.later(minutes=20)
    street.act("duty", number, "change", reason="实为破损", condition="broken")
    after = clocks(street, number)["handle"]
    assert after["started_at"] == before["started_at"]
    assert after["limit_min"] != before["limit_min"]
    assert street.case(number)["condition"]["code"] == "broken"
    with pytest.raises(BadInput, match="condition"):
        street.act("duty", number, "change", reason="错", category=COVER)


def test_another_place_is_routed_again_and_leaves_the_old_scope(street: Street) -> None:
    number = street.report()
    street.act("duty", number, "register")
    street.act("duty", number, "change", reason="位置有误", grid_code="S2C1G1")
    case = street.case(number)
    # Nobody works in that street's office: the next level up stands in, and the event names who was passed over.
    assert (case["grid"]["level3"], case["holder"]["code"]) == ("S2C1G1", "centre")
    body = one(street, "select body from case_events order by n desc limit 1")["body"]
    assert '"stood_in":["S2街道办事处"]' in body
    with pytest.raises(NotFound):
        street.case(number, "street")


def test_a_cancelled_case_leaves_the_road(street: Street) -> None:
    number = street.dispatched()
    street.act("duty", number, "cancel", reason="测试件")
    assert street.case(number)["state"] == "cancelled"
    assert cycle(street, number)["ended_as"] == "cancelled"
    assert all(clock["stopped_at"] for clock in street.case(number)["deadlines"])
    with pytest.raises(Conflict):
        street.act("duty", number, "reopen", reason="不能")


def test_an_act_that_waits_for_a_moment_refuses_one_that_is_over(street: Street) -> None:
    number = handling(street)
    past = (street.now - timedelta(minutes=1)).isoformat()
    with pytest.raises(BadInput, match="over already"):
        street.act("supervise", number, "supervise", demand="快", until=past)
    assert street.case(number)["flags"] == ["registered"]
