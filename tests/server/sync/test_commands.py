"""Commands: applied once, answered for ever."""

import threading
from typing import Any

from tests.conftest import LiveServer
from tests.server.sync.tablet import Tablet, count


def test_a_report_is_applied_and_its_answer_is_the_same_for_ever(
    live_server: LiveServer, tablet: Tablet
) -> None:
    command = tablet.command()
    first = tablet.send(command)
    assert (first[0]["outcome"], first[0]["version"]) == ("applied", 1)
    assert tablet.send(command) == first
    assert tablet.send(command, command) == first * 2
    assert (
        count(live_server, "cases"),
        count(live_server, "case_events"),
        count(live_server, "commands"),
    ) == (1, 1, 1)


def test_effect_hash_and_answer_are_of_one_transaction(live_server: LiveServer, tablet: Tablet) -> None:
    tablet.send(tablet.command(), tablet.command(person_id=tablet.person + 1), tablet.command("comment"))
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute(
            "select c.outcome, c.xmin = coalesce(e.xmin, h.xmin, c.xmin) as together from commands c"
            " left join case_events e using (command_id) left join holds h using (command_id) order by c.seq"
        )
        stored = [(row["outcome"], row["together"]) for row in cursor.fetchall()]
    assert stored == [("applied", True), ("held", True), ("rejected", True)]


def test_the_same_command_from_two_requests_at_once_is_applied_once(
    live_server: LiveServer, tablet: Tablet
) -> None:
    commands = [tablet.command() for _ in range(10)]
    answers: list[list[dict[str, Any]]] = []
    threads = [threading.Thread(target=lambda: answers.append(tablet.send(*commands))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(answer == answers[0] for answer in answers)
    assert len(answers) == 4
    assert count(live_server, "cases") == 10
