"""The same matter reported twice: suggested by nearness, merged by a person, answered with the case that goes on."""

from pathlib import Path
from typing import Any

import pytest

from server.cases import acts, duplicates, service
from server.cases.apply import apply
from server.cases.csv_rows import CaseRow
from server.cases.importer import District, import_chunk
from server.db import Connection, Database
from server.errors import BadInput
from server.protocol.commands import Command, Position, read_payload
from server.protocol.wire import body_hash, uuid7
from server.telling import service as telling
from tests.factories import COVER, Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def by_phone(street: Street, **payload: Any) -> str:
    """The same cover, reported by a caller, who waits for a reply."""
    told = {"category": COVER, "condition": "missing", "title": "井盖没了", **payload}
    position = Position(104.0051, 30.005, 8, "hand", crs="EPSG:4326")
    answer = acts.report(
        street.conn, street.viewer("intake"), told, position, "phone", None, None, "console", None, street.now
    )
    assert answer.case_number
    return answer.case_number


def merged(street: Street, number: str, survivor: str) -> str:
    street.act("duty", number, "merge", survivor=survivor)
    return number


def merge_command(street: Street, number: str, survivor: str) -> Command:
    duty, payload = street.viewer("duty"), {"survivor": survivor}
    case_id = service.get_row(street.conn, duty, number)["id"]
    return Command(
        uuid7(),
        "merge",
        case_id,
        read_payload("merge", payload),
        body_hash(payload),
        "console",
        duty.person_id,
    )


def to_the_end(street: Street, number: str, kind: str = "fixed") -> None:
    """A dispatched cover is mended, inspected and closed."""
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done="换新", attachments=[street.photo()])
    street.act("worker", number, "pass", close_kind=kind)
    street.act("duty", number, "close")


def replies(street: Street, number: str) -> list[str]:
    events = service.events(street.conn, street.viewer("duty"), number)
    return [event["text"] for event in events if event["action"] == "reply"]


def clock(street: Street, number: str, kind: str) -> dict[str, Any] | None:
    return next((c for c in street.case(number)["deadlines"] if c["kind"] == kind), None)


def told(street: Street, login: str, number: str) -> list[str]:
    page = telling.page(street.conn, street.viewer(login), 50, None, street.now)
    return [item["action"] for item in page["items"] if item["number"] == number]


def test_the_same_category_within_the_packs_metres_and_hours_is_suggested(street: Street) -> None:
    first = street.report()
    near, far = street.report(lon=104.0054), street.report(lon=104.0056)
    other = street.report(category=COVER)
    street.later(hours=25)
    late = street.report()
    duty = street.viewer("duty")
    found = duplicates.nearby(street.conn, duty, service.get_row(street.conn, duty, first))
    assert [one["number"] for one in found] == [near]
    assert {far, other, late}.isdisjoint(one["number"] for one in found)
    assert found[0]["metres"] == pytest.approx(39, abs=1)


def test_the_reporter_of_a_merged_case_is_told_when_the_other_one_is_closed(street: Street) -> None:
    survivor = street.dispatched()
    twin = merged(street, by_phone(street), survivor)
    assert replies(street, twin) == []
    to_the_end(street, survivor)
    assert replies(street, twin) == [f"问题已经解决。与案件 {survivor} 一并答复。"]
    assert "reply" in told(street, "intake", twin)
    assert service.verify(street.conn, street.viewer("duty"), twin) is None


def test_what_is_owed_to_the_reporter_runs_on_while_the_case_is_merged_and_ends_with_the_answer(
    street: Street,
) -> None:
    survivor = street.dispatched()
    twin = merged(street, by_phone(street), survivor)
    reply, whole = clock(street, twin, "reply"), clock(street, twin, "register")
    assert reply is not None and reply["stopped_at"] is None
    assert whole is not None and whole["stopped_at"]
    to_the_end(street, survivor)
    reply = clock(street, twin, "reply")
    assert reply is not None and reply["stopped_at"]


def test_a_split_case_waits_for_the_case_in_which_a_merged_part_goes_on(street: Street) -> None:
    number, survivor, middle = (
        street.report(category=COVER, condition="missing"),
        street.dispatched(),
        by_phone(street),
    )
    street.act("duty", number, "register", condition="missing")
    part = {"category": COVER, "condition": "missing", "crew": "crew-drain"}
    street.act("dispatch", number, "split", parts=[part, {"category": COVER, "condition": "missing"}])
    with street.conn.cursor() as cursor:
        cursor.execute(
            "select c.number from cases c join cases p on p.id = c.parent_id where p.number = %s order by c.handler_id",
            (number,),
        )
        mine, other = (row["number"] for row in cursor.fetchall())
    merged(street, other, middle)
    merged(street, middle, survivor)
    to_the_end(street, mine)
    assert street.case(number)["state"] == "split"
    to_the_end(street, survivor)
    assert street.case(number)["state"] == "handled"


