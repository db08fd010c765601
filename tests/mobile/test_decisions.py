"""What the office decides about an act that was held reaches the outbox, once, with its sentence."""

from pathlib import Path
from typing import Any

import pytest

from mobile.core.mirror import Mirror
from mobile.core.store import DiskFull
from mobile.core.tablet import Tablet
from mobile.core.transport import LinkDown
from tests.mobile.paper_office import PaperOffice, enrolled
from tests.mobile.test_outbox import answering, report

REFUSED = "指挥中心未采纳：井盖不在这里。"


def decision(command_id: str, outcome: str, sentence: str, version: int | None = None) -> dict[str, Any]:
    body = {
        "command_id": command_id,
        "outcome": outcome,
        "version": version,
        "decided_at": "2026-11-22T03:00:00.000000Z",
        "decided_by": "指挥中心",
        "reason": {"code": "decided", "params": {}, "sentence": sentence},
    }
    return {"seq": 2, "kind": "decision", "id": command_id, "version": None, "body": body}


@pytest.fixture
def office() -> PaperOffice:
    return answering("held", "held_moved_on", "有人先动了")


def states(tablet: Tablet) -> list[str]:
    return [entry.state for entry in tablet._outbox.all()]


def test_a_refusal_of_the_office_stands_in_the_outbox_with_its_sentence_and_what_to_do(
    tmp_path: Path, office: PaperOffice
) -> None:
    tablet = enrolled(tmp_path, office)
    command_id = report(tablet)
    tablet.sync_now()
    assert [item.status for item in tablet.outbox().needs_you] == ["待人工裁定"]
    office.changes.append(decision(command_id, "rejected", REFUSED))
    tablet.sync_now()
    (item,) = tablet.outbox().needs_you
    assert (item.status, item.why) == ("未接收", REFUSED)
    assert [step.step for step in item.steps] == ["edit", "discard"]
    tablet.close()


def test_what_the_office_let_take_effect_is_shown_until_it_was_seen_even_if_it_was_put_away_while_it_waited(
    tmp_path: Path, office: PaperOffice
) -> None:
    tablet = enrolled(tmp_path, office)
    command_id = report(tablet)
    tablet.sync_now()
    tablet.outbox_act(command_id, "seen")
    assert tablet.outbox().needs_you == ()
    office.changes.append(decision(command_id, "applied", "指挥中心已采纳。", 1))
    tablet.sync_now()
    (item,) = tablet.outbox().changed
    assert (item.why, [step.step for step in item.steps]) == ("指挥中心已采纳。", ["seen", "open_case"])
    tablet.outbox_act(command_id, "seen")
    assert tablet.outbox().changed == ()
    tablet.close()


def test_a_decision_that_comes_before_the_lost_answer_counts_and_nothing_is_sent_again(
    tmp_path: Path, office: PaperOffice
) -> None:
    def lost(told: dict[str, Any]) -> dict[str, Any]:
        raise LinkDown("the answer got lost")

    office.on_commands = lost
    tablet = enrolled(tmp_path, office)
    command_id = report(tablet)
    tablet.sync_now()
    assert states(tablet) == ["sending"]
    office.changes.append(decision(command_id, "rejected", REFUSED))
    tablet._syncer._fetch_changes(tablet._syncer.office)
    sent = len(office.commands)
    tablet.sync_now()
    assert (states(tablet), len(office.commands)) == (["rejected"], sent)
    tablet.close()


def test_a_decision_and_the_cursor_behind_it_are_stored_together_or_not_at_all(
    tmp_path: Path, office: PaperOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    tablet = enrolled(tmp_path, office)
    command_id = report(tablet)
    tablet.sync_now()
    office.changes.append(decision(command_id, "rejected", REFUSED))

    def full(*_: Any) -> list[str]:
        raise DiskFull

    with monkeypatch.context() as patched:
        patched.setattr(Mirror, "apply", full)
        tablet.sync_now()
    assert states(tablet) == ["held"]
    tablet.sync_now()
    assert states(tablet) == ["rejected"]
    assert tablet._store.rows("select * from mirror where kind = 'decision'") == []
    tablet.close()


def test_the_last_word_stays_the_last_whatever_comes_twice(tmp_path: Path, office: PaperOffice) -> None:
    tablet = enrolled(tmp_path, office)
    command_id = report(tablet)
    tablet.sync_now()
    stranger = "019aa9f0-5c00-7a31-8f6e-0b1c2d3e4f50"
    office.changes += [decision(command_id, "rejected", REFUSED), decision(stranger, "applied", "", 1)]
    tablet.sync_now()
    first = tablet._outbox.entry(command_id)
    office.changes.append(decision(command_id, "applied", "later", 1))
    tablet.sync_now()
    assert (tablet._outbox.entry(command_id), states(tablet)) == (first, ["rejected"])
    tablet.close()


def test_a_tablet_whose_file_was_made_before_there_were_decisions_takes_them_in(
    tmp_path: Path, office: PaperOffice
) -> None:
    tablet = enrolled(tmp_path, office)
    command_id = report(tablet)
    tablet.sync_now()
    with tablet._store.writing() as sql:
        sql.execute("drop trigger words_are_final")
        sql.execute(
            "create trigger words_are_final before insert on outbox_words when new.state <> 'put_away' and exists"
            " (select 1 from outbox_now where seq = new.seq and state in ('held', 'applied', 'rejected'))"
            " begin select raise(abort, 'the server has spoken about this command'); end"
        )
    tablet.close()
    tablet = Tablet(tmp_path, transport=office)
    office.changes.append(decision(command_id, "rejected", REFUSED))
    tablet.sync_now()
    assert states(tablet) == ["rejected"]
    tablet.close()
