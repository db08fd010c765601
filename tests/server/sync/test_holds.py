"""Acts that a person must decide about: held, never dropped."""

from datetime import UTC, datetime
from typing import Any

from tests.conftest import LiveServer
from tests.factories import Street
from tests.server.sync.tablet import Tablet, count


def test_an_act_on_what_moved_on_is_applied_with_a_word_or_held_never_dropped(
    live_server: LiveServer, tablet: Tablet, street: Street
) -> None:
    report = tablet.command()
    number = tablet.send(report)[0]["case_number"]

    def register(conn: Any) -> None:
        street.conn = conn
        street.now = datetime.now(UTC)
        street.act("duty", number, "register")

    live_server.database.run(register)
    escalate = tablet.command(
        "escalate", case_id=report["case_id"], base_version=1, payload={"reason": "too big for us"}
    )
    passing = tablet.command(
        "pass", case_id=report["case_id"], base_version=1, payload={"close_kind": "fixed"}
    )
    comment = tablet.command(
        "comment", case_id=report["case_id"], base_version=1, payload={"text": "still there"}
    )
    results = tablet.send(escalate, passing, comment)
    assert [r["outcome"] for r in results] == ["applied_with_conflict", "held", "applied"]
    assert count(live_server, "holds") == 1


def test_what_builds_on_a_held_act_waits_with_it(live_server: LiveServer, tablet: Tablet) -> None:
    report = tablet.command(person_id=tablet.person + 1)
    comment = tablet.command(
        "comment", case_id=report["case_id"], payload={"text": "x"}, depends_on=report["command_id"]
    )
    assert [r["reason"]["code"] for r in tablet.send(report)] == ["held_author"]
    assert [r["reason"]["code"] for r in tablet.send(comment)] == ["held_dependant"]
    assert (count(live_server, "cases"), count(live_server, "holds")) == (0, 2)