def test_a_part_that_is_merged_into_its_own_case_does_not_keep_it_waiting(street: Street) -> None:
    number = street.report(category=COVER, condition="missing")
    street.act("duty", number, "register", condition="missing")
    street.act("dispatch", number, "split", parts=[{"category": COVER, "condition": "missing"}] * 2)
    with street.conn.cursor() as cursor:
        cursor.execute("select c.number from cases c where c.parent_id is not null")
        parts = [row["number"] for row in cursor.fetchall()]
    merged(street, parts[0], parts[1])
    merged(street, parts[1], number)
    assert street.case(number)["state"] == "handled"


def test_a_chain_of_mergers_is_answered_when_its_last_case_is_closed(street: Street) -> None:
    last = street.dispatched()
    middle, first = by_phone(street), by_phone(street)
    merged(street, first, middle)
    merged(street, middle, last)
    to_the_end(street, last)
    for number in (first, middle):
        assert replies(street, number) == [f"问题已经解决。与案件 {last} 一并答复。"]


def test_a_merged_case_whose_other_one_is_declined_or_cancelled_is_answered_too(street: Street) -> None:
    for act, said in (("decline", "不予受理"), ("cancel", "作废")):
        survivor, twin = street.report(), street.report()
        merged(street, twin, survivor)
        street.act("duty", survivor, act, reason="不属实")
        (answer,) = replies(street, twin)
        assert survivor in answer and said in answer


@pytest.mark.parametrize(
    ("kind", "said"), [("gone", "问题已不存在"), ("explained", "不能办理，原因可向负责单位了解")]
)
def test_the_answer_says_how_the_matter_ended_and_nothing_of_what_the_other_reporter_was_told(
    street: Street, kind: str, said: str
) -> None:
    survivor = street.dispatched()
    twin = merged(street, by_phone(street), survivor)
    street.act("duty", survivor, "reply", text="王秀英女士您好")
    to_the_end(street, survivor, kind)
    (answer,) = replies(street, twin)
    assert said in answer and survivor in answer and "王秀英" not in answer


def test_a_file_that_says_that_the_other_case_has_ended_answers_once(street: Street) -> None:
    told = {"status": "open", "opened_at": "2026-11-20T00:00:00Z"}
    record(street, told)
    survivor = service_number(street)
    twin = merged(street, by_phone(street), survivor)
    record(street, told | {"description": "仍在处理"})
    assert replies(street, twin) == []
    ended = told | {"status": "closed", "closed_at": "2026-11-21T00:00:00Z"}
    for words in ("已办结", "已办结。"):
        record(street, ended | {"description": words})
    assert replies(street, twin) == [f"问题已经解决。与案件 {survivor} 一并答复。"]


def record(street: Street, payload: dict[str, Any]) -> None:
    """A row of a file about the one case that the district's old system knows."""
    wire = {"kind": "record", "payload": payload}
    row = CaseRow(1, (), "H-1", read_payload("record", payload), Position(104.005, 30.005), wire)
    place = District(street.viewer("duty").district_id, "", "Asia/Shanghai")
    done = import_chunk(street.conn, [row], "history", place, street.now)
    assert done.rejects == []


def service_number(street: Street) -> str:
    with street.conn.cursor() as cursor:
        cursor.execute("select number from case_keys where external_id = 'H-1'")
        return str(cursor.fetchone()["number"])


def test_the_days_of_a_dispute_count_from_the_answer_not_from_the_merger(street: Street) -> None:
    survivor, first, second = street.dispatched(), by_phone(street), by_phone(street)
    merged(street, first, second)
    merged(street, second, survivor)
    street.later(days=40)
    to_the_end(street, survivor)
    street.later(days=14)
    for number in (first, second):
        assert street.act("intake", number, "reopen", reason="还是老样子").applied
    merged(street, first, survivor)
    street.later(days=14)
    merged(street, second, survivor)
    street.later(days=2)
    with pytest.raises(BadInput, match="within 15 days"):
        street.act("intake", first, "reopen", reason="还是老样子")
    assert street.act("intake", second, "reopen", reason="答复才两天").applied


def test_merging_into_a_closed_case_answers_at_once_and_does_not_answer_others_again(street: Street) -> None:
    survivor = street.dispatched()
    early = merged(street, by_phone(street), survivor)
    follower, late = by_phone(street), by_phone(street)
    merged(street, follower, late)
    to_the_end(street, survivor)
    street.act("duty", survivor, "contact", text="已致电")
    merged(street, late, survivor)
    assert [len(replies(street, number)) for number in (early, late, follower)] == [1, 1, 1]


def test_a_reopened_survivor_answers_again_when_it_is_closed_again(street: Street) -> None:
    survivor = street.dispatched()
    twin = merged(street, by_phone(street), survivor)
    to_the_end(street, survivor)
    street.later(hours=1)
    street.act("duty", survivor, "reopen", reason="井盖又响")
    assert street.case(twin)["state"] == "merged"
    street.act("dispatch", survivor, "dispatch", crew="crew-drain")
    to_the_end(street, survivor)
    assert len(replies(street, twin)) == 2


