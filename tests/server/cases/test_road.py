"""The road of a case: what each act does, who may do it, what it needs, and what the clocks say."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from server.cases import acts, bysystem, lists, service
from server.cases.apply import Answer, apply
from server.cases.filters import Filters
from server.db import Connection
from server.errors import BadInput, Conflict, NotAllowed, NotFound
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import read_time, uuid7
from tests.factories import COVER, RUBBISH, Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def test_a_report_gets_a_number_of_its_day_and_lies_in_the_grid_of_its_point(street: Street) -> None:
    case = street.case(street.report())
    assert case["number"].startswith("20261122-")
    assert (case["grid"]["level1"], case["grid"]["level2"], case["grid"]["level3"]) == (
        "S1",
        "S1C1",
        "S1C1G1",
    )
    assert (case["state"], case["version"], case["grid"]["status"]) == ("reported", 1, "inside")
    assert [clock["kind"] for clock in case["deadlines"]] == ["register"]


def test_a_report_without_a_usable_position_is_kept_and_asked_about(street: Street) -> None:
    case = street.case(street.report(lon=None, lat=None))
    assert case["grid"]["status"] == "outside"
    assert case["grid"]["level1"] is None
    assert case["tags"] == ["place_missing"]
    outside = lists.list_cases(
        street.conn, street.viewer("duty"), Filters(board="outside"), 10, None, street.now
    )
    assert [item["number"] for item in outside.items] == [case["number"]]


def test_a_report_in_somebody_elses_grid_goes_to_that_grid_and_the_reporter_still_sees_it(
    street: Street,
) -> None:
    number = street.report(lon=104.115)
    assert street.case(number, "worker")["grid"]["level3"] == "S2C2G3"
    with pytest.raises(NotFound):
        street.case(number, "street")


def test_the_whole_road_from_report_to_closing(street: Street) -> None:
    case = street.case(street.closed())
    assert (case["state"], case["close_kind"], case["version"]) == ("closed", "fixed", 7)
    assert not case["overdue"]
    assert all(clock["stopped_at"] for clock in case["deadlines"])
    timeline = service.events(street.conn, street.viewer("duty"), case["number"])
    assert [event["action"] for event in timeline] == [
        "report",
        "register",
        "dispatch",
        "accept",
        "handle",
        "pass",
        "close",
    ]
    assert [event["actor_name"] for event in timeline][:3] == ["worker岗", "duty岗", "dispatch岗"]


def test_an_emergency_is_held_by_the_centre_and_any_other_case_by_its_street(street: Street) -> None:
    urgent, calm = street.report(category=COVER), street.report()
    street.act("duty", urgent, "register", condition="missing")
    street.act("duty", calm, "register")
    assert street.case(urgent)["holder"]["kind"] == "centre"
    assert street.case(calm)["holder"]["code"] == "street-S1"


def test_the_whole_limit_is_the_sum_of_its_stages_from_registering(street: Street) -> None:
    number = street.report(category=COVER)
    street.later(minutes=3)
    street.act("duty", number, "register", condition="missing")
    whole = next(c for c in street.case(number)["deadlines"] if c["kind"] == "whole")
    assert whole["limit_min"] == 15 + 120 + 120 + 30
    assert read_time(whole["due_at"]) == street.now + timedelta(minutes=whole["limit_min"])


def test_a_category_with_several_conditions_is_registered_under_one_of_them(street: Street) -> None:
    number = street.report(category=COVER)
    with pytest.raises(BadInput, match="condition"):
        street.act("duty", number, "register")
    assert street.case(number)["version"] == 1


def test_who_dispatched_may_not_close(street: Street) -> None:
    number = street.handled()
    street.act("worker", number, "pass", close_kind="fixed")
    with street.conn.cursor() as cursor:
        cursor.execute(
            "update memberships set duties = '{dispatcher,duty}' where person_id = %s",
            (street.district.people["dispatch"],),
        )
    with pytest.raises(NotAllowed, match="may not also close"):
        street.act("dispatch", number, "close")
    assert street.act("duty", number, "close").applied


def test_a_crew_is_only_dispatched_what_it_is_permitted(street: Street) -> None:
    number = street.report(category=COVER, condition="broken")
    street.act("duty", number, "register")
    with pytest.raises(BadInput, match="环卫队 is not permitted"):
        street.act("dispatch", number, "dispatch", crew="crew-clean")
    assert street.case(number)["state"] == "registered"


def test_another_crew_neither_sees_nor_accepts_the_case(street: Street) -> None:
    number = street.dispatched(crew="crew-far")
    with pytest.raises(NotFound):
        street.act("crew", number, "accept")


def test_an_upheld_return_counts_as_wrong_dispatch_and_a_refused_one_as_evasion(street: Street) -> None:
    number = street.dispatched()
    with pytest.raises(Conflict):
        street.act("duty", number, "uphold_return")
    street.act("crew", number, "ask_return", reason="不是我们的")
    street.act("duty", number, "refuse_return", reason="就是你们的")
    street.act("crew", number, "ask_return", reason="真的不是")
    street.act("duty", number, "uphold_return")
    case = street.case(number)
    assert (case["state"], case["handler"], case["flags"]) == ("registered", None, ["registered"])
    with street.conn.cursor() as cursor:
        cursor.execute("select wrong_dispatches, evasions from cycles")
        assert cursor.fetchone() == {"wrong_dispatches": 1, "evasions": 1}


def test_handling_needs_a_photo_where_the_category_says_so(street: Street) -> None:
    number = street.dispatched()
    street.act("crew", number, "accept")
    with pytest.raises(BadInput, match="Photos that this category needs with this act are missing: After"):
        street.act("crew", number, "handle", done="好了")


def test_inspection_waits_for_a_photo_that_is_on_its_way(street: Street) -> None:
    number = street.dispatched()
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="好了", attachments=[street.declared()])
    assert [photo["arrived"] for photo in street.case(number)["attachments"]] == [False]
    with pytest.raises(BadInput, match="on its way"):
        street.act("worker", number, "pass", close_kind="fixed")


def test_rework_goes_on_with_the_same_clock_and_is_counted(street: Street) -> None:
    number = street.handled()
    before = next(c for c in street.case(number)["deadlines"] if c["kind"] == "handle")
    assert before["paused_at"]
    street.later(minutes=40)
    street.act("worker", number, "fail", unmet="缺防坠网")
    after = next(c for c in street.case(number)["deadlines"] if c["kind"] == "handle")
    assert after["paused_at"] is None
    assert read_time(after["due_at"]) - read_time(before["due_at"]) == timedelta(minutes=40)
    with street.conn.cursor() as cursor:
        cursor.execute("select reworks from cycles")
        assert cursor.fetchone() == {"reworks": 1}


def test_a_case_inspected_after_its_whole_deadline_is_closed_late(street: Street) -> None:
    number = street.handled()
    street.later(hours=9)
    street.act("worker", number, "pass", close_kind="gone")
    street.act("duty", number, "close")
    assert street.case(number)["overdue"]
    with street.conn.cursor() as cursor:
        cursor.execute("select on_time, ended_as from cycles")
        assert cursor.fetchone() == {"on_time": False, "ended_as": "gone"}


def test_reopening_opens_a_new_cycle_and_leaves_the_first_as_it_was(street: Street) -> None:
    number = street.closed()
    with street.conn.cursor() as cursor:
        cursor.execute("select * from cycles")
        first = dict(cursor.fetchone())
    street.later(days=2)
    street.act("street", number, "reopen", reason="又坏了")
    case = street.case(number)
    assert (case["state"], case["cycle"], case["closed_at"]) == ("registered", 2, None)
    with street.conn.cursor() as cursor:
        cursor.execute("select * from cycles order by n")
        cycles = [dict(row) for row in cursor.fetchall()]
    assert cycles[0] == first
    assert (cycles[1]["n"], cycles[1]["ended_at"]) == (2, None)
    assert cycles[1]["opened_at"] == street.now


def test_the_reporter_may_reopen_only_within_the_days_of_the_pack_the_office_always(street: Street) -> None:
    number = street.closed()
    street.later(days=16)
    with pytest.raises(BadInput, match="15 days"):
        street.act("worker", number, "reopen", reason="太晚")
    street.act("duty", number, "reopen", reason="复查发现未修好")
    assert street.case(number)["state"] == "registered"


def test_a_missed_deadline_goes_up_one_level_once_and_again_after_one_more_limit(street: Street) -> None:
    number = street.report(category="urban/event/0506")
    street.act("duty", number, "register", condition="any")
    assert street.case(number)["holder"]["kind"] == "street"
    street.later(minutes=405 + 1)
    for expected in (1, 0):
        commands = bysystem.overdue_commands(street.conn, street.now, 10)
        assert len(commands) == expected
        assert all(answer.applied for answer in apply(street.conn, commands, street.now))
    assert street.case(number)["holder"]["kind"] == "centre"
    street.later(minutes=405)
    assert len(bysystem.overdue_commands(street.conn, street.now, 10)) == 1


def test_somebody_who_saw_an_older_version_is_told_and_nothing_changes(street: Street) -> None:
    number = street.report()
    street.act("duty", number, "register")
    with pytest.raises(Conflict, match="in the meantime"):
        acts.act(
            street.conn,
            street.viewer("dispatch"),
            number,
            "dispatch",
            {"crew": "crew-clean"},
            1,
            "api",
            None,
            street.now,
        )
    assert street.case(number)["version"] == 2


def test_a_comment_never_conflicts(street: Street) -> None:
    number = street.report()
    street.act("worker", number, "comment", text="还在那里")
    street.act("duty", number, "register")
    answer = acts.act(
        street.conn,
        street.viewer("worker"),
        number,
        "comment",
        {"text": "看到了"},
        1,
        "api",
        None,
        street.now,
    )
    assert answer.outcome == "applied"
    stale = acts.act(
        street.conn,
        street.viewer("dispatch"),
        number,
        "dispatch",
        {"crew": "crew-clean"},
        3,
        "api",
        None,
        street.now,
    )
    assert stale.outcome == "applied"


def test_the_offers_are_what_the_table_allows_this_viewer_now(street: Street) -> None:
    number = street.report()

    def offered(login: str) -> set[str]:
        case = street.case(number, login)
        return {offer.action for offer in acts.offers(street.conn, street.viewer(login), case, street.now)}

    everyone = {"make_safe", "comment", "add_evidence"}
    desk = {"hand_down", "change", "contact", "reply", "callback", "cancel"}
    assert offered("duty") == {"send_verify", "register", "decline", "ask", "merge", *desk, *everyone}
    assert offered("dispatch") == everyone
    assert offered("worker") == {"escalate", *everyone}
    street.act("duty", number, "register")
    assert {"dispatch", "split", "forward"} <= offered("dispatch")
    assert "dispatch" not in offered("duty")


def test_an_unknown_category_is_kept_as_it_came_and_filed_under_other(street: Street) -> None:
    case = street.case(street.report(category="graffiti on a wall"))
    assert (case["category"]["code"], case["category"]["as_it_came"]) == ("0600", "graffiti on a wall")


def test_lists_page_by_key_through_every_case_once(street: Street) -> None:
    numbers = {street.report() for _ in range(7)}
    for filters in (Filters(), Filters(state=("reported",))):
        seen: list[str] = []
        after = None
        while True:
            page = lists.list_cases(street.conn, street.viewer("duty"), filters, 3, after, street.now)
            seen += [item["number"] for item in page.items]
            if not (after := page.next):
                break
        assert sorted(seen) == sorted(numbers)


def test_a_failed_inspection_takes_back_that_it_was_handled(street: Street) -> None:
    number = street.handled()
    street.act("worker", number, "fail", unmet="缺防坠网")
    with street.conn.cursor() as cursor:
        cursor.execute("select handled_at, handler_id from cycles")
        assert cursor.fetchone() == {
            "handled_at": None,
            "handler_id": street.district.organisations["crew-drain"],
        }


def test_reopening_leaves_the_first_cycle_with_its_crew(street: Street) -> None:
    number = street.closed()
    street.act("street", number, "reopen", reason="又坏了")
    with street.conn.cursor() as cursor:
        cursor.execute("select n, handler_id, ended_as from cycles order by n")
        cycles = [tuple(row.values()) for row in cursor.fetchall()]
    assert cycles == [(1, street.district.organisations["crew-drain"], "fixed"), (2, None, None)]


def test_an_outside_number_that_came_by_another_door_is_the_same_case(street: Street) -> None:
    taken = Command(uuid7(), "record", uuid7(), read_payload("record", {"status": "open", "opened_at": "2026-11-01T00:00:00Z"}),
                    "h", "import", source="hotline", external_id="H-1", district_id=street.district.id)  # fmt: skip
    recorded = apply(street.conn, [taken], street.now)[0]
    answer = acts.report(
        street.conn, street.viewer("hotline"), {}, Position(), "hotline", "H-1", None, "api", None, street.now
    )
    assert answer.case_number == recorded.case_number


def test_mended_on_the_spot_in_ones_own_grid_is_closed_at_once(street: Street) -> None:
    told = {"category": RUBBISH, "done": "当场清走", "attachments": [street.photo()]}
    case = _self_handled(street, 104.005, told)
    assert (case["state"], case["close_kind"], case["self_handled"], case["deadlines"]) == (
        "closed",
        "fixed",
        True,
        [],
    )
    with street.conn.cursor() as cursor:
        cursor.execute("select self_handled, ended_as, due_at from cycles")
        assert cursor.fetchone() == {"self_handled": True, "ended_as": "fixed", "due_at": None}


def test_mended_on_the_spot_elsewhere_waits_for_that_grids_inspection(street: Street) -> None:
    told = {"category": RUBBISH, "done": "当场清走", "attachments": [street.photo()]}
    case = _self_handled(street, 104.035, told)
    assert (case["state"], case["grid"]["level2"]) == ("handled", "S1C2")
    assert {clock["kind"] for clock in case["deadlines"]} == {"inspect", "whole"}
    with pytest.raises(NotAllowed):
        street.act("worker", case["number"], "pass", close_kind="fixed")
    assert street.act("head", case["number"], "pass", close_kind="fixed").applied


def test_a_category_that_must_be_handled_cannot_be_mended_on_the_spot(street: Street) -> None:
    answer = _self_handle(street, 104.005, {"category": COVER, "condition": "broken", "done": "盖好了"})
    assert (answer.outcome, answer.code) == ("rejected", "not_self_handled")
    with street.conn.cursor() as cursor:
        cursor.execute("select count(*) as n from cases")
        assert cursor.fetchone()["n"] == 0


def _self_handle(street: Street, lon: float, told: dict[str, Any]) -> Answer:
    worker = street.viewer("worker")
    position = Position(lon, 30.005, 8, "gps", crs="EPSG:4326")
    command = Command(uuid7(), "self_handle", uuid7(), read_payload("self_handle", told), "h", "tablet", worker.person_id,
                      position=position, source="patrol", district_id=worker.district_id)  # fmt: skip
    return apply(street.conn, [command], street.now)[0]


def _self_handled(street: Street, lon: float, told: dict[str, Any]) -> dict[str, Any]:
    answer = _self_handle(street, lon, told)
    assert answer.case_number, answer
    return street.case(answer.case_number)


def test_a_declined_case_has_ended_without_a_closing(street: Street) -> None:
    number = street.report()
    street.act("duty", number, "decline", reason="不属于城市管理")
    case = street.case(number)
    assert (case["state"], case["close_kind"]) == ("declined", None)
    assert all(clock["stopped_at"] for clock in case["deadlines"])
    with street.conn.cursor() as cursor:
        cursor.execute("select ended_as, on_time from cycles")
        assert cursor.fetchone() == {"ended_as": "declined", "on_time": None}


def test_a_recalled_case_can_be_given_to_another_crew(street: Street) -> None:
    number = street.dispatched()
    street.act("dispatch", number, "recall", reason="派错了片区")
    assert street.case(number)["handler"] is None
    street.act("dispatch", number, "dispatch", crew="crew-any")
    assert street.case(number)["handler"]["code"] == "crew-any"
