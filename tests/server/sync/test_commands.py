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


def test_a_batch_takes_effect_in_the_order_of_its_making_and_is_answered_in_the_order_of_its_coming(
    tablet: Tablet,
) -> None:
    report = tablet.command()
    words = [
        tablet.command("comment", case_id=report["case_id"], payload={"text": text}) for text in ("先", "后")
    ]
    shuffled = [words[1], report, words[0]]
    results = tablet.send(*shuffled)
    assert [result["command_id"] for result in results] == [command["command_id"] for command in shuffled]
    assert [(result["outcome"], result["version"]) for result in results] == [
        ("applied", 3),
        ("applied", 1),
        ("applied", 2),
    ]


def test_the_reason_stands_in_the_language_that_was_asked_for_and_is_the_same_answer(tablet: Tablet) -> None:
    lost = tablet.command("comment", payload={"text": "哪一件"})

    def reason(language: str) -> dict[str, Any]:
        answer = tablet.session.post(
            f"{tablet.url}/sync/v1/commands",
            json={"envelope": "xunge/1", "device_id": tablet.device, "sent_at": None, "commands": [lost]},
            headers=tablet.headers(**{"Accept-Language": language}),
            timeout=30,
        )
        found: dict[str, Any] = answer.json()["results"][0]["reason"]
        return found

    english, chinese = reason("en"), reason("zh-CN")
    assert (english["code"], english["sentence"]) == ("no_case", "There is no such case that you may see.")
    assert chinese["code"] == english["code"]
    assert chinese["sentence"] == "没有您可以查看的这个案件。"


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
