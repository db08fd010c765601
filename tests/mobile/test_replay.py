"""A case after what waits in the outbox: flags, hands and clocks as the table says, and words for what it does not know."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.core.views import Refusal
from server.protocol.wire import time_text
from tests.link import picture
from tests.mobile.paper_office import case_body, enrolled, pack_body
from tests.mobile.test_acts import CASE, COMMUNITY, CREW, names, tablet_with


def noted(tablet: Any) -> str:
    return {fact.name: fact.words for fact in tablet.case(CASE).facts}.get("标记", "")


def test_what_was_asked_is_noted_and_not_asked_twice(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "handling", CREW)
    tablet.act(CASE, "ask_suspension", {"reason": "等待汛期结束", "until": "+43200"})
    tablet.act(CASE, "ask_extension", {"reason": "配件未到"})
    assert "申请挂账" in noted(tablet) and "申请延期" in noted(tablet)
    assert not {"ask_suspension", "ask_extension"} & set(names(tablet.case(CASE)))
    assert tablet.case(CASE).acts[0].action == "handle"
    tablet.close()


def test_what_was_handled_waits_for_others_and_its_requests_are_gone(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "handling", CREW, flags=("extension_asked",))
    tablet.act(CASE, "handle", {"done": "换新"}, [tablet.take_in(picture(), "after").photo_id])
    view = tablet.case(CASE)
    assert noted(tablet) == "" and not any(act.primary for act in view.acts)
    assert "核查" in view.acts_note
    tablet.close()


def test_a_case_taken_without_a_signal_can_be_handled_at_once(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "registered", COMMUNITY)
    tablet.act(CASE, "take", {})
    assert tablet.case(CASE).acts[0].action == "handle"
    tablet.close()


def test_a_call_that_was_come_to_is_no_to_do_any_more(tmp_path: Path) -> None:
    tablet, _ = tablet_with(tmp_path, "handling", flags=("called:3",))
    assert tablet.today(datetime.now(UTC), None).todos[0].title.startswith("请到场")
    tablet.act(CASE, "arrive", {})
    assert tablet.today(datetime.now(UTC), None).todos == ()
    tablet.close()


@pytest.mark.parametrize(
    "state", ["suspended", "enforcing", "split", "forwarded", "waiting", "merged", "cancelled"]
)
def test_every_state_says_what_others_do_now(tmp_path: Path, state: str) -> None:
    tablet, _ = tablet_with(tmp_path, state)
    assert tablet.case(CASE).acts_note
    assert names(tablet.case(CASE))
    tablet.close()


def test_time_that_ran_out_since_the_office_spoke_takes_the_request_for_more_away(tmp_path: Path) -> None:
    late = {"kind": "handle", "due_at": time_text(datetime.now(UTC) - timedelta(minutes=5)), "stopped_at": None, "paused_at": None}  # fmt: skip
    tablet, _ = tablet_with(tmp_path, "handling", CREW, deadlines=[late])
    assert not {"ask_extension", "ask_suspension"} & set(names(tablet.case(CASE)))
    tablet.close()


def test_a_state_an_act_and_a_clock_that_this_tablet_does_not_know_are_told_in_the_servers_words(
    tmp_path: Path,
) -> None:
    events = [{"action": "convene", "action_word": "联席会商", "acted_at": "2026-11-22T01:00:00.000000Z"}]
    clock = {
        "kind": "convene",
        "word": "会商时限",
        "due_at": time_text(datetime.now(UTC) + timedelta(hours=1)),
    }
    tablet, office = tablet_with(tmp_path, "convening", state_word="会商中", events=events, deadlines=[clock])
    view = tablet.case(CASE)
    assert {fact.name: fact.words for fact in view.facts}["状态"] == "会商中"
    assert view.steps[0].title == "联席会商"
    assert view.due.startswith("会商时限")
    assert view.acts == () and "更新平板" in view.acts_note
    assert tablet.cases("open").rows[0].title == "会商中 · 污水井盖破损"
    office.online = True
    body = case_body(CASE, 4, "closed", close_kind="convened", closed_at="2026-11-22T02:00:00.000000Z")
    office.changes.append({"seq": 3, "kind": "case", "id": CASE, "version": 4, "body": body})
    tablet.sync_now()
    assert tablet.case(CASE).due == "已结案"
    tablet.close()


def test_an_act_that_the_pack_takes_away_meanwhile_is_shown_as_one_for_the_office(tmp_path: Path) -> None:
    tablet, office = tablet_with(tmp_path, "handled")
    tablet.act(CASE, "cannot_inspect", {"reason": "门锁着"})
    assert "cannot_inspect" not in names(tablet.case(CASE))
    without = pack_body() | {"without": ["cannot_inspect"]}
    office.changes.append({"seq": 3, "kind": "pack", "id": "urban", "version": 2, "body": without})
    office.online = True
    tablet._syncer._fetch_changes(tablet._syncer.office)  # type: ignore[arg-type]
    assert "人工裁定" in tablet.case(CASE).pending
    with pytest.raises(Refusal):
        tablet.act(CASE, "cannot_inspect", {"reason": "门锁着"})
    tablet.close()


def test_the_answers_of_a_report_stand_on_its_page_before_and_after_it_was_sent(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    form = {"contact_name": "王女士", "contact_phone": "13800000000"}
    tablet.report("urban/event/0110", "any", None, "", [], False, form, behalf=True)
    (row,) = tablet.cases("mine").rows
    assert "王女士" in [fact.words for fact in tablet.case(row.case_id).facts]
    tablet.close()
    told = {"contact_name": "王女士", "on_behalf": "resident"}
    tablet, _ = tablet_with(tmp_path / "other", "handled", form=told)
    facts = [(fact.name, fact.words) for fact in tablet.case(CASE).facts]
    assert ("反映人姓名", "王女士") in facts
    assert "居民" in [words for _, words in facts]
    tablet.close()
