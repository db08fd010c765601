"""The outbox: sealed at the tap, kept for ever, and the server's word is the last one."""

import sqlite3
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from mobile.core.tablet import Tablet
from mobile.core.transport import Reply
from mobile.core.views import Draft, Position, Refusal
from tests.link import TurnedClock, picture
from tests.mobile.paper_office import PaperOffice, enrolled, problem

RUBBISH = "urban/event/0110"


def answering(outcome: str, code: str = "", sentence: str = "") -> PaperOffice:
    office = PaperOffice()
    office.on_commands = lambda told: {"results": [
        {"command_id": c["command_id"], "outcome": outcome, "case_id": c["case_id"], "version": 1,
         "reason": {"code": code, "params": {}, "sentence": sentence}} for c in told["commands"]]}  # fmt: skip
    return office


def report(tablet: Tablet, words: str = "垃圾堆") -> str:
    return tablet.report(RUBBISH, "any", None, words, [], False)


def test_a_command_goes_out_with_all_that_the_protocol_asks(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    tablet.report(RUBBISH, "any", Position(104.005, 30.005, 8.0, "gps", 2.0), "垃圾堆", [], False)
    report(tablet)
    tablet.sync_now()
    first, second = office.commands[0]
    assert (first["seq"], second["seq"]) == (1, 2)
    assert set(first) >= {"command_id", "person_id", "seq", "kind", "case_id", "base_version", "form_version", "made_at", "depends_on",
                          "position", "payload", "steady_ms", "offset_ms"}  # fmt: skip
    assert (first["kind"], first["person_id"], first["base_version"], first["depends_on"]) == (
        "report",
        7,
        0,
        None,
    )
    assert first["payload"]["category"] == {"system": "urban/event", "code": "0110"}
    assert [uuid.UUID(first[name]).version for name in ("command_id", "case_id")] == [7, 7]
    assert first["position"] == {"lon": 104.005, "lat": 30.005, "accuracy_m": 8.0, "provider": "gps", "fix_age_s": 2.0,
                                 "is_mock": False, "placed_by_hand": False, "crs": "EPSG:4326"}  # fmt: skip
    assert second["position"] is None
    tablet.close()


@pytest.mark.parametrize("statement", ["update outbox set kind = 'close'", "delete from outbox", "update outbox_words set state = 'applied'",
                                       "delete from outbox_words"])  # fmt: skip
def test_the_database_refuses_to_change_or_forget_a_command(tmp_path: Path, statement: str) -> None:
    tablet = enrolled(tmp_path)
    report(tablet)
    with pytest.raises(sqlite3.IntegrityError), tablet._store.writing() as sql:
        sql.execute(statement)
    tablet.close()


def test_nothing_may_be_said_about_a_command_after_the_server_has_spoken(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path, answering("rejected"))
    entry = tablet._outbox.entry(report(tablet))
    tablet.sync_now()
    with pytest.raises(sqlite3.IntegrityError):
        tablet._outbox._add_words([(entry.seq, "queued", None)])
    tablet.close()


def test_for_five_seconds_a_capture_can_be_taken_back_and_comes_back_as_the_draft(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    photo = tablet.take_in(picture(), "before")
    command_id = tablet.report(RUBBISH, "any", None, "点错了", [photo.photo_id], False)
    tablet._syncer.round()
    assert office.commands == [], "a background round leaves it the seconds for undo"
    assert tablet.undo(command_id)
    tablet.sync_now()
    assert office.commands == []
    draft = tablet.draft()
    assert (draft.sentence, [kept.photo_id for kept in draft.photos]) == ("点错了", [photo.photo_id])
    assert tablet.outbox().waiting == ()
    tablet.close()


def test_after_five_seconds_it_goes_out_by_itself_and_cannot_be_taken_back(tmp_path: Path) -> None:
    office, clock = PaperOffice(), TurnedClock()
    tablet = enrolled(tmp_path, office, clock=clock)
    command_id = report(tablet)
    clock.wrong_by += timedelta(seconds=6)
    tablet._syncer.round()
    assert len(office.commands) == 1
    assert not tablet.undo(command_id)
    tablet.close()


def test_a_clock_that_is_set_back_does_not_hold_a_capture_for_hours(tmp_path: Path) -> None:
    office, clock = PaperOffice(), TurnedClock()
    tablet = enrolled(tmp_path, office, clock=clock)
    report(tablet)
    clock.wrong_by -= timedelta(hours=9)
    tablet._syncer.round()
    assert len(office.commands) == 1
    tablet.close()


def test_what_another_act_builds_on_cannot_be_taken_back_alone(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    command_id = report(tablet)
    (row,) = tablet.cases("open").rows
    comment = tablet.act(row.case_id, "comment", {"text": "补充"})
    assert not tablet.undo(command_id)
    assert tablet.undo(comment)
    assert tablet.undo(command_id)
    tablet.close()


def test_a_rejected_report_keeps_everything_and_can_be_reported_anew(tmp_path: Path) -> None:
    office = answering("rejected", "forged", "同一编号的另一内容已经收到。")
    tablet = enrolled(tmp_path, office)
    photo = tablet.take_in(picture(), "before")
    command_id = tablet.report(RUBBISH, "any", None, "垃圾堆", [photo.photo_id], False)
    tablet.sync_now()
    (item,) = tablet.outbox().needs_you
    assert item.why == "同一编号的另一内容已经收到。"
    assert [step.step for step in item.steps] == ["edit", "discard"]
    draft = tablet.outbox_act(command_id, "edit")
    assert draft is not None
    assert (draft.category, draft.sentence, draft.photos[0].photo_id) == (RUBBISH, "垃圾堆", photo.photo_id)
    assert len(tablet.outbox().needs_you) == 1, "it stays until the new one is sealed"
    office.on_commands = PaperOffice().on_commands
    tablet.report(draft.category, draft.condition, draft.position, draft.sentence, [photo.photo_id], False)
    assert tablet.outbox().needs_you == ()
    tablet.close()


def test_a_rejected_command_is_discarded_only_with_a_reason_and_stays_stored(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path, answering("rejected"))
    command_id = report(tablet)
    tablet.sync_now()
    with pytest.raises(Refusal):
        tablet.outbox_act(command_id, "discard", " ")
    tablet.outbox_act(command_id, "discard", "重复了")
    assert tablet.outbox().needs_you == ()
    assert tablet._outbox.entry(command_id).payload["description"] == "垃圾堆"
    tablet.close()


def test_a_held_command_says_why_and_waits_in_sight(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path, answering("held", "held_moved_on", "期间有人动过。"))
    command_id = report(tablet)
    tablet.sync_now()
    (item,) = tablet.outbox().needs_you
    assert (item.status, item.why) == ("待人工裁定", "期间有人动过。")
    tablet.outbox_act(command_id, "seen")
    assert tablet.outbox().needs_you == ()
    tablet.close()


def test_what_took_effect_with_a_change_is_told_until_it_was_seen(tmp_path: Path) -> None:
    tablet = enrolled(
        tmp_path, answering("applied_with_conflict", "moved_on", "期间有人动过，您的也已生效。")
    )
    command_id = report(tablet)
    tablet.sync_now()
    assert [item.command_id for item in tablet.outbox().changed] == [command_id]
    tablet.outbox_act(command_id, "seen")
    assert tablet.outbox().changed == ()
    tablet.close()


def test_nothing_is_put_away_before_it_has_an_answer(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    command_id = report(tablet)
    with pytest.raises(Refusal):
        tablet.outbox_act(command_id, "seen")
    assert len(tablet.outbox().waiting) == 1
    tablet.close()


def test_a_command_that_the_server_will_not_read_stays_in_sight_and_blocks_nothing(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    report(tablet, "一")
    poison = report(tablet, "毒")
    report(tablet, "三")
    usual = office.on_commands

    def refuse(told: dict) -> dict | Reply:  # type: ignore[type-arg]
        bad = any(command["command_id"] == poison for command in told["commands"])
        return problem(422, "bad_input", "读不了。") if bad else usual(told)

    office.on_commands = refuse
    tablet.sync_now()
    (item,) = tablet.outbox().needs_you
    assert (item.command_id, item.why) == (poison, "读不了。")
    assert tablet.outbox().waiting == ()
    tablet.close()


def test_a_damaged_command_is_told_and_blocks_nothing(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    damaged, sound = report(tablet, "坏"), report(tablet, "好")
    with tablet._store.writing() as sql:
        sql.execute("drop trigger outbox_never_changes")
        sql.execute("update outbox set body = zeroblob(80) where command_id = ?", (damaged,))
    tablet.sync_now()
    assert [item.command_id for item in tablet.outbox().needs_you] == [damaged]
    assert [command["command_id"] for command in office.commands[0]] == [sound]
    tablet.close()


def test_results_for_unknown_commands_and_unknown_outcomes_change_nothing(tmp_path: Path) -> None:
    office = answering("thrown_away")
    tablet = enrolled(tmp_path, office)
    report(tablet)
    assert tablet.sync_now().state == "offline"
    assert len(tablet.outbox().waiting) == 1
    tablet.close()


def test_a_hundred_at_a_time_in_the_order_of_their_making(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    for number in range(205):
        report(tablet, str(number))
    tablet.sync_now()
    assert [len(batch) for batch in office.commands] == [100, 100, 5]
    assert [command["seq"] for batch in office.commands for command in batch] == list(range(1, 206))
    tablet.close()


def test_seq_goes_on_where_the_server_has_seen_it_when_the_tablet_was_emptied(tmp_path: Path) -> None:
    office = PaperOffice()
    tablet = enrolled(tmp_path, office)
    tablet._store.keep("next_seq", 41)
    report(tablet)
    tablet.sync_now()
    assert office.commands[0][0]["seq"] == 41
    tablet.close()


def test_a_draft_keeps_itself_over_a_restart_and_goes_with_the_report(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    photo = tablet.take_in(picture(), "before")
    tablet.save_draft(Draft(category=RUBBISH, sentence="写到一半", photos=(photo,)))
    tablet.close()
    again = Tablet(tmp_path, transport=PaperOffice())
    draft = again.draft()
    assert (draft.sentence, draft.photos[0].photo_id) == ("写到一半", photo.photo_id)
    assert draft.saved
    again.report(RUBBISH, "any", None, draft.sentence, [photo.photo_id], False)
    assert again.draft() == Draft()
    again.close()


@pytest.mark.parametrize(("category", "condition", "mended"), [("urban/event/9999", "", False), ("urban/component/0102", "missing", False),
                                                               ("urban/component/0102", "missing", True), (RUBBISH, "nothing", False)])  # fmt: skip
def test_a_report_that_could_never_be_applied_is_refused_before_it_is_sealed(
    tmp_path: Path, category: str, condition: str, mended: bool
) -> None:
    tablet = enrolled(tmp_path)
    with pytest.raises(Refusal):
        tablet.report(category, condition, None, "", [], mended)
    assert tablet.outbox().waiting == ()
    tablet.close()


def test_an_emptied_draft_does_not_take_the_refused_report_away(tmp_path: Path) -> None:
    office = answering("rejected")
    tablet = enrolled(tmp_path, office)
    command_id = report(tablet)
    tablet.sync_now()
    tablet.outbox_act(command_id, "edit")
    tablet.save_draft(Draft())
    office.on_commands = PaperOffice().on_commands
    report(tablet, "另一件事")
    assert [item.command_id for item in tablet.outbox().needs_you] == [command_id]
    tablet.close()


def test_a_fault_in_an_act_is_told_in_the_workers_language(tmp_path: Path) -> None:
    tablet = enrolled(tmp_path)
    report(tablet)
    (row,) = tablet.cases("open").rows
    with pytest.raises(Refusal) as told:
        tablet.act(row.case_id, "comment", {"text": " "})
    assert "text" in str(told.value)
    assert "Field" not in str(told.value)
    tablet.close()


def test_wherever_a_command_stands_the_worker_is_told_what_why_and_what_to_do(tmp_path: Path) -> None:
    """One report in each state, as a wire and an office that may do anything leave it."""

    def stands(name: str, office: PaperOffice, photos: int = 0, sent: bool = True) -> tuple[str, list[str]]:
        tablet = enrolled(tmp_path / name, office)
        taken = [tablet.take_in(picture(n), "before").photo_id for n in range(photos)]
        command_id = tablet.report(RUBBISH, "any", None, name, taken, False)
        if sent:
            tablet.sync_now()
        assert tablet._outbox.entry(command_id).state == name
        view = tablet.outbox()
        (item,) = (*view.needs_you, *view.changed, *view.waiting)
        tablet.close()
        assert item.status and item.why and item.since, name
        return item.status, [step.step for step in item.steps]

    silent, deaf = PaperOffice(), PaperOffice()
    silent.on_commands = lambda told: Reply(502)
    deaf.on_commands = lambda told: problem(422, "bad_input", "Unreadable.")
    told = {
        "queued": stands("queued", PaperOffice(), sent=False),
        "sending": stands("sending", silent),
        "applied": stands("applied", PaperOffice(), photos=1),
        "applied_with_conflict": stands("applied_with_conflict", answering("applied_with_conflict")),
        "held": stands("held", answering("held")),
        "rejected": stands("rejected", answering("rejected")),
        "quarantined": stands("quarantined", deaf),
    }
    assert {state: steps for state, (_, steps) in told.items()} == {
        "queued": ["undo"],
        "sending": [],
        "applied": [],
        "applied_with_conflict": ["seen"],
        "held": ["seen"],
        "rejected": ["edit", "discard"],
        "quarantined": ["edit", "discard"],
    }
    assert len({status for status, _ in told.values()}) == len(told), "no two states are called alike"
