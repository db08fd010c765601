"""Messages on a tablet: what was not seen yet is counted and marked, here and for this person only."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from server.protocol.wire import time_text
from tests.mobile.paper_office import PaperOffice, case_body, enrolled
from tests.mobile.test_outbox import answering, report

CASE = "01990000-0000-7000-8000-000000000001"


def message(number: int, **more: Any) -> dict[str, Any]:
    body = {"id": number, "case_id": CASE, "number": "2026-1122-0001", "action": "dispatch", "urgent": False, "read": False,
            "sentence": f"第 {number} 条", "made_at": time_text(datetime.now(UTC)), **more}  # fmt: skip
    return {"seq": 2, "kind": "message", "id": str(number), "version": None, "body": body}


def test_new_messages_are_counted_until_they_were_seen_here_or_at_a_desk(tmp_path: Path) -> None:
    office = PaperOffice()
    office.changes += [message(1, read=True), message(2), message(10, case_id="gone", urgent=True)]
    office.changes.append({"seq": 2, "kind": "case", "id": CASE, "version": 3, "body": case_body(CASE)})
    tablet = enrolled(tmp_path, office)
    newest, second, first = tablet.messages()
    assert (newest.sentence, newest.urgent, newest.case_id) == ("第 10 条", True, "")
    assert (second.case_id, second.icon) == (CASE, "send")
    assert [told.unread for told in (newest, second, first)] == [True, True, False]
    assert tablet.today(datetime.now(UTC), None).unread == 2
    tablet.messages_read()
    assert tablet.today(datetime.now(UTC), None).unread == 0
    office.changes.append(message(11))
    tablet.sync_now()
    assert [told.unread for told in tablet.messages()] == [True, False, False, False]
    tablet.close()


def test_what_was_decided_about_a_report_without_a_case_opens_it_in_the_outbox(tmp_path: Path) -> None:
    office = answering("held", "held_author", "等指挥中心裁定")
    tablet = enrolled(tmp_path, office)
    command_id = report(tablet)
    tablet.sync_now()
    for n, held in ((1, command_id), (2, CASE)):
        told = message(n, case_id=None, action="decided_refuse", held=held)
        told["body"]["number"] = None
        office.changes.append(told)
    tablet.sync_now()
    another, own = tablet.messages()
    assert (own.in_outbox, own.number, own.case_id, own.icon) == (True, "", "", "stop")
    assert not another.in_outbox, "an act of another tablet does not stand in this outbox"
    tablet.close()


def test_what_one_person_saw_is_new_to_the_next_on_a_shared_tablet(tmp_path: Path) -> None:
    office = PaperOffice()
    office.changes.append(message(1))
    tablet = enrolled(tmp_path, office)
    tablet.messages_read()
    office.person = {**office.person, "id": 12}
    tablet.enrol("http://office.test", "7KQX-2M9D-VH4T")
    assert tablet.today(datetime.now(UTC), None).unread == 1
    tablet.close()
