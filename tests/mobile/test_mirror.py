"""The screen is the server's last word with the own pending commands replayed over it, and nothing else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mobile.core.tablet import Tablet
from mobile.core.views import Position
from server.protocol.wire import time_text
from tests.link import picture
from tests.mobile.paper_office import PaperOffice, case_body, enrolled

CASES = [f"01990000-0000-7000-8000-00000000000{n}" for n in range(1, 10)]


def case_change(which: int, version: int = 3, **more: Any) -> dict[str, Any]:
    body = case_body(CASES[which], version, **more)
    return {"seq": 9, "kind": "case", "id": CASES[which], "version": version, "body": body}


def with_cases(home: Path, *changes: dict[str, Any]) -> tuple[Tablet, PaperOffice]:
    office = PaperOffice()
    office.changes += changes
    return enrolled(home, office), office


def due(minutes: int, kind: str = "inspect", **more: Any) -> list[dict[str, Any]]:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    return [{"kind": kind, "due_at": time_text(at), "started_at": time_text(at), "stopped_at": None, "paused_at": None, "limit_min": 120,
             "time_kind": "emergency", **more}]  # fmt: skip


def test_a_case_to_inspect_is_a_to_do_with_pass_first_and_its_closing_condition(tmp_path: Path) -> None:
    tablet, _ = with_cases(tmp_path, case_change(1, deadlines=due(26)))
    (todo,) = tablet.today(datetime.now(UTC), None).todos
    assert (todo.title, todo.mood) == ("核查 · 污水井盖破损", "soon")
    view = tablet.case(CASES[1])
    assert [act.action for act in view.acts][:2] == ["pass", "fail"]
    assert view.acts[0].primary
    assert "井盖完好，与路面齐平，车辆碾压不响" in [fact.words for fact in view.facts]
    unmet = view.acts[1].fields[0]
    assert unmet.choices[0].label == "井盖完好，与路面齐平，车辆碾压不响"
    tablet.close()


def test_a_passed_inspection_leaves_the_to_dos_before_it_was_sent(tmp_path: Path) -> None:
    tablet, office = with_cases(tmp_path, case_change(1))
    office.online = False
    tablet.act(CASES[1], "pass", {"close_kind": "fixed"})
    assert tablet.today(datetime.now(UTC), None).todos == ()
    (row,) = tablet.cases("open").rows
    assert row.pending
    assert tablet.case(CASES[1]).steps[-1].local
    assert tablet.case(CASES[1]).acts_note
    tablet.close()


def test_the_screen_does_not_fall_back_between_the_answer_and_the_change_that_follows_it(
    tmp_path: Path,
) -> None:
    tablet, office = with_cases(tmp_path, case_change(1))
    office.on_commands = lambda told: {"results": [
        {"command_id": c["command_id"], "outcome": "applied", "case_id": c["case_id"], "version": 4} for c in told["commands"]]}  # fmt: skip
    office.on_changes = lambda told: {}
    tablet.act(CASES[1], "pass", {"close_kind": "fixed"})
    tablet.sync_now()
    assert tablet.today(datetime.now(UTC), None).todos == (), "the answer has come, the change has not"
    office.changes.append(case_change(1, 4, state="inspected"))
    office.on_changes = office._all_changes
    tablet.sync_now()
    assert tablet.today(datetime.now(UTC), None).todos == ()
    assert not tablet.case(CASES[1]).pending
    tablet.close()


def test_an_act_that_the_world_overtook_is_told_on_the_case(tmp_path: Path) -> None:
    tablet, office = with_cases(tmp_path, case_change(1))
    office.on_commands = lambda told: {}
    tablet.act(CASES[1], "pass", {"close_kind": "fixed"})
    office.changes.append(case_change(1, 5, state="closed", closed_at="2026-11-22T02:00:00.000000Z"))
    tablet._syncer.round()
    tablet._syncer._fetch_changes(tablet._syncer.office)  # type: ignore[arg-type]
    assert "人工裁定" in tablet.case(CASES[1]).pending
    tablet.close()


def test_who_mended_it_is_not_offered_the_inspection(tmp_path: Path) -> None:
    body = case_change(1)
    body["body"]["facts"]["handler"] = 3  # the worker's own organisation
    tablet, _ = with_cases(tmp_path, body)
    assert tablet.today(datetime.now(UTC), None).todos == ()
    tablet.close()


def test_to_dos_are_ordered_by_deadline_then_distance(tmp_path: Path) -> None:
    near, far = (
        {"lon": 104.005, "lat": 30.005, "accuracy_m": 5},
        {"lon": 104.009, "lat": 30.005, "accuracy_m": 5},
    )
    tablet, _ = with_cases(tmp_path, case_change(1, deadlines=due(600)), case_change(2, deadlines=due(-25)),
                           case_change(3, location=far), case_change(4, location=near))  # fmt: skip
    rows = tablet.today(datetime.now(UTC), Position(104.005, 30.005, 5)).todos
    assert [row.case_id for row in rows] == [CASES[2], CASES[1], CASES[4], CASES[3]]
    assert [row.mood for row in rows][:2] == ["overdue", "ontime"]
    tablet.close()


def test_a_paused_clock_is_not_counted_down(tmp_path: Path) -> None:
    tablet, _ = with_cases(
        tmp_path,
        case_change(
            1, state="handling", deadlines=due(-5, "handle", paused_at="2026-11-22T01:00:00.000000Z")
        ),
    )
    assert tablet.case(CASES[1]).mood == "paused"
    tablet.close()


def test_a_deadline_that_is_provisional_says_so(tmp_path: Path) -> None:
    tablet, _ = with_cases(
        tmp_path, case_change(1, deadlines=due(60, provisional=True)), case_change(2, deadlines=due(60))
    )
    notes = [tablet.case(CASES[n]).due_note for n in (1, 2)]
    assert ["暂定" in note for note in notes] == [True, False]
    tablet.close()


def test_deadlines_run_by_the_servers_clock(tmp_path: Path) -> None:
    tablet, _ = with_cases(tmp_path, case_change(1, deadlines=due(60)))
    tablet._store.keep("offset_ms", 90 * 60 * 1000)
    assert tablet.today(datetime.now(UTC), None).todos[0].mood == "overdue"
    tablet.close()


def test_a_case_that_leaves_takes_its_pictures_along_but_for_those_not_yet_confirmed(tmp_path: Path) -> None:
    tablet, office = with_cases(tmp_path, case_change(1))
    tablet._photos.keep_fetched("p-office", CASES[1], b"\xff\xd8\xffoffice", "after")
    mine = tablet.take_in(b"\xff\xd8\xffmine", "during")
    tablet.act(CASES[1], "add_evidence", {}, [mine.photo_id])
    office.changes.append({"seq": 10, "kind": "leave", "id": CASES[1], "version": None, "body": None})
    tablet.sync_now()
    assert tablet.cases("open").rows == ()
    assert tablet.photo("p-office") is None
    assert tablet.photo(mine.photo_id) is not None
    tablet.close()


def test_a_case_that_comes_back_while_an_act_with_a_delivered_photo_is_held_can_be_opened(
    tmp_path: Path,
) -> None:
    tablet, office = with_cases(tmp_path, case_change(1))
    office.on_commands = lambda told: {
        "results": [
            {"command_id": c["command_id"], "outcome": "held", "version": 0} for c in told["commands"]
        ]
    }
    shown, unsent = (tablet.take_in(b"\xff\xd8\xff" + name, "during").photo_id for name in (b"one", b"two"))
    tablet.act(CASES[1], "add_evidence", {}, [shown, unsent])
    tablet.sync_now()
    tablet._photos.confirmed(shown)
    office.changes.append({"seq": 10, "kind": "leave", "id": CASES[1], "version": None, "body": None})
    tablet.sync_now()
    office.changes.append({**case_change(1, version=4), "seq": 11})
    tablet.sync_now()
    assert [photo.photo_id for photo in tablet.case(CASES[1]).photos] == [unsent]
    tablet.close()


def test_a_changed_scope_takes_away_what_does_not_come_again(tmp_path: Path) -> None:
    tablet, office = with_cases(tmp_path, case_change(1), case_change(2))
    office.changes += [{"seq": 11, "kind": "leave", "id": "*", "version": None, "body": None}, case_change(2)]
    tablet.sync_now()
    assert [row.case_id for row in tablet.cases("open").rows] == [CASES[2]]
    tablet.close()


def test_old_closed_cases_are_dropped_by_the_day_that_the_server_names(tmp_path: Path) -> None:
    old, late = "2026-10-01T00:00:00.000000Z", "2026-11-20T00:00:00.000000Z"
    tablet, office = with_cases(
        tmp_path,
        case_change(1, state="closed", closed_at=old),
        case_change(2, state="closed", closed_at=late),
    )
    assert len(tablet.cases("closed").rows) == 2
    office.on_changes = lambda told: {
        **office._all_changes(told),
        "keep_closed_since": "2026-10-23T00:00:00.000000Z",
    }
    tablet.sync_now()
    assert [row.case_id for row in tablet.cases("closed").rows] == [CASES[2]]
    tablet.close()


def test_a_broken_off_first_sync_goes_on_at_its_cursor_and_shows_what_it_has(tmp_path: Path) -> None:
    office = PaperOffice()
    pages = [case_change(n) for n in range(1, 4)]

    def paged(told: dict[str, Any]) -> dict[str, Any]:
        seen = int(told["cursor"] or 0)
        if seen == 2 and office.cursors.count("2") == 1:
            return {"changes": "cut"}
        everything = [*office.changes, *pages]
        return {
            "changes": everything[seen : seen + 1],
            "cursor": str(seen + 1),
            "more": seen + 1 < len(everything),
        }

    office.on_changes = paged
    tablet = enrolled(tmp_path, office)
    assert office.cursors == ["", "1", "2"]
    assert tablet.sync_now().state == "online"
    assert office.cursors[3:] == ["2", "3", "4"]
    assert len(tablet.cases("open").rows) == 3
    tablet.close()


def test_a_long_list_comes_in_pages_that_do_not_overlap(tmp_path: Path) -> None:
    names = [f"01990000-0000-7000-8000-{n:012d}" for n in range(120)]
    tablet, _ = with_cases(
        tmp_path,
        *({"seq": 9, "kind": "case", "id": name, "version": 3, "body": case_body(name)} for name in names),
    )
    seen: list[str] = []
    after = ""
    while True:
        page = tablet.cases("open", after=after)
        seen += [row.case_id for row in page.rows]
        after = page.next
        if not after:
            break
    assert sorted(seen) == names
    tablet.close()


def test_the_search_finds_by_number_initials_and_words(tmp_path: Path) -> None:
    tablet, _ = with_cases(
        tmp_path, case_change(1, number="2026-1122-0083"), case_change(2, description="大树下")
    )
    for query, found in (
        ("0083", [CASES[1]]),
        ("WSJG", [CASES[2], CASES[1]]),
        ("大树", [CASES[2]]),
        ("没有", []),
    ):
        assert [row.case_id for row in tablet.cases("open", query).rows] == sorted(found)
    tablet.close()


def message_change(which: int, **more: Any) -> dict[str, Any]:
    body = {"id": which, "number": "20261122-000001", "sentence": f"消息 {which}", "urgent": False, "case_id": CASES[1],
            "made_at": time_text(datetime.now(UTC)), **more}  # fmt: skip
    return {"seq": 9, "kind": "message", "id": str(which), "version": None, "body": body}


def test_messages_are_kept_newest_first_and_the_oldest_make_room(tmp_path: Path) -> None:
    tablet, office = with_cases(tmp_path, case_change(1), *(message_change(n) for n in range(1, 9)))
    assert [m.sentence for m in tablet.messages()] == [f"消息 {n}" for n in range(8, 0, -1)]
    assert {m.case_id for m in tablet.messages()} == {CASES[1]}
    office.changes = [message_change(n) for n in range(9, 260)]
    tablet.sync_now()
    kept = [m.sentence for m in tablet.messages()]
    assert kept == [f"消息 {n}" for n in range(259, 59, -1)], "two hundred are enough"
    assert tablet.case(CASES[1]).case_id == CASES[1], "cases stay beside them"
    tablet.close()


def test_a_message_that_comes_twice_is_one_message(tmp_path: Path) -> None:
    tablet, _ = with_cases(tmp_path, message_change(1), message_change(1))
    assert [m.sentence for m in tablet.messages()] == ["消息 1"]
    tablet.close()


def test_a_photo_that_the_office_erased_goes_from_the_tablet_that_captured_it(tmp_path: Path) -> None:
    tablet, office = with_cases(tmp_path, case_change(1, state="handling"))
    taken = [tablet.take_in(picture(number), "during").photo_id for number in range(2)]
    tablet.act(CASES[1], "add_evidence", {}, taken)
    told = [
        {
            "id": name,
            "stage": "during",
            "arrived": False,
            "refused": "照片已删除。",
            "erased": name == taken[0],
        }
        for name in taken
    ]
    office.changes.append(case_change(1, 4, state="handling", attachments=told))
    tablet.sync_now()
    assert tablet.photo(taken[0]) is None and tablet.photo(taken[1]) is not None
    shown = {photo.photo_id: photo.has_bytes for photo in tablet.case(CASES[1]).photos}
    assert shown == {taken[0]: False, taken[1]: True}
    tablet.close()