def test_reopening_takes_a_case_out_again_and_its_second_cycle_is_its_own(street: Street) -> None:
    survivor = street.dispatched()
    twin = merged(street, by_phone(street), survivor)
    street.act("duty", twin, "reopen", reason="不是同一处")
    case = street.case(twin)
    assert (case["state"], case["cycle"]) == ("registered", 2)
    to_the_end(street, survivor)
    assert replies(street, twin) == []
    street.act("dispatch", twin, "dispatch", crew="crew-drain")
    to_the_end(street, twin)
    with street.conn.cursor() as cursor:
        cursor.execute(
            "select y.n, y.ended_as from cycles y join cases c on c.id = y.case_id where c.number = %s order by n",
            (twin,),
        )
        assert [tuple(row.values()) for row in cursor.fetchall()] == [(1, "merged"), (2, "fixed")]


def test_a_case_taken_out_of_the_middle_takes_its_own_followers_along(street: Street) -> None:
    last = street.dispatched()
    middle, first = by_phone(street), by_phone(street)
    merged(street, first, middle)
    merged(street, middle, last)
    street.act("duty", middle, "reopen", reason="另一处")
    to_the_end(street, last)
    assert (replies(street, first), replies(street, middle)) == ([], [])
    street.act("dispatch", middle, "dispatch", crew="crew-drain")
    to_the_end(street, middle)
    assert replies(street, first) == [f"问题已经解决。与案件 {middle} 一并答复。"]


def test_mergers_never_go_in_a_ring(street: Street) -> None:
    one, two, three = street.report(), street.report(), street.report()
    merged(street, one, two)
    for survivor, said in ((one, "merged into this one"), (two, "itself")):
        with pytest.raises(BadInput, match=said):
            street.act("duty", two, "merge", survivor=survivor)
    merged(street, two, three)
    with pytest.raises(BadInput, match="itself merged, declined"):
        street.act("duty", three, "merge", survivor=one)


def test_two_cases_merged_into_each_other_in_one_batch_leave_one_that_goes_on(street: Street) -> None:
    one, two = street.report(), street.report()
    duty = street.viewer("duty")
    commands = [merge_command(street, number, other) for number, other in ((one, two), (two, one))]
    first, second = apply(street.conn, commands, street.now, {duty.person_id: duty.actor()})
    assert (first.applied, second.applied, second.code) == (True, False, "survivor_follows")


def test_the_case_that_goes_on_is_kept_from_others_until_the_merger_is_done(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as conn:
        street = Street.open(conn, tmp_path)
        survivor, twin = street.report(), street.report()
    with database.transaction() as merging:
        Street(merging, street.district, tmp_path, street.now).act("duty", twin, "merge", survivor=survivor)
        with database.transaction() as other, other.cursor() as cursor:
            cursor.execute("select number from cases for update skip locked")
            assert cursor.fetchall() == []


def test_a_case_out_of_sight_cannot_be_named_as_the_one_that_goes_on(street: Street) -> None:
    mine, elsewhere = street.report(), street.report(lon=104.075)
    with street.conn.cursor() as cursor:
        cursor.execute(
            "update memberships set duties = '{duty}' where person_id = %s",
            (street.district.people["street"],),
        )
        cursor.execute(
            "update cases set holder_id = %s, holder_level = 1", (street.district.organisations["street-S1"],)
        )
    with pytest.raises(BadInput, match=f"no case {elsewhere}"):
        street.act("street", mine, "merge", survivor=elsewhere)


def test_a_report_that_is_being_written_is_compared_by_its_point_or_its_grid(street: Street) -> None:
    here, grid_only = street.report(), street.report(lon=None, lat=None, grid_code="S1C1G1")
    street.report(category=COVER)
    intake = street.viewer("intake")

    def found(point: tuple[float, float] | None, area: str) -> list[str]:
        rows = duplicates.beside(street.conn, intake, "urban/event/0110", point, area, street.now)
        return [row["number"] for row in rows]

    assert found((104.0052, 30.005), "") == [here]
    assert set(found(None, "S1C1G1")) == {here, grid_only}
    assert found(None, "S1C1G2") == found(None, "S1") == []
    street.later(hours=25)
    assert found((104.0052, 30.005), "") == found(None, "S1C1G1") == []


def test_the_list_beside_a_case_is_as_wide_as_its_readers_sight(street: Street) -> None:
    survivor, twin = street.report(), street.report()
    near = street.report()
    merged(street, twin, survivor)
    whole = duplicates.of_case(street.conn, street.viewer("duty"), survivor, street.now)
    assert [one["number"] for one in whole["suggested"]] == [near]
    assert [one["number"] for one in whole["merged"]] == [twin]
    assert whole["survivor"] is None
    other = duplicates.of_case(street.conn, street.viewer("duty"), twin, street.now)
    assert other["survivor"]["number"] == survivor
    with street.conn.cursor() as cursor:
        cursor.execute("update cases set grid_id = null, community_id = null where number = %s", (survivor,))
    narrow = duplicates.of_case(street.conn, street.viewer("community"), twin, street.now)
    assert narrow["survivor"] is None
